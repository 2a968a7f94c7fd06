/**
 * The Ed25519 accept set is a rule of the chain, not of a library (docs/protocol/encoding.md,
 * "Signature suites"): canonical A and R, S < L, neither A nor R of small order, and the
 * cofactorless equation. This file holds all but the equation; every backend runs it first, so that
 * the backends differ in the equation alone. Everything here is public data: no constant time.
 */

/** L = 2^252 + 27742317777372353535851937790883648493, the order of the base point, little-endian. */
const groupOrder = Uint8Array.from([
  0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
]);

/**
 * The y coordinates of the eight points of small order, little-endian, canonical: 0 (order 4),
 * 1 (the identity), p - 1 (order 2) and the two of order 8. Each holds for both signs of x.
 */
const smallOrderY: readonly Uint8Array[] = [
  new Uint8Array(32),
  Uint8Array.of(1, ...new Uint8Array(31)),
  Uint8Array.of(0xec, ...new Uint8Array(30).fill(0xff), 0x7f),
  Uint8Array.from([
    0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
    0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
  ]),
  Uint8Array.from([
    0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
    0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
  ]),
];

/** Whether the 32 bytes at `offset` are a number below L: anything else is malleable (S + L). */
function isReducedScalar(bytes: Uint8Array, offset: number): boolean {
  for (let i = 31; i >= 0; i--) {
    const byte = bytes[offset + i] as number;
    const limit = groupOrder[i] as number;
    if (byte !== limit) return byte < limit;
  }
  return false;
}

/** Whether the y coordinate at `offset` is below p = 2^255 - 19; the top bit is the sign of x. */
function isCanonicalY(bytes: Uint8Array, offset: number): boolean {
  if ((bytes[offset] as number) < 0xed) return true;
  for (let i = 1; i < 31; i++) if (bytes[offset + i] !== 0xff) return true;
  return ((bytes[offset + 31] as number) & 0x7f) !== 0x7f;
}

function isSmallOrder(bytes: Uint8Array, offset: number): boolean {
  return smallOrderY.some((y) => {
    for (let i = 0; i < 31; i++) if (bytes[offset + i] !== y[i]) return false;
    return ((bytes[offset + 31] as number) & 0x7f) === y[31];
  });
}

/** Whether 32 bytes can be the key or the commitment of an accepted signature, as far as encoding tells. */
const isAdmissiblePoint = (bytes: Uint8Array, offset: number): boolean =>
  isCanonicalY(bytes, offset) && !isSmallOrder(bytes, offset);

/** All rules that come before the equation, the lengths included. */
export function admitsEd25519(publicKey: Uint8Array, signature: Uint8Array): boolean {
  return (
    publicKey.length === 32 &&
    signature.length === 64 &&
    isReducedScalar(signature, 32) &&
    isAdmissiblePoint(publicKey, 0) &&
    isAdmissiblePoint(signature, 0)
  );
}
