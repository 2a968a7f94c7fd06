import { sha512, sha512Of } from './hash.ts';

const leafPrefix = Uint8Array.of(0x00);
const nodePrefix = Uint8Array.of(0x01);

/** The root of a tree without leaves: SHA-512 of nothing. A fresh copy. */
export const emptyRoot = (): Uint8Array => sha512(new Uint8Array(0));

/** Hash of a leaf: SHA-512(0x00 || data). */
export const leafHash = (data: Uint8Array): Uint8Array => sha512Of(leafPrefix, data);

/** Hash of an inner node: SHA-512(0x01 || left || right). */
export const nodeHash = (left: Uint8Array, right: Uint8Array): Uint8Array =>
  sha512Of(nodePrefix, left, right);
