import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { createKeystore, openKeystore, type KeystoreParameters } from '@mxd/crypto/keystore';
import { SecretBytes, type Secret } from '@mxd/crypto/secret';
import { suiteOf } from '@mxd/crypto/suites';
import { CodedError } from '@mxd/codec';
import { createJournal } from '@mxd/consensus/journal';

import { NodeError } from './errors.ts';

/** The journal's folder of a consensus key: beside its keystore, named after the file. */
export const journalDirectory = (keyFile: string): string => join(dirname(keyFile), 'journal');

/** An opened consensus key: signs any bytes, so it goes to the sign guard and nowhere else. */
export interface ConsensusKey extends Disposable {
  readonly publicKey: Uint8Array;
  sign(message: Uint8Array): Uint8Array;
}

/**
 * Makes a consensus key and its journal in one step (rule J10), so that a missing journal can never
 * be taken for a new one. The chain need not exist yet. Gives the public key.
 */
export async function createConsensusKey(
  keyFile: string,
  passphrase: Secret,
  parameters?: KeystoreParameters,
): Promise<Uint8Array> {
  using seed = SecretBytes.random(32);
  const publicKey = suiteOf(1).publicKeyOf(seed.expose());
  await mkdir(dirname(keyFile), { recursive: true, mode: 0o700 });
  await createJournal({ directory: journalDirectory(keyFile), consensusKey: publicKey });
  await createKeystore(keyFile, seed, passphrase, {
    label: 'mxd consensus key',
    ...(parameters === undefined ? {} : { parameters }),
  });
  return publicKey;
}

/** Opens the keystore of a consensus key. @throws NodeError NODE_KEY. */
export async function openConsensusKey(keyFile: string, passphrase: Secret): Promise<ConsensusKey> {
  try {
    const { secret } = await openKeystore(keyFile, passphrase);
    using seed = secret;
    const signer = suiteOf(1).signer(seed.expose());
    return {
      publicKey: signer.publicKey,
      sign: (message) => signer.sign(message),
      [Symbol.dispose]: () => signer[Symbol.dispose](),
    };
  } catch (cause) {
    const why = cause instanceof CodedError ? `${cause.code}: ${cause.message}` : String(cause);
    throw new NodeError(
      'NODE_KEY',
      `the consensus key cannot be opened: ${why}`,
      { keyFile },
      { cause },
    );
  }
}
