/**
 * Joint accounts: the file with a public key that a member gives away, and the file with the policy
 * that all members keep. Neither holds a secret; without the policy nobody can spend what it guards.
 */
import { fromHex, toHex } from '@mxd/codec';
import {
  addressOfKey,
  addressOfPolicy,
  decodeAddress,
  formatAddress,
  sortPolicyKeys,
  type AddressNetwork,
} from '@mxd/crypto/address';
import { isSuiteId } from '@mxd/crypto/suites';
import { type Owner } from '@mxd/protocol/transaction';
import { type Policy, type SuiteKey } from '@mxd/protocol/witness';

import { ownerKey, sameOwner } from './account.ts';
import * as bounds from './bounds.ts';
import { WalletError } from './errors.ts';
import { field, jsonObject, type JsonObject } from './json-fields.ts';

/** A member's public key, and what the member calls it. */
export interface PolicyMember extends SuiteKey {
  readonly name: string;
}

/** A policy whose keys have names; the names are for people and not part of the address. */
export interface NamedPolicy {
  readonly policy: Policy;
  /** In the order of the policy's keys. */
  readonly members: readonly PolicyMember[];
  readonly owner: Owner;
}

const version = 1;

const damaged = (rule: string): WalletError =>
  new WalletError('WALLET_FILE', `the file cannot be read: ${rule}`, { rule });

/**
 * `threshold` of the members together; the order of members does not matter.
 * @throws CryptoError POLICY_KEYS, POLICY_THRESHOLD, CRYPTO_LENGTH.
 */
export function makePolicy(threshold: number, given: readonly PolicyMember[]): NamedPolicy {
  const names = new Map(
    given.map((member) => [ownerKey(addressOfKey(member.suite, member.publicKey)), member.name]),
  );
  const keys = sortPolicyKeys(given.map(({ suite, publicKey }) => ({ suite, publicKey })));
  const policy: Policy = { threshold, keys };
  const owner = addressOfPolicy(policy);
  const members = keys.map((key) => ({
    ...key,
    name: names.get(ownerKey(addressOfKey(key.suite, key.publicKey))) ?? '',
  }));
  return { policy, members, owner };
}

const memberFields = ({ name, suite, publicKey }: PolicyMember): object => ({
  name,
  suite,
  publicKey: toHex(publicKey),
});

/** The text of a public-key file. */
export function formatKeyFile(member: PolicyMember, network: AddressNetwork): string {
  const address = formatAddress(addressOfKey(member.suite, member.publicKey), network);
  const file = { format: 'mxd-public-key', version, ...memberFields(member), address };
  return `${JSON.stringify(file, null, 2)}\n`;
}

/** The text of a policy file. */
export function formatPolicyFile(named: NamedPolicy, network: AddressNetwork): string {
  const { policy, members, owner } = named;
  const file = {
    format: 'mxd-policy',
    version,
    address: formatAddress(owner, network),
    threshold: policy.threshold,
    keys: members.map(memberFields),
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}

function parseMember(object: JsonObject): PolicyMember {
  const suite = field.integer(object, 'suite');
  if (!isSuiteId(suite)) throw damaged(`suite ${suite} is unknown`);
  const name = field.text(object, 'name');
  if (name.length > bounds.labelChars) throw damaged('a name is too long');
  return { name, suite, publicKey: fromHex(field.text(object, 'publicKey')) };
}

function checkAddress(object: JsonObject, owner: Owner): AddressNetwork {
  const { address, network } = decodeAddress(field.text(object, 'address'));
  if (sameOwner(address, owner)) return network;
  throw new WalletError('WALLET_POLICY', 'the address in the file is not of the keys in the file');
}

function parseFile<T>(text: string, format: string, read: (object: JsonObject) => T): T {
  if (text.length > bounds.policyFileChars) throw damaged('it is too long');
  const object = jsonObject(text, damaged);
  if (object['format'] !== format) throw damaged(`its format is not "${format}"`);
  if (object['version'] !== version) {
    throw new WalletError('WALLET_FILE_VERSION', 'the version of the file is not known here');
  }
  try {
    return read(object);
  } catch (error) {
    if (error instanceof WalletError || !(error instanceof Error)) throw error;
    const message = `the file cannot be read: ${error.message}`;
    throw new WalletError('WALLET_FILE', message, {}, { cause: error });
  }
}

/**
 * Reads a public-key file; the address in it must be of its key.
 * @throws WalletError WALLET_FILE, WALLET_FILE_VERSION, WALLET_POLICY.
 */
export const parseKeyFile = (text: string): PolicyMember =>
  parseFile(text, 'mxd-public-key', (object) => {
    const member = parseMember(object);
    checkAddress(object, addressOfKey(member.suite, member.publicKey));
    return member;
  });

/**
 * Reads a policy file; the address in it must be of its keys and threshold.
 * @throws WalletError WALLET_FILE, WALLET_FILE_VERSION, WALLET_POLICY.
 */
export const parsePolicyFile = (text: string): NamedPolicy & { readonly network: AddressNetwork } =>
  parseFile(text, 'mxd-policy', (object) => {
    const members = field.objects(object, 'keys').map(parseMember);
    const named = makePolicy(field.integer(object, 'threshold'), members);
    return { ...named, network: checkAddress(object, named.owner) };
  });
