// Runs what the READMEs of packages and apps show: every block marked `ts` is a program of its own,
// run from stdin in a folder inside its member's, so that it finds what a user of the package would
// find, and what it writes goes away with the folder.
// A block marked `ts no-run` is shown only.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { has, members, read, root } from '@mxd/check/sources';
import { type Snippet, snippetsOf } from './snippets.ts';

const timeoutMs = 60_000;

/** Undefined when the program ended well, else what it said. */
function run(dir: string, snippet: Snippet): Promise<string | undefined> {
  const folder = mkdtempSync(join(root, dir, '.readme-'));
  const child = spawn(
    process.execPath,
    ['--conditions=@mxd/source', '--input-type=module-typescript', '-'],
    { cwd: folder, timeout: timeoutMs, stdio: ['pipe', 'pipe', 'pipe'] },
  );
  let output = '';
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString('utf8')).slice(-100_000);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  child.stdin.end(snippet.text);
  return new Promise((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => {
      rmSync(folder, { recursive: true, force: true });
      resolve(code === 0 ? undefined : `ended with ${signal ?? code}\n${output.trimEnd()}`);
    });
  });
}

let count = 0;
let failed = 0;
for (const { dir } of members()) {
  const path = `${dir}/README.md`;
  if (dir.startsWith('tooling/') || !has(path)) continue;
  for (const snippet of snippetsOf(read(path))) {
    count += 1;
    const problem = await run(dir, snippet);
    if (problem === undefined) continue;
    failed += 1;
    console.error(`${path}:${snippet.line} ${problem}`);
  }
}
console.log(`${count} snippets run, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
