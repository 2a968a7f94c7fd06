import type { SnapshotView } from '@mxd/api';
import type { Ledger } from '@mxd/ledger';
import { LedgerError } from '@mxd/ledger';
import { StateExport, type FrozenChain } from '@mxd/ledger/snapshot';
import type { Logger } from '@mxd/logging';

import { NodeError } from '../errors.ts';
import { limits } from '../limits.ts';
import { slicePace } from '../pace.ts';
import type { SnapshotFolder, StoredSnapshot } from './folder.ts';

export interface SnapshotMakerParts {
  readonly ledger: Ledger;
  readonly folder: SnapshotFolder;
  /** Blocks between snapshots; 0 makes them by hand only. */
  readonly interval: number;
  /** False while the chain is being caught up with: its states would be stale at once. */
  readonly isWanted: () => boolean;
  readonly logger: Logger;
}

/**
 * Makes snapshots beside everything else. A state is frozen in the moment in which its block is the
 * head, so that all nodes export the same; it is written out in slices, and completed when a block
 * above it is final, since that block's header commits to it.
 */
export class SnapshotMaker {
  readonly #parts: SnapshotMakerParts;
  #making: Promise<StoredSnapshot> | undefined;
  #committed = Promise.withResolvers<void>();
  #stopped = false;

  constructor(parts: SnapshotMakerParts) {
    this.#parts = parts;
    const { ledger, interval } = parts;
    ledger.whenCommitted((height, freeze) => {
      this.#committed.resolve();
      this.#committed = Promise.withResolvers();
      if (interval > 0 && height % interval === 0 && parts.isWanted()) this.#begin(height, freeze);
    });
  }

  /** What peers can be given, newest first. */
  get list(): readonly SnapshotView[] {
    return this.#parts.folder.stored.map(({ view }) => view);
  }

  #begin(height: number, freeze: () => FrozenChain): void {
    const { logger } = this.#parts;
    if (this.#stopped) return;
    if (this.#making !== undefined) {
      logger.warn('no snapshot: the one before is still being made', { height });
      return;
    }
    try {
      this.#make(freeze()).catch(() => undefined);
    } catch (error) {
      logger.warn('no snapshot: the state cannot be frozen', { height, error });
    }
  }

  /**
   * One of the head's state, now. Resolves when peers can have it.
   * @throws NodeError NODE_SNAPSHOT; StorageError.
   */
  async create(): Promise<{ readonly height: number }> {
    const { ledger, folder } = this.#parts;
    const { height } = ledger.head;
    if (folder.stored.some(({ view }) => view.height === height)) return { height };
    if (this.#making !== undefined) {
      throw new NodeError('NODE_SNAPSHOT', 'a snapshot is being made already');
    }
    const { view } = await this.#make(ledger.freeze());
    return { height: view.height };
  }

  #make(frozen: FrozenChain | Promise<FrozenChain>): Promise<StoredSnapshot> {
    const { logger } = this.#parts;
    const making = this.#write(frozen).finally(() => {
      this.#making = undefined;
    });
    this.#making = making;
    making.then(
      ({ view }) => logger.info('a snapshot was made', { ...view }),
      (error: unknown) => {
        if (!this.#stopped) logger.warn('a snapshot could not be made', { error });
      },
    );
    return making;
  }

  async #write(frozen: FrozenChain | Promise<FrozenChain>): Promise<StoredSnapshot> {
    const { ledger, folder } = this.#parts;
    await using exporting = StateExport.of(ledger, await frozen, slicePace());
    try {
      await folder.begin();
      for await (const { index, bytes } of exporting.chunks()) {
        this.#checkRunning();
        await folder.addChunk(index, bytes);
      }
      return await folder.finish(await this.#manifest(exporting));
    } catch (error) {
      await folder.abandon();
      throw error;
    }
  }

  /** The manifest, as soon as a block above the state is final by its own certificate. */
  async #manifest(exporting: StateExport): ReturnType<StateExport['manifest']> {
    const { ledger } = this.#parts;
    for (;;) {
      this.#checkRunning();
      const next = this.#committed.promise;
      try {
        return await exporting.manifest();
      } catch (error) {
        const isEarly = error instanceof LedgerError && error.code === 'SNAPSHOT_INCOMPLETE';
        if (!isEarly) throw error;
        if (ledger.head.height > exporting.height + limits.snapshotWait.value) {
          throw new NodeError('NODE_SNAPSHOT', 'no block above the state became final in time');
        }
      }
      await next;
    }
  }

  #checkRunning(): void {
    if (this.#stopped) throw new NodeError('NODE_STOPPED', 'the node is stopping');
  }

  /** Gives up what is being made. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#committed.resolve();
    await this.#making?.catch(() => undefined);
  }
}
