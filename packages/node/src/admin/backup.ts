import { join } from 'node:path';

import { buckets, headCodec, metaKey } from '@mxd/ledger/buckets';
import type { KeyValueStore } from '@mxd/storage';
import { createBackup, listBackups, type BackupPoint } from '@mxd/storage/backup';

import { NodeError } from '../errors.ts';

/** Backups of the chain's store, in `backups` of the node's data, one at a time. */
export class ChainBackups {
  readonly #store: KeyValueStore;
  readonly #directory: string;
  #isRunning = false;

  constructor(store: KeyValueStore, dataDir: string) {
    this.#store = store;
    this.#directory = join(dataDir, 'backups');
  }

  /** Takes a backup while the node runs. @throws StorageError; NodeError NODE_STORE if one runs. */
  async create(): Promise<BackupPoint> {
    if (this.#isRunning) throw new NodeError('NODE_STORE', 'a backup is under way');
    this.#isRunning = true;
    try {
      return await createBackup(this.#store, {
        directory: this.#directory,
        describe: (reader) => {
          const head = buckets.meta.on(reader).getSync(metaKey.head);
          return { height: head === undefined ? 0 : headCodec.decode(head).height };
        },
      });
    } finally {
      this.#isRunning = false;
    }
  }

  async list(): Promise<readonly BackupPoint[]> {
    try {
      return await listBackups({ directory: this.#directory });
    } catch (error) {
      if ((error as { readonly code?: string }).code === 'STORAGE_ARCHIVE_MISSING') return [];
      throw error;
    }
  }
}
