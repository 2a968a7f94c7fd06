/**
 * Signing apart from building: several signers, machines without a network, signatures that arrive
 * in any order. A signing file is what travels between them.
 */
import { equalBytes, fromHex, toHex } from '@mxd/codec';
import { addressOfPolicy, formatAddress, parseAddress } from '@mxd/crypto/address';
import { taggedHash } from '@mxd/crypto/hash';
import { isSuiteId } from '@mxd/crypto/suites';
import { transactionBodyCodec, type TransactionOutput } from '@mxd/protocol/transaction';
import { policyCodec } from '@mxd/protocol/witness';

import { ownerKey } from './account.ts';
import { type Unsigned } from './build.ts';
import { type ChainIdentity } from './chain.ts';
import { WalletError } from './errors.ts';
import { field, jsonObject, type JsonObject } from './json-fields.ts';
import * as bounds from './bounds.ts';
import {
  addSignatures,
  policyBook,
  startSigning,
  type InputSignature,
  type SignatureSet,
} from './signatures.ts';
import { summarize, type TransactionSummary } from './summary.ts';

export {
  addSignatures,
  finishSigning,
  isComplete,
  mergeSignatures,
  policyBook,
  signingStatus,
  signInputs,
  startSigning,
  type InputSignature,
  type InputStatus,
  type SignatureSet,
} from './signatures.ts';
export { summarize, type SummaryLine, type TransactionSummary } from './summary.ts';

const format = 'mxd-signing-file';
const version = 1;

/** A signing file that was read: what it holds was checked against what it says. */
export interface SigningFile {
  readonly set: SignatureSet;
  readonly summary: TransactionSummary;
  /** A text from the sender, not covered by any signature. */
  readonly note: string;
}

/**
 * The text of a signing file, version 1: JSON with the transaction, what it spends, the signatures so
 * far and a summary for people.
 */
export function formatSigningFile(set: SignatureSet, note = ''): string {
  const { unsigned, policies, signatures } = set;
  const { chain } = unsigned;
  const used = new Set(unsigned.spent.map(({ owner }) => ownerKey(owner)));
  const file = {
    format,
    version,
    summary: summarize(unsigned),
    note,
    chain: {
      chainTag: toHex(chain.chainTag),
      networkId: chain.networkId,
      network: chain.network,
    },
    body: toHex(unsigned.bodyBytes),
    spent: unsigned.spent.map(({ owner, amount }) => ({
      address: formatAddress(owner, chain.network),
      amount: amount.toString(),
    })),
    policies: [...policies]
      .filter(([key]) => used.has(key))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, policy]) => toHex(policyCodec.encode(policy))),
    signatures: signatures.map(({ input, suite, publicKey, signature }) => ({
      input,
      suite,
      publicKey: toHex(publicKey),
      signature: toHex(signature),
    })),
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}

const damaged = (rule: string): WalletError =>
  new WalletError('WALLET_FILE', `the signing file cannot be read: ${rule}`, { rule });

function parseChain(file: JsonObject): ChainIdentity {
  const chain = field.object(file, 'chain');
  const network = field.text(chain, 'network');
  if (network !== 'main' && network !== 'test') throw damaged('chain.network is unknown');
  const chainTag = fromHex(field.text(chain, 'chainTag'));
  if (chainTag.length !== 32) throw damaged('chain.chainTag has not 32 bytes');
  return { chainTag, networkId: field.integer(chain, 'networkId'), network };
}

function parseSpent(file: JsonObject, chain: ChainIdentity): TransactionOutput[] {
  return field.objects(file, 'spent').map((entry) => {
    const amount = field.text(entry, 'amount');
    if (!/^(0|[1-9]\d{0,19})$/.test(amount)) throw damaged('an amount is no number of units');
    const owner = parseAddress(field.text(entry, 'address'), chain.network);
    return { owner, amount: BigInt(amount) };
  });
}

function parseUnsigned(file: JsonObject): Unsigned {
  const chain = parseChain(file);
  const bodyBytes = fromHex(field.text(file, 'body'));
  const body = transactionBodyCodec.decode(bodyBytes);
  const spent = parseSpent(file, chain);
  if (spent.length !== body.inputs.length) throw damaged('spent does not list every input');
  if (body.chainId !== chain.networkId) throw damaged('the transaction is for another network');
  const worth = spent.reduce((sum, { amount }) => sum + amount, 0n);
  const paid = body.outputs.reduce((sum, { amount }) => sum + amount, body.tip);
  if (worth !== paid) {
    throw new WalletError(
      'WALLET_UNBALANCED',
      `inputs are worth ${worth} base units, outputs and tip ${paid}`,
      { inputs: worth, outputs: paid },
    );
  }
  return { chain, body, bodyBytes, txid: taggedHash('MXD5TXID', bodyBytes), spent };
}

function parseSignature(entry: JsonObject): InputSignature {
  const suite = field.integer(entry, 'suite');
  if (!isSuiteId(suite)) throw damaged(`suite ${suite} is unknown`);
  return {
    input: field.integer(entry, 'input'),
    suite,
    publicKey: fromHex(field.text(entry, 'publicKey')),
    signature: fromHex(field.text(entry, 'signature')),
  };
}

function sameSummary(told: JsonObject, real: TransactionSummary): boolean {
  const order = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(order);
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(entries.map(([key, inner]) => [key, order(inner)]));
  };
  return JSON.stringify(order(told)) === JSON.stringify(order(real));
}

function parseChecked(file: JsonObject): SigningFile {
  const unsigned = parseUnsigned(file);
  const policies = field.texts(file, 'policies').map((text) => policyCodec.decode(fromHex(text)));
  for (const policy of policies) addressOfPolicy(policy);
  const empty = startSigning(unsigned, policyBook(policies));
  const set = addSignatures(empty, field.objects(file, 'signatures').map(parseSignature));
  const summary = summarize(unsigned);
  if (!sameSummary(field.object(file, 'summary'), summary)) {
    throw new WalletError(
      'WALLET_FILE_SUMMARY',
      'the summary in the file is not of the transaction in the file: do not sign it',
    );
  }
  return { set, summary, note: field.text(file, 'note') };
}

/**
 * Reads a signing file and checks everything in it: encoding, balance, policies, signatures, and that
 * the summary says what the transaction does. `expected` is the chain that this machine signs for.
 * @throws WalletError WALLET_FILE, WALLET_FILE_VERSION, WALLET_FILE_CHAIN, WALLET_FILE_SUMMARY,
 *   WALLET_UNBALANCED, WALLET_POLICY, WALLET_SIGNATURE.
 */
export function parseSigningFile(
  text: string,
  expected: Pick<ChainIdentity, 'chainTag'>,
): SigningFile {
  if (text.length > bounds.signingFileChars) throw damaged('it is too long');
  const file = jsonObject(text, damaged);
  if (file['format'] !== format) throw damaged(`its format is not "${format}"`);
  if (typeof file['version'] === 'number' && file['version'] > version) {
    throw new WalletError('WALLET_FILE_VERSION', `version ${file['version']} is not known here`, {
      version: file['version'],
    });
  }
  if (file['version'] !== version) throw damaged('it has no version');
  let parsed: SigningFile;
  try {
    parsed = parseChecked(file);
  } catch (error) {
    if (error instanceof WalletError || !(error instanceof Error)) throw error;
    throw new WalletError(
      'WALLET_FILE',
      `the signing file cannot be read: ${error.message}`,
      {},
      {
        cause: error,
      },
    );
  }
  if (!equalBytes(parsed.set.unsigned.chain.chainTag, expected.chainTag)) {
    throw new WalletError('WALLET_FILE_CHAIN', 'the signing file is for another chain', {
      chainTag: toHex(parsed.set.unsigned.chain.chainTag),
    });
  }
  return parsed;
}
