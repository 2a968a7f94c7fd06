import fc from 'fast-check';
import { shake128, tagBytes, taggedHash } from '@mxd/crypto/hash';
import { describe, expect, test } from 'vitest';

import { LatticeHash } from '../../src/lattice-hash.ts';

/** Straight from the text of the protocol, with big integers for nothing but clarity. */
function naive(elements: readonly Uint8Array[]): Uint8Array {
  const lanes = Array.from({ length: 1024 }, () => 0);
  for (const element of elements) {
    const vector = shake128(Buffer.concat([tagBytes('MXD5UTXO'), element]), 2048);
    for (let k = 0; k < 1024; k++) {
      lanes[k] = (lanes[k]! + vector[2 * k]! * 256 + vector[2 * k + 1]!) % 65_536;
    }
  }
  const out = new Uint8Array(2048);
  lanes.forEach((lane, k) => out.set([lane >> 8, lane & 255], 2 * k));
  return out;
}

const element = fc.uint8Array({ minLength: 100, maxLength: 146 });

describe('lattice hash', () => {
  test('of the empty set is zeros', () => {
    const empty = new LatticeHash();
    expect(empty.bytes()).toEqual(new Uint8Array(2048));
    expect(empty.digest()).toEqual(taggedHash('MXD5LTHD', new Uint8Array(2048)));
  });

  test('adds as the protocol says', () => {
    fc.assert(
      fc.property(fc.array(element, { maxLength: 8 }), (elements) => {
        const hash = new LatticeHash();
        for (const each of elements) hash.add(each);
        expect(hash.bytes()).toEqual(naive(elements));
      }),
      { numRuns: 50 },
    );
  });

  test('removing undoes adding, in any order', () => {
    fc.assert(
      fc.property(fc.array(element, { maxLength: 8 }), fc.array(element), (kept, gone) => {
        const hash = new LatticeHash();
        for (const each of gone) hash.add(each);
        for (const each of kept) hash.add(each);
        for (const each of gone.toReversed()) hash.remove(each);
        expect(hash.bytes()).toEqual(naive(kept));
      }),
      { numRuns: 50 },
    );
  });

  test('is found again from its bytes, copies apart, and sums', () => {
    const a = new LatticeHash();
    a.add(Uint8Array.of(1));
    const copy = LatticeHash.from(a.bytes());
    copy.add(Uint8Array.of(2));
    expect(a.bytes()).toEqual(naive([Uint8Array.of(1)]));
    expect(a.copy().digest()).toEqual(a.digest());
    a.addAll(copy);
    expect(a.bytes()).toEqual(naive([Uint8Array.of(1), Uint8Array.of(1), Uint8Array.of(2)]));
    expect(() => LatticeHash.from(new Uint8Array(2047))).toThrow(/2048/);
  });
});
