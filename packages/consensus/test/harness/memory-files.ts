import { type JournalFiles, type SegmentHandle } from '../../src/journal.ts';

interface MemoryFile {
  bytes: Uint8Array;
  /** What a power loss leaves for sure. */
  durable: Uint8Array;
}

/** A directory in memory with synced and unsynced content, and faults on demand. */
export class MemoryFiles implements JournalFiles {
  readonly files = new Map<string, MemoryFile>();
  /** Names that survive a power loss. */
  readonly directory = new Set<string>();
  failWrites = false;
  failSyncs = false;
  syncs = 0;

  #file(name: string): MemoryFile {
    const file = this.files.get(name);
    if (file === undefined) throw Object.assign(new Error(`ENOENT ${name}`), { code: 'ENOENT' });
    return file;
  }

  list(): Promise<readonly string[]> {
    return Promise.resolve([...this.files.keys()]);
  }

  read(name: string): Promise<Uint8Array> {
    return Promise.resolve(this.#file(name).bytes);
  }

  #handle(name: string): SegmentHandle {
    return {
      write: async (bytes, position) => {
        await Promise.resolve();
        if (this.failWrites) throw new Error('ENOSPC');
        const file = this.#file(name);
        const grown = new Uint8Array(Math.max(file.bytes.length, position + bytes.length));
        grown.set(file.bytes);
        grown.set(bytes, position);
        file.bytes = grown;
      },
      sync: async () => {
        await Promise.resolve();
        if (this.failSyncs) throw new Error('EIO');
        this.syncs++;
        this.#file(name).durable = this.#file(name).bytes;
      },
      truncate: async (length) => {
        await Promise.resolve();
        this.#file(name).bytes = this.#file(name).bytes.slice(0, length);
      },
      close: () => Promise.resolve(),
    };
  }

  create(name: string): Promise<SegmentHandle> {
    if (this.files.has(name)) throw new Error(`EEXIST ${name}`);
    this.files.set(name, { bytes: new Uint8Array(0), durable: new Uint8Array(0) });
    return Promise.resolve(this.#handle(name));
  }

  openForAppend(name: string): Promise<SegmentHandle> {
    this.#file(name);
    return Promise.resolve(this.#handle(name));
  }

  remove(name: string): Promise<void> {
    this.files.delete(name);
    return Promise.resolve();
  }

  syncDirectory(): Promise<void> {
    this.directory.clear();
    for (const name of this.files.keys()) this.directory.add(name);
    return Promise.resolve();
  }
}
