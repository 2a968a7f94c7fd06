/** The files of an audit log under its one writer: appended, synced, and never rewritten. */
import { randomBytes } from 'node:crypto';
import { open, rename, unlink, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

import { LoggingError } from '../errors.ts';
import type { AuditFiles } from './scan.ts';

/** Makes a new name durable. Platforms that cannot sync a directory are let pass. */
async function syncDirectory(path: string): Promise<void> {
  try {
    const directory = await open(dirname(path), 'r');
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (!['EISDIR', 'EPERM', 'EINVAL', 'EACCES', 'ENOTSUP'].includes(code)) throw error;
  }
}

/** Bytes `start` to `end` of a file; none when the file is not there. */
export async function readEnd(path: string, start: number, end: number): Promise<Uint8Array> {
  if (start >= end) return new Uint8Array(0);
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(end - start), 0, end - start, start);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** Writes a new private file and syncs it and its name. */
export async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(bytes);
    await file.datasync();
  } finally {
    await file.close();
  }
  await syncDirectory(path);
}

/** A file that only grows. */
class AppendFile {
  readonly #file: FileHandle;
  readonly #path: string;
  #sizeBytes: number;

  private constructor(file: FileHandle, path: string, sizeBytes: number) {
    this.#file = file;
    this.#path = path;
    this.#sizeBytes = sizeBytes;
  }

  /** Opens or creates the file and drops what follows `sizeBytes`. */
  static async open(path: string, sizeBytes: number): Promise<AppendFile> {
    // 'a+' creates without truncating; the position is the end in any case.
    const file = await open(path, 'a+', 0o600);
    try {
      if ((await file.stat()).size > sizeBytes) {
        await file.truncate(sizeBytes);
        await file.datasync();
      }
      return new AppendFile(file, path, sizeBytes);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Appends and syncs. @throws LoggingError AUDIT_CONCURRENT when somebody else wrote. */
  async append(text: string): Promise<void> {
    const found = (await this.#file.stat()).size;
    if (found !== this.#sizeBytes) {
      throw new LoggingError(
        'AUDIT_CONCURRENT',
        `${this.#path} has ${found} bytes where its writer left ${this.#sizeBytes}`,
        { path: this.#path, expected: this.#sizeBytes, actual: found },
      );
    }
    const bytes = Buffer.from(text, 'utf8');
    for (let written = 0; written < bytes.length;) {
      written += (await this.#file.write(bytes, written)).bytesWritten;
    }
    await this.#file.datasync();
    this.#sizeBytes += bytes.length;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

/** Writes records before the checkpoint over them, and that before the head that names it. */
export class AuditStore {
  readonly #files: AuditFiles;
  readonly #records: AppendFile;
  readonly #checkpoints: AppendFile;

  private constructor(files: AuditFiles, records: AppendFile, checkpoints: AppendFile) {
    this.#files = files;
    this.#records = records;
    this.#checkpoints = checkpoints;
  }

  /** Opens the files and cuts them to the given sizes. */
  static async open(
    files: AuditFiles,
    recordBytes: number,
    checkpointBytes: number,
  ): Promise<AuditStore> {
    const records = await AppendFile.open(files.records, recordBytes);
    try {
      const checkpoints = await AppendFile.open(files.checkpoints, checkpointBytes);
      await syncDirectory(files.records);
      return new AuditStore(files, records, checkpoints);
    } catch (error) {
      await records.close();
      throw error;
    }
  }

  appendRecords(lines: readonly string[]): Promise<void> {
    return this.#records.append(lines.map((line) => `${line}\n`).join(''));
  }

  async appendCheckpoint(line: string): Promise<void> {
    await this.#checkpoints.append(`${line}\n`);
    await this.replaceHead(line);
  }

  /** Replaces the head at once: a crash leaves the old one or the new one. */
  async replaceHead(line: string): Promise<void> {
    const temporary = `${this.#files.head}.${randomBytes(8).toString('hex')}.tmp`;
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(`${line}\n`);
      await file.datasync();
    } finally {
      await file.close();
    }
    try {
      await rename(temporary, this.#files.head);
    } catch (error) {
      await unlink(temporary).catch(() => undefined);
      throw error;
    }
    await syncDirectory(this.#files.head);
  }

  async close(): Promise<void> {
    await this.#records.close();
    await this.#checkpoints.close();
  }
}
