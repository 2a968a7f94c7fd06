/** The part of sodium-native (libsodium 1.0.21) that this package uses; it ships no types. */
declare module 'sodium-native' {
  interface Sodium {
    readonly crypto_pwhash_ALG_ARGON2ID13: number;
    crypto_sign_seed_keypair(publicKey: Uint8Array, secretKey: Uint8Array, seed: Uint8Array): void;
    crypto_sign_detached(signature: Uint8Array, message: Uint8Array, secretKey: Uint8Array): void;
    crypto_sign_verify_detached(
      signature: Uint8Array,
      message: Uint8Array,
      publicKey: Uint8Array,
    ): boolean;
    crypto_hash_sha256(digest: Uint8Array, message: Uint8Array): void;
    crypto_hash_sha512(digest: Uint8Array, message: Uint8Array): void;
    crypto_pwhash_async(
      output: Uint8Array,
      passphrase: Uint8Array,
      salt: Uint8Array,
      operations: number,
      memoryBytes: number,
      algorithm: number,
    ): Promise<void>;
    sodium_malloc(sizeBytes: number): Uint8Array<ArrayBuffer>;
    sodium_free(buffer: Uint8Array): void;
    sodium_mlock(buffer: Uint8Array): void;
    sodium_munlock(buffer: Uint8Array): void;
    sodium_memzero(buffer: Uint8Array): void;
  }
  const sodium: Sodium;
  export default sodium;
}
