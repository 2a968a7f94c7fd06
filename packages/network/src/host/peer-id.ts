import { peerIdFromPrivateKey } from '@libp2p/peer-id';

import { type PeerId } from '../contract.ts';
import { nodeKeyOf } from './host.ts';

/** The peer id of a node key (32-byte Ed25519 seed): what others write into their address lists. */
export async function peerIdOfSeed(seed: Uint8Array): Promise<PeerId> {
  return peerIdFromPrivateKey(await nodeKeyOf(seed)).toString() as PeerId;
}
