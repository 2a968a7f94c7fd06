import { blockHashOf, verifyEpochProof } from '@mxd/protocol';
import { type EpochProofMessage } from '@mxd/protocol/messages';
import { keyOf } from '@mxd/protocol/primitives';

import { notePosition } from './activity.ts';
import { setHeader } from './blocks.ts';
import { decodeCertificate } from './certificates.ts';
import { onCertificate } from './certified.ts';
import { tryCommit } from './committing.ts';
import { fault } from './effects.ts';
import { accepted, entryOf, rejected, type Peer, type RunningState } from './state.ts';
import { type Outcome, type Steps } from './types.ts';

/**
 * EPOCH_PROOF of the current epoch: its finalization ends the epoch once its blocks are here (A6).
 */
export function* onEpochProof(s: RunningState, peer: Peer, m: EpochProofMessage): Steps<Outcome> {
  const e = s.epoch;
  if (m.epoch !== e.epoch) return rejected('CONSENSUS_EPOCH');
  const known = decodeCertificate(m.finalization);
  const final = e.lastFinal;
  if (known !== undefined && final !== undefined && known.key === final.key) {
    // Held already: only the header may be new. It proves itself by its hash.
    if (keyOf(blockHashOf(m.header)) !== final.key) return rejected('CONSENSUS_EPOCH_PROOF');
    setHeader(s, entryOf(s, final.certificate.blockHash, final.certificate.view), m.header);
    yield* tryCommit(s);
    return accepted;
  }
  const verdict = verifyEpochProof(e.set, s.config.parameters, m, s.config.verify);
  s.counters.signaturesChecked += e.n;
  const held = decodeCertificate(m.finalization);
  if (!verdict.ok || held === undefined) {
    yield* fault(s, peer, 'CONSENSUS_EPOCH_PROOF');
    return rejected('CONSENSUS_EPOCH_PROOF');
  }
  notePosition(peer, m.epoch + 1, 0);
  const entry = entryOf(s, blockHashOf(m.header), held.certificate.view);
  setHeader(s, entry, m.header);
  yield* onCertificate(s, held, []);
  if (s.halted === undefined && s.epoch === e) yield* tryCommit(s);
  return accepted;
}
