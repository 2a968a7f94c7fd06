import { installNative, nativeSuites } from '@mxd/crypto/native';
import { sha256 } from '@mxd/crypto/hash';
import { type SuiteId } from '@mxd/crypto/suites';
import { validatorIdOf, type ValidatorId } from '@mxd/protocol';

/** How signatures are made and checked in a run: keyed fakes for speed, or Ed25519. */
export interface SignatureScheme {
  readonly name: 'fake' | 'real';
  keyPair(name: string): KeyPair;
  readonly verify: (key: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;
}

export interface KeyPair {
  readonly publicKey: Uint8Array;
  sign(message: Uint8Array): Uint8Array;
}

/**
 * 64 bytes that depend on every byte of key and message. Whoever knows a public key could make them; in a
 * run only the owner of a key and the forgers' random bytes do.
 */
function mix(key: Uint8Array, message: Uint8Array): Uint8Array {
  let a = 0x9e3779b9 ^ message.length;
  let b = 0x85ebca6b;
  for (let i = 0; i < key.length; i += 4) {
    const w =
      (key[i] as number) |
      ((key[i + 1] as number) << 8) |
      ((key[i + 2] as number) << 16) |
      ((key[i + 3] as number) << 24);
    a = Math.imul(a ^ w, 0xcc9e2d51);
    a = (a << 13) | (a >>> 19);
    b = (b + a) | 0;
  }
  for (let i = 0; i < message.length; i++) {
    a = Math.imul(a ^ (message[i] as number), 0x01000193);
    b = (b ^ a) + ((b << 5) | (b >>> 27));
  }
  const out = new Uint8Array(64);
  for (let i = 0; i < 64; i += 4) {
    a = Math.imul(a ^ (b >>> 15), 0x2c1b3c6d);
    b = Math.imul(b ^ (a >>> 12), 0x297a2d39) + i;
    out[i] = a;
    out[i + 1] = a >>> 8;
    out[i + 2] = b;
    out[i + 3] = b >>> 8;
  }
  return out;
}

function fakePair(name: string): KeyPair {
  const publicKey = sha256(new TextEncoder().encode(`fake ${name}`));
  return { publicKey, sign: (message) => mix(publicKey, message) };
}

export const fakeSignatures: SignatureScheme = {
  name: 'fake',
  keyPair: fakePair,
  verify(key, message, signature) {
    const expected = mix(key, message);
    if (signature.length !== 64) return false;
    for (let i = 0; i < 64; i++) if (signature[i] !== expected[i]) return false;
    return true;
  },
};

let real: SignatureScheme | undefined;

/** Ed25519 by the fastest backend of this machine. */
export function realSignatures(): SignatureScheme {
  if (real !== undefined) return real;
  installNative();
  const suite = nativeSuites()[1];
  real = {
    name: 'real',
    keyPair(name) {
      const signer = suite.signer(sha256(new TextEncoder().encode(`seed ${name}`)));
      return { publicKey: signer.publicKey, sign: (message) => signer.sign(message) };
    },
    verify: (key, message, signature) => suite.verify(key, message, signature),
  };
  return real;
}

/** Somebody with an account: a member of the first table, or one who may join later. */
export interface Identity {
  readonly index: number;
  readonly id: ValidatorId;
  readonly suite: SuiteId;
  readonly account: KeyPair;
  readonly firstKey: KeyPair;
}

/** `keyOf` is another index for a second process with the consensus key of somebody else. */
export function identityOf(
  scheme: SignatureScheme,
  seed: number,
  index: number,
  keyOf: number,
): Identity {
  const account = scheme.keyPair(`account ${seed} ${index}`);
  const id = validatorIdOf(1, account.publicKey);
  return { index, id, suite: 1, account, firstKey: scheme.keyPair(`vote ${seed} ${keyOf} 0`) };
}
