// `npm run docs`: writes the documents that are read off the code. `--check` writes nothing and fails
// where one differs from what the code says today.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { has, read, root } from '@mxd/check/sources';
import { type Generated, generateAll } from './documents.ts';
import { capabilities } from './matrix/capabilities.ts';
import { checkMatrix } from './matrix/check.ts';
import { lessons } from './matrix/lessons.ts';

/** The text as oxfmt writes it, so that the format check and this one agree. */
function formatted({ path, text }: Generated): string {
  const program = join(root, 'node_modules', 'oxfmt', 'bin', 'oxfmt');
  const result = spawnSync(process.execPath, [program, `--stdin-filepath=${path}`], {
    cwd: root,
    input: `${text.trimEnd()}\n`,
    encoding: 'utf8',
  });
  if (result.status !== 0) throw new TypeError(`oxfmt failed on ${path}: ${result.stderr}`);
  return result.stdout;
}

const check = process.argv.includes('--check');
let problems = 0;
for (const problem of checkMatrix(capabilities, lessons, { has, read })) {
  problems += 1;
  console.error(`implementation matrix: ${problem}`);
}
const documents = await generateAll();
for (const document of documents) {
  const text = formatted(document);
  if (has(document.path) && read(document.path) === text) continue;
  if (check) {
    problems += 1;
    console.error(`${document.path} is not as the code says: npm run docs`);
  } else {
    writeFileSync(join(root, document.path), text);
    console.log(`wrote ${document.path}`);
  }
}
console.log(`${documents.length} generated documents, ${problems} problems`);
process.exitCode = problems > 0 ? 1 : 0;
