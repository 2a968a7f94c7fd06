/**
 * One block on its way from the parent's state to its own: what execution and building share
 * (docs/protocol/rsc.md, "Execution order and consensus state", X3 to X6).
 */
import type { ChainTag, Header } from '@mxd/protocol';
import type { ChainParameters } from '@mxd/protocol/parameters';

import type { AppliedTransaction, ChainState } from './chain-state.ts';
import { broken, LedgerError, passed, type RuleVerdict } from './errors.ts';
import type { KnownNames } from './known-names.ts';
import { OutputOverlay, type OutputDiff } from './layers.ts';
import type { OutputBase } from './output-base.ts';
import {
  binaryText,
  commitmentElement,
  outputKey,
  plainLock,
  type OutpointKey,
} from './outputs.ts';
import {
  checkSpending,
  checkWindow,
  lockOfOutput,
  signatureChecks,
  type PreparedTransaction,
} from './transaction-rules.ts';
import type { Pace, SignatureCheck, UnspentOutput, VerifySignatures } from './types.ts';
import {
  accrualTotal,
  activeParameters,
  afterTransactions,
  applicationRoot,
  slashedAmount,
  type Payout,
  type Slash,
  type ValidatorState,
  type VerifySuiteSignature,
} from './validators/index.ts';
import type { VerifiedCache } from './verified-cache.ts';

/** What execution needs of its host: nothing of it is state of the chain. */
export interface ExecutionEnvironment {
  readonly chainTag: ChainTag;
  readonly networkId: number;
  readonly base: OutputBase;
  readonly verified: VerifiedCache;
  readonly names: KnownNames;
  readonly verifySignatures: VerifySignatures;
  /** For votes in certificates and evidence: synchronous, may answer from a cache. */
  readonly verifySuite: VerifySuiteSignature;
  readonly pace: Pace;
  /** Keys of final outputs that are locked for a validator. */
  readonly lockedOutputs: (validatorId: Uint8Array) => Promise<readonly OutpointKey[]>;
  /** Hash of an ancestor of the block whose state is given, that state's own included. */
  readonly ancestorHash: (state: ChainState, height: number) => Uint8Array | undefined;
  readonly counters: { signaturesChecked: number };
}

/** A signature batch of one transaction under way. */
interface Pending {
  readonly position: number;
  readonly name: string;
  readonly checks: number;
}

const emptyBase: ReadonlyMap<OutpointKey, UnspentOutput> = new Map();

/** The name under which a verified transaction is remembered: slashing may change its inputs. */
export function verifiedName(tx: PreparedTransaction, spent: readonly UnspentOutput[]): string {
  let sum = 0n;
  for (const output of spent) sum += output.amount;
  return binaryText(tx.wtxid) + sum.toString(36);
}

export class BlockRun {
  readonly parent: ChainState;
  readonly height: number;
  readonly parameters: ChainParameters;
  readonly applied: PreparedTransaction[] = [];
  overlay: OutputOverlay;
  tipTotal = 0n;
  readonly #env: ExecutionEnvironment;
  readonly #layers: readonly OutputDiff[];
  readonly #epoch: number;
  #checks: SignatureCheck[] = [];
  #pending: Pending[] = [];
  #supplyDelta = 0n;

  constructor(
    env: ExecutionEnvironment,
    parent: ChainState,
    layers: readonly OutputDiff[],
    epoch: number,
  ) {
    this.#env = env;
    this.parent = parent;
    this.#layers = layers;
    this.#epoch = epoch;
    this.height = parent.header.height + 1;
    this.parameters = activeParameters(parent.validators);
    this.overlay = new OutputOverlay(layers, emptyBase);
  }

  /**
   * Loads everything that the transactions can name, then takes what evidence costs from the
   * outputs of the convicted. Called once, before the first transaction.
   */
  async begin(
    transactions: readonly PreparedTransaction[],
    slashes: readonly Slash[],
  ): Promise<void> {
    const keys = new Set<OutpointKey>();
    for (const tx of transactions) {
      for (const key of tx.inputKeys) keys.add(key);
      // For the rule against a second transaction with an unspent one's txid (BIP-30).
      for (let i = 0; i < tx.body.outputs.length; i++) keys.add(outputKey(tx.txidText, i));
      if (this.#env.pace.due()) await this.#env.pace.pause();
    }
    const locked: OutpointKey[][] = [];
    for (const slash of slashes) locked.push(await this.#lockedBy(slash.validatorId));
    for (const list of locked) for (const key of list) keys.add(key);
    const loaded = await this.#env.base.load(keys, this.#env.pace);
    this.overlay = new OutputOverlay(this.#layers, loaded);
    slashes.forEach((slash, i) => this.#slash(slash, locked[i] ?? []));
  }

  async #lockedBy(validatorId: Uint8Array): Promise<OutpointKey[]> {
    const id = binaryText(validatorId);
    const keys = new Set(await this.#env.lockedOutputs(validatorId));
    for (const layer of this.#layers) {
      for (const [key, { lock }] of layer.created) {
        if (lock.kind !== 'plain' && binaryText(lock.validatorId) === id) keys.add(key);
      }
    }
    return [...keys];
  }

  #slash(slash: Slash, keys: readonly OutpointKey[]): void {
    for (const key of keys) {
      const output = this.overlay.lookUp(key);
      if (output === undefined || output === 'spent' || output.lock.kind === 'plain') continue;
      if (output.lock.kind === 'unbonding' && this.height >= output.lock.spendableFrom) continue;
      const loss = slashedAmount(output.amount, slash);
      this.overlay.reduce(key, output, loss);
      this.#supplyDelta -= loss;
    }
  }

  /**
   * Applies a transaction that passed `checkStateless`, or leaves everything as it was. Its
   * signatures are noted for `verify` unless they are known to be good.
   */
  apply(tx: PreparedTransaction): RuleVerdict {
    const window = checkWindow(tx.body, this.height);
    if (!window.ok) return window;
    const spent: UnspentOutput[] = [];
    for (let i = 0; i < tx.inputKeys.length; i++) {
      const found = this.overlay.lookUp(tx.inputKeys[i] as OutpointKey);
      if (found === undefined) return broken('TX_INPUT_UNKNOWN', `input ${i} is not unspent`);
      if (found === 'spent') return broken('TX_INPUT_SPENT', `input ${i} is spent already`);
      spent.push(found);
    }
    const name = verifiedName(tx, spent);
    const isVerified = this.#env.verified.has(name);
    const spending = checkSpending(tx, spent, this.height, isVerified);
    if (!spending.ok) return spending;
    const { outputs } = tx.body;
    for (let i = 0; i < outputs.length; i++) {
      const existing = this.overlay.lookUp(outputKey(tx.txidText, i));
      if (existing !== undefined && existing !== 'spent') {
        return broken('TX_TXID_EXISTS', `output ${i} of this txid is unspent`);
      }
    }
    if (!isVerified) this.#noteSignatures(tx, spent, name);
    this.#move(tx, spent);
    return passed;
  }

  #noteSignatures(tx: PreparedTransaction, spent: readonly UnspentOutput[], name: string): void {
    const checks = signatureChecks(tx, spent, this.#env.chainTag);
    this.#pending.push({ position: this.applied.length, name, checks: checks.length });
    for (const check of checks) this.#checks.push(check);
  }

  #move(tx: PreparedTransaction, spent: readonly UnspentOutput[]): void {
    const { overlay } = this;
    for (let i = 0; i < spent.length; i++) {
      overlay.spend(tx.inputKeys[i] as OutpointKey, spent[i] as UnspentOutput);
    }
    const { outputs } = tx.body;
    for (let i = 0; i < outputs.length; i++) {
      const { owner, amount } = outputs[i] as (typeof outputs)[number];
      overlay.create(outputKey(tx.txidText, i), {
        // A copy: an output must not keep the whole block's bytes alive.
        owner: { version: owner.version, hash: owner.hash.slice() },
        amount,
        createdHeight: this.height,
        lock: lockOfOutput(tx.body, i, this.#epoch, this.parameters),
      });
    }
    this.tipTotal += tx.body.tip;
    this.applied.push(tx);
  }

  /** What a candidate keeps of its transactions: decoded ones take ten times their bytes. */
  kept(): AppliedTransaction[] {
    return this.applied.map(({ txid, txidText, inputKeys, body }) => {
      return { txid, txidText, inputKeys, outputs: body.outputs.length };
    });
  }

  /** Checks all noted signatures; answers the positions of transactions with a bad one. */
  async verify(): Promise<number[]> {
    const checks = this.#checks;
    const pending = this.#pending;
    this.#checks = [];
    this.#pending = [];
    if (checks.length === 0) return [];
    const bitmap = await this.#env.verifySignatures(checks);
    this.#env.counters.signaturesChecked += checks.length;
    const bad: number[] = [];
    let bit = 0;
    for (const { position, name, checks: count } of pending) {
      let good = true;
      for (const end = bit + count; bit < end; bit++) {
        if ((((bitmap[bit >> 3] ?? 0) >> (bit & 7)) & 1) === 0) good = false;
      }
      if (good) this.#env.verified.add(name);
      else bad.push(position);
    }
    return bad;
  }

  /** X4's sums, X5 and X6: the consensus state after the block, and what it pays out. */
  settle(
    validators: ValidatorState,
    header: Header,
    blockHash: Uint8Array,
  ): { readonly state: ValidatorState; readonly payouts: readonly Payout[] } {
    const settled = afterTransactions(this.parent.validators, validators, header, blockHash, {
      bonded: [...this.overlay.bonds.values()].filter((entry) => entry.delta !== 0n),
      supply: this.#supplyDelta,
    });
    for (const payout of settled.payouts) {
      this.overlay.create(outputKey(binaryText(payout.txid), payout.index), {
        owner: payout.owner,
        amount: payout.amount,
        createdHeight: this.height,
        lock: plainLock,
      });
    }
    this.#checkConservation(settled.state);
    return settled;
  }

  /** Not a unit made or lost: outputs, accruals and carry changed by what the supply did. */
  #checkConservation(after: ValidatorState): void {
    const before = this.parent.validators;
    const owed = accrualTotal(after) - accrualTotal(before);
    const carry = after.totals.tipCarry - before.totals.tipCarry;
    const supply = after.totals.totalSupply - before.totals.totalSupply;
    if (this.overlay.balance + owed + carry !== supply) {
      throw new LedgerError('LEDGER_INVARIANT', 'the block would change the sum of all coins', {
        height: this.height,
        outputs: this.overlay.balance,
        accruals: owed,
        carry,
        supply,
      });
    }
  }

  /** The state after the block. The commitment is the costly part: about 8 us per output. */
  async finish(header: Header, hash: Uint8Array, validators: ValidatorState): Promise<ChainState> {
    const { pace } = this.#env;
    const lattice = this.parent.lattice.copy();
    for (const [key, output] of this.overlay.spent) {
      lattice.remove(commitmentElement(key, output));
      if (pace.due()) await pace.pause();
    }
    for (const [key, output] of this.overlay.created) {
      lattice.add(commitmentElement(key, output));
      if (pace.due()) await pace.pause();
    }
    const outputsDigest = lattice.digest();
    const root = applicationRoot(validators, outputsDigest);
    return { hash, key: binaryText(hash), header, validators, lattice, outputsDigest, root };
  }
}
