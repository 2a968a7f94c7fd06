import { certificateCodec, voteCodec, type Certificate, type Vote } from '@mxd/protocol';
import { signerBitmap } from '@mxd/protocol/certificate';

import { type ByzantineActor } from './actor.ts';
import { type Behaviour } from './behaviour.ts';

/** Votes of others with a wrong signature, or true ones for another hash. */
function forgedVote(actor: ByzantineActor): Uint8Array | undefined {
  const seen = actor.random.pick(actor.messages.filter((bytes) => bytes[0] === 0x11));
  if (seen === undefined) return undefined;
  const decoded = voteCodec.tryDecode(seen.subarray(1));
  if (!decoded.ok) return undefined;
  const vote: Vote = actor.random.chance(500_000)
    ? { ...decoded.value, signature: actor.random.bytes(64) }
    : { ...decoded.value, view: decoded.value.view + 1 };
  return voteCodec.encode(vote);
}

function forgedCertificate(actor: ByzantineActor): Uint8Array | undefined {
  const { set } = actor;
  if (set === undefined) return undefined;
  const n = set.table.entries.length;
  const kind = (1 + actor.random.below(3)) as 1 | 2 | 3;
  const size = actor.random.chance(500_000) ? n + 1 : n;
  const signers = Array.from({ length: actor.random.chance(300_000) ? 1 : n }, (_, i) => i);
  const certificate: Certificate = {
    kind,
    epoch: set.epoch,
    view: Math.max(1, actor.view + actor.random.below(5) - 2),
    blockHash: kind === 2 ? new Uint8Array(64) : actor.random.bytes(64),
    n: size,
    signers: signerBitmap(size, signers),
    entries: signers.map(() => ({
      timestampMs: kind === 2 ? 0 : 1,
      signature: actor.random.bytes(64),
    })),
  };
  return certificateCodec.encode(certificate);
}

export const forger: Behaviour = {
  name: 'forger',
  about: 'forged votes of others and forged, short and oversized certificates',
  periodMs: 400,
  create: (actor) => ({
    tick() {
      const isVote = actor.random.chance(500_000);
      const inner = isVote ? forgedVote(actor) : forgedCertificate(actor);
      if (inner === undefined) return;
      const bytes = new Uint8Array(inner.length + 1);
      bytes[0] = isVote ? 0x11 : 0x12;
      bytes.set(inner, 1);
      actor.lied();
      actor.send(actor.some(), bytes);
    },
  }),
};
