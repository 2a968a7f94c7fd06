import { type LatencyRecord } from '@mxd/protocol/system-records';

import { latencyReport } from './activity.ts';
import { encoded, toValidators } from './effects.ts';
import { maySign } from './signing.ts';
import { type RunningState } from './state.ts';
import { type Steps } from './types.ts';

/**
 * Latency vectors: once per epoch, from the middle on, each validator reports what it measured of
 * the others.
 */
export function* reportLatency(s: RunningState, height: number): Steps {
  const e = s.epoch;
  const { epochLength, minSamples } = s.config.parameters;
  const offset = height - (e.epoch - 1) * epochLength;
  if (e.measured.reported || offset < Math.floor((epochLength + 1) / 2)) return;
  if (offset > epochLength - 2 || !maySign(s) || e.selfKey === undefined) return;
  e.measured.reported = true;
  const unsigned: LatencyRecord = {
    ...latencyReport(e, minSamples),
    signature: new Uint8Array(64),
  };
  const answer = yield { type: 'signLatency', key: e.selfKey, record: unsigned };
  if (answer?.ok !== true) return;
  const record: LatencyRecord = { ...unsigned, signature: answer.signature };
  yield { type: 'systemRecord', record, from: undefined };
  yield toValidators(e, encoded({ type: 0x1c, record }));
}
