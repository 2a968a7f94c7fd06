import { compareBytes, toHex } from '@mxd/codec';
import { addressOfKey, addressOfPolicy } from '@mxd/crypto/address';
import { verifySignature } from '@mxd/crypto/suites';
import { addressVersion, type Owner, type TransactionOutput } from '@mxd/protocol/transaction';
import { type Policy, type SuiteKey, type Witness } from '@mxd/protocol/witness';

import { ownerKey, sameOwner, type SigningAccount } from './account.ts';
import { type Unsigned } from './build.ts';
import { type PolicyBook } from './coins.ts';
import { WalletError } from './errors.ts';
import { assemble, signingMessage, type Signed } from './sign.ts';

/** One key's agreement to spend one input. */
export interface InputSignature extends SuiteKey {
  readonly input: number;
  readonly signature: Uint8Array;
}

/**
 * A transaction on its way through its signers: the signatures that are there, all of them verified,
 * in one order whatever order they came in.
 */
export interface SignatureSet {
  readonly unsigned: Unsigned;
  readonly policies: PolicyBook;
  readonly signatures: readonly InputSignature[];
}

/** What an input still needs. */
export interface InputStatus {
  readonly input: number;
  readonly owner: Owner;
  readonly needed: number;
  readonly present: number;
  /** Keys that may still sign; empty for a single key that has not shown itself. */
  readonly open: readonly SuiteKey[];
}

/** The policies of addresses, by `ownerKey`. @throws CryptoError POLICY_KEYS, POLICY_THRESHOLD. */
export function policyBook(policies: readonly Policy[]): PolicyBook {
  return new Map(policies.map((policy) => [ownerKey(addressOfPolicy(policy)), policy]));
}

function spentBy(unsigned: Unsigned, input: number): TransactionOutput {
  const spent = unsigned.spent[input];
  if (spent !== undefined) return spent;
  throw new WalletError('WALLET_SIGNATURE', `there is no input ${input}`, { input });
}

function policyOf(set: Pick<SignatureSet, 'policies'>, owner: Owner): Policy | undefined {
  if (owner.version !== addressVersion.policy) return undefined;
  const policy = set.policies.get(ownerKey(owner));
  if (policy !== undefined) return policy;
  throw new WalletError('WALLET_POLICY', 'the policy of an input is not known', {
    owner: ownerKey(owner),
  });
}

const sameKey = (a: SuiteKey, b: SuiteKey): boolean =>
  a.suite === b.suite && compareBytes(a.publicKey, b.publicKey) === 0;

const keyText = ({ input, suite, publicKey }: InputSignature): string =>
  `${input}:${suite}:${toHex(publicKey)}`;

const inOrder = (a: InputSignature, b: InputSignature): number =>
  a.input - b.input || a.suite - b.suite || compareBytes(a.publicKey, b.publicKey);

function maySpend(set: SignatureSet, owner: Owner, key: SuiteKey): boolean {
  const policy = policyOf(set, owner);
  return policy === undefined
    ? sameOwner(addressOfKey(key.suite, key.publicKey), owner)
    : policy.keys.some((other) => sameKey(other, key));
}

function checkSignature(set: SignatureSet, one: InputSignature): void {
  const { owner } = spentBy(set.unsigned, one.input);
  const message = signingMessage(set.unsigned, one.input);
  if (!maySpend(set, owner, one)) {
    throw new WalletError('WALLET_SIGNATURE', `input ${one.input} belongs to other keys`, {
      input: one.input,
    });
  }
  if (!verifySignature(one.suite, one.publicKey, message, one.signature)) {
    throw new WalletError('WALLET_SIGNATURE', `a signature of input ${one.input} is wrong`, {
      input: one.input,
    });
  }
}

/**
 * Starts collecting signatures. Every policy address that is spent must be in the book.
 * @throws WalletError WALLET_POLICY.
 */
export function startSigning(unsigned: Unsigned, policies: PolicyBook = new Map()): SignatureSet {
  const set: SignatureSet = { unsigned, policies, signatures: [] };
  for (const { owner } of unsigned.spent) policyOf(set, owner);
  return set;
}

/**
 * Adds signatures, each checked first. Of two by one key for one input (hedged signatures differ)
 * the smaller stays, so that the result never depends on the order of arrival.
 * @throws WalletError WALLET_SIGNATURE.
 */
export function addSignatures(set: SignatureSet, added: readonly InputSignature[]): SignatureSet {
  const known = new Map(set.signatures.map((one) => [keyText(one), one]));
  for (const one of added) {
    const key = keyText(one);
    const held = known.get(key);
    if (held !== undefined && compareBytes(held.signature, one.signature) <= 0) continue;
    checkSignature(set, one);
    known.set(key, one);
  }
  return { ...set, signatures: [...known.values()].sort(inOrder) };
}

/**
 * Joins what two signers collected for the same transaction.
 * @throws WalletError WALLET_OTHER_TRANSACTION, WALLET_SIGNATURE.
 */
export function mergeSignatures(a: SignatureSet, b: SignatureSet): SignatureSet {
  const same =
    compareBytes(a.unsigned.txid, b.unsigned.txid) === 0 &&
    compareBytes(a.unsigned.chain.chainTag, b.unsigned.chain.chainTag) === 0;
  if (!same) {
    throw new WalletError('WALLET_OTHER_TRANSACTION', 'these are two different transactions', {
      first: toHex(a.unsigned.txid),
      second: toHex(b.unsigned.txid),
    });
  }
  const policies = new Map([...a.policies, ...b.policies]);
  return addSignatures({ ...a, policies }, b.signatures);
}

/**
 * Signs every input that one of the accounts may sign. Inputs of others are left alone; a policy
 * that has its signatures already gets no more.
 * @throws WalletError WALLET_NO_KEY if none of the accounts may sign anything.
 */
export function signInputs(set: SignatureSet, accounts: readonly SigningAccount[]): SignatureSet {
  const added: InputSignature[] = [];
  let known = 0;
  set.unsigned.spent.forEach(({ owner }, input) => {
    const present = set.signatures.filter((one) => one.input === input);
    let needed = (policyOf(set, owner)?.threshold ?? 1) - present.length;
    for (const account of accounts) {
      if (!maySpend(set, owner, account)) continue;
      known++;
      if (needed <= 0 || present.some((one) => sameKey(one, account))) continue;
      const { suite, publicKey } = account;
      const signature = account.sign(signingMessage(set.unsigned, input));
      added.push({ input, suite, publicKey, signature });
      needed--;
    }
  });
  if (known === 0) {
    throw new WalletError('WALLET_NO_KEY', 'none of these keys may sign this transaction');
  }
  return addSignatures(set, added);
}

/** What is there and what is missing, input by input. */
export function signingStatus(set: SignatureSet): readonly InputStatus[] {
  return set.unsigned.spent.map(({ owner }, input) => {
    const policy = policyOf(set, owner);
    const present = set.signatures.filter((one) => one.input === input);
    const needed = policy?.threshold ?? 1;
    const open = (policy?.keys ?? []).filter((key) => !present.some((one) => sameKey(one, key)));
    return { input, owner, needed, present: Math.min(present.length, needed), open };
  });
}

/** Whether every input has the signatures it needs. */
export const isComplete = (set: SignatureSet): boolean =>
  signingStatus(set).every(({ needed, present }) => present >= needed);

function witnessOf(set: SignatureSet, owner: Owner, input: number): Witness {
  const policy = policyOf(set, owner);
  const present = set.signatures.filter((one) => one.input === input);
  const needed = policy?.threshold ?? 1;
  if (present.length < needed) {
    throw new WalletError(
      'WALLET_INCOMPLETE',
      `input ${input} has ${present.length} of ${needed} signatures`,
      { input, present: present.length, needed },
    );
  }
  if (policy === undefined) {
    const { suite, publicKey, signature } = present[0] as InputSignature;
    return { form: 1, suite, publicKey, signature };
  }
  // The rules ask for exactly `threshold` signatures, in the order of keys.
  let signers = 0;
  const signatures: Uint8Array[] = [];
  policy.keys.forEach((key, i) => {
    const one = present.find((candidate) => sameKey(candidate, key));
    if (one === undefined || signatures.length === needed) return;
    signers |= 1 << i;
    signatures.push(one.signature);
  });
  return { form: 2, policy, signers, signatures };
}

/**
 * The transaction with all its witnesses.
 * @throws WalletError WALLET_INCOMPLETE.
 */
export function finishSigning(set: SignatureSet): Signed {
  return assemble(
    set.unsigned,
    set.unsigned.spent.map(({ owner }, input) => witnessOf(set, owner, input)),
  );
}
