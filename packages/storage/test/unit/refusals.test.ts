import { describe, expect, test } from 'vitest';
import { parseChunk, readChunks } from '../../src/backup/chunks.ts';
import { StorageError, openMemoryStore, type Operation } from '../../src/index.ts';
import { toStorageError } from '../../src/level/level-errors.ts';
import { limits } from '../../src/limits.ts';
import { checkBatch } from '../../src/operations.ts';

const code = (expected: string): unknown => expect.objectContaining({ code: expected });

describe('what LevelDB and the system report gets a code', () => {
  const error = (message: string, level?: string): Error =>
    Object.assign(new Error(message), level === undefined ? {} : { code: level });
  const cases: readonly (readonly [unknown, string])[] = [
    [error('IO error: lock /x/LOCK: already held by process', 'LEVEL_LOCKED'), 'STORAGE_LOCKED'],
    [error('IO error: /x/1.log: No space left on device', 'LEVEL_IO_ERROR'), 'STORAGE_DISK_FULL'],
    [error('IO error: /x/1.log: Disk quota exceeded', 'LEVEL_IO_ERROR'), 'STORAGE_DISK_FULL'],
    [error('IO error: /x/1.log: File too large', 'LEVEL_IO_ERROR'), 'STORAGE_DISK_FULL'],
    [error('IO error: /x/1.log: Input/output error', 'LEVEL_IO_ERROR'), 'STORAGE_IO'],
    [error('IO error: /x: Permission denied', 'LEVEL_IO_ERROR'), 'STORAGE_PERMISSION'],
    [error('IO error: /x: Read-only file system', 'LEVEL_IO_ERROR'), 'STORAGE_PERMISSION'],
    [error('Corruption: bad block', 'LEVEL_CORRUPTION'), 'STORAGE_CORRUPT'],
    [error('Invalid argument: /x: does not exist (create_if_missing is false)'), 'STORAGE_MISSING'],
    [error('not open', 'LEVEL_DATABASE_NOT_OPEN'), 'STORAGE_CLOSED'],
    [error('write failed', 'ENOSPC'), 'STORAGE_DISK_FULL'],
    [error('open failed', 'EACCES'), 'STORAGE_PERMISSION'],
    [error('read failed', 'EIO'), 'STORAGE_IO'],
    ['a thrown text', 'STORAGE_IO'],
  ];
  test.each(cases)('%s', (thrown, expected) => {
    expect(toStorageError(thrown, 'Testing', '/x').code).toBe(expected);
  });

  test('the cause of a failed opening counts, and a coded error stays what it is', () => {
    const cause = error('IO error: lock /x/LOCK', 'LEVEL_LOCKED');
    const opening = Object.assign(new Error('Database failed to open', { cause }), {
      code: 'LEVEL_DATABASE_NOT_OPEN',
    });
    const coded = toStorageError(opening, 'Opening', '/x');
    expect(coded).toMatchObject({ code: 'STORAGE_LOCKED', details: { location: '/x' } });
    expect(coded.message).toBe('Opening failed: IO error: lock /x/LOCK');
    const own = new StorageError('STORAGE_LIMIT', 'mine');
    expect(toStorageError(own, 'Opening', '/x')).toBe(own);
  });
});

describe('batches over a limit are refused before anything is applied', () => {
  const put = (value: Uint8Array): Operation => ({ type: 'put', key: Uint8Array.of(1), value });

  test('operations, values, and bytes in all', () => {
    const one = put(new Uint8Array(1));
    const many = Array.from({ length: limits.batchOperations.value + 1 }, () => one);
    expect(() => checkBatch(many)).toThrow(code('STORAGE_LIMIT'));
    const long = put(new Uint8Array(limits.valueSize.value + 1));
    expect(() => checkBatch([long])).toThrow(code('STORAGE_LIMIT'));
    const large = put(new Uint8Array(limits.valueSize.value));
    expect(checkBatch([large, large, large])).toBe(3 * limits.valueSize.value + 3);
    expect(() => checkBatch([large, large, large, large])).toThrow(code('STORAGE_LIMIT'));
  });
});

describe('a chunk of a backup', () => {
  test('comes back as its entries, and refuses every cut and keys out of order', async () => {
    const store = openMemoryStore();
    const operations: Operation[] = [1, 2, 3].map((number) => ({
      type: 'put',
      key: Uint8Array.of(number),
      value: new Uint8Array(number),
    }));
    await store.batch(operations);
    const [chunk] = await Array.fromAsync(readChunks(store, 2 ** 20, undefined));
    expect(chunk?.entries).toBe(3);
    const bytes = chunk!.bytes;
    expect(parseChunk(bytes, undefined)).toEqual(operations);
    expect(parseChunk(bytes, Uint8Array.of(0))).toHaveLength(3);
    expect(() => parseChunk(bytes, Uint8Array.of(1))).toThrow(code('STORAGE_ARCHIVE_ALTERED'));
    for (let length = 1; length < bytes.length; length += 1) {
      // A cut between two entries leaves fewer; the manifest knows how many there must be.
      try {
        expect(parseChunk(bytes.subarray(0, length), undefined).length).toBeLessThan(3);
      } catch (error) {
        expect(error).toEqual(code('STORAGE_ARCHIVE_ALTERED'));
      }
    }
  });
});
