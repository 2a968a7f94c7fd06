import { equalBytes } from '@mxd/codec';
import {
  certificateCodec,
  leaderOf,
  verifyVote,
  type Certificate,
  type ValidatorSet,
  type Vote,
  type VoteKind,
} from '@mxd/protocol';
import { signerBitmap, isSigner } from '@mxd/protocol/certificate';
import { certificateVotes, checkCertificateShape } from '@mxd/protocol/checks';
import { keyOf, zeroHash } from '@mxd/protocol/primitives';
import { signingOrder } from '@mxd/protocol/schedule';

import { type Choice, type CoreState, type EpochState, type HeldCertificate, Z } from './state.ts';

/** Key of a certificate's block; '' for a nullification. */
export function held(certificate: Certificate, bytes: Uint8Array): HeldCertificate {
  const key = certificate.kind === Z ? '' : keyOf(certificate.blockHash);
  return { certificate, bytes, key };
}

/** A certificate from its encoding; undefined for bytes that are none. */
export function decodeCertificate(bytes: Uint8Array): HeldCertificate | undefined {
  const decoded = certificateCodec.tryDecode(bytes);
  return decoded.ok ? held(decoded.value, bytes) : undefined;
}

/** C2: the certificate of a choice, from verified votes only, in signing order. */
export function assemble(
  e: EpochState,
  kind: VoteKind,
  view: number,
  choice: Choice,
): HeldCertificate {
  const votes = (e.slots.get(view)?.tallies[kind]?.votes ?? []) as readonly (Vote | undefined)[];
  const indices: number[] = [];
  const entries: { timestampMs: number; signature: Uint8Array }[] = [];
  let power = 0;
  for (const index of signingOrder(e.n, leaderOf(e.set, view))) {
    if (choice.seen[index] !== 2) continue;
    const vote = votes[index] as Vote;
    indices.push(index);
    entries.push({ timestampMs: vote.timestampMs, signature: vote.signature });
    power += e.powers[index] as number;
    if (power >= e.set.quorum) break;
  }
  const certificate: Certificate = {
    kind,
    epoch: e.epoch,
    view,
    blockHash: kind === Z ? zeroHash : choice.hash,
    n: e.n,
    signers: signerBitmap(e.n, indices),
    entries,
  };
  return held(certificate, certificateCodec.encode(certificate));
}

/** A vote that the tally holds verified is not checked again. */
function isVerified(e: EpochState, vote: Vote): boolean {
  const known = e.slots.get(vote.view)?.tallies[vote.kind]?.votes[vote.signerIndex];
  return (
    known !== undefined &&
    equalBytes(known.signature, vote.signature) &&
    known.timestampMs === vote.timestampMs &&
    equalBytes(known.blockHash, vote.blockHash)
  );
}

/**
 * Whether a certificate is valid under the table of its epoch. Signatures that are held verified
 * cost nothing; `collect` takes the votes that were checked.
 */
export function checkCertificate(
  s: CoreState,
  set: ValidatorSet,
  certificate: Certificate,
  collect?: Vote[],
): boolean {
  if (!checkCertificateShape(set, certificate).ok) return false;
  const e = s.epoch;
  for (const vote of certificateVotes(set, certificate)) {
    if (e !== undefined && e.set === set && isVerified(e, vote)) {
      s.counters.signaturesSaved++;
      continue;
    }
    s.counters.signaturesChecked++;
    if (!verifyVote(set, vote, s.config.verify)) return false;
    collect?.push(vote);
  }
  return true;
}

/** Whether the own key signed inside a certificate, and with which bytes. */
export function ownSignature(e: EpochState, certificate: Certificate): Uint8Array | undefined {
  const me = e.selfIndex;
  if (me < 0 || !isSigner(certificate.signers, me)) return undefined;
  const order = signingOrder(e.n, leaderOf(e.set, certificate.view)).filter((index) =>
    isSigner(certificate.signers, index),
  );
  return certificate.entries[order.indexOf(me)]?.signature;
}

/** Power-weighted median of the signers' clocks; undefined for a nullification. */
export function medianTime(e: EpochState, certificate: Certificate): number | undefined {
  if (certificate.kind === Z) return undefined;
  const order = signingOrder(e.n, leaderOf(e.set, certificate.view)).filter((index) =>
    isSigner(certificate.signers, index),
  );
  const times = order.map((index, i) => ({
    time: certificate.entries[i]?.timestampMs ?? 0,
    power: e.powers[index] as number,
  }));
  times.sort((a, b) => a.time - b.time);
  const total = times.reduce((sum, { power }) => sum + power, 0);
  let power = 0;
  for (const one of times) {
    power += one.power;
    if (2 * power >= total) return one.time;
  }
  return undefined;
}
