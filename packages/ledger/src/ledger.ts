import { equalBytes } from '@mxd/codec';
import { verifySignature } from '@mxd/crypto/suites';
import type { Block, BlockHash, SystemRecord, TxId } from '@mxd/protocol';
import { blockHashOf } from '@mxd/protocol/block';
import { certificateCodec } from '@mxd/protocol/certificate';
import { systemRecordListCodec } from '@mxd/protocol/system-records';
import { voteKind } from '@mxd/protocol/vote';
import type { KeyValueStore, Snapshot } from '@mxd/storage';

import type { ExecutionEnvironment } from './block-run.ts';
import { rejection } from './block-parts.ts';
import { blockStateOf } from './block-state.ts';
import { buckets } from './buckets.ts';
import { buildBlock, type Built } from './building.ts';
import { CandidateTree } from './candidates.ts';
import type { Candidate, ChainState } from './chain-state.ts';
import { openChain, type OpenedChain } from './chain-store.ts';
import { commitOperations, type IndexSet } from './commit-batch.ts';
import { LedgerError } from './errors.ts';
import { executeBlock, recordContext } from './execution.ts';
import { KnownNames } from './known-names.ts';
import { limits } from './limits.ts';
import { pruneBodies, rebuildIndexes, type RebuildProgress } from './maintenance/rebuild.ts';
import { OutputBase } from './output-base.ts';
import { binaryText, type OutpointKey } from './outputs.ts';
import { ChainReader } from './chain-reader.ts';
import { checkKnownVersion } from './validators/index.ts';
import type {
  BlockAcceptance,
  BlockRejection,
  BlockState,
  BuildRequest,
  BuildResult,
  ChainIdentity,
  ChainPoint,
  CommittedBlock,
  ExecutionResult,
  LedgerCounters,
  LedgerOptions,
  Pace,
  UnspentOutput,
} from './types.ts';
import { checkSystemRecord, type ValidatorResult } from './validators/index.ts';
import { VerifiedCache } from './verified-cache.ts';

const noPace: Pace = { due: () => false, pause: () => Promise.resolve() };

/** A state and a view of the store that stays as it was; the view is to be closed. */
export interface FrozenChain {
  readonly snapshot: Snapshot;
  readonly state: ChainState;
}

type CommitListener = (height: number, freeze: () => FrozenChain) => void;

/** How many hashes below the head are kept in memory for JOIN records (2.11). */
const recentBlocks = 128;

/**
 * A chain in a store: its final state on disk, executed candidates above it in memory.
 *
 * `executeBlock` judges blocks, `buildBlock` makes them, `commit` makes one final: in one atomic,
 * synced batch. All of them may be called at any time and run side by side; commits follow each
 * other. After a failed write nothing more is accepted (LEDGER_STOPPED): reopen the store.
 */
export class Ledger {
  readonly chain: ChainIdentity;
  /** Reads of the final chain: headers, blocks, transactions, outputs, history. */
  readonly reader: ChainReader;
  readonly #store: KeyValueStore;
  readonly #env: ExecutionEnvironment;
  readonly #base: OutputBase;
  readonly #verified = new VerifiedCache(limits.verifiedTransactions.value);
  readonly #tree = new CandidateTree(limits.candidates.value, limits.candidateBytes.value);
  readonly #running = new Map<string, Promise<ExecutionResult>>();
  readonly #indexes: IndexSet;
  #complete: IndexSet;
  readonly #keepBodies: number;
  readonly #recent = new Map<number, BlockHash>();
  readonly #rejections: Record<string, number> = {};
  readonly #counts = { executed: 0, rejected: 0, built: 0, committed: 0, transactions: 0 };
  readonly #signatures = { signaturesChecked: 0 };
  #head: ChainState;
  #firstBody: number;
  #tail: Promise<unknown> = Promise.resolve();
  #stopped: unknown;
  #onCommitted: CommitListener | undefined;

  private constructor(options: LedgerOptions, opened: OpenedChain, indexes: IndexSet) {
    const { store, pace = noPace } = options;
    const { identity } = opened;
    this.chain = identity;
    this.#store = store;
    this.#head = opened.head;
    this.#firstBody = opened.firstBody;
    this.#indexes = indexes;
    this.#complete = opened.complete;
    this.#keepBodies = options.keepBodies ?? Number.POSITIVE_INFINITY;
    this.#base = new OutputBase(store, options.outputCacheBytes ?? limits.outputCacheBytes.value);
    const consensus = options.verifyConsensusSignature;
    this.#env = {
      chainTag: identity.chainTag,
      networkId: identity.networkId,
      base: this.#base,
      verified: this.#verified,
      names: new KnownNames(),
      verifySignatures: options.verifySignatures,
      verifySuite: (suite, key, message, signature) =>
        suite === 1 && consensus !== undefined
          ? consensus(key, message, signature)
          : verifySignature(suite, key, message, signature),
      pace,
      lockedOutputs: (id) => this.#lockedOutputs(id),
      ancestorHash: (state, height) => this.#ancestorHash(state, height),
      counters: this.#signatures,
    };
    this.reader = new ChainReader({
      store,
      complete: () => this.#complete,
      firstBody: () => this.#firstBody,
      historyFrom: opened.historyFrom,
      epochEnd: (epoch) => epoch * options.genesis.parameters.epochLength,
    });
  }

  /**
   * Opens the chain of a genesis document, writing genesis into an empty store.
   * @throws LedgerError LEDGER_NETWORK, LEDGER_FORMAT, LEDGER_CORRUPT, SNAPSHOT_INCOMPLETE;
   *   StorageError.
   */
  static async open(options: LedgerOptions): Promise<Ledger> {
    const { transactions = true, history = true, owners = true } = options.indexes ?? {};
    const indexes = { transactions, history, owners };
    const opened = await openChain(options.store, options.genesis, indexes, options.pace ?? noPace);
    const ledger = new Ledger(options, opened, indexes);
    await ledger.#loadRecent();
    return ledger;
  }

  /** The newest final block. */
  get head(): ChainPoint {
    const { hash, header } = this.#head;
    return { hash, height: header.height, header };
  }

  /** The state after a block that is final or an executed candidate; else undefined. */
  state(hash: BlockHash): BlockState | undefined {
    const state = this.#stateOf(binaryText(hash));
    return state === undefined ? undefined : blockStateOf(state, state === this.#head);
  }

  /** Whether a block has been executed and found valid (or is the head). */
  isExecuted(hash: BlockHash): boolean {
    return this.#stateOf(binaryText(hash)) !== undefined;
  }

  /** A candidate's block, for peers that ask for it before it is final. */
  candidate(hash: BlockHash): Block | undefined {
    return this.#tree.get(binaryText(hash))?.block;
  }

  /** The environment in which transactions and blocks of this chain are judged. */
  get environment(): ExecutionEnvironment {
    return this.#env;
  }

  /** Indexes that can be asked. */
  get completeIndexes(): IndexSet {
    return this.#complete;
  }

  get counters(): LedgerCounters {
    const counts = this.#counts;
    return {
      blocksExecuted: counts.executed,
      blocksRejected: counts.rejected,
      blocksBuilt: counts.built,
      blocksCommitted: counts.committed,
      transactionsCommitted: counts.transactions,
      signaturesChecked: this.#signatures.signaturesChecked,
      signatureCacheHits: this.#verified.hits,
      candidates: this.#tree.size,
      candidatesDropped: this.#tree.dropped,
      outputCacheBytes: this.#base.cachedBytes,
      outputCacheHits: this.#base.hits,
      outputCacheMisses: this.#base.misses,
      rejections: { ...this.#rejections },
    };
  }

  /** Final unspent outputs by key (see `outpointKeyOf`): those that exist. */
  outputs(keys: Iterable<OutpointKey>): Promise<Map<OutpointKey, UnspentOutput>> {
    return this.#base.load(keys, this.#env.pace);
  }

  /**
   * Judges a block on its parent's state and, if it is valid, keeps it as a candidate. Idempotent;
   * a block under execution is not executed twice.
   */
  async executeBlock(block: Block): Promise<ExecutionResult> {
    const hash = blockHashOf(block.header);
    const key = binaryText(hash);
    for (;;) {
      const running = this.#running.get(key);
      if (running === undefined) return this.#track(key, this.#execute(block, hash, key));
      const result = await running;
      // A copy with other parts does not speak for this one.
      if (result.ok || result.verdict !== 'mismatch') return result;
    }
  }

  /** Whether a record would be valid as the first one of the block after the head. */
  async checkSystemRecord(record: SystemRecord): Promise<ValidatorResult<undefined>> {
    const head = this.#head;
    const encoded = systemRecordListCodec.encode([record]);
    const context = await recordContext(this.#env, head, encoded);
    return checkSystemRecord(head.validators, record, context);
  }

  /** Builds a block on a state that is final or a candidate, and keeps it as a candidate. */
  async buildBlock(request: BuildRequest): Promise<BuildResult> {
    this.#checkRunning();
    const parentKey = binaryText(request.parent);
    await this.#running.get(parentKey);
    const parent = this.#stateOf(parentKey);
    if (parent === undefined) return this.#reject(this.#unknownParent(request.parent));
    checkVersion(parent);
    const chain = this.#tree.chain(parentKey);
    const included = new Set(
      chain.flatMap((candidate) => candidate.transactions.map((tx) => tx.txidText)),
    );
    const layers = chain.map((candidate) => candidate.diff);
    const built = await buildBlock(this.#env, parent, layers, included, request);
    if (!built.ok) return this.#reject(built);
    this.#counts.built++;
    const executed = this.#track(binaryText(built.hash), this.#finishBuilt(built));
    const accepted = executed.then((result): BlockAcceptance => {
      if (result.ok) return result;
      throw new LedgerError('LEDGER_INVARIANT', `a block built here is invalid: ${result.reason}`);
    });
    // Whoever awaits `executed` sees the failure; nobody has to.
    accepted.catch(() => undefined);
    const { block, hash, nextTable, refusedRecords } = built;
    const result = { ok: true, block, hash, executed: accepted, refusedRecords } as const;
    return nextTable === undefined ? result : { ...result, nextTable };
  }

  async #finishBuilt(built: Built): Promise<ExecutionResult> {
    return this.#keep(await built.finish());
  }

  #track(key: string, work: Promise<ExecutionResult>): Promise<ExecutionResult> {
    this.#running.set(key, work);
    const forget = (): void => {
      this.#running.delete(key);
    };
    work.then(forget, forget);
    return work;
  }

  async #execute(block: Block, hash: BlockHash, key: string): Promise<ExecutionResult> {
    this.#checkRunning();
    const { parentHash } = block.header;
    const parentKey = binaryText(parentHash);
    await this.#running.get(parentKey);
    const known = this.#acceptedBefore(key);
    if (known !== undefined) return known;
    const parent = this.#stateOf(parentKey);
    if (parent === undefined) return this.#reject(this.#unknownParent(parentHash));
    checkVersion(parent);
    const executed = await executeBlock(
      this.#env,
      parent,
      this.#tree.layers(parentKey),
      block,
      hash,
    );
    if (this.#stateOf(parentKey) === undefined) {
      // The parent was overtaken by finality meanwhile: what was loaded may be of either state.
      return this.#reject(
        rejection('missing', 'BLOCK_STALE', 'it does not extend the final chain'),
      );
    }
    if (!executed.ok) return this.#reject(executed);
    return this.#keep(executed.candidate);
  }

  #keep(candidate: Candidate): ExecutionResult {
    if (this.#stateOf(candidate.parentKey) === undefined) {
      return this.#reject(
        rejection('missing', 'BLOCK_STALE', 'it does not extend the final chain'),
      );
    }
    if (!this.#tree.add(candidate)) {
      return this.#reject(rejection('missing', 'BLOCK_TOO_DEEP', 'no candidate can be dropped'));
    }
    this.#counts.executed++;
    return acceptance(candidate.state, candidate);
  }

  #acceptedBefore(key: string): BlockAcceptance | undefined {
    const candidate = this.#tree.get(key);
    if (candidate !== undefined) return acceptance(candidate.state, candidate);
    if (key === this.#head.key) return acceptance(this.#head, undefined);
    return undefined;
  }

  #reject(rejected: BlockRejection): BlockRejection {
    this.#counts.rejected++;
    this.#rejections[rejected.code] = (this.#rejections[rejected.code] ?? 0) + 1;
    return rejected;
  }

  #unknownParent(hash: BlockHash): BlockRejection {
    const height = buckets.heights.on(this.#store).getSync(hash);
    return height === undefined
      ? rejection('missing', 'BLOCK_PARENT_UNKNOWN', 'the parent has not been executed here')
      : rejection('missing', 'BLOCK_STALE', `the parent is final at height ${height} already`);
  }

  #stateOf(key: string): ChainState | undefined {
    return key === this.#head.key ? this.#head : this.#tree.get(key)?.state;
  }

  /**
   * Makes an executed block final, and its ancestors before it: each in one atomic synced batch.
   * Answers the blocks in order of height; none if the block was final already.
   * @throws LedgerError LEDGER_UNKNOWN_BLOCK, LEDGER_CERTIFICATE, LEDGER_STOPPED; StorageError.
   */
  commit(hash: BlockHash, finalization: Uint8Array): Promise<readonly CommittedBlock[]> {
    const work = this.#tail.then(() => this.#commit(hash, finalization));
    this.#tail = work.catch(() => undefined);
    return work;
  }

  async #commit(hash: BlockHash, finalization: Uint8Array): Promise<readonly CommittedBlock[]> {
    this.#checkRunning();
    checkFinalization(hash, finalization);
    const key = binaryText(hash);
    await this.#running.get(key);
    if (buckets.heights.on(this.#store).getSync(hash) !== undefined) return [];
    const path = this.#tree.chain(key).reverse();
    if (path.length === 0 || path[0]?.parentKey !== this.#head.key) {
      throw new LedgerError('LEDGER_UNKNOWN_BLOCK', 'the block is no executed candidate');
    }
    const committed: CommittedBlock[] = [];
    for (const candidate of path) {
      const certificate = candidate.state.key === key ? finalization : undefined;
      committed.push(await this.#commitOne(candidate, certificate));
    }
    return committed;
  }

  async #commitOne(
    candidate: Candidate,
    finalization: Uint8Array | undefined,
  ): Promise<CommittedBlock> {
    const { height } = candidate.state.header;
    const firstBody = Math.max(this.#firstBody, height - this.#keepBodies + 1);
    const heights: number[] = [];
    for (let old = this.#firstBody; old < firstBody && heights.length < 64; old++) {
      heights.push(old);
    }
    const kept = this.#firstBody + heights.length;
    const operations = await commitOperations(
      {
        candidate,
        parent: this.#head,
        finalization,
        indexes: this.#indexes,
        prune: { heights, firstBody: kept },
      },
      this.#env.pace,
    );
    try {
      await this.#store.batch(operations, { sync: true });
    } catch (error) {
      this.#stopped = error;
      throw error;
    }
    // From here to the end nothing waits: readers see the old head or the new one.
    this.#head = candidate.state;
    this.#firstBody = kept;
    this.#base.follow(candidate.diff);
    this.#tree.rebase(candidate.state.key);
    this.#noteRecent(candidate.state);
    this.#counts.committed++;
    this.#counts.transactions += candidate.transactions.length;
    this.#onCommitted?.(height, () => this.#frozen());
    return committedBlock(candidate);
  }

  #checkRunning(): void {
    if (this.#stopped instanceof LedgerError) throw this.#stopped;
    if (this.#stopped !== undefined) {
      throw new LedgerError(
        'LEDGER_STOPPED',
        'a write failed; restart',
        {},
        { cause: this.#stopped },
      );
    }
  }

  /** Runs maintenance while no commit does. */
  exclusively<T>(work: (store: KeyValueStore) => Promise<T>): Promise<T> {
    const run = this.#tail.then(() => {
      this.#checkRunning();
      return work(this.#store);
    });
    this.#tail = run.catch(() => undefined);
    return run;
  }

  /** A frozen view of the store, and the state of its head: for audits and snapshots. */
  freeze(): Promise<FrozenChain> {
    return this.exclusively(() => Promise.resolve(this.#frozen()));
  }

  #frozen(): FrozenChain {
    return { snapshot: this.#store.snapshot(), state: this.#head };
  }

  /**
   * Sets who is told of every height at the moment when it is the head's, and may freeze just that
   * one. Must not throw: the block is final already.
   */
  whenCommitted(listener: CommitListener): void {
    this.#onCommitted = listener;
  }

  /**
   * Writes the indexes that are switched on but not complete anew. Commits wait meanwhile.
   * @throws LedgerError LEDGER_PRUNED if bodies that the index needs are gone.
   */
  rebuildIndexes(progress?: (done: RebuildProgress) => void): Promise<void> {
    return this.exclusively(async (store) => {
      const wanted = this.#indexes;
      const missing = {
        transactions: wanted.transactions && !this.#complete.transactions,
        history: wanted.history && !this.#complete.history,
        owners: wanted.owners && !this.#complete.owners,
      };
      const { pace } = this.#env;
      const range = { first: this.#firstBody, head: this.#head.header.height };
      await rebuildIndexes({ store, missing, wanted, range, pace, chain: this.chain, progress });
      this.#complete = wanted;
    });
  }

  /** Drops all bodies but the newest `keep`. Headers and certificates stay. */
  prune(keep: number): Promise<number> {
    return this.exclusively(async (store) => {
      const first = Math.max(this.#firstBody, this.#head.header.height - keep + 1);
      const dropped = await pruneBodies(store, this.#firstBody, first, this.#env.pace);
      this.#firstBody = first;
      return dropped;
    });
  }

  /** Waits for running commits. The store stays open: it belongs to the caller. */
  async close(): Promise<void> {
    await this.#tail;
    await Promise.allSettled(this.#running.values());
    this.#stopped ??= new LedgerError('LEDGER_CLOSED', 'the ledger has been closed');
  }

  async #lockedOutputs(validatorId: Uint8Array): Promise<OutpointKey[]> {
    const keys: OutpointKey[] = [];
    const within = [binaryText(validatorId)] as const;
    for await (const [[, key]] of buckets.locked.on(this.#store).range({ within })) keys.push(key);
    return keys;
  }

  #ancestorHash(state: ChainState, height: number): BlockHash | undefined {
    if (height === state.header.height) return state.hash;
    for (const candidate of this.#tree.chain(state.key)) {
      if (candidate.state.header.height === height) return candidate.state.hash;
    }
    return height > state.header.height ? undefined : this.#recent.get(height);
  }

  #noteRecent(state: ChainState): void {
    this.#recent.set(state.header.height, state.hash);
    this.#recent.delete(state.header.height - recentBlocks - limits.candidates.value);
  }

  async #loadRecent(): Promise<void> {
    const top = this.#head.header.height;
    const gte = Math.max(0, top - recentBlocks - limits.candidates.value + 1);
    for await (const [height, { hash }] of buckets.headers.on(this.#store).range({ gte })) {
      this.#recent.set(height, hash.slice());
    }
  }
}

function acceptance(state: ChainState, candidate: Candidate | undefined): BlockAcceptance {
  const { hash, header, root, validators } = state;
  const base = {
    ok: true,
    hash,
    height: header.height,
    postRoot: root,
    totalSupply: validators.totals.totalSupply,
  } as const;
  const nextTable = candidate?.nextTable;
  return nextTable === undefined ? base : { ...base, nextTable };
}

/** Rule U4: what this software does not know it neither verifies nor signs. */
function checkVersion(parent: ChainState): void {
  const known = checkKnownVersion(parent.validators);
  if (!known.ok) throw new LedgerError('LEDGER_UPGRADE_UNKNOWN', known.reason);
}

function checkFinalization(hash: BlockHash, finalization: Uint8Array): void {
  const decoded = certificateCodec.tryDecode(finalization);
  const fits =
    decoded.ok &&
    decoded.value.kind === voteKind.finalize &&
    equalBytes(decoded.value.blockHash, hash);
  if (!fits) throw new LedgerError('LEDGER_CERTIFICATE', 'no finalization of this block');
}

function committedBlock(candidate: Candidate): CommittedBlock {
  const { state, block, diff, transactions, nextTable } = candidate;
  const base = {
    hash: state.hash,
    height: state.header.height,
    block,
    txids: transactions.map((tx): TxId => tx.txid),
    spent: [...diff.spent.keys(), ...diff.transient.keys()],
    createdKeys: [...diff.created.keys()],
  };
  return nextTable === undefined ? base : { ...base, nextTable };
}
