import { CryptoError } from './errors.ts';

/** Wire number of a signature suite (docs/protocol/encoding.md, "Signature suites"). */
export type SuiteId = 1 | 2 | 3;

/** Names and sizes of a suite: what an encoding needs to know of it. */
export interface SuiteInfo {
  readonly id: SuiteId;
  readonly name: 'Ed25519' | 'ML-DSA-87' | 'Ed25519+ML-DSA-87';
  readonly publicKeyBytes: number;
  readonly seedBytes: number;
  readonly signatureBytes: number;
}

/** The suites by number: Ed25519 (RFC 8032), ML-DSA-87 (FIPS 204), both together. */
export const suiteInfo: Readonly<Record<SuiteId, SuiteInfo>> = {
  1: { id: 1, name: 'Ed25519', publicKeyBytes: 32, seedBytes: 32, signatureBytes: 64 },
  2: { id: 2, name: 'ML-DSA-87', publicKeyBytes: 2592, seedBytes: 32, signatureBytes: 4627 },
  3: {
    id: 3,
    name: 'Ed25519+ML-DSA-87',
    publicKeyBytes: 2624,
    seedBytes: 64,
    signatureBytes: 4691,
  },
};

/** The numbers of all suites, ascending. */
export const suiteIds: readonly SuiteId[] = [1, 2, 3];

/** Whether a number from outside names a suite. */
export const isSuiteId = (value: unknown): value is SuiteId =>
  value === 1 || value === 2 || value === 3;

/** A key pair ready to sign many messages; disposing it wipes or drops the expanded key. */
export interface Signer extends Disposable {
  readonly suite: SuiteId;
  readonly publicKey: Uint8Array;
  /** @throws CryptoError SECRET_DISPOSED after disposal. */
  sign(message: Uint8Array): Uint8Array;
}

/** One signature algorithm behind one backend. */
export interface SignatureSuite extends SuiteInfo {
  /** What computes: 'noble', 'sodium', 'node:crypto', or both halves of the hybrid. */
  readonly backend: string;
  /** The public key of a seed. @throws CryptoError CRYPTO_LENGTH. */
  publicKeyOf(seed: Uint8Array): Uint8Array;
  /** A signer that expands the seed once. @throws CryptoError CRYPTO_LENGTH. */
  signer(seed: Uint8Array): Signer;
  /** Signs one message; ML-DSA signatures are hedged, so no two are alike. */
  sign(seed: Uint8Array, message: Uint8Array): Uint8Array;
  /** The verdict; malformed keys and signatures are false, and nothing is thrown. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
}

/** A backend for each suite. */
export type SuiteRegistry = Readonly<Record<SuiteId, SignatureSuite>>;

/** Refuses a seed of the wrong length. */
export function checkSeed(info: SuiteInfo, seed: Uint8Array): void {
  if (seed.length !== info.seedBytes) {
    throw new CryptoError(
      'CRYPTO_LENGTH',
      `a seed of ${info.name} has ${info.seedBytes} bytes, not ${seed.length}`,
      { expected: info.seedBytes, actual: seed.length },
    );
  }
}

/** The error of a signer that has been disposed. */
export const signerDisposed = (): CryptoError =>
  new CryptoError('SECRET_DISPOSED', 'the signer has been disposed');
