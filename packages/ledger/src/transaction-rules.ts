/**
 * What makes a transaction valid (docs/protocol/ledger.md, "Rules"), in three parts: by itself,
 * against the outputs that it spends, and its signatures. Policy is nobody's concern here.
 */
import { equalBytes } from '@mxd/codec';
import { hash160, taggedHash } from '@mxd/crypto/hash';
import type { ChainTag, TxId, Wtxid } from '@mxd/protocol';
import type { ChainParameters } from '@mxd/protocol/parameters';
import {
  addressVersion,
  inputSigningMessage,
  transactionCodec,
  transactionKind,
  txidOfBytes,
  wtxidOfBytes,
  type Owner,
  type Transaction,
  type TransactionBody,
} from '@mxd/protocol/transaction';
import {
  policyCodec,
  policySigners,
  signatureWeight,
  type KeyWitness,
  type Witness,
} from '@mxd/protocol/witness';

import { broken, passed, type RuleVerdict } from './errors.ts';
import { binaryBytes, binaryText, outpointKeyOf, plainLock, type OutpointKey } from './outputs.ts';
import type { OutputLock, SignatureCheck, UnspentOutput } from './types.ts';

const maxAmount = 0xffff_ffff_ffff_ffffn;

/** A decoded transaction with everything that its rules need more than once. */
export interface PreparedTransaction {
  readonly bytes: Uint8Array;
  readonly body: TransactionBody;
  readonly witnesses: readonly Witness[];
  readonly txid: TxId;
  readonly txidText: string;
  readonly wtxid: Wtxid;
  readonly inputKeys: readonly OutpointKey[];
  /** Of its signatures, as blocks count them: Ed25519 1, ML-DSA-87 2, hybrid 3. */
  readonly signatureWeight: number;
}

export type Prepared =
  | { readonly ok: true; readonly value: PreparedTransaction }
  | (RuleVerdict & { ok: false });

function weightOf(witness: Witness): number {
  if (witness.form === 1) return signatureWeight[witness.suite];
  let weight = 0;
  for (const [i, key] of witness.policy.keys.entries()) {
    if ((witness.signers & (1 << i)) !== 0) weight += signatureWeight[key.suite];
  }
  return weight;
}

/** Decodes a transaction. The bytes are kept, not copied. */
export function prepareTransaction(
  bytes: Uint8Array,
  wtxid: Wtxid = wtxidOfBytes(bytes),
): Prepared {
  const decoded = transactionCodec.tryDecode(bytes);
  if (!decoded.ok) return broken('TX_DECODE', decoded.error.message);
  const txid = txidOfBytes(bytes, decoded.value.body);
  const names = { txid, txidText: binaryText(txid), wtxid };
  return { ok: true, value: prepareDecoded(bytes, decoded.value, names) };
}

/** Decodes a transaction that was decoded before, so that its names are known. */
export function prepareKnown(bytes: Uint8Array, txidText: string, wtxidText: string): Prepared {
  const decoded = transactionCodec.tryDecode(bytes);
  if (!decoded.ok) return broken('TX_DECODE', decoded.error.message);
  const names = { txid: binaryBytes(txidText), txidText, wtxid: binaryBytes(wtxidText) };
  return { ok: true, value: prepareDecoded(bytes, decoded.value, names) };
}

type Names = Pick<PreparedTransaction, 'txid' | 'txidText' | 'wtxid'>;

function prepareDecoded(
  bytes: Uint8Array,
  transaction: Transaction,
  { txid, txidText, wtxid }: Names,
): PreparedTransaction {
  const { body, witnesses } = transaction;
  let weight = 0;
  for (const witness of witnesses) weight += weightOf(witness);
  return {
    bytes,
    body,
    witnesses,
    txid,
    txidText,
    wtxid,
    inputKeys: body.inputs.map(outpointKeyOf),
    signatureWeight: weight,
  };
}

/** Everything that needs neither state nor height. */
export function checkStateless(
  tx: PreparedTransaction,
  parameters: ChainParameters,
  networkId: number,
): RuleVerdict {
  const { body } = tx;
  if (tx.bytes.length > parameters.maxTransactionBytes) {
    return broken('TX_SIZE', `${tx.bytes.length} bytes; ${parameters.maxTransactionBytes} at most`);
  }
  if (body.chainId !== networkId) {
    return broken('TX_CHAIN', `network ${body.chainId}, not ${networkId}`);
  }
  if ((parameters.enabledKinds & (1 << body.kind)) === 0 || !isImplemented(body.kind)) {
    return broken('TX_KIND', `kind ${body.kind} is switched off`);
  }
  if (body.kind === transactionKind.unbond && body.tip !== 0n) {
    return broken('TX_UNBOND_TIP', `an unbond takes no tip, not ${body.tip}`);
  }
  if (tx.inputKeys.length > 1 && new Set(tx.inputKeys).size !== tx.inputKeys.length) {
    return broken('TX_INPUT_DUPLICATE', 'an input is named twice');
  }
  return checkAmounts(body, parameters.dustLimit);
}

function isImplemented(kind: number): boolean {
  return (
    kind === transactionKind.transfer ||
    kind === transactionKind.bond ||
    kind === transactionKind.unbond
  );
}

function checkAmounts(body: TransactionBody, dustLimit: bigint): RuleVerdict {
  let sum = body.tip;
  for (let i = 0; i < body.outputs.length; i++) {
    const amount = body.outputs[i]?.amount ?? 0n;
    if (amount < dustLimit) {
      return broken('TX_DUST', `output ${i} has ${amount} units; ${dustLimit} at least`);
    }
    sum += amount;
    if (sum > maxAmount) return broken('TX_OVERFLOW', `outputs and tip exceed 2^64 - 1 at ${i}`);
  }
  return passed;
}

/** Whether the height lies in the transaction's window. */
export function checkWindow(body: TransactionBody, height: number): RuleVerdict {
  if (height < body.validFrom) {
    return broken('TX_NOT_YET_VALID', `valid from height ${body.validFrom}, not at ${height}`);
  }
  if (body.expiresAt !== 0 && height > body.expiresAt) {
    return broken('TX_EXPIRED', `expired after height ${body.expiresAt}, now ${height}`);
  }
  return passed;
}

/**
 * Locks, ownership and balance against the outputs that the inputs name, in their order. Ownership
 * of an output never changes: where the signatures are known to be good, it has been checked.
 */
export function checkSpending(
  tx: PreparedTransaction,
  spent: readonly UnspentOutput[],
  height: number,
  isVerified = false,
): RuleVerdict {
  const { body, witnesses } = tx;
  let sum = 0n;
  for (let i = 0; i < spent.length; i++) {
    const output = spent[i] as UnspentOutput;
    const lock = checkLock(body, output.lock, i, height);
    if (!lock.ok) return lock;
    if (!isVerified && !ownsOutput(witnesses[i] as Witness, output.owner)) {
      return broken('TX_OWNER', `witness ${i} is not that of the output's owner`);
    }
    sum += output.amount;
  }
  let needed = body.tip;
  for (const output of body.outputs) needed += output.amount;
  if (sum === needed) return passed;
  return broken('TX_BALANCE', `inputs of ${sum} against outputs and tip of ${needed}`);
}

function checkLock(
  body: TransactionBody,
  lock: OutputLock,
  index: number,
  height: number,
): RuleVerdict {
  if (body.kind === transactionKind.unbond) {
    return lock.kind === 'bonded' && equalBytes(lock.validatorId, body.payload)
      ? passed
      : broken('TX_UNBOND_INPUT', `input ${index} is not bonded to the validator of the payload`);
  }
  switch (lock.kind) {
    case 'plain':
      return passed;
    case 'bonded':
      return broken('TX_LOCK_BONDED', `input ${index} is bonded stake`);
    case 'unbonding':
      return height >= lock.spendableFrom
        ? passed
        : broken('TX_LOCK_UNBONDING', `input ${index} is locked until ${lock.spendableFrom}`);
    default:
      return lock satisfies never;
  }
}

/** Whether the witness's key or policy hashes to the owner. */
export function ownsOutput(witness: Witness, owner: Owner): boolean {
  if (witness.form === 2) {
    if (owner.version !== addressVersion.policy) return false;
    const hash = taggedHash('MXD5POLI', policyCodec.encode(witness.policy));
    return equalBytes(hash.subarray(0, 32), owner.hash);
  }
  return equalBytes(keyOwnerHash(witness, owner.version), owner.hash);
}

const noHash = new Uint8Array(0);

/** The hash of a key's owner if the key's suite is that of the version, else nothing. */
function keyOwnerHash(witness: KeyWitness, version: number): Uint8Array {
  const suiteVersion = 0x31 + witness.suite;
  if (version !== suiteVersion) return noHash;
  const preimage = new Uint8Array(1 + witness.publicKey.length);
  preimage[0] = witness.suite;
  preimage.set(witness.publicKey, 1);
  return version === addressVersion.hybrid
    ? taggedHash('MXD5ADDR', preimage).subarray(0, 32)
    : hash160(preimage);
}

/** The signatures of a transaction, with what each of them must have signed. */
export function signatureChecks(
  tx: PreparedTransaction,
  spent: readonly UnspentOutput[],
  chainTag: ChainTag,
): SignatureCheck[] {
  const checks: SignatureCheck[] = [];
  tx.witnesses.forEach((witness, i) => {
    const message = inputSigningMessage(chainTag, tx.txid, i, spent[i] as UnspentOutput);
    const signers = witness.form === 1 ? [witness] : policySigners(witness);
    for (const { suite, publicKey, signature } of signers) {
      checks.push({ suite, publicKey, message, signature });
    }
  });
  return checks;
}

/** First height at which the outputs of an unbond in epoch `epoch` may be spent. */
export function unbondSpendableFrom(epoch: number, parameters: ChainParameters): number {
  return (epoch + 1 + parameters.evidenceMaxEpochs) * parameters.epochLength + 1;
}

/** The lock of output `index` of a transaction of this kind. */
export function lockOfOutput(
  body: TransactionBody,
  index: number,
  epoch: number,
  parameters: ChainParameters,
): OutputLock {
  if (body.kind === transactionKind.bond && index === 0) {
    return { kind: 'bonded', validatorId: body.payload };
  }
  if (body.kind === transactionKind.unbond) {
    const spendableFrom = unbondSpendableFrom(epoch, parameters);
    return { kind: 'unbonding', validatorId: body.payload, spendableFrom };
  }
  return plainLock;
}
