import { u32 } from '@mxd/codec';
import {
  defineBucket,
  defineSchema,
  rawValue,
  u32Key,
  bytesKey,
  tupleKey,
  type NetworkIdentity,
} from '../../src/index.ts';

/** A small application to test with: notes by number, and an index by owner. */
export const notes = defineBucket({ name: 'notes', prefix: 1, key: u32Key, value: rawValue });
export const byOwner = defineBucket({
  name: 'by-owner',
  prefix: 2,
  key: tupleKey(bytesKey(4), u32Key),
  value: u32,
  checksum: false,
});
export const schema = defineSchema({
  application: 'notes',
  version: 1,
  buckets: [notes, byOwner],
});
export const network: NetworkIdentity = { id: 7, genesisHash: new Uint8Array(64).fill(7) };
export const otherNetwork: NetworkIdentity = { id: 7, genesisHash: new Uint8Array(64).fill(8) };
