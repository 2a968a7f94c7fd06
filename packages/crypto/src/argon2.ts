import * as nodeCrypto from 'node:crypto';

import { argon2idAsync } from '@noble/hashes/argon2.js';

import { checkParameters, type KeystoreParameters } from './keystore-format.ts';
import { sodium } from './sodium.ts';

/** One implementation of Argon2id; undefined where it cannot serve these parameters. */
type Argon2id = (
  passphrase: Uint8Array,
  salt: Uint8Array,
  parameters: KeystoreParameters,
  outputBytes: number,
) => Promise<Uint8Array> | undefined;

/** libsodium: half the time of the others; one lane only. Off the main thread. */
const withSodium: Argon2id = (passphrase, salt, parameters, outputBytes) => {
  if (sodium === undefined || parameters.parallelism !== 1 || salt.length !== 16) return undefined;
  const output = new Uint8Array(outputBytes);
  return sodium
    .crypto_pwhash_async(
      output,
      passphrase,
      salt,
      parameters.passes,
      parameters.memoryKib * 1024,
      sodium.crypto_pwhash_ALG_ARGON2ID13,
    )
    .then(() => output);
};

/** `node:crypto` has Argon2 from 24.7 on. Off the main thread. */
const withNode: Argon2id = (passphrase, salt, parameters, outputBytes) => {
  if (typeof nodeCrypto.argon2 !== 'function') return undefined;
  return new Promise((resolve, reject) => {
    nodeCrypto.argon2(
      'argon2id',
      {
        message: passphrase,
        nonce: salt,
        parallelism: parameters.parallelism,
        tagLength: outputBytes,
        memory: parameters.memoryKib,
        passes: parameters.passes,
      },
      (error, key) => {
        if (error === null) resolve(Uint8Array.from(key));
        else reject(error);
      },
    );
  });
};

/** Portable and some ten times slower; yields to the event loop now and then. */
const withNoble = (
  passphrase: Uint8Array,
  salt: Uint8Array,
  parameters: KeystoreParameters,
  outputBytes: number,
): Promise<Uint8Array> =>
  argon2idAsync(passphrase, salt, {
    m: parameters.memoryKib,
    t: parameters.passes,
    p: parameters.parallelism,
    dkLen: outputBytes,
  });

/** All implementations, fastest first: equal by test. */
export const argon2Backends: Readonly<Record<'sodium' | 'node:crypto' | 'noble', Argon2id>> = {
  sodium: withSodium,
  'node:crypto': withNode,
  noble: withNoble,
};

/**
 * Argon2id version 0x13 (RFC 9106).
 * @throws CryptoError KEYSTORE_PARAMETERS.
 */
export async function argon2id(
  passphrase: Uint8Array,
  salt: Uint8Array,
  parameters: KeystoreParameters,
  outputBytes: number,
): Promise<Uint8Array> {
  checkParameters(parameters);
  return (
    withSodium(passphrase, salt, parameters, outputBytes) ??
    withNode(passphrase, salt, parameters, outputBytes) ??
    withNoble(passphrase, salt, parameters, outputBytes)
  );
}
