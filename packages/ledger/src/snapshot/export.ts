import type { Header } from '@mxd/protocol';
import { u32 } from '@mxd/codec';
import type { Entry, Snapshot } from '@mxd/storage';

import { buckets } from '../buckets.ts';
import type { ChainState } from '../chain-state.ts';
import { LedgerError } from '../errors.ts';
import type { FrozenChain, Ledger } from '../ledger.ts';
import { limits } from '../limits.ts';
import type { Pace } from '../types.ts';
import { epochOf, exportSections } from '../validators/index.ts';
import { chunkHash, type SnapshotContent, type SnapshotManifest } from './manifest.ts';

const pageEntries = 2_048;
/** Headers below the state's that a snapshot carries: what JOIN records may refer to. */
const recentHeaders = 128;

export interface SnapshotChunk {
  readonly index: number;
  readonly bytes: Uint8Array;
}

/** The encoding of a chunk (`chunkCodec`) from stored keys and values. */
function chunkOf(entries: readonly Entry[]): Uint8Array {
  const count = u32.encode(entries.length);
  const length = entries.reduce((sum, [key, value]) => sum + key.length + value.length, 0);
  const bytes = new Uint8Array(count.length + length);
  bytes.set(count);
  let offset = count.length;
  for (const [key, value] of entries) {
    bytes.set(key, offset);
    bytes.set(value, offset + key.length);
    offset += key.length + value.length;
  }
  return bytes;
}

/**
 * The state of the head at one moment, to be written out while the chain goes on. Holds a snapshot
 * of the store until it is closed.
 */
export class StateExport implements AsyncDisposable {
  readonly height: number;
  readonly #ledger: Ledger;
  readonly #snapshot: Snapshot;
  readonly #state: ChainState;
  readonly #pace: Pace | undefined;
  readonly #hashes: Uint8Array[] = [];
  #outputs = 0;
  #isComplete = false;

  private constructor(ledger: Ledger, snapshot: Snapshot, state: ChainState, pace?: Pace) {
    this.#ledger = ledger;
    this.#snapshot = snapshot;
    this.#state = state;
    this.#pace = pace;
    this.height = state.header.height;
  }

  /** Takes hold of the head's state. */
  static async begin(ledger: Ledger, pace?: Pace): Promise<StateExport> {
    return StateExport.of(ledger, await ledger.freeze(), pace);
  }

  /** The same of a state that was frozen before (`Ledger.whenCommitted`). */
  static of(ledger: Ledger, { snapshot, state }: FrozenChain, pace?: Pace): StateExport {
    return new StateExport(ledger, snapshot, state, pace);
  }

  /** All chunks in order, once: what is stored, copied as it is encoded. */
  async *chunks(): AsyncGenerator<SnapshotChunk, void> {
    let entries: Entry[] = [];
    await using scan = buckets.outputs.on(this.#snapshot).rangeEncoded();
    const most = limits.snapshotChunkOutputs.value;
    for (let page = await scan.page(pageEntries); page.length > 0;) {
      for (const entry of page) {
        entries.push(entry);
        if (entries.length < most) continue;
        yield this.#seal(entries);
        entries = [];
      }
      if (this.#pace?.due() === true) await this.#pace.pause();
      page = await scan.page(pageEntries);
    }
    if (entries.length > 0) yield this.#seal(entries);
    this.#isComplete = true;
  }

  #seal(entries: readonly Entry[]): SnapshotChunk {
    const bytes = chunkOf(entries);
    this.#outputs += entries.length;
    this.#hashes.push(chunkHash(bytes));
    return { index: this.#hashes.length - 1, bytes };
  }

  /**
   * The manifest, once all chunks were taken and a block above the state's is final with a
   * certificate of its own.
   * @throws LedgerError SNAPSHOT_INCOMPLETE until then.
   */
  async manifest(): Promise<SnapshotManifest> {
    if (!this.#isComplete) throw new LedgerError('SNAPSHOT_INCOMPLETE', 'chunks are left to take');
    const { validators, lattice } = this.#state;
    const content: SnapshotContent = {
      chainTag: this.#ledger.chain.chainTag,
      height: this.height,
      sections: [...exportSections(validators)].map(([id, bytes]) => ({ id, bytes })),
      lattice: lattice.bytes(),
      outputs: this.#outputs,
      chunks: this.#hashes,
    };
    const { reader } = this.#ledger;
    const first = Math.max(0, this.height - recentHeaders + 1);
    const headers: Header[] = [];
    for (const { header } of await reader.headers(first, this.height - first + 1)) {
      headers.push(header);
    }
    for (let height = this.height + 1; ; height++) {
      const point = await reader.header(height);
      if (point === undefined || point.header.epoch !== epochOf(validators)) {
        throw new LedgerError('SNAPSHOT_INCOMPLETE', 'no finalization above the state yet');
      }
      headers.push(point.header);
      const finalization = await reader.finalization(height);
      if (finalization !== undefined) return { content, headers, finalization };
    }
  }

  /** Lets the store's snapshot go. */
  close(): Promise<void> {
    return this.#snapshot.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
