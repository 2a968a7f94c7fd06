import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const read = (paths: readonly string[]): string =>
  paths.map((path) => readFileSync(path, 'utf8')).join('\n');
const files = (pattern: string): string[] => globSync(`${root}${pattern}`);

const spec = readFileSync(`${root}docs/protocol/rsc.md`, 'utf8');
const ids = [...spec.matchAll(/^- \*\*([A-Z]\d+[ab]?)\*\*/gm)].map((match) => match[1]!);

/** Rules that other packages carry out, and the arguments of the proof. */
const elsewhere: Readonly<Record<string, string>> = {
  B2: 'packages/ledger',
  X1: 'packages/ledger',
  X2: 'packages/ledger',
  X3: 'packages/ledger',
  X4: 'packages/ledger',
  X5: 'packages/ledger',
  X6: 'packages/ledger',
  U1: 'packages/ledger',
  U2: 'packages/ledger',
  U3: 'packages/ledger',
  U4: 'packages/ledger',
  U5: 'packages/protocol',
  L4: 'tooling/model',
};

describe('rule ids of docs/protocol/rsc.md', () => {
  test('the page names every rule of the protocol once', () => {
    const expected = [
      ...['B1', 'B2', 'R0', 'R0b', 'E1', 'E2', 'E3', 'P1', 'P2', 'P3', 'P4', 'P5'],
      ...['V0', 'V0a', 'V0b', 'V1', 'V2', 'V3', 'V4', 'V5'],
      ...['N1', 'N2', 'N3', 'N4', 'N5', 'N6', 'N7', 'N8', 'C1', 'C2', 'C3'],
      ...['A1', 'A2', 'A3', 'A4', 'A5', 'A6', 'A7', 'A8', 'A9'],
      ...['J1', 'J2', 'J3', 'J4', 'J5', 'J6', 'J7', 'J8', 'J9', 'J10'],
      ...['X1', 'X2', 'X3', 'X4', 'X5', 'X6', 'U1', 'U2', 'U3', 'U4', 'U5'],
      ...['L1', 'L2', 'L3', 'L4'],
    ];
    expect(ids).toEqual(expected);
  });

  const sources = read(files('packages/consensus/src/**/*.ts'));
  const comments = [...sources.matchAll(/\/\*\*[\s\S]*?\*\/|\/\/.*$/gm)]
    .map((m) => m[0])
    .join('\n');
  const tests = files('packages/consensus/test/**/*.test.ts').filter(
    (path) => !path.endsWith('rules.test.ts'),
  );
  const titles = [
    ...read(tests).matchAll(/(?:test|describe)(?:\.each\([\s\S]*?\))?\(\s*(['`])(.*?)\1/g),
  ]
    .map((match) => match[2]!)
    .join('\n');

  test.each(ids.filter((id) => !(id in elsewhere)))(
    '%s: a comment where it is carried out, a test that names it',
    (id) => {
      const word = new RegExp(`\\b${id}\\b`);
      expect(comments).toMatch(word);
      expect(titles).toMatch(word);
    },
  );

  test('the page names every effect and input of the boundary', () => {
    const types = readFileSync(`${root}packages/consensus/src/types.ts`, 'utf8');
    const between = (from: string, to: string): string[] => {
      const part = types.slice(types.indexOf(from), types.indexOf(to));
      return [...part.matchAll(/readonly type: '(\w+)';/g)].map((match) => match[1]!);
    };
    const names = new Set([
      ...between('export type Input =', '/** A signature over a vote'),
      ...between('export type Effect =', 'export type EffectType'),
    ]);
    // Kinds of requests inside the effect `serve`.
    for (const nested of ['blocks', 'transactions', 'epochProofs']) names.delete(nested);
    expect(names.size).toBeGreaterThan(25);
    for (const name of names) expect(spec).toContain(name);
  });
});
