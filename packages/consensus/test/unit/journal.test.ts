import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { limits } from '../../src/limits.ts';
import {
  crc32c,
  createJournal,
  decodeHeader,
  DirectoryLock,
  encodeHeader,
  headerBytes,
  Journal,
  recoverJournal,
  scanSegment,
  type JournalOptions,
} from '../../src/journal.ts';
import { type JournalRecord } from '../../src/types.ts';
import { MemoryFiles } from '../harness/memory-files.ts';
import {
  blockRecord,
  certificateRecord,
  epochOpening,
  floorRecord,
  voteRecord,
} from '../harness/records.ts';

const key = new Uint8Array(32).fill(5);
const chainTag = new Uint8Array(32).fill(6);

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mxd-journal-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

function optionsFor(over: Partial<JournalOptions> = {}): JournalOptions & { durable: number[] } {
  const durable: number[] = [];
  return {
    directory,
    consensusKey: key,
    chainTag,
    onDurable: (upTo) => durable.push(upTo),
    onFailure: () => undefined,
    durable,
    ...over,
  };
}

async function writeAll(records: readonly JournalRecord[], over: Partial<JournalOptions> = {}) {
  const journal = await Journal.open(optionsFor(over));
  for (const record of records) journal.append(record);
  await journal.flush();
  await journal.close();
}

const types = (records: readonly JournalRecord[] | undefined): number[] =>
  (records ?? []).map((record) => record.type);

test('crc32c: check value and vectors of RFC 3720', () => {
  expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283);
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
  const whole = Uint8Array.from({ length: 100 }, (_, i) => i * 7);
  expect(crc32c(whole.subarray(33), crc32c(whole.subarray(0, 33)))).toBe(crc32c(whole));
});

describe('J10: birth, lock', () => {
  test('a key without its journal is refused, also at the first start', async () => {
    await expect(Journal.open(optionsFor())).rejects.toMatchObject({ code: 'JOURNAL_MISSING' });
  });

  test('a second birth is refused', async () => {
    await createJournal({ directory, consensusKey: key });
    await expect(createJournal({ directory, consensusKey: key })).rejects.toMatchObject({
      code: 'JOURNAL_EXISTS',
    });
  });

  test('a journal born before its chain binds to the first chain it opens for', async () => {
    await createJournal({ directory, consensusKey: key });
    await writeAll([voteRecord(1, 1, 1)]);
    const other = optionsFor({ chainTag: new Uint8Array(32).fill(7) });
    await expect(Journal.open(other)).rejects.toMatchObject({ code: 'JOURNAL_FOREIGN' });
    const journal = await Journal.open(optionsFor());
    expect(types(journal.recovered.epochs.get(1))).toEqual([1]);
    await journal.close();
  });

  test('one process at a time, and a killed owner is taken over', async () => {
    await createJournal({ directory, consensusKey: key, chainTag });
    const journal = await Journal.open(optionsFor());
    await expect(Journal.open(optionsFor())).rejects.toMatchObject({ code: 'JOURNAL_LOCKED' });
    await journal.close();
    const dead = spawnSync(process.execPath, ['-e', '0']).pid;
    const owner = { pid: dead, host: hostname(), started: '1', nonce: 'x' };
    await writeFile(join(directory, 'LOCK'), JSON.stringify(owner));
    await (await Journal.open(optionsFor())).close();
    expect(await readdir(directory)).not.toContain('LOCK');
  });

  test('an owner that lives, here or elsewhere, is respected', async () => {
    const stat = await readFile('/proc/1/stat', 'utf8').catch(() => '');
    const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
    const owners = [
      { pid: 1, host: hostname(), started, nonce: 'x' },
      { pid: 1, host: 'elsewhere', started: '', nonce: 'x' },
    ];
    for (const owner of owners) {
      await writeFile(join(directory, 'LOCK'), JSON.stringify(owner));
      await expect(DirectoryLock.acquire(directory)).rejects.toMatchObject({
        code: 'JOURNAL_LOCKED',
      });
    }
    await writeFile(join(directory, 'LOCK'), '{"pid":1}');
    await expect(DirectoryLock.acquire(directory)).rejects.toMatchObject({
      code: 'JOURNAL_LOCKED',
    });
    const stale = { pid: process.pid, host: hostname(), started: 'other', nonce: 'x' };
    await writeFile(join(directory, 'LOCK'), JSON.stringify(stale));
    await expect(DirectoryLock.acquire(directory)).rejects.toMatchObject({
      code: 'JOURNAL_LOCKED',
    });
  });
});

describe('J1, J2, J7: records come back', () => {
  test('by epoch, in order, over restarts and segments', async () => {
    await createJournal({ directory, consensusKey: key, chainTag });
    await writeAll([voteRecord(1, 1, 1), blockRecord(1, 1), certificateRecord(1, 1, 1)]);
    await writeAll([
      { type: 4, payload: new Uint8Array(72) },
      epochOpening(2),
      voteRecord(2, 2, 1),
    ]);
    await writeAll([floorRecord(2, 9), voteRecord(3, 2, 10)]);
    const journal = await Journal.open(optionsFor());
    const { epochs, newestEpoch, floors } = journal.recovered;
    expect(newestEpoch).toBe(2);
    expect(types(epochs.get(1))).toEqual([1, 2, 3, 4]);
    expect(types(epochs.get(2))).toEqual([5, 1, 7, 1]);
    expect(floors.get(2)).toBe(9);
    await journal.close();
    await journal.close();
    expect(() => journal.append(voteRecord(1, 2, 11))).toThrow(
      expect.objectContaining({ code: 'JOURNAL_CLOSED' }),
    );
  });

  test('group commit: records of one turn share one sync, in order', async () => {
    const files = new MemoryFiles();
    await createJournal({ directory, consensusKey: key, chainTag, files });
    const options = optionsFor({ files });
    const journal = await Journal.open(options);
    const before = files.syncs;
    for (let view = 1; view <= 20; view++) journal.append(voteRecord(1, 0, view));
    expect(journal.pending).toBe(20);
    await journal.flush();
    expect(files.syncs - before).toBe(1);
    expect(options.durable).toEqual([20]);
    expect(journal.appended).toBe(20);
    expect(journal.counters).toMatchObject({ batches: 1, records: 20 });
    await journal.close();
  });

  test('records appended while a sync runs form the next batch', async () => {
    const files = new MemoryFiles();
    await createJournal({ directory, consensusKey: key, chainTag, files });
    const options = optionsFor({ files });
    const journal = await Journal.open(options);
    journal.append(voteRecord(1, 0, 1));
    await Promise.resolve();
    await Promise.resolve();
    journal.append(voteRecord(1, 0, 2));
    await journal.flush();
    expect(options.durable).toEqual([1, 2]);
    await journal.close();
  });

  test('the own bytes of an oversized record are refused', async () => {
    await createJournal({ directory, consensusKey: key, chainTag });
    const failures: string[] = [];
    const journal = await Journal.open(optionsFor({ onFailure: (e) => failures.push(e.code) }));
    journal.append({ type: 2, payload: new Uint8Array(limits.recordBytes.value + 1) });
    await expect(journal.flush()).rejects.toMatchObject({ code: 'JOURNAL_FAILED' });
    expect(failures).toEqual(['JOURNAL_FAILED']);
    await journal.close();
  });
});

describe('J3: a failed write or sync is final', () => {
  test.each(['failWrites', 'failSyncs'] as const)('%s', async (fault) => {
    const files = new MemoryFiles();
    await createJournal({ directory, consensusKey: key, chainTag, files });
    const failures: string[] = [];
    const options = optionsFor({ files, onFailure: (error) => failures.push(error.message) });
    const journal = await Journal.open(options);
    files[fault] = true;
    journal.append(voteRecord(1, 0, 1));
    await expect(journal.flush()).rejects.toMatchObject({ code: 'JOURNAL_FAILED' });
    files[fault] = false;
    expect(() => journal.append(voteRecord(1, 0, 2))).toThrow(
      expect.objectContaining({ code: 'JOURNAL_FAILED' }),
    );
    expect(failures).toHaveLength(1);
    expect(options.durable).toEqual([]);
    await journal.close();
  });
});

describe('J6: pruning', () => {
  test('drops what a later finalization covers and the chain store has committed', async () => {
    const files = new MemoryFiles();
    await createJournal({ directory, consensusKey: key, chainTag, files });
    const journal = await Journal.open(optionsFor({ files, segmentBytes: 600 }));
    for (let view = 1; view <= 12; view++) {
      journal.append(blockRecord(1, view));
      journal.append(voteRecord(1, 1, view));
      journal.append(certificateRecord(1, 1, view));
      await journal.flush();
    }
    const full = journal.segments.length;
    expect(full).toBeGreaterThan(10);
    journal.committed(12);
    journal.append(voteRecord(1, 1, 13));
    await journal.flush();
    expect(journal.segments.filter((segment) => segment.epoch === 1)).toHaveLength(full - 1);
    journal.raiseFloor(1, 12);
    journal.append(certificateRecord(3, 1, 12));
    await journal.flush();
    journal.append(voteRecord(1, 1, 14));
    await journal.flush();
    expect(journal.segments.length).toBeLessThan(4);
    expect(journal.counters.dropped).toBeGreaterThan(9);
    await journal.close();
    const again = await Journal.open(optionsFor({ files }));
    expect(again.recovered.floors.get(1)).toBe(12);
    const left = types(again.recovered.epochs.get(1));
    expect(left.filter((type) => type === 3).length).toBeGreaterThan(0);
    await again.close();
  });

  test('a body that is not committed stays, whatever the floor (pendingFinal)', async () => {
    const files = new MemoryFiles();
    await createJournal({ directory, consensusKey: key, chainTag, files });
    const journal = await Journal.open(optionsFor({ files, segmentBytes: 300 }));
    journal.append(blockRecord(1, 5));
    await journal.flush();
    journal.append(certificateRecord(3, 1, 9));
    await journal.flush();
    journal.committed(4);
    journal.append(epochOpening(2));
    await journal.flush();
    expect(journal.segments.some((segment) => segment.maxHeight === 5)).toBe(true);
    journal.committed(5);
    journal.append(voteRecord(1, 2, 1));
    await journal.flush();
    expect(journal.segments.some((segment) => segment.maxHeight === 5)).toBe(false);
    await journal.close();
  });
});

describe('J7: a floor is never more durable than its finalization', () => {
  test('a power loss right after a segment was opened keeps the lower floor', async () => {
    const files = new MemoryFiles();
    await createJournal({ directory, consensusKey: key, chainTag, files });
    const journal = await Journal.open(optionsFor({ files, segmentBytes: 300 }));
    journal.append(certificateRecord(3, 1, 14));
    journal.raiseFloor(1, 14);
    await journal.flush();
    journal.append(voteRecord(1, 1, 15));
    journal.append(certificateRecord(3, 1, 15));
    journal.raiseFloor(1, 15);
    await journal.flush();
    const headers = [...files.files].map(([name, { bytes }]) => ({
      name,
      floor: decodeHeader(bytes)?.floor,
    }));
    expect(headers.at(-1)).toEqual({ name: '1-1.log', floor: 14 });
    await journal.close();
  });

  test('once its finalization is durable, the next segment says so', async () => {
    const files = new MemoryFiles();
    await createJournal({ directory, consensusKey: key, chainTag, files });
    const journal = await Journal.open(optionsFor({ files, segmentBytes: 300 }));
    journal.append(certificateRecord(3, 1, 14));
    journal.raiseFloor(1, 14);
    await journal.flush();
    journal.append(voteRecord(1, 1, 15));
    await journal.flush();
    expect(decodeHeader([...files.files.values()].at(-1)?.bytes ?? key)?.floor).toBe(14);
    await journal.close();
  });

  test('a finalization that was read is a floor by itself', async () => {
    const files = new MemoryFiles();
    await createJournal({ directory, consensusKey: key, chainTag, files });
    await writeAll([certificateRecord(3, 1, 14), certificateRecord(1, 1, 15)], { files });
    const journal = await Journal.open(optionsFor({ files }));
    expect(journal.recovered.floors.get(1)).toBe(14);
    await journal.close();
  });
});

describe('J8: lost, corrupt, foreign', () => {
  async function built(): Promise<MemoryFiles> {
    const files = new MemoryFiles();
    await createJournal({ directory, consensusKey: key, chainTag, files });
    const journal = await Journal.open(optionsFor({ files }));
    for (let view = 1; view <= 3; view++) {
      journal.append(voteRecord(1, 0, view));
      await journal.flush();
    }
    await journal.close();
    return files;
  }
  const codeOf = (files: MemoryFiles): string => {
    const list = [...files.files].map(([name, file]) => ({ name, bytes: file.bytes }));
    const recovery = recoverJournal(list, key, chainTag);
    return recovery.ok ? 'ok' : recovery.code;
  };

  test('a flipped bit before the last sync is corruption, in the last batch it is a torn tail', async () => {
    const files = await built();
    const file = files.files.get('0-1.log')!;
    const intact = file.bytes;
    const scan = scanSegment(intact)!;
    expect(scan.validBytes).toBe(intact.length);
    for (let at = 0; at < intact.length; at++) {
      const damaged = intact.slice();
      damaged[at]! ^= 4;
      file.bytes = damaged;
      const expected = at < scan.syncedBytes ? 'JOURNAL_CORRUPT' : 'ok';
      expect([at, codeOf(files)]).toEqual([at, expected]);
    }
  });

  test('a missing segment, a foreign key, a renamed segment', async () => {
    const files = await built();
    const journal = await Journal.open(optionsFor({ files }));
    await journal.close();
    const middle = files.files.get('0-1.log')!;
    files.files.delete('0-1.log');
    expect(codeOf(files)).toBe('JOURNAL_CORRUPT');
    files.files.set('0-1.log', middle);
    const renamed = files.files.get('0-2.log')!;
    files.files.delete('0-2.log');
    files.files.set('1-0.log', renamed);
    expect(codeOf(files)).toBe('JOURNAL_CORRUPT');
    files.files.delete('1-0.log');
    expect(codeOf(files)).toBe('ok');
    const list = [...files.files].map(([name, file]) => ({ name, bytes: file.bytes }));
    const foreign = recoverJournal(list, new Uint8Array(32), chainTag);
    expect(foreign).toMatchObject({ ok: false, code: 'JOURNAL_FOREIGN' });
    expect(recoverJournal([{ name: 'x.log', bytes: middle.bytes }], key, chainTag)).toMatchObject({
      code: 'JOURNAL_MISSING',
    });
  });

  test('damage in an earlier segment is corruption', async () => {
    const files = await built();
    await (await Journal.open(optionsFor({ files }))).close();
    const file = files.files.get('0-1.log')!;
    file.bytes = file.bytes.slice(0, -1);
    expect(codeOf(files)).toBe('JOURNAL_CORRUPT');
    file.bytes = file.bytes.slice(0, 20);
    expect(codeOf(files)).toBe('JOURNAL_CORRUPT');
  });

  test('a last segment whose creation was cut short is removed; a lone one is corrupt', async () => {
    const files = await built();
    const handle = await files.create('0-2.log');
    await handle.write(new Uint8Array(10), 0);
    await (await Journal.open(optionsFor({ files }))).close();
    expect(files.files.get('0-2.log')!.bytes.length).toBe(headerBytes);
    for (const name of [...files.files.keys()]) if (name !== '0-0.log') await files.remove(name);
    files.files.get('0-0.log')!.bytes = new Uint8Array(10);
    expect(codeOf(files)).toBe('JOURNAL_CORRUPT');
  });

  test('headers: magic, length and checksum', () => {
    const header = { consensusKey: key, chainTag, epoch: 3, floor: 9, salt: new Uint8Array(16) };
    const bytes = encodeHeader(header);
    expect(bytes.length).toBe(headerBytes);
    expect(decodeHeader(bytes)).toEqual(header);
    expect(decodeHeader(bytes.subarray(1))).toBeUndefined();
    for (const at of [0, 20, 90, 99]) {
      const damaged = bytes.slice();
      damaged[at]! ^= 1;
      expect(decodeHeader(damaged)).toBeUndefined();
    }
  });
});
