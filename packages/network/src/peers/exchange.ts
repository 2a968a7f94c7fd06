import { bytesU8, list, struct, type Codec } from '@mxd/codec';
import { multiaddr } from '@multiformats/multiaddr';
import { type AnswerEnd, type PeerId, type RequestProtocols } from '../contract.ts';
import { type Counters } from '../counters.ts';
import { limits } from '../limits.ts';
import { type AddressBook } from './address-book.ts';
import { decodeAddress } from './addresses.ts';

/** One known peer as passed on: its id in binary form and where to dial it. */
export interface PeerRecord {
  readonly peerId: Uint8Array;
  readonly addresses: readonly Uint8Array[];
}

export const peerRecordCodec: Codec<PeerRecord> = struct({
  peerId: bytesU8(64, 1),
  addresses: list(bytesU8(128, 1), { count: 'u8', max: 8, min: 1 }),
});

// The multiaddr component /p2p: varint of code 421, then a length in one byte.
const p2pPrefix = [0xa5, 0x03];

/** The text form of a binary peer id, or undefined when it is none. */
export function peerIdText(bytes: Uint8Array): PeerId | undefined {
  if (bytes.length === 0 || bytes.length > 127) return undefined;
  try {
    const address = multiaddr(Uint8Array.of(...p2pPrefix, bytes.length, ...bytes));
    return address.getComponents()[0]?.value as PeerId | undefined;
  } catch {
    return undefined;
  }
}

function peerIdBytes(text: PeerId): Uint8Array | undefined {
  try {
    return multiaddr(`/p2p/${text}`).bytes.subarray(p2pPrefix.length + 1);
  } catch {
    return undefined;
  }
}

/** What is served to others: a sample of peers that were reached lately and are not private. */
export function* servePeers(
  book: AddressBook,
  asker: PeerId,
  hidden: ReadonlySet<PeerId>,
): Generator<Uint8Array, AnswerEnd, void> {
  for (const entry of book.sample(limits.exchangePeers.value, asker)) {
    if (hidden.has(entry.peerId)) continue;
    const peerId = peerIdBytes(entry.peerId);
    if (peerId === undefined) continue;
    const addresses = entry.addresses.map((text) => multiaddr(text).bytes).slice(0, 8);
    yield peerRecordCodec.encode({ peerId, addresses });
  }
  return 'complete';
}

/** Asks a peer for others and notes them; the number of new ones. */
export async function learnPeers(
  requests: RequestProtocols,
  book: AddressBook,
  from: PeerId,
  ownPeerId: PeerId,
  counters: Counters,
): Promise<number> {
  let learned = 0;
  const onItem = (item: Uint8Array): boolean => {
    const record = peerRecordCodec.tryDecode(item);
    if (!record.ok) return false;
    const peerId = peerIdText(record.value.peerId);
    if (peerId === undefined) return false;
    if (peerId === ownPeerId || peerId === from) return true;
    const addresses = record.value.addresses.flatMap((bytes) => {
      const address = decodeAddress(bytes);
      return address === undefined ? [] : [address.address.toString()];
    });
    if (book.hear(peerId, addresses, from)) learned += 1;
    return true;
  };
  await requests.request(from, 'peers', new Uint8Array(0), { onItem });
  counters.add('peers_learned', learned);
  return learned;
}
