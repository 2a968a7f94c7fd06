import { describe, expect, it } from 'vitest';
import type { Manifest } from '../../src/sources.ts';
import { checkCode } from '../../src/tidy/code.ts';
import { checkDocument } from '../../src/tidy/documents.ts';
import type { TidyTable } from '../../src/tidy/finding.ts';
import { checkManifest } from '../../src/tidy/manifests.ts';
import { checkText } from '../../src/tidy/text.ts';
import { checkWorkflow } from '../../src/tidy/workflows.ts';

const table: TidyTable = {
  pure: { in: ['packages/core/src/'], except: ['packages/core/src/journal'] },
  browser: { in: ['packages/wallet/src/'], except: [] },
  limits: { fileLines: 10, functionLines: 5, columns: 40 },
};

const code = (path: string, text: string) =>
  checkCode({ path, text }, table).map((finding) => finding.rule);
const plain = 'packages/network/src/a.ts';
const pure = 'packages/core/src/a.ts';
const state = 'packages/network/src/state.ts';

describe('checkCode finds', () => {
  it.each([
    ['Math.random in a package', plain, 'Math.random();', 'banned-call'],
    ['Math.random handed on', plain, 'run(Math.random);', 'banned-call'],
    ['console in a package', plain, `console.log('x');`, 'banned-call'],
    ['process.exit in a package', plain, 'process.exit(1);', 'banned-call'],
    ['a bare error', plain, `throw new Error('x');`, 'bare-error'],
    ['a bare error in a promise', plain, `Promise.reject(new Error('x'));`, 'bare-error'],
    ['the clock in a pure core', pure, 'Date.now();', 'banned-call'],
    ['the clock by globalThis', pure, 'globalThis.Date.now();', 'banned-call'],
    ['new Date() in a pure core', pure, 'new Date();', 'banned-call'],
    ['a timer in a pure core', pure, 'setTimeout(run, 1);', 'banned-call'],
    ['Node in a pure core', pure, `import { x } from 'node:fs';`, 'node-import'],
    ['floating point in a pure core', pure, 'Math.sqrt(2);', 'banned-call'],
    ['the clock in a state file', state, 'Date.now();', 'banned-call'],
    ['await in a state file', state, 'for await (const x of y);await x;', 'state'],
    ['async in a state file', state, 'const f = async () => 1;', 'state'],
    ['Node in a state file', state, `import 'node:fs';`, 'node-import'],
    ['Buffer in browser code', 'packages/wallet/src/a.ts', `Buffer.from('');`, 'banned-call'],
    ['a focused test', 'packages/core/test/unit/a.test.ts', `it.only('x', f);`, 'focused-test'],
    ['a counter without _total', plain, `counter('mxd_blocks', 'x');`, 'metric-name'],
    ['a gauge with _total', plain, `gauge('mxd_blocks_total', 'x');`, 'metric-name'],
    ['a histogram without a unit', plain, `histogram('mxd_latency', 'x');`, 'metric-name'],
    ['a metric in milliseconds', plain, `gauge('mxd_delay_ms', 'x');`, 'metric-name'],
    ['a domain tag of its own', plain, `asciiBytes('RSC1PEER');`, 'domain-tag'],
    ['a domain tag by TextEncoder', plain, `encoder.encode('MXD5SIGN');`, 'domain-tag'],
    ['a long function', plain, `function f() {\n\n\n\n\n\n}`, 'function-length'],
  ])('%s', (_name, path, text, rule) => {
    expect(code(path, text)).toEqual([rule]);
  });
});

describe('checkCode accepts', () => {
  it.each([
    ['a domain tag of the table', plain, `tagBytes('RSC1PEER');`],
    ['a coded error', plain, `throw new CoreError('CORE_X');`],
    ['the clock outside pure cores', plain, 'Date.now();'],
    ['a date from a number', pure, 'new Date(0);'],
    ['the exempted part of a pure package', 'packages/core/src/journal.ts', `import 'node:fs';`],
    ['console in an app', 'apps/cli/src/main.ts', `console.log('x');`],
    ['a name inside a text', plain, `const s = 'Math.random()';`],
    ['a local that shares the name', pure, 'const process = start(); process.step();'],
    ['types of Node', pure, `import type { X } from 'node:fs';`],
    ['metrics of good names', plain, `counter('mxd_blocks_total', 'x'); gauge('mxd_peers', 'y');`],
    ['an Error that is handed to a library', plain, `stream.abort(new Error('x'));`],
    ['tools', 'tooling/x/src/a.ts', `throw new Error('x');`],
    ['an exemption with a reason', plain, '// tidy-allow banned-call: jitter only\nMath.random();'],
  ])('%s', (_name, path, text) => {
    expect(code(path, text)).toEqual([]);
  });

  it('but no exemption without a reason', () => {
    expect(code(plain, '// tidy-allow banned-call\nMath.random();')).toEqual(['banned-call']);
    expect(code(plain, '// tidy-allow state: why\nMath.random();')).toEqual(['banned-call']);
  });
});

describe('checkText', () => {
  const text = (path: string, content: string) =>
    checkText({ path, text: content }, table).map((finding) => finding.rule);

  it.each([
    ['packages/core/src/utils.ts', '', 'drawer'],
    ['packages/core/src/common/a.ts', '', 'drawer'],
    ['packages/core/src/misc.test.ts', '', 'drawer'],
    ['docs/a.md', `see ${'TO' + 'DO'} later`, 'marker'],
    ['docs/a.md', `in /wo${'rk'}/main/x`, 'machine-path'],
    ['docs/a.md', `in /Use${'rs'}/jo/x`, 'machine-path'],
    ['pnpm-lock.yaml', '  tarball: https://registry.example/a.tgz', 'lock-address'],
    ['a/package-lock.json', '"resolved": "https://registry.example/a.tgz"', 'lock-address'],
    [plain, 'x'.repeat(41), 'columns'],
    [plain, '\n'.repeat(10), 'file-length'],
  ])('finds in %s: %s', (path, content, rule) => {
    expect(text(path, content)).toEqual([rule]);
  });

  it.each([
    ['packages/core/src/commonwealth.ts', ''],
    ['packages/core/src/utility-bill.ts', ''],
    ['pnpm-lock.yaml', '  resolution: {integrity: sha512-abc}'],
    ['docs/a.md', `${'x'.repeat(200)} /home/node/data`],
  ])('accepts in %s: %s', (path, content) => {
    expect(text(path, content)).toEqual([]);
  });
});

const good: Manifest = {
  name: '@mxd/core',
  description: 'What the tests need.',
  license: 'MIT',
  type: 'module',
  files: ['dist', 'src'],
  engines: { node: '>=24' },
  repository: { directory: 'packages/core' },
  exports: {
    '.': {
      '@mxd/source': './src/index.ts',
      types: './dist/index.d.ts',
      default: './dist/index.js',
    },
    './package.json': './package.json',
  },
  dependencies: { '@mxd/codec': 'workspace:^', zod: 'catalog:' },
};
const readme = [
  'npm install @mxd/core',
  '```ts',
  '```',
  'Guarantees and limits',
  'Stability: beta. Trust tier: 1.',
].join('\n');

describe('checkManifest', () => {
  const exportsTest = 'packages/core/test/unit/exports.test.ts';
  const manifest = (change: Partial<Manifest>, text = readme, snapshot = true) =>
    checkManifest({
      dir: 'packages/core',
      manifest: { ...good, ...change },
      paths: ['packages/core/src/index.ts', ...(snapshot ? [exportsTest] : [])],
      readme: text,
    }).map((finding) => finding.text);

  it('accepts a manifest of the one form', () => {
    expect(manifest({})).toEqual([]);
  });

  it.each<[string, Partial<Manifest>]>([
    ['a version outside the catalog', { dependencies: { zod: '^4.0.0' } }],
    ['a member by version', { dependencies: { '@mxd/codec': '^1.0.0' } }],
    ['another licence', { license: 'ISC' }],
    ['another directory', { repository: { directory: 'packages/other' } }],
    ['a name that is not the folder', { name: '@mxd/other' }],
    ['an export without conditions', { exports: { '.': './src/index.ts' } }],
    [
      'conditions in another order',
      {
        exports: {
          '.': {
            types: './dist/index.d.ts',
            '@mxd/source': './src/index.ts',
            default: './dist/index.js',
          },
        },
      },
    ],
    [
      'an export of a file that is not there',
      {
        exports: {
          './x': { '@mxd/source': './src/x.ts', types: './dist/x.d.ts', default: './dist/x.js' },
        },
      },
    ],
  ])('refuses %s', (_name, change) => {
    expect(manifest(change)).toHaveLength(1);
  });

  it('refuses a package without a snapshot of its names', () => {
    expect(manifest({}, readme, false)).toEqual([expect.stringContaining('exports.test.ts')]);
  });

  it('refuses a README that leaves something out', () => {
    expect(manifest({}, readme.replace('Trust', ''))).toEqual([
      'README.md does not tell its trust tier',
    ]);
  });
});

describe('checkDocument', () => {
  const document = (text: string) =>
    checkDocument({ path: 'docs/a.md', text }, (path) => path === 'docs/b.md', new Set(['bench']));

  it('accepts what is there', () => {
    expect(document('[b](b.md#x) [c](https://c.example) `docs/b.md:12` npm run bench')).toEqual([]);
  });

  it.each(['[x](x.md)', '`packages/gone/src/a.ts`', 'npm run gone', 'npm run -s gone'])(
    'finds %s',
    (text) => {
      expect(document(text)).toHaveLength(1);
    },
  );

  it('does not read links inside code', () => {
    expect(document('```\n[x](x.md)\n```')).toEqual([]);
  });
});

describe('checkWorkflow', () => {
  const hash = '0123456789abcdef0123456789abcdef01234567';
  const workflow = (text: string) => checkWorkflow({ path: '.github/workflows/a.yml', text });
  const head = 'permissions:\n  contents: read\n';

  it('accepts pinned actions and rights to read', () => {
    expect(workflow(`${head}jobs:\n  - uses: a/b@${hash} # v1.2.3\n`)).toEqual([]);
    expect(workflow('permissions: {}\n')).toEqual([]);
  });

  it.each([
    ['a tag', `${head}  - uses: a/b@v4 # v4\n`],
    ['a branch', `${head}  - uses: a/b@main # v4\n`],
    ['a hash without its version', `${head}  - uses: a/b@${hash}\n`],
    ['no permissions', 'on: push\n'],
    ['rights to write for all', 'permissions:\n  contents: read\n  id-token: write\n'],
    ['all rights', 'permissions: write-all\n'],
  ])('finds %s', (_name, text) => {
    expect(workflow(text)).toHaveLength(1);
  });
});
