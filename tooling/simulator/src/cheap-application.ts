import { concatBytes, toHex } from '@mxd/codec';
import { sha512 } from '@mxd/crypto/hash';
import {
  activeParameters,
  afterTransactions,
  applicationRoot,
  applyMetrics,
  beforeTransactions,
  bondedOf,
  checkHeader,
  isBoundary,
  nextTable,
  selectSystemRecords,
  type RecordContext,
  type ValidatorState,
} from '@mxd/ledger/validators';
import {
  blockHashOf,
  txRootOf,
  type Block,
  type BlockHash,
  type Header,
  type SystemRecord,
  type Table,
} from '@mxd/protocol';
import { sysRootOf } from '@mxd/protocol/block';
import { keyOf, zeroHash, type ValidatorId } from '@mxd/protocol/primitives';

import { type Application, type BuildRequest, type Built, type Verdict } from './application.ts';
import { decodeCheap } from './cheap-transactions.ts';

/** The state after a block: the real consensus state, and a sum in place of unspent outputs. */
interface CheapState {
  readonly validators: ValidatorState;
  readonly unspent: bigint;
  /** Stands for the digest of the unspent set. */
  readonly digest: Uint8Array;
  readonly height: number;
  readonly hash: BlockHash;
  readonly timestampMs: number;
  readonly parentKey: string;
  readonly transactions: readonly string[];
  root: Uint8Array | undefined;
}

type Executed =
  | { readonly ok: true; readonly state: CheapState; readonly nextTable: Table | undefined }
  | { readonly ok: false; readonly reason: string };

/** Results that every node may share: execution is a pure function of the block and its ancestors. */
export type ExecutionMemo = Map<string, Executed>;

export interface CheapGenesis {
  readonly state: ValidatorState;
  readonly header: Header;
  readonly hash: BlockHash;
}

const keptStates = 160;

/**
 * The cheap application: headers, system records, tips and epochs by the ledger's own functions; transactions
 * only move sums.
 */
export class CheapApplication implements Application {
  readonly #states = new Map<string, CheapState>();
  readonly #committed: BlockHash[];
  readonly #verify: (key: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;
  readonly #memo: ExecutionMemo | undefined;
  broken = false;

  constructor(
    genesis: CheapGenesis,
    verify: (key: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean,
    memo?: ExecutionMemo,
  ) {
    this.#verify = verify;
    this.#memo = memo;
    this.#committed = [genesis.hash];
    this.#states.set(keyOf(genesis.hash), {
      validators: genesis.state,
      unspent: genesis.state.totals.totalSupply,
      digest: zeroHash,
      height: 0,
      hash: genesis.hash,
      timestampMs: genesis.header.timestampMs,
      parentKey: '',
      transactions: [],
      root: undefined,
    });
  }

  #rootOf(state: CheapState): Uint8Array {
    state.root ??= applicationRoot(state.validators, state.digest);
    return state.root;
  }

  #context(parent: CheapState): RecordContext {
    return {
      height: parent.height + 1,
      ancestorHash: (height) => {
        let at: CheapState | undefined = parent;
        while (at !== undefined && at.height > height && at.height >= this.#committed.length) {
          at = this.#states.get(at.parentKey);
        }
        return at?.height === height ? at.hash : this.#committed[height];
      },
      verify: (_suite, key, message, signature) => this.#verify(key, message, signature),
    };
  }

  #execute(block: Block): Executed | undefined {
    const { header } = block;
    const parent = this.#states.get(keyOf(header.parentHash));
    if (parent === undefined) return undefined;
    const hash = blockHashOf(header);
    const known = this.#memo?.get(keyOf(hash));
    if (known !== undefined) return known;
    const result = this.#run(parent, block, hash);
    this.#memo?.set(keyOf(hash), result);
    return result;
  }

  #run(parent: CheapState, block: Block, hash: BlockHash): Executed {
    const { header } = block;
    const before = parent.validators;
    const checked = checkHeader(before, { header, parent, appRoot: this.#rootOf(parent) });
    if (!checked.ok) return { ok: false, reason: checked.code };
    const context = this.#context(parent);
    const records = beforeTransactions(before, header, block.systemRecords, context);
    if (!records.ok) return { ok: false, reason: records.code };
    const moved = runTransactions(parent, block);
    if (typeof moved === 'string') return { ok: false, reason: moved };
    const deltas = { bonded: moved.bonded, supply: 0n };
    const end = afterTransactions(before, records.value.state, header, hash, deltas);
    let unspent = parent.unspent - header.tipTotal;
    for (const { amount } of end.payouts) unspent += amount;
    const state: CheapState = {
      validators: end.state,
      unspent,
      digest: sha512(concatBytes(parent.digest, header.txRoot)),
      height: header.height,
      hash,
      timestampMs: header.timestampMs,
      parentKey: keyOf(header.parentHash),
      transactions: moved.ids,
      root: undefined,
    };
    const next = isBoundary(before, header.height) ? nextTable(before).table : undefined;
    return { ok: true, state, nextTable: next };
  }

  #remember(state: CheapState): void {
    this.#states.set(keyOf(state.hash), state);
    if (this.#states.size <= keptStates) return;
    const oldest = this.#committed.length - 1 - 40;
    for (const [key, old] of this.#states) {
      if (old.height < oldest) this.#states.delete(key);
    }
  }

  verify(block: Block): Verdict {
    const result = this.#execute(block);
    if (result === undefined) return { verdict: 'missing' };
    if (this.broken) return { verdict: 'invalid', reason: 'BROKEN' };
    if (!result.ok) return { verdict: 'invalid', reason: result.reason };
    this.#remember(result.state);
    const { nextTable: table } = result;
    return table === undefined ? { verdict: 'valid' } : { verdict: 'valid', nextTable: table };
  }

  build(
    request: BuildRequest,
    mempool: readonly Uint8Array[],
    pool: readonly SystemRecord[],
  ): Built {
    const parent = this.#states.get(keyOf(request.parent));
    if (parent === undefined) return 'failed';
    const transactions = this.#select(parent, mempool);
    const after = applyMetrics(parent.validators, request.header);
    const chosen = selectSystemRecords(pool, after, this.#context(parent));
    if (transactions.length === 0 && chosen.records.length === 0 && !request.allowEmpty) {
      return 'empty';
    }
    const block = this.#assemble(request, parent, transactions, chosen.encoded);
    const verdict = this.verify(block);
    if (verdict.verdict !== 'valid') return 'failed';
    const base = { block, salt: BigInt(request.reqId) * 77n };
    return verdict.nextTable === undefined ? base : { ...base, nextTable: verdict.nextTable };
  }

  #assemble(
    request: BuildRequest,
    parent: CheapState,
    transactions: readonly Uint8Array[],
    systemRecords: Uint8Array,
  ): Block {
    const { validators } = parent;
    const isLast = isBoundary(validators, request.header.height);
    let tipTotal = 0n;
    for (const bytes of transactions) tipTotal += decodeCheap(bytes)?.tip ?? 0n;
    const header: Header = {
      ...request.header,
      version: validators.upgrades.protocolVersion,
      txRoot: txRootOf(transactions),
      sysRoot: sysRootOf(systemRecords),
      appRoot: this.broken ? sha512(this.#rootOf(parent)) : this.#rootOf(parent),
      nextTableHash: isLast ? nextTable(validators).hash : zeroHash,
      txCount: transactions.length,
      tipTotal,
      totalSupply: validators.totals.totalSupply,
    };
    const { parentCertificate } = request;
    return { header, parentCertificate, systemRecords, transactions };
  }

  /** What can be included on a parent: each transaction once, none that would make the block invalid. */
  #select(parent: CheapState, mempool: readonly Uint8Array[]): readonly Uint8Array[] {
    const seen = new Set<string>();
    let at: CheapState | undefined = parent;
    while (at !== undefined && at.height >= this.#committed.length) {
      for (const id of at.transactions) seen.add(id);
      at = this.#states.get(at.parentKey);
    }
    const { maxBodyBytes, maxTransactions } = activeParameters(parent.validators);
    const chosen: Uint8Array[] = [];
    let size = 0;
    for (const bytes of mempool) {
      const id = cheapId(bytes);
      if (seen.has(id) || size + bytes.length > maxBodyBytes) continue;
      if (
        checkOne(parent, bytes) !== undefined ||
        chosen.length >= Math.min(maxTransactions, 500)
      ) {
        continue;
      }
      seen.add(id);
      size += bytes.length;
      chosen.push(bytes);
    }
    const used = new Map<string, bigint>();
    return chosen.filter((bytes) => takesFromBond(parent, bytes, used));
  }

  commit(hash: BlockHash): void {
    this.#committed.push(hash);
  }

  restart(head: BlockHash): void {
    const state = this.#states.get(keyOf(head));
    if (state === undefined) return;
    this.#committed.length = state.height + 1;
    for (const [key, other] of this.#states) {
      if (other.height > state.height) this.#states.delete(key);
    }
  }

  stateAfter(hash: BlockHash): ValidatorState | undefined {
    return this.#states.get(keyOf(hash))?.validators;
  }
  rootAfter(hash: BlockHash): Uint8Array | undefined {
    const state = this.#states.get(keyOf(hash));
    return state === undefined ? undefined : this.#rootOf(state);
  }
  unspentAfter(hash: BlockHash): bigint | undefined {
    return this.#states.get(keyOf(hash))?.unspent;
  }
}

/** Id of a transaction, without its witness. */
export function cheapId(bytes: Uint8Array): string {
  return toHex(bytes.subarray(0, 53));
}

function checkOne(parent: CheapState, bytes: Uint8Array): string | undefined {
  const transaction = decodeCheap(bytes);
  if (transaction === undefined || transaction.kind === 'invalid') return 'TX_INVALID';
  if (transaction.tip > parent.unspent / 1_000_000n) return 'TX_TIP';
  return (transaction.validFrom ?? 0) > parent.height + 1 ? 'TX_EARLY' : undefined;
}

/** Whether an unbonding leaves the bond at 0 or more, beside those that were chosen before. */
function takesFromBond(parent: CheapState, bytes: Uint8Array, used: Map<string, bigint>): boolean {
  const transaction = decodeCheap(bytes);
  if (transaction?.kind !== 'unbond' || transaction.id === undefined) return true;
  const key = keyOf(transaction.id);
  const total = (used.get(key) ?? 0n) + (transaction.amount ?? 0n);
  if (total > bondedOf(parent.validators, transaction.id)) return false;
  used.set(key, total);
  return true;
}

interface Moved {
  readonly bonded: { readonly id: ValidatorId; readonly delta: bigint }[];
  readonly ids: string[];
}

/** X4 of the cheap application: the sums that its transactions move, or the rule that one breaks. */
function runTransactions(parent: CheapState, block: Block): Moved | string {
  const { header, transactions } = block;
  const { maxBodyBytes, maxTransactions } = activeParameters(parent.validators);
  const bonded: { id: ValidatorId; delta: bigint }[] = [];
  const ids: string[] = [];
  const used = new Map<string, bigint>();
  let tips = 0n;
  let size = 0;
  for (const bytes of transactions) {
    size += bytes.length;
    const problem = checkOne(parent, bytes);
    if (problem !== undefined) return problem;
    if (!takesFromBond(parent, bytes, used)) return 'TX_BOND';
    const transaction = decodeCheap(bytes);
    if (transaction === undefined) return 'TX_INVALID';
    tips += transaction.tip;
    ids.push(cheapId(bytes));
    const { id, amount = 0n } = transaction;
    if (id === undefined || transaction.kind === 'pay') continue;
    bonded.push({ id, delta: transaction.kind === 'bond' ? amount : -amount });
  }
  if (size > maxBodyBytes || transactions.length > maxTransactions) return 'BODY_SIZE';
  if (header.txCount !== transactions.length) return 'TX_COUNT';
  return tips === header.tipTotal ? { bonded, ids } : 'TIP_TOTAL';
}
