import { noSample, type LatencyRecord } from '@mxd/protocol/system-records';
import { describe, expect, test } from 'vitest';

import {
  checkSystemRecord,
  latencyWindow,
  recordSignatures,
  type ValidatorState,
} from '../../../src/validators/index.ts';
import { applyRecord } from '../../../src/validators/records.ts';
import { TestChain } from '../chain.ts';
import { contextAt, documentOf, people, reportOf } from '../fixture.ts';

const chain = new TestChain(documentOf(people(4)), new Uint8Array(64));
chain.endEpoch();
// Epoch 2 of 16 blocks is heights 17 to 32; offsets 8 to 14 are heights 24 to 30.
const { state } = chain;
const codeOf = (record: LatencyRecord, height = 24, of: ValidatorState = state) => {
  const verdict = checkSystemRecord(of, record, contextAt(height));
  return verdict.ok ? undefined : verdict.code;
};
const good = reportOf(state, 2);

describe('LATENCY', () => {
  test('the window is the second half of the epoch but its last two blocks', () => {
    expect(latencyWindow(16)).toStrictEqual({ first: 8, last: 14 });
    expect(latencyWindow(17)).toStrictEqual({ first: 9, last: 15 });
    expect(latencyWindow(256)).toStrictEqual({ first: 128, last: 254 });
    expect(codeOf(good, 23)).toBe('LATENCY_WINDOW');
    expect(codeOf(good, 24)).toBeUndefined();
    expect(codeOf(good, 30)).toBeUndefined();
    expect(codeOf(good, 31)).toBe('LATENCY_WINDOW');
    expect(codeOf(good, 32)).toBe('LATENCY_WINDOW');
  });

  test('its other rules', () => {
    expect(codeOf(reportOf(state, 2, undefined, { epoch: 1 }))).toBe('LATENCY_EPOCH');
    expect(codeOf(reportOf(state, 2, undefined, { epoch: 3 }))).toBe('LATENCY_EPOCH');
    expect(codeOf(reportOf(state, 4))).toBe('LATENCY_REPORTER');
    const { samples } = good;
    expect(codeOf(reportOf(state, 2, undefined, { samples: samples.slice(0, 3) }))).toBe(
      'LATENCY_SIZE',
    );
    expect(codeOf(reportOf(state, 2, undefined, { samples: [...samples, samples[0]!] }))).toBe(
      'LATENCY_SIZE',
    );
    for (const own of [
      { latencyMs: 1, participationBp: noSample },
      { latencyMs: noSample, participationBp: 1 },
    ]) {
      const proud = samples.map((sample, i) => (i === 2 ? own : sample));
      expect(codeOf(reportOf(state, 2, undefined, { samples: proud }))).toBe('LATENCY_SELF');
    }
    expect(codeOf({ ...good, signature: new Uint8Array(64) })).toBe('LATENCY_SIGNATURE');
    expect(codeOf({ ...reportOf(state, 1), reporterIndex: 2, samples })).toBe('LATENCY_SIGNATURE');
    expect(recordSignatures(state, good).length).toBe(1);
    expect(recordSignatures(state, reportOf(state, 4))).toStrictEqual([]);
  });

  test('one report per reporter, kept in their order', () => {
    const context = contextAt(24);
    const after = [3, 0, 2].reduce((s, i) => applyRecord(s, reportOf(state, i), context), state);
    expect(after.latencyReports.map((report) => report.reporterIndex)).toStrictEqual([0, 2, 3]);
    expect(codeOf(good, 24, after)).toBe('LATENCY_REPEATED');
    expect(codeOf(reportOf(state, 1), 24, after)).toBeUndefined();
  });
});
