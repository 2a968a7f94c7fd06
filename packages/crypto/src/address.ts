import {
  CodecError,
  compareBytes,
  concatBytes,
  decodeBase58Check,
  encodeBase58Check,
  type Result,
} from '@mxd/codec';

import { CryptoError } from './errors.ts';
import { hash160, sha512, taggedHash } from './hash.ts';
import * as bounds from './bounds.ts';
import { isSuiteId, suiteInfo, type SuiteId } from './suite-info.ts';

/**
 * Address versions as they stand on chain (docs/protocol/encoding.md, "Addresses"): one Ed25519,
 * one ML-DSA-87, one hybrid key, an m-of-n policy.
 */
export type AddressVersion = 0x32 | 0x33 | 0x34 | 0x35;

/** Which networks a text is for: test networks add 0x40 to the version byte of the text form. */
export type AddressNetwork = 'main' | 'test';

/** Who may spend an output. The hash has 20 bytes for versions 0x32 and 0x33, else 32. */
export interface Address {
  readonly version: AddressVersion;
  readonly hash: Uint8Array;
}

/** A public key with its suite. */
export interface SuiteKey {
  readonly suite: SuiteId;
  readonly publicKey: Uint8Array;
}

/** `threshold` of `keys` must sign; the keys are in ascending order of suite byte || key. */
export interface SpendingPolicy {
  readonly threshold: number;
  readonly keys: readonly SuiteKey[];
}

/** The version byte of a single-key address. */
export const versionOfSuite: Readonly<Record<SuiteId, AddressVersion>> = {
  1: 0x32,
  2: 0x33,
  3: 0x34,
};

/** The version byte of a policy address. */
export const policyVersion: AddressVersion = 0x35;

/** Added to the version byte in texts of test networks. */
const testOffset = 0x40;
const textPrefix = 'mx';

/** Whether a byte is an address version as it stands on chain. */
export const isAddressVersion = (value: number): value is AddressVersion =>
  value >= 0x32 && value <= 0x35;

/** Bytes of the hash of an address: 20 where one classical or ML-DSA key spends, else 32. */
export const addressHashBytes = (version: AddressVersion): 20 | 32 => (version <= 0x33 ? 20 : 32);

function checkKey(key: SuiteKey): void {
  if (!isSuiteId(key.suite)) {
    throw new CryptoError('CRYPTO_SUITE', `no signature suite ${String(key.suite)}`);
  }
  const expected = suiteInfo[key.suite].publicKeyBytes;
  if (key.publicKey.length !== expected) {
    throw new CryptoError('CRYPTO_LENGTH', `a public key of suite ${key.suite} has another size`, {
      expected,
      actual: key.publicKey.length,
    });
  }
}

const suiteAndKey = (key: SuiteKey): Uint8Array =>
  concatBytes(Uint8Array.of(key.suite), key.publicKey);

/**
 * HASH160(suite || public key), 20 bytes: the id of an account, and of a validator, of any suite.
 * @throws CryptoError CRYPTO_SUITE, CRYPTO_LENGTH.
 */
export function accountId(suite: SuiteId, publicKey: Uint8Array): Uint8Array {
  checkKey({ suite, publicKey });
  return hash160(suiteAndKey({ suite, publicKey }));
}

/**
 * The address that one key spends.
 * @throws CryptoError CRYPTO_SUITE, CRYPTO_LENGTH.
 */
export function addressOfKey(suite: SuiteId, publicKey: Uint8Array): Address {
  checkKey({ suite, publicKey });
  const preimage = suiteAndKey({ suite, publicKey });
  // 20 bytes suffice for one key; the hybrid's two parts get 32 (collisions by parties, 2^80).
  const hash = suite === 3 ? taggedHash('MXD5ADDR', preimage).slice(0, 32) : hash160(preimage);
  return { version: versionOfSuite[suite], hash };
}

/** Brings the keys of a policy into their order; duplicates stay and are refused later. */
export const sortPolicyKeys = (keys: readonly SuiteKey[]): SuiteKey[] =>
  keys.toSorted((a, b) => compareBytes(suiteAndKey(a), suiteAndKey(b)));

/**
 * The address that `threshold` of the keys together spend.
 * @throws CryptoError POLICY_KEYS, POLICY_THRESHOLD, CRYPTO_SUITE, CRYPTO_LENGTH.
 */
export function addressOfPolicy(policy: SpendingPolicy): Address {
  const { threshold, keys } = policy;
  const count = keys.length;
  if (count < 1 || count > bounds.policyKeys) {
    throw new CryptoError('POLICY_KEYS', `a policy has 1 to ${bounds.policyKeys} keys`, {
      count,
    });
  }
  if (!Number.isInteger(threshold) || threshold < 1 || threshold > count) {
    throw new CryptoError('POLICY_THRESHOLD', `${threshold} of ${count} keys cannot be asked for`, {
      threshold,
      count,
    });
  }
  for (const key of keys) checkKey(key);
  const parts = keys.map(suiteAndKey);
  for (let i = 1; i < count; i++) {
    if (compareBytes(parts[i - 1] as Uint8Array, parts[i] as Uint8Array) >= 0) {
      throw new CryptoError('POLICY_KEYS', 'the keys must ascend and differ', { position: i });
    }
  }
  const preimage = concatBytes(Uint8Array.of(threshold, count), ...parts);
  return { version: policyVersion, hash: taggedHash('MXD5POLI', preimage).slice(0, 32) };
}

const checksum = (payload: Uint8Array): Uint8Array => sha512(sha512(payload)).slice(0, 4);

/**
 * Text form: `mx` and Base58 of version || hash || checksum.
 * @throws CryptoError ADDRESS_VERSION, ADDRESS_LENGTH for an address that cannot exist.
 */
export function formatAddress(address: Address, network: AddressNetwork): string {
  if (!isAddressVersion(address.version)) {
    throw new CryptoError('ADDRESS_VERSION', `no address version ${String(address.version)}`);
  }
  if (address.hash.length !== addressHashBytes(address.version)) {
    throw new CryptoError('ADDRESS_LENGTH', 'the hash does not fit the version', {
      expected: addressHashBytes(address.version),
      actual: address.hash.length,
    });
  }
  const version = address.version + (network === 'test' ? testOffset : 0);
  const payload = concatBytes(Uint8Array.of(version), address.hash);
  return textPrefix + encodeBase58Check(payload, checksum);
}

/** What a text says of the network it is for, and the address as it stands on chain. */
export interface ParsedAddress {
  readonly address: Address;
  readonly network: AddressNetwork;
}

const baseCodes = {
  BASE58_CHARACTER: 'ADDRESS_CHARACTER',
  BASE58_LENGTH: 'ADDRESS_LENGTH',
  BASE58_CHECKSUM: 'ADDRESS_CHECKSUM',
} as const;

function decodePayload(text: string): Uint8Array {
  if (!text.startsWith(textPrefix)) {
    throw new CryptoError('ADDRESS_PREFIX', `an address starts with "${textPrefix}"`);
  }
  try {
    return decodeBase58Check(text.slice(textPrefix.length), checksum);
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    const code = baseCodes[error.code as keyof typeof baseCodes];
    if (code === undefined) throw error;
    const position = error.details['position'];
    if (typeof position !== 'number') {
      throw new CryptoError(code, error.message, error.details, { cause: error });
    }
    // Positions count from the start of the whole text, for people from 1.
    const place = position + textPrefix.length;
    const message = `character ${place + 1} is none that addresses use (0, O, I and l are not)`;
    throw new CryptoError(code, message, { position: place }, { cause: error });
  }
}

/**
 * Reads the text form of any network.
 * @throws CryptoError ADDRESS_PREFIX, ADDRESS_CHARACTER, ADDRESS_LENGTH, ADDRESS_CHECKSUM,
 *   ADDRESS_VERSION, whichever rule fails first.
 */
export function decodeAddress(text: string): ParsedAddress {
  const payload = decodePayload(text);
  const byte = payload[0];
  if (byte === undefined) throw new CryptoError('ADDRESS_LENGTH', 'the address is empty');
  const network = byte >= 0x32 + testOffset ? 'test' : 'main';
  const version = network === 'test' ? byte - testOffset : byte;
  if (!isAddressVersion(version)) {
    throw new CryptoError('ADDRESS_VERSION', `no kind of address has version ${byte}`, {
      version: byte,
    });
  }
  const expected = addressHashBytes(version);
  if (payload.length - 1 !== expected) {
    throw new CryptoError('ADDRESS_LENGTH', `the hash has ${payload.length - 1} bytes`, {
      expected,
      actual: payload.length - 1,
    });
  }
  return { address: { version, hash: payload.slice(1) }, network };
}

/**
 * Reads the text form for one kind of network.
 * @throws CryptoError as `decodeAddress`, and ADDRESS_NETWORK.
 */
export function parseAddress(text: string, network: AddressNetwork): Address {
  const parsed = decodeAddress(text);
  if (parsed.network !== network) {
    throw new CryptoError(
      'ADDRESS_NETWORK',
      `the address is for ${parsed.network} networks, not for ${network} networks`,
      { network: parsed.network },
    );
  }
  return parsed.address;
}

/** `parseAddress` without exceptions: for texts that users type. */
export function tryParseAddress(
  text: string,
  network: AddressNetwork,
): Result<Address, CryptoError> {
  try {
    return { ok: true, value: parseAddress(text, network) };
  } catch (error) {
    if (error instanceof CryptoError) return { ok: false, error };
    throw error;
  }
}
