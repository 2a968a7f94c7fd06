import { toHex } from '@mxd/codec';
import {
  manifestCodec,
  snapshotId,
  type SnapshotManifest,
  type StateImport,
} from '@mxd/ledger/snapshot';
import type { PeerId, SocketNetwork } from '@mxd/network';
import { chunkCodec } from '@mxd/network/sync';
import { epochProofCodec } from '@mxd/protocol/messages';

import { limits } from '../limits.ts';
import { rangeRequestCodec } from '../sync/wire.ts';
import type { TrustedEpochs } from './epochs.ts';

const proofsPerRequest = 256;

/**
 * A snapshot that peers offer. Its id stands for the content alone: which block proves it, and by whose
 * signatures, is each peer's own.
 */
export interface Offer {
  readonly id: string;
  readonly height: number;
  readonly manifests: Map<PeerId, SnapshotManifest>;
}

/** Says of a peer that it lied: it is penalized and not asked again. */
export type Accuse = (peer: PeerId, reason: string) => void;

/** Asks one peer for all epochs that end after those known. False if it lied. */
export async function followPeer(
  { requests }: Pick<SocketNetwork, 'requests'>,
  peer: PeerId,
  epochs: TrustedEpochs,
  accuse: Accuse,
): Promise<boolean> {
  for (;;) {
    const from = epochs.newest;
    let lie: string | undefined;
    const payload = rangeRequestCodec.encode({ from, count: proofsPerRequest });
    await requests.request(peer, 'epoch-proofs', payload, {
      onItem: (item) => {
        const decoded = epochProofCodec.tryDecode(item);
        lie = decoded.ok ? epochs.follow(decoded.value) : decoded.error.message;
        return lie === undefined;
      },
    });
    if (lie !== undefined) {
      accuse(peer, lie);
      return false;
    }
    if (epochs.newest < from + proofsPerRequest) return true;
  }
}

/** Adds what one peer offers. */
export async function collectOffers(
  { requests }: Pick<SocketNetwork, 'requests'>,
  peer: PeerId,
  offers: Map<string, Offer>,
  accuse: Accuse,
): Promise<void> {
  let count = 0;
  await requests.request(peer, 'snapshot-manifest', new Uint8Array(0), {
    onItem: (item) => {
      const decoded = manifestCodec.tryDecode(item);
      if (!decoded.ok || count++ >= limits.snapshots.value) {
        accuse(peer, 'no list of snapshots');
        return false;
      }
      const manifest = decoded.value;
      const id = toHex(snapshotId(manifest.content));
      const { height } = manifest.content;
      const offer: Offer = offers.get(id) ?? { id, height, manifests: new Map() };
      offer.manifests.set(peer, manifest);
      offers.set(id, offer);
      return true;
    },
  });
}

/** Fetches the chunks that are missing, from all peers of an offer side by side. */
export async function fetchChunks(
  { requests }: Pick<SocketNetwork, 'requests'>,
  offer: Offer,
  importing: StateImport,
  accuse: Accuse,
  signal: AbortSignal,
): Promise<void> {
  const waiting = [...importing.missing];
  const snapshot = importing.id;
  const worker = async (peer: PeerId): Promise<void> => {
    let failures = 0;
    while (!signal.aborted && failures < limits.snapshotChunkTries.value) {
      const chunk = waiting.shift();
      if (chunk === undefined) return;
      const payload = chunkCodec.encode({ snapshot, chunk });
      const answer = await requests.request(peer, 'snapshot-chunk', payload, { signal });
      const [bytes] = answer.items;
      const verdict = bytes === undefined ? undefined : await importing.addChunk(chunk, bytes);
      if (verdict?.ok === true) continue;
      waiting.push(chunk);
      failures++;
      if (verdict === undefined) continue;
      accuse(peer, `${verdict.code}: ${verdict.reason}`);
      offer.manifests.delete(peer);
      return;
    }
  };
  await Promise.all([...offer.manifests.keys()].map(worker));
}
