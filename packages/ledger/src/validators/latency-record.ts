import { latencyMessage, noSample, type LatencyRecord } from '@mxd/protocol/system-records';

import { detached } from './account-records.ts';
import { failed } from './errors.ts';
import { type RecordRules } from './record-rules.ts';
import { activeParameters, boundaryHeight, currentTable, epochOf } from './views.ts';

/** Heights of an epoch, 1 to E, at which reports are accepted. */
export function latencyWindow(epochLength: number): {
  readonly first: number;
  readonly last: number;
} {
  return { first: Math.floor((epochLength + 1) / 2), last: epochLength - 2 };
}

/** LATENCY: one validator's measurements of all others in this epoch. */
export const latencyRules: RecordRules<LatencyRecord> = {
  check(state, record, { height }) {
    const { reporterIndex, samples } = record;
    const epoch = epochOf(state);
    const size = currentTable(state).entries.length;
    if (record.epoch !== epoch) {
      return failed('LATENCY_EPOCH', `a report of epoch ${record.epoch} in epoch ${epoch}`);
    }
    const { epochLength } = activeParameters(state);
    const { first, last } = latencyWindow(epochLength);
    const offset = height - (boundaryHeight(state) - epochLength);
    if (offset < first || offset > last) {
      return failed('LATENCY_WINDOW', `block ${offset} of the epoch is not ${first} to ${last}`);
    }
    if (reporterIndex >= size) {
      return failed('LATENCY_REPORTER', `index ${reporterIndex} in a table of ${size}`);
    }
    if (samples.length !== size) {
      return failed('LATENCY_SIZE', `${samples.length} entries for a table of ${size}`);
    }
    const own = samples[reporterIndex];
    if (own?.latencyMs !== noSample || own.participationBp !== noSample) {
      return failed('LATENCY_SELF', `reporter ${reporterIndex} reports about itself`);
    }
    return state.latencyReports.some((report) => report.reporterIndex === reporterIndex)
      ? failed('LATENCY_REPEATED', `a second report of reporter ${reporterIndex}`)
      : undefined;
  },
  claims(state, record) {
    const reporter = currentTable(state).entries[record.reporterIndex];
    if (reporter === undefined) return [];
    return [
      {
        code: 'LATENCY_SIGNATURE',
        suite: 1,
        publicKey: reporter.consensusKey,
        message: latencyMessage(state.chain.chainTag, record),
        signature: record.signature,
      },
    ];
  },
  apply(state, record) {
    const reports = [...state.latencyReports, detached(record)];
    return {
      ...state,
      latencyReports: reports.toSorted((a, b) => a.reporterIndex - b.reporterIndex),
    };
  },
};
