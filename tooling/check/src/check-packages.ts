// Step of `npm test`: packs every package, lints the tarballs with publint, installs them into an
// empty project, imports every entry there, and compiles a module that imports every entry's types.
// Expects the packages to be built. Arguments (packages/codec ...) check these alone; what they depend
// on must be among them.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { pnpm, run, tool } from './process.ts';
import { type Manifest, type Member, members, read, root } from './sources.ts';

const problems: string[] = [];

/** Runs a command; its output becomes a problem when it fails. */
async function must(what: string, command: readonly string[], cwd = root): Promise<boolean> {
  const { ok, output } = await run(command, { cwd });
  if (!ok) problems.push(`${what}:\n${output.trimEnd()}`);
  return ok;
}

/** The tarball of each member, by package name. */
async function pack(list: readonly Member[], folder: string): Promise<Map<string, string>> {
  const tarballs = new Map<string, string>();
  const filters = list.map(({ dir }) => `--filter=./${dir}`);
  const command = [...pnpm(), ...filters, '-r', 'pack', '--pack-destination', folder];
  if (!(await must('pnpm pack', command))) return tarballs;
  const files = readdirSync(folder);
  for (const { manifest } of list) {
    const stem = manifest.name.replace('@', '').replace('/', '-');
    const file = files.find((name) => name.startsWith(`${stem}-`) && /-\d[^-]*\.tgz$/.test(name));
    if (file === undefined) problems.push(`${manifest.name}: no tarball was made`);
    else tarballs.set(manifest.name, join(folder, file));
  }
  return tarballs;
}

async function lint({ manifest }: Member, tarball: string): Promise<void> {
  const bytes = new Uint8Array(readFileSync(tarball));
  const { messages } = await publint({ pack: { tarball: bytes.buffer } });
  for (const message of messages) {
    if (message.type === 'suggestion') continue;
    const text = formatMessage(message, manifest, { color: false }) ?? message.code;
    problems.push(`${manifest.name}: publint: ${text}`);
  }
}

function entriesOf(manifest: Manifest): readonly string[] {
  return Object.keys(manifest.exports ?? {})
    .filter((key) => key !== './package.json')
    .map((key) => manifest.name + key.slice(1));
}

/** What the project says of pnpm: the tarballs stand in for the registry, no script runs. */
function projectSettings(tarballs: ReadonlyMap<string, string>): string {
  const built = /^allowBuilds:\n(?: {2}.*\n)*/m.exec(read('pnpm-workspace.yaml'))?.[0] ?? '';
  const overrides = [...tarballs].map(([name, path]) => `  '${name}': 'file:${path}'\n`).join('');
  return `packages: []\npmOnFail: ignore\n${built}overrides:\n${overrides}`;
}

/** Imports each entry as a user would: no source condition, only what the manifest declares. */
const importer = `
let failed = 0;
for (const entry of JSON.parse(process.argv[2])) {
  try {
    const names = Object.keys(await import(entry));
    // A module of types alone has no names at run time; it still has to load.
    // A plugin is its module's default export; nothing else has one.
    if (names.includes('default') && !entry.includes('/examples/')) throw new TypeError('has a default export');
  } catch (error) {
    failed += 1;
    console.log(entry + ': ' + (error?.message ?? error));
  }
}
process.exitCode = failed > 0 ? 1 : 0;
`;

const compilerOptions = {
  noEmit: true,
  strict: true,
  exactOptionalPropertyTypes: true,
  target: 'es2024',
  lib: ['es2024', 'esnext.disposable', 'esnext.iterator', 'esnext.collection', 'dom'],
  module: 'nodenext',
  moduleResolution: 'nodenext',
  skipLibCheck: true,
  types: ['node'],
  typeRoots: [join(root, 'node_modules', '@types')],
};

async function install(folder: string, tarballs: ReadonlyMap<string, string>): Promise<boolean> {
  mkdirSync(folder);
  const dependencies = Object.fromEntries(
    [...tarballs].map(([name, path]) => [name, `file:${path}`]),
  );
  const manifest = { name: 'empty', private: true, type: 'module', dependencies };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(folder, 'pnpm-workspace.yaml'), projectSettings(tarballs));
  const words = ['install', '--prefer-offline', '--ignore-scripts'];
  return must('installing the tarballs', [...pnpm(), ...words], folder);
}

const only = process.argv.slice(2);
const published = members().filter(
  ({ dir, manifest }) => manifest.private !== true && (only.length === 0 || only.includes(dir)),
);
const entries = published
  .filter(({ dir }) => dir.startsWith('packages/'))
  .flatMap(({ manifest }) => entriesOf(manifest));
const work = mkdtempSync(join(tmpdir(), 'mxd-packages-'));
try {
  const tarballFolder = join(work, 'tarballs');
  mkdirSync(tarballFolder);
  const tarballs = await pack(published, tarballFolder);
  for (const member of published) {
    const tarball = tarballs.get(member.manifest.name);
    if (tarball !== undefined) await lint(member, tarball);
  }
  const project = join(work, 'project');
  if (problems.length === 0 && (await install(project, tarballs))) {
    writeFileSync(join(project, 'import.mjs'), importer);
    const script = [process.execPath, join(project, 'import.mjs'), JSON.stringify(entries)];
    await must('importing the entries', script, project);
    const lines = entries.map((entry, i) => `export type * as e${i} from '${entry}';`);
    writeFileSync(join(project, 'types.ts'), `${lines.join('\n')}\n`);
    const config = { compilerOptions, files: ['types.ts'] };
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify(config));
    await must('compiling against the types', [...tool('typescript', 'tsc'), '-p', project]);
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
for (const problem of problems) console.error(problem);
console.log(`${published.length} packages, ${entries.length} entries, ${problems.length} problems`);
process.exitCode = problems.length > 0 || entries.length === 0 ? 1 : 0;
