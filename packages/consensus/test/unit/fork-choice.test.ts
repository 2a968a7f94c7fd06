import { expect, test } from 'vitest';

import { compareCandidates, type Candidate } from '../../src/fork-choice.ts';
import { tableFor } from '../harness/chain.ts';

const base = tableFor(1, [1, 2, 3, 4], [1, 1, 5, 1]);
const table = {
  ...base,
  entries: base.entries.map((e, i) => ({ ...e, latencyMs: [10, 20, 20, 400][i]! })),
};
const candidate = (over: Partial<Candidate>): Candidate => ({
  hash: new Uint8Array(64).fill(5),
  height: 9,
  status: 'PROPOSED',
  notarizedView: 0,
  signers: [],
  ...over,
});
const better = (a: Partial<Candidate>, b: Partial<Candidate>): void => {
  expect(compareCandidates(table, candidate(a), candidate(b))).toBeLessThan(0);
  expect(compareCandidates(table, candidate(b), candidate(a))).toBeGreaterThan(0);
};

test('fork choice for display: status, signatures, latency, power, hash; then notarized views', () => {
  better({ status: 'FINAL' }, { status: 'NOTARIZED', signers: [0, 1] });
  better({ status: 'NOTARIZED' }, { status: 'VALIDATED', signers: [0, 1] });
  better({ signers: [0, 1] }, { signers: [0] });
  better({ signers: [0] }, { signers: [1] });
  better({ signers: [2] }, { signers: [1] });
  better({ hash: new Uint8Array(64) }, {});
  better({ height: 8, notarizedView: 4 }, { height: 9, notarizedView: 3 });
  expect(compareCandidates(table, candidate({ signers: [77] }), candidate({ signers: [77] }))).toBe(
    0,
  );
});
