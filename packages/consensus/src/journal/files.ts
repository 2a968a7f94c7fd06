import { writeSync } from 'node:fs';
import { open, readdir, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';

/** An open segment. */
export interface SegmentHandle {
  write(bytes: Uint8Array, position: number): Promise<void>;
  /** fdatasync. */
  sync(): Promise<void>;
  truncate(length: number): Promise<void>;
  close(): Promise<void>;
}

/**
 * The file operations of the journal: one directory of segments. Tests put faulty ones in its
 * place.
 */
export interface JournalFiles {
  list(): Promise<readonly string[]>;
  read(name: string): Promise<Uint8Array>;
  /** Creates a file that must not exist. */
  create(name: string): Promise<SegmentHandle>;
  openForAppend(name: string): Promise<SegmentHandle>;
  remove(name: string): Promise<void>;
  /** fsync of the directory: creations and removals become durable (J2). */
  syncDirectory(): Promise<void>;
}

async function handleOf(path: string, flags: string): Promise<SegmentHandle> {
  const file = await open(path, flags, 0o600);
  return {
    // A few hundred bytes into the page cache: 5 us, where a thread of the pool takes 100 to wake.
    // Waiting for the disk is left to the pool.
    async write(bytes, position) {
      let done = 0;
      while (done < bytes.length) {
        done += writeSync(file.fd, bytes, done, bytes.length - done, position + done);
      }
    },
    sync: () => file.datasync(),
    truncate: (length) => file.truncate(length),
    close: () => file.close(),
  };
}

/** Segments as files of a directory that exists. */
export function directoryFiles(directory: string): JournalFiles {
  return {
    async list() {
      const names = await readdir(directory);
      return names.filter((name) => name.endsWith('.log'));
    },
    read: (name) => readFile(join(directory, name)),
    create: (name) => handleOf(join(directory, name), 'wx'),
    openForAppend: (name) => handleOf(join(directory, name), 'r+'),
    remove: (name) => unlink(join(directory, name)),
    async syncDirectory() {
      // Windows cannot open directories; NTFS journals its metadata.
      if (process.platform === 'win32') return;
      const handle = await open(directory, 'r');
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
    },
  };
}
