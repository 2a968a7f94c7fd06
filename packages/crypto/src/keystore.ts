/**
 * Keystore files: secrets under a passphrase, by Argon2id and XChaCha20-Poly1305
 * (docs/protocol/encoding.md, "Wallet keys"). Node only.
 */
import { open } from 'node:fs/promises';

import { writePrivateFile } from './atomic-file.ts';
import { CryptoError } from './errors.ts';
import { seal, unseal } from './keystore-cipher.ts';
import {
  checkParameters,
  defaultKeystoreParameters,
  formatKeystore,
  parseKeystore,
  type KeystoreFile,
  type KeystoreParameters,
} from './keystore-format.ts';
import { limits } from './limits.ts';
import type { Secret, SecretBytes } from './secret.ts';

export { defaultKeystoreParameters, type KeystoreParameters } from './keystore-format.ts';

/** How a new keystore is made. */
export interface CreateOptions {
  /** A text for people, readable without the passphrase; at most 128 characters. */
  readonly label?: string;
  readonly parameters?: KeystoreParameters;
  /** Replace an existing file; by default that is refused. */
  readonly replace?: boolean;
}

/** What a keystore tells without its passphrase. */
export interface KeystoreInfo {
  readonly label: string;
  readonly parameters: KeystoreParameters;
  /** Whether others than its owner may read the file (never known on Windows). */
  readonly readableByOthers: boolean;
}

/** An opened keystore. */
export interface OpenedKeystore {
  readonly secret: SecretBytes;
  readonly info: KeystoreInfo;
  /**
   * Whether the file now has stronger parameters: `none` needed, `done`, or `failed` (the file is
   * as it was; `upgradeError` says why). The secret is good in each case.
   */
  readonly upgrade: 'none' | 'done' | 'failed';
  readonly upgradeError?: CryptoError;
}

function ioError(path: string, error: unknown): CryptoError {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
  if (code === 'EEXIST') {
    return new CryptoError('KEYSTORE_EXISTS', `${path} exists and is not replaced`, { path });
  }
  const text = `the keystore ${path} cannot be read or written (${code})`;
  return new CryptoError('KEYSTORE_IO', text, { path, system: code }, { cause: error });
}

async function load(path: string): Promise<{ file: KeystoreFile; readableByOthers: boolean }> {
  let text: string;
  let mode: number;
  try {
    const handle = await open(path, 'r');
    try {
      const stat = await handle.stat();
      if (!stat.isFile()) {
        const rule = 'it is not a plain file';
        throw new CryptoError('KEYSTORE_CORRUPT', `no keystore can be read: ${rule}`, { rule });
      }
      if (stat.size > limits.keystoreFile.value) {
        const rule = `it has more than ${limits.keystoreFile.value} bytes`;
        throw new CryptoError('KEYSTORE_CORRUPT', `the file is no keystore: ${rule}`, { rule });
      }
      mode = stat.mode;
      text = await handle.readFile('utf8');
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof CryptoError) throw error;
    throw ioError(path, error);
  }
  const readableByOthers = process.platform !== 'win32' && (mode & 0o077) !== 0;
  return { file: parseKeystore(text), readableByOthers };
}

async function store(path: string, file: KeystoreFile, replace: boolean): Promise<void> {
  const text = formatKeystore(file);
  if (text.length > limits.keystoreFile.value) {
    throw new CryptoError('CRYPTO_LENGTH', 'the secret is too long for a keystore', {
      maxBytes: limits.keystoreFile.value,
    });
  }
  try {
    await writePrivateFile(path, text, { replace });
  } catch (error) {
    throw ioError(path, error);
  }
}

const infoOf = (file: KeystoreFile, readableByOthers: boolean): KeystoreInfo => ({
  label: file.header.label,
  parameters: file.header.parameters,
  readableByOthers,
});

/**
 * Writes a new keystore file, atomically and with mode 0600.
 * @throws CryptoError KEYSTORE_EXISTS, KEYSTORE_IO, KEYSTORE_PARAMETERS, CRYPTO_LENGTH.
 */
export async function createKeystore(
  path: string,
  secret: SecretBytes,
  passphrase: Secret,
  options: CreateOptions = {},
): Promise<void> {
  const parameters = options.parameters ?? defaultKeystoreParameters;
  checkParameters(parameters);
  const file = await seal(secret, passphrase, options.label ?? '', parameters);
  await store(path, file, options.replace ?? false);
}

/** What a file says of itself without the passphrase. @throws CryptoError as `openKeystore`. */
export async function readKeystoreInfo(path: string): Promise<KeystoreInfo> {
  const { file, readableByOthers } = await load(path);
  return infoOf(file, readableByOthers);
}

/** Stronger in one cost at least, and weaker in none: an upgrade never lowers a user's choice. */
function isUpgrade(from: KeystoreParameters, to: KeystoreParameters): boolean {
  if (to.memoryKib < from.memoryKib || to.passes < from.passes) return false;
  return to.memoryKib > from.memoryKib || to.passes > from.passes;
}

/**
 * Opens a keystore. With `upgradeTo`, a file of weaker parameters is written anew with those.
 * @throws CryptoError KEYSTORE_PASSPHRASE, KEYSTORE_CORRUPT, KEYSTORE_VERSION,
 *   KEYSTORE_PARAMETERS, KEYSTORE_IO.
 */
export async function openKeystore(
  path: string,
  passphrase: Secret,
  options: { readonly upgradeTo?: KeystoreParameters } = {},
): Promise<OpenedKeystore> {
  const { upgradeTo } = options;
  if (upgradeTo !== undefined) checkParameters(upgradeTo);
  const { file, readableByOthers } = await load(path);
  const secret = await unseal(file, passphrase);
  const info = infoOf(file, readableByOthers);
  if (upgradeTo === undefined || !isUpgrade(file.header.parameters, upgradeTo)) {
    return { secret, info, upgrade: 'none' };
  }
  try {
    const upgraded = await seal(secret, passphrase, file.header.label, upgradeTo);
    await store(path, upgraded, true);
    return { secret, info: infoOf(upgraded, false), upgrade: 'done' };
  } catch (error) {
    if (!(error instanceof CryptoError)) throw error;
    return { secret, info, upgrade: 'failed', upgradeError: error };
  }
}

/**
 * Writes a keystore anew under another passphrase.
 * @throws CryptoError as `openKeystore`.
 */
export async function changePassphrase(
  path: string,
  current: Secret,
  next: Secret,
  parameters?: KeystoreParameters,
): Promise<void> {
  if (parameters !== undefined) checkParameters(parameters);
  const { file } = await load(path);
  using secret = await unseal(file, current);
  const { label, parameters: kept } = file.header;
  await store(path, await seal(secret, next, label, parameters ?? kept), true);
}
