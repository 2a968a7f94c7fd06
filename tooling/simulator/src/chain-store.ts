import { type ChainState } from '@mxd/consensus';
import { blockHashOf, type Block, type BlockHash, type Header, type Table } from '@mxd/protocol';
import { keyOf } from '@mxd/protocol/primitives';

export interface StoredBlock {
  readonly block: Block;
  readonly hash: BlockHash;
  readonly finalization: Uint8Array;
  readonly nextTable: Table | undefined;
}

/** The final blocks of a node. What is not durable yet is lost in a crash; the journal has it (J6, J7). */
export class ChainStore {
  readonly blocks: StoredBlock[] = [];
  readonly #index = new Map<string, number>();
  readonly #genesis: Header;
  readonly #firstTable: Table;
  readonly #epochLength: number;
  durableHeight = 0;

  constructor(genesis: Header, firstTable: Table, epochLength: number) {
    this.#genesis = genesis;
    this.#firstTable = firstTable;
    this.#epochLength = epochLength;
  }

  get height(): number {
    return this.blocks.length;
  }

  push(block: StoredBlock): void {
    this.#index.set(keyOf(block.hash), this.blocks.length);
    this.blocks.push(block);
  }

  /** Position of a block; -1 if it is not here. */
  find(hash: BlockHash): number {
    return this.#index.get(keyOf(hash)) ?? -1;
  }

  crash(): void {
    for (const gone of this.blocks.splice(this.durableHeight)) this.#index.delete(keyOf(gone.hash));
  }

  hashAt(height: number): BlockHash {
    return this.blocks[height - 1]?.hash ?? blockHashOf(this.#genesis);
  }

  headerAt(height: number): Header {
    return this.blocks[height - 1]?.block.header ?? this.#genesis;
  }

  tableOf(epoch: number): Table {
    if (epoch === 1) return this.#firstTable;
    const table = this.blocks[(epoch - 1) * this.#epochLength - 1]?.nextTable;
    if (table === undefined) throw new TypeError(`no table of epoch ${epoch}`);
    return table;
  }

  /** Where a core that starts now stands. */
  state(): ChainState {
    const { height } = this;
    const epoch = Math.floor(height / this.#epochLength) + 1;
    const anchorHeight = (epoch - 1) * this.#epochLength;
    const base: ChainState = {
      table: this.tableOf(epoch),
      anchor: {
        header: this.headerAt(anchorHeight),
        certificate: this.blocks[anchorHeight - 1]?.finalization ?? new Uint8Array(0),
      },
      head: {
        header: this.headerAt(height),
        finalization: this.blocks[height - 1]?.finalization ?? new Uint8Array(0),
      },
    };
    if (epoch === 1) return base;
    const anchorHash = this.hashAt(anchorHeight - this.#epochLength);
    return { ...base, previous: { table: this.tableOf(epoch - 1), anchorHash } };
  }
}
