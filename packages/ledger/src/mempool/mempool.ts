import type { TxId } from '@mxd/protocol';
import { transactionCodec, type Owner } from '@mxd/protocol/transaction';

import type { AdmissionCode } from '../errors.ts';
import { limits } from '../limits.ts';
import { binaryBytes, binaryText, outputKey, ownerText } from '../outputs.ts';
import type { CommittedBlock } from '../types.ts';
import { Admission, type AdmissionPool } from './admission.ts';
import type { Entry } from './entry.ts';
import { OrphanPool } from './orphans.ts';
import { decodePoolFile, encodePoolFile, poolFileParts } from './pool-file.ts';
import { PoolIndex, type PoolCounts } from './pool-index.ts';
import { defaultRates, TokenBuckets } from './rates.ts';
import { selectEntries } from './selection.ts';
import type {
  AdmissionVerdict,
  MempoolCounters,
  MempoolOptions,
  PooledTransaction,
  SelectionRequest,
  Submission,
} from './types.ts';

/** Submissions judged together when a file is restored. */
const restoreBatch = 256;

/**
 * The transactions that wait for a block: bounded, ordered in two lanes, without conflicts among
 * them. All times come in with the calls; see docs/protocol/ledger.md, "Mempool".
 */
export class Mempool {
  readonly #index = new PoolIndex();
  readonly #orphans: OrphanPool;
  readonly #addresses: TokenBuckets;
  readonly #peers: TokenBuckets;
  readonly #admission: Admission;
  readonly #options: MempoolOptions;
  readonly #freeSharePercent: number;
  readonly #counts: PoolCounts = {
    accepted: 0,
    known: 0,
    replaced: 0,
    evicted: 0,
    expired: 0,
    confirmed: 0,
    conflicted: 0,
  };
  readonly #refused: Record<string, number> = {};
  #height: number;
  /** Grows with every block, so that judgements that began before it are made again. */
  #generation = 0;

  constructor(options: MempoolOptions) {
    this.#options = options;
    this.#height = options.chain.height();
    this.#freeSharePercent = options.freeSharePercent ?? 50;
    this.#orphans = new OrphanPool({
      count: limits.poolOrphans.value,
      bytes: limits.poolOrphanBytes.value,
      perPeer: limits.poolOrphansPerPeer.value,
    });
    const rates = { ...defaultRates, ...options.rates };
    const max = limits.poolBuckets.value;
    this.#addresses = new TokenBuckets({
      burst: rates.addressBurstBytes,
      start: rates.addressStartBytes,
      perSecond: rates.addressBytesPerSecond,
      max,
    });
    this.#peers = new TokenBuckets({
      burst: rates.peerBurstBytes,
      start: rates.peerBurstBytes,
      perSecond: rates.peerBytesPerSecond,
      max,
    });
    const pool: AdmissionPool = {
      index: this.#index,
      orphans: this.#orphans,
      addresses: this.#addresses,
      peers: this.#peers,
      counts: this.#counts,
      generation: () => this.#generation,
      refuse: (code) => this.#noteRefusal(code),
    };
    this.#admission = new Admission(pool, options, rates);
  }

  get size(): number {
    return this.#index.size;
  }

  get bytes(): number {
    return this.#index.bytes;
  }

  get counters(): MempoolCounters {
    const { lanes, floor } = this.#index;
    return {
      transactions: this.#index.size,
      bytes: this.#index.bytes,
      tipBytes: lanes.tip.bytes,
      freeBytes: lanes.free.bytes,
      orphans: this.#orphans.size,
      orphanBytes: this.#orphans.bytes,
      ...this.#counts,
      orphansDropped: this.#orphans.dropped,
      refused: { ...this.#refused },
      floor: { ...floor },
      addressBuckets: this.#addresses.size,
      peerBuckets: this.#peers.size,
    };
  }

  /** Judges submissions, in order; one verdict each. Orphans they complete are judged after them. */
  submit(batch: readonly Submission[], nowMs: number): Promise<readonly AdmissionVerdict[]> {
    return this.#admission.submit(batch, nowMs);
  }

  has(txid: TxId): boolean {
    return this.#index.get(binaryText(txid)) !== undefined;
  }

  get(txid: TxId): PooledTransaction | undefined {
    return this.#index.get(binaryText(txid));
  }

  /** Whether a transaction waits under this wtxid: what relays ask before they fetch it. */
  hasWitness(txid: TxId, wtxid: Uint8Array): boolean {
    return this.#index.get(binaryText(txid))?.wtxidText === binaryText(wtxid);
  }

  /** Waiting transactions that spend from an owner or pay to it. */
  ofOwner(owner: Owner): readonly PooledTransaction[] {
    return this.#index.ofOwner(ownerText(owner));
  }

  /** The waiting transaction that spends an output. */
  spenderOf(txid: TxId, index: number): PooledTransaction | undefined {
    return this.#index.spender(outputKey(binaryText(txid), index));
  }

  /** In order of arrival. */
  *transactions(): Generator<PooledTransaction, void> {
    yield* this.#index.entries();
  }

  /** Best first, about as blocks take them: the tipped ones, then those whose coins rested longest. */
  *bestFirst(): Generator<PooledTransaction, void> {
    const { lanes } = this.#index;
    yield* lanes.tip.best();
    yield* lanes.free.best();
  }

  /** What a block should hold, ancestors first. */
  select(request: SelectionRequest): readonly PooledTransaction[] {
    return selectEntries(this.#index, request, this.#freeSharePercent);
  }

  /**
   * Follows a final block: what it holds leaves, and so does what conflicts with it, what it let
   * expire, and what has waited too long. Orphans that it completes are judged again.
   */
  async blockFinal(block: CommittedBlock, nowMs: number): Promise<void> {
    const before = this.#height;
    this.#height = block.height;
    this.#generation++;
    for (const txid of block.txids) {
      const entry = this.#index.get(binaryText(txid));
      if (entry !== undefined) this.#confirm(entry);
    }
    for (const key of block.spent) {
      const entry = this.#index.spender(key);
      if (entry !== undefined) this.#counts.conflicted += this.#index.removeTree(entry);
    }
    // At the next height these are past their window.
    for (const entry of this.#index.expiringUpTo(before, block.height)) {
      this.#counts.expired += this.#index.removeTree(entry);
    }
    this.#index.lift(before + 1, block.height);
    this.expire(nowMs);
    this.#lowerFloor();
    await this.#admission.judgeOrphans(block, nowMs);
  }

  #confirm(entry: Entry): void {
    const children = [...entry.childEntries];
    this.#index.remove(entry);
    this.#counts.confirmed++;
    if (children.length === 0) return;
    const { body } = transactionCodec.decode(entry.bytes);
    for (const child of children) {
      for (const key of child.inputKeys) {
        if (!key.startsWith(entry.txidText)) continue;
        const index = new DataView(binaryBytes(key.slice(64)).buffer).getUint32(0);
        const amount = body.outputs[index]?.amount ?? 0n;
        child.amountSum += amount;
        child.amountHeightSum += amount * BigInt(this.#height);
      }
      this.#index.rerank(child, this.#height);
    }
  }

  /** Drops what has waited longer than the limit; called with every block too. */
  expire(nowMs: number): void {
    const oldest = nowMs - (this.#options.expiryMs ?? limits.poolExpiryMs.value);
    for (const entry of this.#index.entries()) {
      if (entry.arrivedMs >= oldest) break;
      this.#counts.expired += this.#index.removeTree(entry);
    }
  }

  /** The floor that eviction raised falls step by step once there is room again. */
  #lowerFloor(): void {
    const { floor } = this.#index;
    if (this.#admission.isAboveHighWater()) return;
    for (const lane of ['tip', 'free'] as const) {
      floor[lane] = Math.max(0, floor[lane] - Math.ceil(floor[lane] / 8));
    }
  }

  #noteRefusal(code: AdmissionCode): void {
    this.#refused[code] = (this.#refused[code] ?? 0) + 1;
  }

  /** Removes a transaction and what builds on it, as an operator may ask; false if it is not here. */
  drop(txid: TxId): boolean {
    const entry = this.#index.get(binaryText(txid));
    if (entry === undefined) return false;
    this.#index.removeTree(entry);
    return true;
  }

  /** The pool as a file's content: write it beside and rename. */
  encode(): Uint8Array {
    return encodePoolFile(this.#options.chain.chainTag, [...this.#index.entries()]);
  }

  /**
   * The same content piece by piece, for a pool too large to encode in one go: to be ended by the
   * SHA-512 of all pieces. What happens to the pool meanwhile does not show.
   */
  fileParts(): Generator<Uint8Array, void> {
    return poolFileParts(this.#options.chain.chainTag, [...this.#index.entries()]);
  }

  /**
   * Judges the content of a file again, as this node's own submissions, in batches. `judged` is told
   * of each batch and ends the work by answering false.
   */
  async restore(
    file: Uint8Array,
    nowMs: number,
    judged?: (batch: readonly Submission[], verdicts: readonly AdmissionVerdict[]) => boolean,
  ): Promise<{ readonly restored: number; readonly refused: number; readonly damaged: boolean }> {
    const { transactions, damaged } = decodePoolFile(this.#options.chain.chainTag, file);
    if (damaged) this.#noteRefusal('POOL_FILE');
    let restored = 0;
    let refused = 0;
    for (let start = 0; start < transactions.length; start += restoreBatch) {
      const batch = transactions.slice(start, start + restoreBatch);
      const verdicts = await this.#admission.submit(batch, nowMs);
      for (const verdict of verdicts) {
        if (verdict.status === 'accepted' || verdict.status === 'known') restored++;
        else refused++;
      }
      if (judged?.(batch, verdicts) === false) break;
    }
    return { restored, refused, damaged };
  }
}
