// Step of `npm test`: the tidy rules over every file that git knows or would add. Warnings are only
// counted, unless `--warnings` asks for them.
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './process.ts';
import { has, members, read, readJson, root, sourcesOf } from './sources.ts';
import { checkCode } from './tidy/code.ts';
import { checkDocument } from './tidy/documents.ts';
import type { Finding, TidyTable } from './tidy/finding.ts';
import { checkManifest } from './tidy/manifests.ts';
import { checkText } from './tidy/text.ts';
import { checkWorkflow } from './tidy/workflows.ts';

const largestBytes = 2 * 1024 * 1024;

/** Files of the working tree that are not ignored. Without git (an unpacked archive) an error. */
async function tree(): Promise<readonly string[]> {
  const words = ['git', 'ls-files', '--cached', '--others', '--exclude-standard', '-z'];
  const listed = await run(words);
  if (!listed.ok) throw new TypeError(`git ls-files failed: ${listed.output}`);
  return listed.output.split('\0').filter((path) => path !== '' && existsSync(join(root, path)));
}

const table = readJson<TidyTable>('tooling/tidy.json');
const paths = await tree();
const scripts = new Set(
  Object.keys(readJson<{ scripts: Record<string, string> }>('package.json').scripts),
);
const findings: Finding[] = [];

for (const path of paths) {
  const { size } = statSync(join(root, path));
  if (size > largestBytes) {
    findings.push({ path, line: 1, rule: 'large-file', text: `${size} bytes` });
    continue;
  }
  const file = { path, text: read(path) };
  findings.push(...checkText(file, table));
  if (path.startsWith('.github/workflows/')) findings.push(...checkWorkflow(file));
  const isDocument = path.endsWith('.md') && !path.startsWith('.changeset/');
  if (isDocument && !path.endsWith('CHANGELOG.md')) {
    findings.push(...checkDocument(file, has, scripts));
  }
}
const workspace = members();
for (const { dir, manifest } of workspace) {
  for (const file of sourcesOf(dir)) findings.push(...checkCode(file, table));
  const own = paths.filter((path) => path.startsWith(`${dir}/`));
  const readme = has(`${dir}/README.md`) ? read(`${dir}/README.md`) : undefined;
  findings.push(...checkManifest({ dir, manifest, paths: own, readme }));
}

const errors = findings.filter((finding) => finding.warning !== true);
const showWarnings = process.argv.includes('--warnings');
for (const { path, line, rule, text, warning } of findings) {
  if (warning === true && !showWarnings) continue;
  console.error(`${path}:${line} ${warning === true ? 'warning ' : ''}${rule}: ${text}`);
}
if (workspace.length === 0 || paths.length === 0) {
  console.error('tidy saw no files');
  process.exitCode = 1;
}
if (errors.length > 0) process.exitCode = 1;
const warnings = findings.length - errors.length;
console.log(`${paths.length} files, ${errors.length} findings, ${warnings} warnings`);
