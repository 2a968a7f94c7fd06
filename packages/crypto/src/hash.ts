import { domainTags, type DomainTag } from './domain-tags.ts';
import { CryptoError } from './errors.ts';
import { hashBackend, type HashBackend } from './hash-backend.ts';

export { domainTags, type DomainTag } from './domain-tags.ts';

/** Bytes of `taggedHash` and `sha512`. */
export const hashBytes = 64;
/** Bytes of `hash160`. */
export const hash160Bytes = 20;
/** Bytes of a domain tag. */
export const tagBytesLength = 8;

/**
 * The implementation at the start: `node:crypto` where it exists and agrees, else `noble`.
 * `installNative` of `@mxd/crypto/native` adds libsodium for short inputs.
 */
export const hashBackendName: HashBackend['name'] = hashBackend().name;

/** SHA-512 (FIPS 180-4), 64 bytes. */
export const sha512 = (data: Uint8Array): Uint8Array => hashBackend().sha512(data);

/** SHA-256 (FIPS 180-4), 32 bytes. */
export const sha256 = (data: Uint8Array): Uint8Array => hashBackend().sha256(data);

/** RIPEMD-160(SHA-256(data)), 20 bytes: the hash of single-key addresses. */
export function hash160(data: Uint8Array): Uint8Array {
  const backend = hashBackend();
  return backend.ripemd160(backend.sha256(data));
}

/** SHAKE-128 (FIPS 202) with an output of `outputBytes` bytes. */
export function shake128(data: Uint8Array, outputBytes: number): Uint8Array {
  if (!Number.isSafeInteger(outputBytes) || outputBytes < 0 || outputBytes > 2 ** 24) {
    throw new CryptoError('CRYPTO_LENGTH', `no SHAKE-128 output of ${outputBytes} bytes`, {
      outputBytes,
    });
  }
  return hashBackend().shake128(data, outputBytes);
}

const tagTable: ReadonlyMap<string, Uint8Array> = new Map(
  Object.values(domainTags).map((tag) => [
    tag,
    Uint8Array.from(tag, (character) => character.charCodeAt(0)),
  ]),
);

function lookUp(tag: DomainTag): Uint8Array {
  const bytes = tagTable.get(tag);
  if (bytes === undefined) throw new CryptoError('CRYPTO_TAG', 'unknown domain tag', { tag });
  return bytes;
}

/** A fresh copy of a tag's 8 bytes, for messages that start with it. */
export const tagBytes = (tag: DomainTag): Uint8Array => lookUp(tag).slice();

/** Inputs up to this size are joined in one reused buffer: an allocation costs as much as a hash. */
const scratch = new Uint8Array(4096);

/** SHA-512 of the concatenation of `parts`; nothing of it is kept. */
export function sha512Of(...parts: readonly Uint8Array[]): Uint8Array {
  return hashJoined(undefined, parts);
}

function hashJoined(prefix: Uint8Array | undefined, parts: readonly Uint8Array[]): Uint8Array {
  let total = prefix === undefined ? 0 : prefix.length;
  for (const part of parts) total += part.length;
  const joined = total <= scratch.length ? scratch : new Uint8Array(total);
  let offset = 0;
  if (prefix !== undefined) {
    joined.set(prefix, 0);
    offset = prefix.length;
  }
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return hashBackend().sha512(joined.subarray(0, total));
}

/**
 * `H(tag, ...parts)` = SHA-512(tag || parts), 64 bytes (docs/protocol/encoding.md, "Hashes").
 *
 * The parts are joined without lengths: the caller hashes structures whose fields are fixed or
 * length-prefixed. Not for secrets: short inputs pass through a buffer that is not wiped.
 */
export function taggedHash(tag: DomainTag, ...parts: readonly Uint8Array[]): Uint8Array {
  return hashJoined(lookUp(tag), parts);
}
