import { appendFile, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { bytesU32, list, struct, u32, type Codec } from '@mxd/codec';
import { certificateCodec } from '@mxd/protocol';

interface Justification {
  readonly view: number;
  readonly certificates: readonly Uint8Array[];
}

/** view u32, then the certificates: what a line of the file holds. */
export const justificationCodec: Codec<Justification> = struct({
  view: u32,
  certificates: list(bytesU32(certificateCodec.maxBytes), { count: 'u16', max: 4_096 }),
});

/**
 * Certificates that justified own votes over skipped views, one file per epoch: so that this node can
 * answer for them while evidence of the epoch counts (docs/protocol/rsc.md, "Weak accountability").
 */
export class Justifications {
  readonly #directory: string;
  readonly #onFailure: (error: unknown) => void;
  #tail: Promise<void> = Promise.resolve();
  /** Records that could not be written. */
  failed = 0;

  constructor(directory: string, onFailure: (error: unknown) => void) {
    this.#directory = directory;
    this.#onFailure = onFailure;
  }

  /** Appends; writes follow each other, and a failure is told, not thrown: nobody waits for it. */
  keep(epoch: number, view: number, certificates: readonly Uint8Array[]): void {
    this.#queue(async () => {
      await mkdir(this.#directory, { recursive: true, mode: 0o700 });
      const record = justificationCodec.encode({ view, certificates });
      await appendFile(join(this.#directory, `${epoch}.bin`), record, { mode: 0o600 });
    });
  }

  /** Removes the files of epochs before `oldest`. */
  prune(oldest: number): void {
    this.#queue(async () => {
      const names = await readdir(this.#directory).catch(() => []);
      for (const name of names) {
        const epoch = Number(/^(\d+)\.bin$/.exec(name)?.[1] ?? oldest);
        if (epoch < oldest) await rm(join(this.#directory, name), { force: true });
      }
    });
  }

  #queue(work: () => Promise<void>): void {
    this.#tail = this.#tail.then(work).catch((error: unknown) => {
      this.failed++;
      this.#onFailure(error);
    });
  }

  /** Waits for what was queued. */
  settled(): Promise<void> {
    return this.#tail;
  }
}
