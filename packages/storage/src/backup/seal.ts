import * as nodeCrypto from 'node:crypto';
import { asciiBytes, concatBytes } from '@mxd/codec';
import { type Secret, SecretBytes } from '@mxd/crypto/secret';
import { StorageError } from '../errors.ts';
import { limits } from '../limits.ts';
import { nonceBytes, openXChaCha, sealXChaCha, tagBytes } from './xchacha.ts';

/** What encrypts a backup: 32 random bytes, or a passphrase that Argon2id stretches. */
export type BackupKey =
  | { readonly kind: 'key'; readonly key: SecretBytes }
  | { readonly kind: 'passphrase'; readonly passphrase: Secret };

/** Argon2id (RFC 9106): memory in KiB, passes, lanes. */
export interface StretchCost {
  readonly memoryKib: number;
  readonly passes: number;
  readonly lanes: number;
}

/** RFC 9106 section 4, second recommended option but for the lanes: 64 MiB, 3 passes. */
export const defaultCost: StretchCost = { memoryKib: 65_536, passes: 3, lanes: 1 };

/** How the chunks and manifests of one series are named and protected. */
export interface Seal extends Disposable {
  readonly encrypted: boolean;
  /** The name of a chunk: a hash of its content, keyed if encrypted, so that it tells nothing. */
  id(plain: Uint8Array): Uint8Array;
  close(plain: Uint8Array, context: Uint8Array): Uint8Array;
  /** The plain bytes; nothing if they are not what was sealed in this context. */
  open(sealed: Uint8Array, context: Uint8Array): Uint8Array | undefined;
}

export const idBytes = 32;
const keyBytes = 32;
export const sealOverheadBytes: number = nonceBytes + tagBytes;

/** No encryption: hashes find accidental damage, not someone who can recompute them. */
export const plainSeal: Seal = {
  encrypted: false,
  id: (plain) => nodeCrypto.createHash('sha256').update(plain).digest(),
  close: (plain) => plain,
  open: (sealed) => sealed,
  [Symbol.dispose]: () => undefined,
};

function subkey(master: SecretBytes, seriesId: Uint8Array, purpose: string): SecretBytes {
  const info = asciiBytes(purpose);
  const key = nodeCrypto.hkdfSync('sha512', master.expose(), seriesId, info, keyBytes);
  return SecretBytes.own(new Uint8Array(key));
}

/** XChaCha20-Poly1305 with a random nonce per chunk; the context is authenticated with it. */
export function keyedSeal(master: SecretBytes, seriesId: Uint8Array): Seal {
  const sealKey = subkey(master, seriesId, 'mxd backup seal');
  const idKey = subkey(master, seriesId, 'mxd backup id');
  return {
    encrypted: true,
    id: (plain) => nodeCrypto.createHmac('sha256', idKey.expose()).update(plain).digest(),
    close: (plain, context) => {
      const nonce = nodeCrypto.randomBytes(nonceBytes);
      return concatBytes(nonce, sealXChaCha(sealKey.expose(), nonce, context, plain));
    },
    open: (sealed, context) => {
      if (sealed.length < sealOverheadBytes) return undefined;
      const nonce = sealed.subarray(0, nonceBytes);
      return openXChaCha(sealKey.expose(), nonce, context, sealed.subarray(nonceBytes));
    },
    [Symbol.dispose]: () => {
      sealKey[Symbol.dispose]();
      idKey[Symbol.dispose]();
    },
  };
}

function stretch(message: Uint8Array, salt: Uint8Array, cost: StretchCost): Promise<Uint8Array> {
  const { argon2 } = nodeCrypto;
  if (typeof argon2 !== 'function') {
    throw new StorageError('STORAGE_ARCHIVE_KEY', 'Passphrases need Node 24.7 or newer');
  }
  return new Promise((resolve, reject) => {
    const { memoryKib: memory, passes, lanes: parallelism } = cost;
    const parameters = { message, nonce: salt, parallelism, tagLength: keyBytes, memory, passes };
    argon2('argon2id', parameters, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}

/** Refuses a cost that a tampered file asks for to exhaust the machine. */
function checkCost({ memoryKib, passes, lanes }: StretchCost): void {
  const { argon2Memory, argon2Passes } = limits;
  const fits = memoryKib <= argon2Memory.value && passes <= argon2Passes.value && lanes <= 16;
  if (fits && passes >= 1 && lanes >= 1 && memoryKib >= 8 * lanes) return;
  throw new StorageError(
    'STORAGE_ARCHIVE_FORMAT',
    `The key derivation asks for ${memoryKib} KiB, ${passes} passes and ${lanes} lanes`,
    { memoryKib, passes, lanes },
  );
}

/** The 32 bytes that the seal's keys come from. @throws StorageError STORAGE_ARCHIVE_KEY */
async function masterKey(
  key: BackupKey,
  salt: Uint8Array,
  cost: StretchCost,
): Promise<SecretBytes> {
  if (key.kind === 'key') {
    if (key.key.length === keyBytes) return key.key.clone();
    throw new StorageError('STORAGE_ARCHIVE_KEY', `A backup key has ${keyBytes} bytes`);
  }
  checkCost(cost);
  // NFKD: the same passphrase typed on another keyboard gives the same bytes.
  const text = new TextEncoder().encode(key.passphrase.expose().normalize('NFKD'));
  if (text.length === 0) {
    throw new StorageError('STORAGE_ARCHIVE_KEY', 'The passphrase of a backup is not empty');
  }
  try {
    return SecretBytes.own(await stretch(text, salt, cost));
  } finally {
    text.fill(0);
  }
}

/** The seal of a series that is encrypted with `key`. */
export async function unlockSeal(
  key: BackupKey,
  salt: Uint8Array,
  cost: StretchCost,
  seriesId: Uint8Array,
): Promise<Seal> {
  using master = await masterKey(key, salt, cost);
  return keyedSeal(master, seriesId);
}
