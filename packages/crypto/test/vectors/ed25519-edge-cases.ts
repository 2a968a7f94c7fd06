import { ed25519 } from '@noble/curves/ed25519.js';
import { asciiBytes, concatBytes, fromHex, toHex } from '@mxd/codec';

import { sha512 } from '../../src/hash.ts';

/**
 * Edge cases of Ed25519 with the verdict that the accept set gives, computed not by a verifier but
 * from the discrete logarithms, which are known: A = a*B + i*T and R = r*B + j*T with T of order 8.
 * With S = r + h*a the cofactorless equation holds iff j + h*i = 0 modulo 8.
 */
export interface EdgeCase {
  readonly name: string;
  readonly publicKey: string;
  readonly message: string;
  readonly signature: string;
  readonly valid: boolean;
}

const Point = ed25519.Point;
const { n: L, p } = Point.CURVE();
const T = Point.fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a');
const signBit = 1n << 255n;

const toLe = (value: bigint): Uint8Array =>
  fromHex(value.toString(16).padStart(64, '0')).reverse();
const fromLe = (bytes: Uint8Array): bigint => BigInt(`0x${toHex(bytes.toReversed())}`);
const scalar = (name: string): bigint => fromLe(sha512(asciiBytes(name)).slice(0, 32)) % L;
const torsion = (i: number): typeof T => (i === 0 ? Point.ZERO : T.multiplyUnsafe(BigInt(i)));
const mixed = (k: bigint, i: number): Uint8Array =>
  Point.BASE.multiplyUnsafe(k).add(torsion(i)).toBytes();

interface Half {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly log: bigint;
  readonly order: number;
  /** Whether the accept set lets it stand as A or R. */
  readonly admitted: boolean;
}

/** Points a*B + i*T. */
const mixedHalves = (role: string, seeds: readonly string[]): Half[] =>
  seeds.flatMap((seed) =>
    Array.from({ length: 8 }, (_, i) => {
      const log = scalar(`${role} ${seed}`);
      return { name: `${seed}+${i}T`, bytes: mixed(log, i), log, order: i, admitted: true };
    }),
  );

/** The eight points of small order, canonically encoded. */
const smallHalves: Half[] = Array.from({ length: 8 }, (_, i) => ({
  name: `${i}T`,
  bytes: torsion(i).toBytes(),
  log: 0n,
  order: i,
  admitted: false,
}));

/** Encodings that decode, leniently, to points of small order: y + p, and the sign of x = 0. */
const nonCanonicalHalves: Half[] = smallHalves.flatMap((half) => {
  const y = fromLe(half.bytes) & (signBit - 1n);
  const sign = fromLe(half.bytes) & signBit;
  const others = [];
  if (y + p < signBit) others.push(sign | (y + p));
  if (y === 1n || y === p - 1n) others.push(y | signBit);
  if (y === 1n) others.push((y + p) | signBit);
  return others.map((value, k) => ({
    ...half,
    name: `${half.name} non-canonical ${k}`,
    bytes: toLe(value),
  }));
});

/** y of p to p + 18: not below p, whatever point they may stand for. */
const overflowHalves: Half[] = Array.from({ length: 19 }, (_, k) => ({
  name: `y=p+${k}`,
  bytes: toLe(p + BigInt(k)),
  log: 0n,
  order: 0,
  admitted: false,
}));

function make(a: Half, r: Half, tag: number, shift: bigint): EdgeCase {
  const message = asciiBytes(`edge ${tag}`);
  const h = fromLe(sha512(concatBytes(r.bytes, a.bytes, message))) % L;
  const s = ((r.log + h * a.log) % L) + shift * L;
  const equation = (r.order + Number(h % 8n) * a.order) % 8 === 0;
  return {
    name: `A=${a.name} R=${r.name} #${tag}${shift === 0n ? '' : ` S+${shift}L`}`,
    publicKey: toHex(a.bytes),
    message: toHex(message),
    signature: toHex(concatBytes(r.bytes, toLe(s))),
    valid: a.admitted && r.admitted && shift === 0n && equation,
  };
}

/** All cases, the same at every call. */
export function edgeCases(): EdgeCase[] {
  const keys = mixedHalves('A', ['alpha', 'beta', 'gamma']);
  const commitments = mixedHalves('R', ['rho']);
  const cases: EdgeCase[] = [];
  let tag = 0;
  for (const a of keys) for (const r of commitments) cases.push(make(a, r, tag++, 0n));
  const [key] = keys as [Half];
  const [commitment] = commitments as [Half];
  // Mixed order again until the equation holds, so that each pair of orders has an accepted case.
  for (const a of keys.slice(0, 8)) {
    for (const r of commitments) {
      for (let tries = 0; tries < 64; tries++) {
        const found = make(a, r, tag++, 0n);
        if (!found.valid) continue;
        cases.push(found);
        break;
      }
    }
  }
  for (const half of [...smallHalves, ...nonCanonicalHalves, ...overflowHalves]) {
    cases.push(make(half, commitment, tag++, 0n), make(key, half, tag++, 0n));
    cases.push(make(half, half, tag++, 0n));
  }
  for (const half of smallHalves) {
    for (const other of smallHalves) cases.push(make(half, other, tag++, 0n));
  }
  for (let shift = 0n; shift <= 15n; shift++) cases.push(make(key, commitment, tag++, shift));
  for (const bit of [0, 1, 100, 254, 255, 256, 300, 500, 507, 508, 511]) {
    const good = make(key, commitment, 999, 0n);
    const bytes = fromHex(good.signature);
    bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
    cases.push({ ...good, name: `bit ${bit}`, signature: toHex(bytes), valid: false });
  }
  const good = make(key, commitment, 999, 0n);
  cases.push(
    good,
    { ...good, name: 'S=0', signature: good.signature.slice(0, 64) + '00'.repeat(32), valid: false },
    { ...good, name: 'S=L', signature: good.signature.slice(0, 64) + toHex(toLe(L)), valid: false },
    { ...good, name: 'all ones', signature: 'ff'.repeat(64), valid: false },
    { ...good, name: 'all zero', signature: '00'.repeat(64), valid: false },
    { ...good, name: 'zero key', publicKey: '00'.repeat(32), valid: false },
    { ...good, name: 'truncated', signature: good.signature.slice(0, 126), valid: false },
    { ...good, name: 'extended', signature: `${good.signature}00`, valid: false },
    { ...good, name: 'empty', signature: '', valid: false },
    { ...good, name: 'short key', publicKey: good.publicKey.slice(2), valid: false },
    { ...good, name: 'long key', publicKey: `${good.publicKey}00`, valid: false },
  );
  return cases;
}
