/** A small network in one process: keys, a genesis, payments, and blocks with real certificates. */
import { installNative, nativeSuites } from '@mxd/crypto/native';
import { suiteInfo, type Signer, type SuiteId, type SuiteRegistry } from '@mxd/crypto/suites';
import type { Block, BlockHash, GenesisDocument, Header, ValidatorId } from '@mxd/protocol';
import { blockHashOf } from '@mxd/protocol/block';
import { certificateCodec, signerBitmap } from '@mxd/protocol/certificate';
import { leaderOf, previousValidatorId, type ValidatorSet } from '@mxd/protocol/checks';
import { genesisPossessionMessage, validatorIdOf, chainTagOf } from '@mxd/protocol/genesis';
import { defaultParameters, type ChainParameters } from '@mxd/protocol/parameters';
import {
  addressVersion,
  inputSigningMessage,
  transactionCodec,
  transactionKind,
  txidOf,
  type Outpoint,
  type Owner,
  type TransactionBody,
  type TransactionKind,
  type TransactionOutput,
} from '@mxd/protocol/transaction';
import { voteKind, voteSigningMessage, type VoteKind } from '@mxd/protocol/vote';
import type { Policy, Witness } from '@mxd/protocol/witness';
import { addressOfKey, addressOfPolicy, sortPolicyKeys } from '@mxd/crypto/address';
import { openMemoryStore, type KeyValueStore } from '@mxd/storage';
import { equalBytes } from '@mxd/codec';

import { LedgerError } from '../errors.ts';
import { Ledger } from '../ledger.ts';
import { validatorSetOf } from '../validators/index.ts';
import type { BuildRequest, BlockState, LedgerOptions, VerifySignatures } from '../types.ts';

installNative();
export const suites: SuiteRegistry = nativeSuites();

/** A key pair made from a number. */
export interface Key {
  readonly suite: SuiteId;
  readonly signer: Signer;
  readonly publicKey: Uint8Array;
  readonly owner: Owner;
  readonly id: ValidatorId;
}

const keys = new Map<string, Key>();

export function key(number: number, suite: SuiteId = 1): Key {
  const name = `${suite}:${number}`;
  const known = keys.get(name);
  if (known !== undefined) return known;
  const seed = new Uint8Array(suiteInfo[suite].seedBytes);
  new DataView(seed.buffer).setUint32(0, number + 1);
  const signer = suites[suite].signer(seed);
  const { publicKey } = signer;
  const made: Key = {
    suite,
    signer,
    publicKey,
    owner: addressOfKey(suite, publicKey),
    id: validatorIdOf(suite, publicKey),
  };
  keys.set(name, made);
  return made;
}

/** An m-of-n policy over keys, and how to sign for it with the first m that are given. */
export interface PolicyKeys {
  readonly owner: Owner;
  readonly policy: Policy;
  readonly members: readonly Key[];
}

export function policyOf(threshold: number, members: readonly Key[]): PolicyKeys {
  const sorted = sortPolicyKeys(members.map(({ suite, publicKey }) => ({ suite, publicKey })));
  const policy = { threshold, keys: sorted };
  return { owner: addressOfPolicy(policy), policy, members };
}

/** Who spends an input: one key, or a policy. */
export type Spender = Key | PolicyKeys;

function witnessOf(spender: Spender, message: Uint8Array): Witness {
  if ('signer' in spender) {
    const { suite, publicKey, signer } = spender;
    return { form: 1, suite, publicKey, signature: signer.sign(message) };
  }
  const { policy, members } = spender;
  let signers = 0;
  const signatures: Uint8Array[] = [];
  policy.keys.forEach((policyKey, i) => {
    if (signatures.length === policy.threshold) return;
    const member = members.find((m) => equalBytes(m.publicKey, policyKey.publicKey));
    if (member === undefined) return;
    signers |= 1 << i;
    signatures.push(member.signer.sign(message));
  });
  return { form: 2, policy, signers, signatures };
}

/** An output that can be spent in a test. */
export interface Coin {
  readonly outpoint: Outpoint;
  readonly output: TransactionOutput;
  readonly spender: Spender;
}

export interface Payment {
  readonly from: readonly Coin[];
  readonly to: readonly { readonly spender: Spender; readonly amount: bigint }[];
  readonly tip?: bigint;
  readonly kind?: TransactionKind;
  readonly payload?: Uint8Array;
  readonly validFrom?: number;
  readonly expiresAt?: number;
  readonly chainId?: number;
  readonly commitment?: Uint8Array;
  /** Changes the witnesses after signing. */
  readonly tamper?: (witnesses: Witness[]) => void;
}

/** A signed transaction and the coins that it makes. */
export interface MadeTransaction {
  readonly bytes: Uint8Array;
  readonly body: TransactionBody;
  readonly txid: Uint8Array;
  readonly coins: readonly Coin[];
}

export const defaultGenesisTime = 1_700_000_000_000;

export interface WorldOptions {
  readonly members?: number;
  readonly stake?: bigint;
  readonly allocations?: readonly TransactionOutput[];
  readonly parameters?: Partial<ChainParameters>;
}

/** The genesis of a test network whose member i has account key 1000 + i, consensus key 2000 + i. */
export function makeGenesis(options: WorldOptions = {}): GenesisDocument {
  const { members = 1, stake = 1_000_000_000n } = options;
  const networkId = 77;
  const list = Array.from({ length: members }, (_, i) => {
    const account = key(1000 + i);
    const consensus = key(2000 + i);
    const message = genesisPossessionMessage(networkId, account.id, consensus.publicKey);
    return {
      id: account.id,
      accountSuite: account.suite,
      accountKey: account.publicKey,
      consensusKey: consensus.publicKey,
      stake,
      possessionSignature: consensus.signer.sign(message),
    };
  }).sort((a, b) => Buffer.compare(a.id, b.id));
  return {
    networkId,
    testNetwork: 1,
    attempt: 0,
    genesisTimeMs: defaultGenesisTime,
    parameters: { ...defaultParameters, epochLength: 16, dustLimit: 10n, ...options.parameters },
    allocations: options.allocations ?? [],
    members: list,
    listed: [],
  };
}

/** Verifies in this thread. */
export const verifyHere: VerifySignatures = async (checks) => {
  const bitmap = new Uint8Array(Math.ceil(checks.length / 8));
  checks.forEach(({ suite, publicKey, message, signature }, i) => {
    if (suites[suite].verify(publicKey, message, signature)) {
      bitmap[i >> 3] = bitmap[i >> 3]! | (1 << (i & 7));
    }
  });
  return bitmap;
};

const consensusKeys = new Map<string, Key>();

function consensusKeyOf(publicKey: Uint8Array): Key {
  if (consensusKeys.size === 0) {
    for (let i = 0; i < 64; i++)
      consensusKeys.set(key(2000 + i).publicKey.toString(), key(2000 + i));
  }
  const found = consensusKeys.get(publicKey.toString());
  if (found === undefined)
    throw new LedgerError('LEDGER_INVARIANT', 'a consensus key of no member');
  return found;
}

/** A certificate of a block by all validators of a set. */
export function certify(
  set: ValidatorSet,
  hash: BlockHash,
  view: number,
  kind: VoteKind,
): Uint8Array {
  const n = set.table.entries.length;
  const leader = leaderOf(set, view);
  const order = [leader, ...Array.from({ length: n }, (_, i) => i).filter((i) => i !== leader)];
  const entries = order.map((index) => {
    const timestampMs = defaultGenesisTime + view;
    const content = { kind, epoch: set.epoch, view, timestampMs, blockHash: hash };
    const previous = previousValidatorId(set, view, index);
    const message = voteSigningMessage(set.chainTag, content, previous);
    const signer = consensusKeyOf(set.table.entries[index]!.consensusKey);
    return { timestampMs, signature: signer.signer.sign(message) };
  });
  return certificateCodec.encode({
    kind,
    epoch: set.epoch,
    view,
    blockHash: hash,
    n,
    signers: signerBitmap(n, order),
    entries,
  });
}

/** A ledger with its genesis, and the means to extend it. */
export class World {
  readonly genesis: GenesisDocument;
  readonly ledger: Ledger;
  readonly store: KeyValueStore;
  readonly chainTag: Uint8Array;
  /** Coins of the allocations, in order. */
  readonly coins: readonly Coin[];

  constructor(genesis: GenesisDocument, ledger: Ledger, store: KeyValueStore, owners: Spender[]) {
    this.genesis = genesis;
    this.ledger = ledger;
    this.store = store;
    this.chainTag = chainTagOf(genesis);
    const txid = genesisTxid(ledger);
    this.coins = genesis.allocations.map((output, index) => ({
      outpoint: { txid, index },
      output,
      spender: owners[index]!,
    }));
  }

  /** A world whose allocations go to `owners`, `amount` each. */
  static async open(
    owners: readonly Spender[],
    amount: bigint,
    options: WorldOptions & { readonly ledger?: Partial<LedgerOptions> } = {},
  ): Promise<World> {
    const allocations = owners.map(({ owner }) => ({ owner, amount }));
    const genesis = makeGenesis({ ...options, allocations });
    const store = options.ledger?.store ?? openMemoryStore();
    const ledger = await openLedger(genesis, store, options.ledger);
    return new World(genesis, ledger, store, [...owners]);
  }

  transaction(payment: Payment): MadeTransaction {
    return makeTransaction(this.genesis.networkId, this.chainTag, payment);
  }

  /** The context in which the next leader builds on a block; `skip` views are passed over. */
  request(parent: BlockHash = this.ledger.head.hash, skip = 0): BuildRequest {
    const state = this.ledger.state(parent)!;
    return { parent, context: contextOn(state, skip) };
  }

  /** Builds on the head with exactly these transactions (valid ones), commits, returns the block. */
  async extend(transactions: readonly Uint8Array[] = [], skip = 0): Promise<Block> {
    const block = this.craft(await this.drafted(skip), transactions);
    const result = await this.ledger.executeBlock(block);
    if (!result.ok) throw new LedgerError('LEDGER_INVARIANT', `${result.code}: ${result.reason}`);
    await this.finalize(block);
    return block;
  }

  /** An empty block on the head, as the ledger builds it. */
  async drafted(skip = 0): Promise<Block> {
    const built = await this.ledger.buildBlock(this.request(undefined, skip));
    if (!built.ok) throw new LedgerError('LEDGER_INVARIANT', `${built.code}: ${built.reason}`);
    await built.executed;
    return built.block;
  }

  /** The block with other transactions, its header corrected accordingly. */
  craft(block: Block, transactions: readonly Uint8Array[], change: Partial<Header> = {}): Block {
    return craftBlock(block, transactions, change);
  }

  async finalize(block: Block): ReturnType<Ledger['commit']> {
    const hash = blockHashOf(block.header);
    return this.ledger.commit(hash, finalizationOf(this.ledger, block));
  }
}

export function openLedger(
  genesis: GenesisDocument,
  store: KeyValueStore,
  options: Partial<LedgerOptions> = {},
): Promise<Ledger> {
  return Ledger.open({ genesis, verifySignatures: verifyHere, ...options, store });
}

/** A finalization of an executed block (or the head). */
export function finalizationOf(ledger: Ledger, block: Block): Uint8Array {
  const hash = blockHashOf(block.header);
  const parent = ledger.state(block.header.parentHash) ?? ledger.state(hash)!;
  const set = validatorSetOf(parent.validators, block.header.epoch)!;
  return certify(set, hash, block.header.view, voteKind.finalize);
}

/** Where the next block stands: the view after the parent's, plus `skip`. */
export function contextOn(state: BlockState, skip = 0): BuildRequest['context'] {
  const { header, validators, hash } = state;
  const epoch = state.childEpoch;
  const isFirst = header.epoch !== epoch;
  const set = validatorSetOf(validators, epoch)!;
  const parentView = isFirst ? 0 : header.view;
  const view = parentView + 1 + skip;
  const certifying = validatorSetOf(validators, header.epoch);
  const kind = isFirst ? voteKind.finalize : voteKind.notarize;
  return {
    timestampMs: header.timestampMs + 1_000,
    epoch,
    view,
    parentView,
    proposerId: set.table.entries[leaderOf(set, view)]!.id,
    parentCertificate:
      header.height === 0 ? new Uint8Array(0) : certify(certifying!, hash, header.view, kind),
  };
}

export function genesisTxid(ledger: Ledger): Uint8Array {
  return genesisOutputs(ledger.chain.genesis)[0]!.txid;
}

export { genesisOutputs } from '../validators/index.ts';
import { genesisOutputs } from '../validators/index.ts';
import { txRootOf } from '@mxd/protocol/block';

export function craftBlock(
  block: Block,
  transactions: readonly Uint8Array[],
  change: Partial<Header> = {},
): Block {
  let tipTotal = 0n;
  for (const bytes of transactions) {
    const decoded = transactionCodec.tryDecode(bytes);
    if (decoded.ok) tipTotal += decoded.value.body.tip;
  }
  const header = {
    ...block.header,
    txRoot: txRootOf(transactions),
    txCount: transactions.length,
    tipTotal: tipTotal & 0xffff_ffff_ffff_ffffn,
    ...change,
  };
  return { ...block, header, transactions };
}

export function makeTransaction(
  networkId: number,
  chainTag: Uint8Array,
  payment: Payment,
): MadeTransaction {
  const body: TransactionBody = {
    version: 5,
    chainId: payment.chainId ?? networkId,
    kind: payment.kind ?? transactionKind.transfer,
    validFrom: payment.validFrom ?? 0,
    expiresAt: payment.expiresAt ?? 0,
    inputs: payment.from.map((coin) => coin.outpoint),
    outputs: payment.to.map(({ spender, amount }) => ({ owner: spender.owner, amount })),
    tip: payment.tip ?? 0n,
    commitment: payment.commitment ?? new Uint8Array(0),
    payload: payment.payload ?? new Uint8Array(0),
  };
  const txid = txidOf(body);
  const witnesses = payment.from.map((coin, i) =>
    witnessOf(coin.spender, inputSigningMessage(chainTag, txid, i, coin.output)),
  );
  payment.tamper?.(witnesses);
  const bytes = transactionCodec.encode({ body, witnesses });
  const coins = payment.to.map(({ spender, amount }, index) => ({
    outpoint: { txid, index },
    output: { owner: spender.owner, amount },
    spender,
  }));
  return { bytes, body, txid, coins };
}

export { addressVersion };
