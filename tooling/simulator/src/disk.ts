import { type JournalFiles, type SegmentHandle } from '@mxd/consensus/journal';

import { type Random } from './random.ts';

/** What a power loss does to bytes that no sync had covered. */
export type TailFate = 'lost' | 'kept' | 'prefix' | 'sectors' | 'flipped';
const fates: readonly TailFate[] = ['lost', 'kept', 'prefix', 'sectors', 'flipped'];

class SimFile {
  #bytes: Uint8Array = new Uint8Array(1_024);
  length = 0;
  synced = 0;
  /** The directory entry is durable. */
  listed = false;

  write(bytes: Uint8Array, position: number): void {
    const end = position + bytes.length;
    if (end > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(end, 2 * this.#bytes.length));
      larger.set(this.#bytes.subarray(0, this.length));
      this.#bytes = larger;
    }
    this.#bytes.set(bytes, position);
    this.length = Math.max(this.length, end);
    this.synced = Math.min(this.synced, position);
  }

  truncate(length: number): void {
    this.length = Math.min(this.length, length);
    this.synced = Math.min(this.synced, length);
  }

  read(): Uint8Array {
    return this.#bytes.slice(0, this.length);
  }

  /** Loses or mangles what was not synced. */
  crash(random: Random): TailFate | undefined {
    const tail = this.length - this.synced;
    if (tail <= 0) return undefined;
    const fate = random.pick(fates) ?? 'lost';
    const { synced } = this;
    if (fate === 'lost') this.length = synced;
    else if (fate === 'prefix') this.length = synced + random.below(tail);
    else if (fate === 'sectors') {
      for (let at = synced; at < this.length; at += 512) {
        if (random.chance(500_000)) continue;
        this.#bytes.fill(0, at, Math.min(at + 512, this.length));
      }
    } else if (fate === 'flipped') {
      const at = synced + random.below(tail);
      this.#bytes[at] = (this.#bytes[at] as number) ^ (1 << random.below(8));
    }
    this.synced = this.length;
    return fate;
  }

  flip(at: number): void {
    this.#bytes[at] = (this.#bytes[at] as number) ^ 0x10;
  }
}

export type DiskError = 'EIO' | 'ENOSPC';

/** One directory with segments. Writes are seen at once, durable only after a sync. */
export class SimDisk {
  #files = new Map<string, SimFile>();
  /** Removals whose directory sync has not returned, in order. */
  #removed: { readonly name: string; readonly file: SimFile }[] = [];
  /** Calls that a dead process made are never answered. */
  #generation = 0;
  failure: DiskError | undefined;
  readonly #delayUs: () => number;
  readonly #later: (us: number, run: () => void) => void;
  readonly fates: Map<string, number> = new Map();

  constructor(delayUs: () => number, later: (us: number, run: () => void) => void) {
    this.#delayUs = delayUs;
    this.#later = later;
  }

  #wait(done: () => void): Promise<void> {
    const generation = this.#generation;
    return new Promise((resolve, reject) => {
      this.#later(this.#delayUs(), () => {
        if (generation !== this.#generation) return;
        if (this.failure !== undefined) reject(new Error(this.failure));
        else {
          done();
          resolve();
        }
      });
    });
  }

  #handle(file: SimFile): SegmentHandle {
    return {
      write: (bytes, position) => {
        if (this.failure !== undefined) return Promise.reject(new Error(this.failure));
        file.write(bytes, position);
        return Promise.resolve();
      },
      sync: () => {
        const upTo = file.length;
        return this.#wait(() => {
          file.synced = Math.max(file.synced, Math.min(upTo, file.length));
        });
      },
      truncate: (length) => {
        file.truncate(length);
        return Promise.resolve();
      },
      close: () => Promise.resolve(),
    };
  }

  files(): JournalFiles {
    return {
      list: () => Promise.resolve([...this.#files.keys()]),
      read: (name) => Promise.resolve(this.#files.get(name)?.read() ?? new Uint8Array()),
      create: (name) => {
        if (this.#files.has(name)) return Promise.reject(new Error('EEXIST'));
        const file = new SimFile();
        this.#files.set(name, file);
        return Promise.resolve(this.#handle(file));
      },
      openForAppend: (name) => {
        const file = this.#files.get(name);
        return file === undefined
          ? Promise.reject(new Error('ENOENT'))
          : Promise.resolve(this.#handle(file));
      },
      remove: (name) => {
        const file = this.#files.get(name);
        if (file !== undefined) this.#removed.push({ name, file });
        this.#files.delete(name);
        return Promise.resolve();
      },
      syncDirectory: () => {
        const names = [...this.#files.keys()];
        const gone = this.#removed.length;
        return this.#wait(() => {
          for (const name of names) {
            const file = this.#files.get(name);
            if (file !== undefined) file.listed = true;
          }
          this.#removed.splice(0, gone);
        });
      },
    };
  }

  /** A file that exists before the process starts. */
  put(name: string, bytes: Uint8Array): void {
    const file = new SimFile();
    file.write(bytes, 0);
    file.synced = file.length;
    file.listed = true;
    this.#files.set(name, file);
  }

  /** Power loss: of unsynced bytes anything may remain; removals persist in order or not at all. */
  crash(random: Random): void {
    this.#generation++;
    const back = this.#removed.slice(random.below(this.#removed.length + 1));
    this.#removed = [];
    for (const { name, file } of back) this.#files.set(name, file);
    for (const [name, file] of this.#files) {
      if (!file.listed && random.chance(500_000)) {
        this.#files.delete(name);
        this.#count('unlisted');
        continue;
      }
      file.listed = true;
      const fate = file.crash(random);
      if (fate !== undefined) this.#count(fate);
    }
  }

  #count(fate: string): void {
    this.fates.set(fate, (this.fates.get(fate) ?? 0) + 1);
  }

  /** All bytes as of now, for an old copy that comes back later. */
  copy(): ReadonlyMap<string, Uint8Array> {
    return new Map([...this.#files].map(([name, file]) => [name, file.read()]));
  }

  restore(copy: ReadonlyMap<string, Uint8Array>): void {
    this.#files = new Map();
    for (const [name, bytes] of copy) this.put(name, bytes);
  }

  /** Damage before the last sync: one bit of one of the first records of a segment. */
  corrupt(random: Random): boolean {
    const names = [...this.#files.keys()];
    const name = random.pick(names);
    const file = name === undefined ? undefined : this.#files.get(name);
    if (file === undefined || file.length < 200) return false;
    file.flip(100 + random.below(Math.min(60, file.length - 120)));
    return true;
  }

  get sizeBytes(): number {
    let size = 0;
    for (const file of this.#files.values()) size += file.length;
    return size;
  }
}
