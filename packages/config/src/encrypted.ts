import { Decrypter, Encrypter } from 'age-encryption';

import { ConfigError } from './errors.ts';

/** How encrypted values are marked in a file: this prefix, then Base64 of an age file. */
export const encryptedPrefix = 'age:';

/** What opens encrypted values: age identities, or a passphrase. */
export interface Unlock {
  readonly identities?: readonly string[];
  readonly passphrase?: string;
}

/** Whether a value of a file is an encrypted one. */
export const isEncrypted = (value: unknown): value is string =>
  typeof value === 'string' && value.startsWith(encryptedPrefix);

/** Encrypts a value to age recipients or under a passphrase (never both). */
export async function encryptValue(
  plain: string,
  to:
    | { readonly recipients: readonly string[] }
    | {
        readonly passphrase: string;
        /** Binary logarithm of the scrypt cost; 18, about a second, unless told. */
        readonly workFactor?: number;
      },
): Promise<string> {
  const encrypter = new Encrypter();
  if ('passphrase' in to) {
    encrypter.setPassphrase(to.passphrase);
    if (to.workFactor !== undefined) encrypter.setScryptWorkFactor(to.workFactor);
  } else for (const recipient of to.recipients) encrypter.addRecipient(recipient);
  const sealed = await encrypter.encrypt(plain);
  return encryptedPrefix + Buffer.from(sealed).toString('base64');
}

/** The plain text of an encrypted value. @throws ConfigError CONFIG_LOCKED or CONFIG_DECRYPT. */
export async function decryptValue(value: string, unlock: Unlock, where: string): Promise<string> {
  if (unlock.passphrase === undefined && (unlock.identities ?? []).length === 0) {
    throw new ConfigError(
      'CONFIG_LOCKED',
      `${where}: the value is encrypted; set MXD_CONFIG_IDENTITY_FILE or MXD_CONFIG_PASSPHRASE_FILE`,
      { place: where },
    );
  }
  const decrypter = new Decrypter();
  if (unlock.passphrase !== undefined) decrypter.addPassphrase(unlock.passphrase);
  for (const identity of unlock.identities ?? []) decrypter.addIdentity(identity);
  try {
    const sealed = Buffer.from(value.slice(encryptedPrefix.length), 'base64');
    return await decrypter.decrypt(sealed, 'text');
  } catch (cause) {
    throw new ConfigError(
      'CONFIG_DECRYPT',
      `${where}: the value cannot be decrypted with what was given`,
      { place: where },
      { cause },
    );
  }
}
