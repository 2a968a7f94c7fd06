import { type Certificate, type ConsensusMessage } from '@mxd/protocol';
import { messageCodec } from '@mxd/protocol';

import { type ConsensusErrorCode } from './errors.ts';
import { limits } from './limits.ts';
import { type EpochState, type Peer, type RunningState } from './state.ts';
import {
  type Effect,
  type JournalRecordType,
  type PeerId,
  type Steps,
  type TimerName,
} from './types.ts';

/** A journal record; what is yielded after it waits until it is durable (R0b). */
export function append(type: JournalRecordType, payload: Uint8Array): Effect {
  return { type: 'append', record: { type, payload } };
}

export function encoded(message: ConsensusMessage): Uint8Array {
  return messageCodec.encode(message);
}

export function toValidators(e: EpochState, bytes: Uint8Array): Effect {
  return { type: 'send', to: { validatorsOf: e.epoch }, bytes };
}

export function toPeers(peers: readonly PeerId[], bytes: Uint8Array): Effect {
  return { type: 'send', to: { peers }, bytes };
}

export function timer(e: EpochState, name: TimerName, afterMs: number): Effect {
  return { type: 'setTimer', name, epoch: e.epoch, view: e.view, afterMs: Math.max(0, afterMs) };
}

/** Stops the machine for good: nothing is handled after it. */
export function* halt(
  s: RunningState,
  code: ConsensusErrorCode,
  reason: string,
  certificates: readonly Certificate[] = [],
): Steps {
  if (s.halted !== undefined) return;
  s.halted = code;
  s.queue.length = 0;
  yield { type: 'halt', code, reason, certificates };
}

const slowMs = 10_000;
const refuseMs = 60_000;

/** A8: garbage that correct nodes never send is the sender's fault, whoever is named in it. */
export function* fault(s: RunningState, peer: Peer | undefined, code: ConsensusErrorCode): Steps {
  s.counters.rejected++;
  if (peer === undefined) return;
  peer.strikes++;
  discardPending(s.epoch, peer);
  if (peer.strikes >= limits.strikes.value) {
    peer.strikes = 0;
    peer.refusedUntilMs = s.monoMs + refuseMs;
    yield { type: 'penalize', peer: peer.id, action: 'disconnect', forMs: refuseMs, code };
  } else {
    yield { type: 'penalize', peer: peer.id, action: 'slow', forMs: slowMs, code };
  }
}

/** Unverified votes of others that came over this connection are dropped. */
function discardPending(e: EpochState, peer: Peer): void {
  for (const slot of e.slots.values()) {
    for (let kind = 1; kind <= 3; kind++) {
      const tally = slot.tallies[kind];
      if (tally === undefined) continue;
      for (const choice of tally.choices) {
        if (choice.pending.length === 0) continue;
        const gone = choice.pending.filter(
          (p) => p.from === peer.id && p.vote.signerIndex !== peer.index,
        );
        if (gone.length === 0) continue;
        choice.pending = choice.pending.filter((p) => !gone.includes(p));
        for (const { vote } of gone) {
          const signer = vote.signerIndex;
          peer.pending--;
          const stillThere = choice.pending.some((p) => p.vote.signerIndex === signer);
          if (choice.seen[signer] === 1 && !stillThere) {
            choice.seen[signer] = 0;
            choice.potential -= e.powers[signer] as number;
          }
        }
      }
      tally.relayed?.delete(peer.id);
    }
  }
}
