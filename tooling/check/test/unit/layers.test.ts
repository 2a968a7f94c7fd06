import { describe, expect, it } from 'vitest';
import { checkLayers, type LayerReport, type LayerTable } from '../../src/layers.ts';
import { importsOf } from '../../src/sources.ts';

const table: LayerTable = {
  layers: {
    'packages/codec': 1,
    'packages/storage': 3,
    'packages/protocol': 3,
    'packages/consensus': 4,
    'packages/ledger': 4,
    'packages/network': 5,
    'tooling/bench': 10,
  },
  never: { 'packages/consensus': ['packages/ledger', 'packages/network'] },
  typesOnly: { 'packages/network': ['packages/storage'] },
};

/** A workspace where every member may import every other, holding `files` beside one plain module. */
function check(files: Record<string, string>): LayerReport {
  const dirs = Object.keys(table.layers);
  const names = dirs.map((dir) => [`@mxd/${dir.split('/')[1]}`, 'workspace:^'] as const);
  return checkLayers(
    table,
    dirs.map((dir) => ({
      dir,
      manifest: { name: `@mxd/${dir.split('/')[1]}`, dependencies: Object.fromEntries(names) },
      files: [
        { path: `${dir}/src/plain.ts`, text: 'export const x: number = 1;' },
        ...Object.entries(files)
          .filter(([path]) => path.startsWith(`${dir}/`))
          .map(([path, text]) => ({ path, text })),
      ],
    })),
  );
}

const violations = (path: string, text: string) => check({ [path]: text }).violations;

describe('checkLayers', () => {
  it('accepts downward imports and draws them', () => {
    const report = check({ 'packages/ledger/src/a.ts': `import { x } from '@mxd/codec/hex';` });
    expect(report.violations).toEqual([]);
    expect(report.arrows).toEqual([
      { from: 'packages/ledger', to: 'packages/codec', typesOnly: false },
    ]);
    expect(report.moduleCount).toBe(8);
  });

  it('accepts types from beside, refuses values', () => {
    const path = 'packages/storage/src/a.ts';
    expect(violations(path, `import type { T } from '@mxd/protocol';`)).toEqual([]);
    expect(violations(path, `import { type T } from '@mxd/protocol';`)).toEqual([]);
    expect(violations(path, `export type { T } from '@mxd/protocol';`)).toEqual([]);
    expect(violations(path, `type T = import('@mxd/protocol').T;`)).toEqual([]);
    expect(violations(path, `import { x } from '@mxd/protocol';`)).toHaveLength(1);
    expect(violations(path, `import { type T, x } from '@mxd/protocol';`)).toHaveLength(1);
    expect(violations(path, `import '@mxd/protocol';`)).toHaveLength(1);
  });

  it('one value among type imports makes the arrow a full one', () => {
    const report = check({
      'packages/ledger/src/a.ts': `import type { T } from '@mxd/codec';`,
      'packages/ledger/src/b.ts': `import { x } from '@mxd/codec';`,
      'packages/network/src/a.ts': `import type { T } from '@mxd/codec';`,
    });
    expect(report.arrows.map((arrow) => [arrow.from, arrow.typesOnly])).toEqual([
      ['packages/ledger', false],
      ['packages/network', true],
    ]);
  });

  it.each([
    ['a type from above', `import type { T } from '@mxd/network';`],
    ['a value from above', `import { x } from '@mxd/network';`],
    ['a re-export from above', `export * from '@mxd/network';`],
    ['a dynamic import from above', `const x = await import('@mxd/network');`],
    ['a path out of the package', `import { x } from '../../codec/src/index.ts';`],
    ['a worker in another package', `new URL('../../codec/src/worker.ts', import.meta.url);`],
    ['its own name', `import { x } from '@mxd/storage';`],
    ['a member that does not exist', `import { x } from '@mxd/nothing';`],
  ])('refuses %s', (_name, text) => {
    expect(violations('packages/storage/src/a.ts', text)).toHaveLength(1);
  });

  it('refuses even types where the table says never', () => {
    const path = 'packages/consensus/src/a.ts';
    expect(violations(path, `import type { T } from '@mxd/ledger';`)).toEqual([
      expect.stringContaining('packages/consensus must never know packages/ledger'),
    ]);
  });

  it('refuses values where the table says types only', () => {
    const path = 'packages/network/src/a.ts';
    expect(violations(path, `import { x } from '@mxd/storage';`)).toHaveLength(1);
    expect(violations(path, `import type { T } from '@mxd/storage';`)).toEqual([]);
  });

  it('lets tests and benchmarks use the tools and what is beside them, nothing above', () => {
    const harness = `import type { B } from '../../../tooling/bench/src/harness.ts';`;
    expect(violations('packages/storage/bench/a.bench.ts', harness)).toEqual([]);
    const beside = `import { x } from '@mxd/protocol';`;
    expect(violations('packages/storage/test/unit/a.test.ts', beside)).toEqual([]);
    const above = `import { x } from '@mxd/network';`;
    expect(violations('packages/storage/test/unit/a.test.ts', above)).toHaveLength(1);
  });

  it('refuses imports that the manifest does not declare, and members without a layer', () => {
    const report = checkLayers(table, [
      {
        dir: 'packages/ledger',
        manifest: { name: '@mxd/ledger', devDependencies: { '@mxd/codec': 'workspace:^' } },
        files: [
          { path: 'packages/ledger/src/a.ts', text: `import '@mxd/codec';` },
          { path: 'packages/ledger/test/a.test.ts', text: `import '@mxd/codec';` },
        ],
      },
      {
        dir: 'packages/codec',
        manifest: { name: '@mxd/codec' },
        files: [],
      },
      { dir: 'packages/stranger', manifest: { name: '@mxd/stranger' }, files: [] },
    ]);
    expect(report.violations).toEqual([
      expect.stringContaining('not declared in packages/ledger/package.json'),
      expect.stringContaining('packages/stranger has no layer'),
    ]);
  });

  it('counts no module where there is none, for its caller to fail', () => {
    expect(checkLayers(table, []).moduleCount).toBe(0);
  });
});

describe('importsOf', () => {
  it('gives lines and ignores what only looks like an import', () => {
    const text = [`// import 'a';`, `const s = "import 'b'";`, `import { c } from 'c';`].join('\n');
    expect(importsOf({ path: 'x.ts', text })).toEqual([
      { specifier: 'c', typeOnly: false, line: 3 },
    ]);
  });

  it('names the file of a syntax error', () => {
    expect(() => importsOf({ path: 'x.ts', text: 'import {' })).toThrow(/^x\.ts: /);
  });
});
