import { asciiBytes, fromHex, toHex } from '@mxd/codec';

import { CryptoError } from './errors.ts';
import { sha512Of } from './hash.ts';
import { limits } from './limits.ts';

/** Cost of turning a passphrase into a key with Argon2id (RFC 9106). */
export interface KeystoreParameters {
  readonly memoryKib: number;
  readonly passes: number;
  readonly parallelism: number;
}

/** The cost of new files: 64 MiB, 3 passes, 1 lane, RFC 9106's second recommendation but for lanes. */
export const defaultKeystoreParameters: KeystoreParameters = {
  memoryKib: 65_536,
  passes: 3,
  parallelism: 1,
};

/** All that a keystore file says before it is opened; authenticated as associated data. */
export interface KeystoreHeader {
  readonly label: string;
  readonly parameters: KeystoreParameters;
  readonly salt: Uint8Array;
  readonly nonce: Uint8Array;
  /** Shows whether a passphrase is right before anything is decrypted. */
  readonly check: Uint8Array;
}

/** A keystore file as it is read. */
export interface KeystoreFile {
  readonly header: KeystoreHeader;
  readonly ciphertext: Uint8Array;
}

export const saltBytes = 16;
export const nonceBytes = 24;
export const checkBytes = 16;
const tagBytes = 16;
const formatName = 'mxd-keystore';
const formatVersion = 1;
const maxLabel = 128;

/** Refuses costs that are out of range: too cheap to protect, or dear enough to stop the machine. */
export function checkParameters(parameters: KeystoreParameters): void {
  const { memoryKib, passes, parallelism } = parameters;
  const fits = (value: number, least: number, most: number): boolean =>
    Number.isSafeInteger(value) && value >= least && value <= most;
  if (
    !fits(parallelism, 1, 16) ||
    !fits(memoryKib, 8 * parallelism, limits.keystoreMemory.value) ||
    !fits(passes, 1, limits.keystorePasses.value)
  ) {
    throw new CryptoError('KEYSTORE_PARAMETERS', 'the Argon2id parameters are out of range', {
      memoryKib,
      passes,
      parallelism,
    });
  }
}

/** The header as one line of JSON with a fixed order of keys: what the cipher authenticates. */
export function headerText(header: KeystoreHeader): string {
  const { parameters } = header;
  return JSON.stringify({
    format: formatName,
    version: formatVersion,
    label: header.label,
    kdf: {
      name: 'argon2id',
      memoryKib: parameters.memoryKib,
      passes: parameters.passes,
      parallelism: parameters.parallelism,
      salt: toHex(header.salt),
    },
    cipher: { name: 'xchacha20-poly1305', nonce: toHex(header.nonce) },
    check: toHex(header.check),
  });
}

/** Finds damage without the passphrase; it proves nothing against an attacker. */
const digestOf = (header: string, ciphertext: string): string =>
  toHex(sha512Of(new TextEncoder().encode(header), asciiBytes(ciphertext)).subarray(0, 16));

/** The text of a keystore file. */
export function formatKeystore(file: KeystoreFile): string {
  const header = headerText(file.header);
  const ciphertext = toHex(file.ciphertext);
  const content = { ...JSON.parse(header), ciphertext, digest: digestOf(header, ciphertext) };
  return `${JSON.stringify(content, undefined, 2)}\n`;
}

function corrupt(rule: string): never {
  throw new CryptoError('KEYSTORE_CORRUPT', `the keystore is damaged: ${rule}`, { rule });
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown, name: string, keys: readonly string[]): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    corrupt(`${name} is not an object`);
  }
  const found = Object.keys(value);
  if (found.length !== keys.length || !keys.every((key) => Object.hasOwn(value, key))) {
    corrupt(`${name} has other fields than it should`);
  }
  return { ...value };
}

function textOf(value: unknown, name: string): string {
  return typeof value === 'string' ? value : corrupt(`${name} is not a text`);
}

function numberOf(value: unknown, name: string): number {
  return typeof value === 'number' ? value : corrupt(`${name} is not a number`);
}

function hexOf(value: unknown, name: string, length?: number): Uint8Array {
  const text = textOf(value, name);
  if (!/^(?:[0-9a-f]{2})*$/.test(text)) corrupt(`${name} is not lower-case hexadecimal`);
  const bytes = fromHex(text);
  if (length !== undefined && bytes.length !== length) corrupt(`${name} has a wrong length`);
  return bytes;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return corrupt('it is not JSON');
  }
}

/** Version and format come before all else: a newer file may have any shape. */
function checkVersion(value: unknown): void {
  if (typeof value !== 'object' || value === null) corrupt('it is not an object');
  const { format, version } = value as Fields;
  if (format !== formatName) corrupt('it is not a keystore');
  if (!Number.isSafeInteger(version) || (version as number) < 1)
    corrupt('its version is no number');
  if (version !== formatVersion) {
    throw new CryptoError(
      'KEYSTORE_VERSION',
      `the keystore has version ${String(version)}; this software reads up to ${formatVersion}`,
      { version: Number(version) },
    );
  }
}

/**
 * Reads the text of a keystore file.
 * @throws CryptoError KEYSTORE_CORRUPT, KEYSTORE_VERSION, KEYSTORE_PARAMETERS.
 */
export function parseKeystore(text: string): KeystoreFile {
  const value = jsonOf(text);
  checkVersion(value);
  const names = ['format', 'version', 'label', 'kdf', 'cipher', 'check', 'ciphertext', 'digest'];
  const top = fieldsOf(value, 'the file', names);
  const kdfNames = ['name', 'memoryKib', 'passes', 'parallelism', 'salt'];
  const kdf = fieldsOf(top['kdf'], 'kdf', kdfNames);
  const cipher = fieldsOf(top['cipher'], 'cipher', ['name', 'nonce']);
  if (kdf['name'] !== 'argon2id') corrupt('kdf is not argon2id');
  if (cipher['name'] !== 'xchacha20-poly1305') corrupt('cipher is not xchacha20-poly1305');
  const header: KeystoreHeader = {
    label: labelOf(top['label']),
    parameters: {
      memoryKib: numberOf(kdf['memoryKib'], 'memoryKib'),
      passes: numberOf(kdf['passes'], 'passes'),
      parallelism: numberOf(kdf['parallelism'], 'parallelism'),
    },
    salt: hexOf(kdf['salt'], 'salt', saltBytes),
    nonce: hexOf(cipher['nonce'], 'nonce', nonceBytes),
    check: hexOf(top['check'], 'check', checkBytes),
  };
  const ciphertext = hexOf(top['ciphertext'], 'ciphertext');
  if (ciphertext.length < tagBytes) corrupt('ciphertext is too short');
  if (digestOf(headerText(header), toHex(ciphertext)) !== textOf(top['digest'], 'digest')) {
    corrupt('its digest does not match');
  }
  checkParameters(header.parameters);
  return { header, ciphertext };
}

/** A label is a short text for people: no control characters, so that it can be printed. */
export const isLabel = (label: string): boolean =>
  label.length <= maxLabel && !/\p{C}/u.test(label);

function labelOf(value: unknown): string {
  const label = textOf(value, 'label');
  return isLabel(label) ? label : corrupt('label is too long or cannot be printed');
}
