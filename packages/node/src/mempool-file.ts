import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import type { Mempool } from '@mxd/ledger';
import type { Logger } from '@mxd/logging';

import type { TransactionAdmission } from './admission.ts';
import { writeDurably } from './durable-file.ts';
import { limits } from './limits.ts';
import { slicePace } from './pace.ts';

const pieceBytes = 262_144;

export interface MempoolFileParts {
  readonly path: string;
  readonly mempool: Mempool;
  readonly admission: Pick<TransactionAdmission, 'restore'>;
  readonly logger: Logger;
}

/**
 * Lets waiting transactions outlive the process: saved now and then and at the end, judged again and
 * relayed at the next start. A file that cannot be read or written costs a warning, never the node.
 */
export class MempoolFile {
  readonly #parts: MempoolFileParts;
  #restoring: Promise<void> | undefined;
  #saving: Promise<void> = Promise.resolve();
  #saved = '';
  #isRestored = false;
  #stopped = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: MempoolFileParts) {
    this.#parts = parts;
  }

  /** Begins to restore, beside everything else, and then to save. */
  start(): void {
    this.#restoring = this.#restore().catch((error: unknown) => {
      this.#parts.logger.warn('the saved mempool cannot be used', { error });
      this.#isRestored = true;
    });
    this.#timer = setInterval(() => void this.save(), limits.mempoolSave.value);
    this.#timer.unref();
  }

  /** Resolves when everything saved before has been judged. */
  async restored(): Promise<void> {
    await this.#restoring;
  }

  async #restore(): Promise<void> {
    const { path, admission, logger } = this.#parts;
    let file;
    try {
      file = await readFile(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      this.#isRestored = true;
      return;
    }
    const { restored, refused, damaged } = await admission.restore(file, () => !this.#stopped);
    if (this.#stopped) return;
    this.#isRestored = true;
    logger.info('the saved mempool was judged again', { restored, refused, damaged });
  }

  /** Writes the pool if it has changed since; calls follow each other. */
  save(): Promise<void> {
    this.#saving = this.#saving.then(() =>
      this.#save().catch((error: unknown) => {
        this.#parts.logger.warn('the mempool cannot be saved', { error });
      }),
    );
    return this.#saving;
  }

  async #save(): Promise<void> {
    await this.#restoring;
    // What has not been restored is in the old file only.
    if (!this.#isRestored) return;
    const { mempool, path } = this.#parts;
    const state = stateOf(mempool);
    if (state === this.#saved) return;
    await writeDurably(path, async (file) => {
      const pace = slicePace();
      const hash = createHash('sha512');
      let pieces: Uint8Array[] = [];
      let size = 0;
      const flush = async (): Promise<void> => {
        const piece = Buffer.concat(pieces);
        hash.update(piece);
        await file.writeFile(piece);
        pieces = [];
        size = 0;
      };
      for (const part of mempool.fileParts()) {
        pieces.push(part);
        size += part.length;
        if (size >= pieceBytes) await flush();
        if (pace.due()) await pace.pause();
      }
      await flush();
      await file.writeFile(hash.digest());
    });
    this.#saved = state;
  }

  /** Saves for the last time. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#stopped = true;
    await this.save();
  }
}

/** Changes whenever the pool does. */
function stateOf({ counters }: Mempool): string {
  const { accepted, replaced, evicted, expired, confirmed, conflicted, transactions } = counters;
  return [accepted, replaced, evicted, expired, confirmed, conflicted, transactions].join();
}
