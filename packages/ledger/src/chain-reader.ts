import type { Block, BlockHash, Header, TxId } from '@mxd/protocol';
import type { EpochProof } from '@mxd/protocol/messages';
import type { Outpoint, Owner } from '@mxd/protocol/transaction';
import type { KeyValueStore } from '@mxd/storage';

import { buckets, type StoredBody } from './buckets.ts';
import type { IndexSet } from './commit-batch.ts';
import { LedgerError } from './errors.ts';
import { limits } from './limits.ts';
import { outpointKeyOf, outpointOf, ownerText } from './outputs.ts';
import type {
  ChainPoint,
  FinalTransaction,
  HistoryEntry,
  OwnedOutput,
  TransactionLocation,
  UnspentOutput,
} from './types.ts';

export interface ChainReaderOptions {
  readonly store: KeyValueStore;
  /** Indexes that are complete; others are refused. */
  readonly complete: () => IndexSet;
  readonly firstBody: () => number;
  readonly historyFrom: number;
  /** Height of the last block of an epoch. */
  readonly epochEnd: (epoch: number) => number;
}

/** Where a page of history or outputs ended: pass it to get the next one. */
export interface Page<Item, Cursor> {
  readonly items: readonly Item[];
  readonly next: Cursor | undefined;
}

/** Reads of the final chain. Each call sees one state; two calls may see two. */
export class ChainReader {
  readonly #options: ChainReaderOptions;
  readonly #store: KeyValueStore;

  constructor(options: ChainReaderOptions) {
    this.#options = options;
    this.#store = options.store;
  }

  /** Lowest height whose body is kept. */
  get firstBody(): number {
    return this.#options.firstBody();
  }

  /** First height that transactions and history are indexed from: above 0 after a snapshot. */
  get historyFrom(): number {
    return this.#options.historyFrom;
  }

  /** The final block at a height: hash and header. */
  async header(height: number): Promise<ChainPoint | undefined> {
    const stored = await buckets.headers.on(this.#store).get(height);
    return stored === undefined ? undefined : { height, ...stored };
  }

  /** Headers from a height upwards. */
  async headers(from: number, limit: number): Promise<readonly ChainPoint[]> {
    const out: ChainPoint[] = [];
    const scan = buckets.headers.on(this.#store).range({ gte: from, limit });
    for await (const [height, stored] of scan) out.push({ height, ...stored });
    return out;
  }

  /** The height of a final block. */
  heightOf(hash: BlockHash): Promise<number | undefined> {
    return buckets.heights.on(this.#store).get(hash);
  }

  /** The final block at a height, or undefined if it is above the head or its body was pruned. */
  async block(height: number): Promise<Block | undefined> {
    const [stored, body] = await Promise.all([
      buckets.headers.on(this.#store).get(height),
      buckets.bodies.on(this.#store).get(height),
    ]);
    return stored === undefined || body === undefined ? undefined : blockOf(stored.header, body);
  }

  async blockByHash(hash: BlockHash): Promise<Block | undefined> {
    const height = await this.heightOf(hash);
    return height === undefined ? undefined : this.block(height);
  }

  /**
   * The encoded finalization of the block at a height. Blocks that became final through a
   * descendant have none of their own: their child's `parentCertificate` certifies them.
   */
  finalization(height: number): Promise<Uint8Array | undefined> {
    return buckets.certificates.on(this.#store).get(height);
  }

  /**
   * The proof that epoch `epoch` has ended and which table follows; undefined while it runs, or if
   * a snapshot left its end out.
   */
  async epochProof(epoch: number): Promise<EpochProof | undefined> {
    const table = await buckets.tables.on(this.#store).get(epoch + 1);
    const height = this.#options.epochEnd(epoch);
    if (epoch < 1 || table === undefined) return undefined;
    const [point, finalization] = await Promise.all([
      this.header(height),
      this.finalization(height),
    ]);
    if (point === undefined || finalization === undefined) return undefined;
    return { epoch, header: point.header, finalization, nextTable: table };
  }

  /** An unspent output of the final state. */
  output(outpoint: Outpoint): Promise<UnspentOutput | undefined> {
    return buckets.outputs.on(this.#store).get(outpointKeyOf(outpoint));
  }

  /** Where a final transaction is. @throws LedgerError LEDGER_INDEX_OFF. */
  async location(txid: TxId): Promise<TransactionLocation | undefined> {
    this.#need('transactions');
    return buckets.transactions.on(this.#store).get(txid);
  }

  /** A final transaction, payout or allocation. @throws LedgerError LEDGER_INDEX_OFF. */
  async transaction(txid: TxId): Promise<FinalTransaction | undefined> {
    const location = await this.location(txid);
    if (location === undefined) return undefined;
    const { height, position } = location;
    const stored = await buckets.headers.on(this.#store).get(height);
    if (stored === undefined) return undefined;
    const base = { txid, height, position, blockHash: stored.hash, bytes: undefined, spent: [] };
    if (height === 0) return { ...base, origin: 'genesis' };
    if (position >= stored.header.txCount) return { ...base, origin: 'payout' };
    const [body, effects] = await Promise.all([
      buckets.bodies.on(this.#store).get(height),
      buckets.effects.on(this.#store).get(height),
    ]);
    const bytes = body?.transactions[position];
    if (body === undefined || bytes === undefined) return { ...base, origin: 'transaction' };
    let first = 0;
    for (let i = 0; i < position; i++) first += inputCount(body.transactions[i]);
    const spent = effects?.spent.slice(first, first + inputCount(bytes)) ?? [];
    return { ...base, origin: 'transaction', bytes: bytes.slice(), spent };
  }

  /** An owner's history, newest first. @throws LedgerError LEDGER_INDEX_OFF. */
  async history(
    owner: Owner,
    options: { readonly before?: TransactionLocation; readonly limit?: number } = {},
  ): Promise<Page<HistoryEntry, TransactionLocation>> {
    this.#need('history');
    const text = ownerText(owner);
    const limit = Math.min(options.limit ?? 100, limits.historyPage.value);
    const { before } = options;
    // Heights and positions descend in the key, so what is older comes after.
    const scan = buckets.history.on(this.#store).range({
      ...(before === undefined
        ? { gte: [text, Number.MAX_SAFE_INTEGER, 0xffff_ffff] as const }
        : { gt: [text, before.height, before.position] as const }),
      lte: [text, 0, 0] as const,
      limit: limit + 1,
    });
    const items: HistoryEntry[] = [];
    for await (const [[, height, position], value] of scan) {
      items.push({ height, position, ...value });
    }
    const last = items.length > limit ? items[limit - 1] : undefined;
    const next = last === undefined ? undefined : { height: last.height, position: last.position };
    return { items: items.slice(0, limit), next };
  }

  /** An owner's unspent outputs, by outpoint. @throws LedgerError LEDGER_INDEX_OFF. */
  async unspent(
    owner: Owner,
    options: { readonly after?: Outpoint; readonly limit?: number } = {},
  ): Promise<Page<OwnedOutput, Outpoint>> {
    this.#need('owners');
    const text = ownerText(owner);
    const limit = Math.min(options.limit ?? 1_000, limits.ownedPage.value);
    const { after } = options;
    const last = '\xff'.repeat(68);
    const low = after === undefined ? '\0'.repeat(68) : outpointKeyOf(after);
    const bound = [text, low] as const;
    // A snapshot, so that index and outputs are of one state.
    await using snapshot = this.#store.snapshot();
    const scan = buckets.owned.on(snapshot).range({
      ...(after === undefined ? { gte: bound } : { gt: bound }),
      lte: [text, last],
      limit: limit + 1,
    });
    const keys: string[] = [];
    for await (const [[, key]] of scan) keys.push(key);
    const page = keys.slice(0, limit);
    const outputs = await buckets.outputs.on(snapshot).getMany(page);
    const items = page.map((key, i): OwnedOutput => {
      const output = outputs[i];
      if (output !== undefined) return { outpoint: outpointOf(key), ...output };
      throw new LedgerError('LEDGER_CORRUPT', 'the index of owners names a spent output');
    });
    const more = keys.length > limit ? page.at(-1) : undefined;
    return { items, next: more === undefined ? undefined : outpointOf(more) };
  }

  /**
   * Sums of an owner's unspent outputs, by lock. Walks all of them.
   * @throws LedgerError LEDGER_INDEX_OFF.
   */
  async balance(owner: Owner): Promise<{
    readonly plain: bigint;
    readonly bonded: bigint;
    readonly unbonding: bigint;
    readonly outputs: number;
  }> {
    const sums = { plain: 0n, bonded: 0n, unbonding: 0n, outputs: 0 };
    let after: Outpoint | undefined;
    do {
      const page = await this.unspent(owner, {
        limit: limits.ownedPage.value,
        ...(after === undefined ? {} : { after }),
      });
      for (const { lock, amount } of page.items) sums[lock.kind] += amount;
      sums.outputs += page.items.length;
      after = page.next;
    } while (after !== undefined);
    return sums;
  }

  #need(index: keyof IndexSet): void {
    if (this.#options.complete()[index]) return;
    throw new LedgerError('LEDGER_INDEX_OFF', `the index "${index}" is off or not rebuilt yet`);
  }
}

function blockOf(header: Header, body: StoredBody): Block {
  return { header, ...body };
}

/** The number of inputs, read where it stands: after version, chainId, kind and the two heights. */
function inputCount(bytes: Uint8Array | undefined): number {
  return bytes === undefined ? 0 : ((bytes[15] ?? 0) << 8) | (bytes[16] ?? 0);
}
