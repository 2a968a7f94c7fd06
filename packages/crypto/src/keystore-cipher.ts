import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { asciiBytes } from '@mxd/codec';

import { argon2id } from './argon2.ts';
import { equalConstantTime } from './constant-time.ts';
import { hkdfSha512 } from './derivation.ts';
import { CryptoError } from './errors.ts';
import {
  checkBytes,
  headerText,
  isLabel,
  nonceBytes,
  saltBytes,
  type KeystoreFile,
  type KeystoreHeader,
  type KeystoreParameters,
} from './keystore-format.ts';
import { SecretBytes, wipe, type Secret } from './secret.ts';

const keyBytes = 32;
const keyInfo = asciiBytes('mxd/keystore/key');
const checkInfo = asciiBytes('mxd/keystore/check');

interface Keys extends Disposable {
  readonly encryption: Uint8Array;
  readonly check: Uint8Array;
}

/** The same passphrase typed on different keyboards gives the same bytes: NFKD, UTF-8. */
async function deriveKeys(
  passphrase: Secret,
  salt: Uint8Array,
  parameters: KeystoreParameters,
): Promise<Keys> {
  const text = new TextEncoder().encode(passphrase.expose().normalize('NFKD'));
  try {
    const root = await argon2id(text, salt, parameters, keyBytes);
    const encryption = hkdfSha512(root, salt, keyInfo, keyBytes);
    const check = hkdfSha512(root, salt, checkInfo, checkBytes);
    wipe(root);
    return {
      encryption,
      check,
      [Symbol.dispose]() {
        wipe(encryption);
      },
    };
  } finally {
    wipe(text);
  }
}

const associatedData = (header: KeystoreHeader): Uint8Array =>
  new TextEncoder().encode(headerText(header));

/** Encrypts a secret under a passphrase, with a fresh salt and nonce. */
export async function seal(
  secret: SecretBytes,
  passphrase: Secret,
  label: string,
  parameters: KeystoreParameters,
): Promise<KeystoreFile> {
  if (!isLabel(label)) {
    const text = 'a label has at most 128 characters, all of them printable';
    throw new CryptoError('KEYSTORE_PARAMETERS', text, { length: label.length });
  }
  const salt = crypto.getRandomValues(new Uint8Array(saltBytes));
  const nonce = crypto.getRandomValues(new Uint8Array(nonceBytes));
  using keys = await deriveKeys(passphrase, salt, parameters);
  const header: KeystoreHeader = { label, parameters, salt, nonce, check: keys.check };
  const cipher = xchacha20poly1305(keys.encryption, nonce, associatedData(header));
  return { header, ciphertext: cipher.encrypt(secret.expose()) };
}

/**
 * Decrypts a file.
 * @throws CryptoError KEYSTORE_PASSPHRASE when the passphrase is not the file's; KEYSTORE_CORRUPT
 *   when it is, but header or contents have been changed.
 */
export async function unseal(file: KeystoreFile, passphrase: Secret): Promise<SecretBytes> {
  const { header, ciphertext } = file;
  using keys = await deriveKeys(passphrase, header.salt, header.parameters);
  if (!equalConstantTime(keys.check, header.check)) {
    throw new CryptoError('KEYSTORE_PASSPHRASE', 'the passphrase does not open the keystore');
  }
  const cipher = xchacha20poly1305(keys.encryption, header.nonce, associatedData(header));
  try {
    return SecretBytes.own(cipher.decrypt(ciphertext));
  } catch (error) {
    const text = 'the passphrase is right, but the contents have been changed';
    throw new CryptoError('KEYSTORE_CORRUPT', text, { rule: 'authentication' }, { cause: error });
  }
}
