import { createCipheriv, createDecipheriv } from 'node:crypto';
import { concatBytes } from '@mxd/codec';
import { hchacha } from '@noble/ciphers/chacha.js';

/**
 * XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03, section 2.3): HChaCha20 makes a key out of the
 * first 16 bytes of the nonce; the rest is RFC 8439, done by OpenSSL, since in JavaScript a chunk
 * of 1 MiB would hold the main thread for more than 10 ms.
 */
export const nonceBytes = 24;
export const tagBytes = 16;
const algorithm = 'chacha20-poly1305';
/** "expand 32-byte k" */
const sigma = Uint32Array.of(0x61707865, 0x3320646e, 0x79622d32, 0x6b206574);

function words(bytes: Uint8Array): Uint32Array {
  return new Uint32Array(Uint8Array.from(bytes).buffer);
}

/** The key and nonce for RFC 8439. */
function derive(key: Uint8Array, nonce: Uint8Array): readonly [key: Uint8Array, nonce: Uint8Array] {
  const long = words(key);
  const out = new Uint32Array(8);
  hchacha(sigma, long, words(nonce.subarray(0, 16)), out);
  long.fill(0);
  const short = new Uint8Array(12);
  short.set(nonce.subarray(16), 4);
  return [new Uint8Array(out.buffer), short];
}

/** The ciphertext followed by its tag. */
export function sealXChaCha(
  key: Uint8Array,
  nonce: Uint8Array,
  context: Uint8Array,
  plain: Uint8Array,
): Uint8Array {
  const [subkey, short] = derive(key, nonce);
  const cipher = createCipheriv(algorithm, subkey, short, { authTagLength: tagBytes });
  subkey.fill(0);
  cipher.setAAD(context, { plaintextLength: plain.length });
  return concatBytes(cipher.update(plain), cipher.final(), cipher.getAuthTag());
}

/** The plaintext; nothing if ciphertext, tag, nonce or context are not what was sealed. */
export function openXChaCha(
  key: Uint8Array,
  nonce: Uint8Array,
  context: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | undefined {
  if (sealed.length < tagBytes) return undefined;
  const [subkey, short] = derive(key, nonce);
  const decipher = createDecipheriv(algorithm, subkey, short, { authTagLength: tagBytes });
  subkey.fill(0);
  const end = sealed.length - tagBytes;
  decipher.setAuthTag(sealed.subarray(end));
  decipher.setAAD(context, { plaintextLength: end });
  const plain = decipher.update(sealed.subarray(0, end));
  try {
    decipher.final();
  } catch {
    plain.fill(0);
    return undefined;
  }
  return new Uint8Array(plain.buffer, plain.byteOffset, plain.byteLength);
}
