import { recordType, type Effect, type Input, type Outcome } from '@mxd/consensus';

import { type Counts } from './counts.ts';
import { type SimNode } from './node.ts';

const messageNames = new Map<number, string>([
  [0x10, 'PROPOSAL'],
  [0x11, 'VOTE'],
  [0x12, 'CERT'],
  [0x13, 'STATUS'],
  [0x14, 'CERT_REQ'],
  [0x15, 'CERT_RESP'],
  [0x16, 'BLOCK_REQ'],
  [0x17, 'BLOCK_RESP'],
  [0x18, 'TX_REQ'],
  [0x19, 'TX_RESP'],
  [0x1a, 'EPOCH_PROOF_REQ'],
  [0x1b, 'EPOCH_PROOF'],
  [0x1c, 'SYS_RECORD'],
]);

/** Name of a message by its first byte. */
export function messageName(bytes: Uint8Array): string {
  return messageNames.get(bytes[0] ?? 0) ?? 'unknown';
}

function countSend(counts: Counts, effect: Extract<Effect, { type: 'send' }>): void {
  const { bytes, to } = effect;
  const name = messageName(bytes);
  counts.add('messages', name);
  if (name === 'VOTE') {
    const kind = bytes[1];
    counts.add('votes', kind === 1 ? 'NOTARIZE' : kind === 2 ? 'NULLIFY' : 'FINALIZE');
    if ('peers' in to) counts.add('rules', 'A9');
  } else if (name === 'PROPOSAL') {
    const flags = bytes[13] ?? 0;
    counts.add('rules', 'P5');
    if ((flags & 1) === 1) counts.add('rules', 'P4');
    if ((flags & 2) === 2) counts.add('rules', 'COMPACT');
  } else if (name === 'CERT' && 'peers' in to) counts.add('rules', 'A1');
  else if (name === 'EPOCH_PROOF') counts.add('rules', 'A2');
  else if (name === 'CERT_RESP') counts.add('rules', 'A3');
  else if (name === 'CERT_REQ' || name === 'BLOCK_REQ' || name === 'TX_REQ')
    counts.add('rules', 'A4');
}

const certificateNames = ['', 'notarization', 'nullification', 'finalization'];

/** What of the rules shows from outside: their ids are those of docs/protocol/rsc.md. */
export function countEffect(counts: Counts, node: SimNode, effect: Effect): void {
  switch (effect.type) {
    case 'send':
      countSend(counts, effect);
      return;
    case 'append':
      if (effect.record.type === recordType.certificate) {
        counts.add('certificates', certificateNames[effect.record.payload[0] ?? 0] ?? '');
        counts.add('rules', 'J5');
      } else if (effect.record.type === recordType.block) counts.add('rules', 'J4');
      else if (effect.record.type === recordType.epoch) counts.add('rules', 'Boundary');
      else if (effect.record.type === recordType.proposalSeen) counts.add('rules', 'V3');
      return;
    case 'notify':
      if (effect.status === 'VALIDATED') counts.add('rules', 'C3');
      else if (effect.status === 'NOTARIZED') counts.add('rules', 'C2');
      return;
    case 'commit':
      counts.add('rules', 'Commit');
      if (effect.block.header.parentView + 1 < effect.block.header.view) counts.add('rules', 'N4');
      return;
    case 'evidence': {
      const [a, b] = [
        effect.record.type === 4 ? effect.record.voteA.kind : 0,
        effect.record.type === 4 ? effect.record.voteB.kind : 0,
      ];
      counts.add('evidence', a === 1 ? 'a' : a === b ? 'b' : 'c');
      return;
    }
    case 'behind':
      counts.add('rules', 'A6');
      return;
    case 'retain':
      counts.add('rules', 'retain');
      return;
    case 'penalize':
      counts.add('rules', 'A8');
      counts.add('penalties', `${effect.code} ${effect.action}`);
      return;
    case 'setTimer':
      if (effect.name === 'view') counts.add('rules', 'E1');
      else if (effect.name === 'observe') counts.add('rules', 'J9');
      return;
    case 'halt':
      counts.add('rules', effect.code);
      return;
    case 'relay':
      counts.add('rules', 'Relay');
      return;
    case 'warn':
      counts.add('warnings', effect.code);
      return;
    default:
      if (node.index < 0) counts.add('rules', 'none');
  }
}

/** Timers and refusals. */
export function countInput(
  counts: Counts,
  _node: SimNode,
  input: Input,
  outcome: Outcome | undefined,
): void {
  if (input.type === 'timer') {
    counts.add('timers', input.name);
    if (input.name === 'retry') counts.add('rules', 'E3');
  } else if (input.type === 'synced') counts.add('rules', 'synced');
  if (outcome?.ok === false) counts.add('refused', outcome.code);
}
