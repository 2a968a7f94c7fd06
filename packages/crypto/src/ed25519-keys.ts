/** Points of public keys that verify again and again: those of validators. All of it is public data. */
import { ed25519 } from '@noble/curves/ed25519.js';

import * as bounds from './bounds.ts';

type KeyPoint = InstanceType<typeof ed25519.Point>;

interface Known {
  readonly point: KeyPoint;
  uses: number;
}

/**
 * Window of the table of multiples: 832 points, some 200 KB, and 52 additions in the place of 253
 * doublings and 50 additions (one verification 3.1 -> 1.3 ms). The table costs four verifications.
 */
const windowBits = 5;
/** Uses after which a key gets its table: a key that is seen a few times is not worth one. */
const usesBeforeTable = 4;

/** Decoded keys, the least recently used first. */
const known = new Map<string, Known>();

/** The bytes as a key for the map: one character each. */
const nameOf = (publicKey: Uint8Array): string => String.fromCharCode(...publicKey);

/**
 * The point of a canonical key. The point of a key that verifies often carries a table of its
 * multiples, which makes multiplying faster and changes no result.
 * @throws Error if the bytes are no point of the curve.
 */
export function keyPoint(publicKey: Uint8Array): KeyPoint {
  const name = nameOf(publicKey);
  const entry = known.get(name) ?? { point: ed25519.Point.fromBytes(publicKey, false), uses: 0 };
  known.delete(name);
  known.set(name, entry);
  if (known.size > bounds.keyPointCache) {
    const [oldest] = known.keys();
    if (oldest !== undefined) known.delete(oldest);
  }
  entry.uses++;
  if (entry.uses === usesBeforeTable) entry.point.precompute(windowBits);
  return entry.point;
}
