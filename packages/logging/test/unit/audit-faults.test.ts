/** Audit logs that a forger with the key, a full log, or a strange file system makes. */
import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { toHex } from '@mxd/codec';
import { MerkleTree } from '@mxd/crypto/merkle';
import { afterAll, afterEach, describe, expect, it } from 'vitest';

import {
  isFork,
  parseCheckpoint,
  parseRecord,
  verifyAudit,
  type AuditCheckpoint,
} from '../../src/audit.ts';
import { checkpointMessage, lineOf, parseHeader } from '../../src/audit/record.ts';
import { limits } from '../../src/limits.ts';
import {
  chainTag,
  key,
  makeLog,
  openLog,
  removeDirectories,
  signer,
  temporary,
} from './audit-fixture.ts';

afterAll(removeDirectories);

const linesOf = (path: string): string[] => readFileSync(path, 'utf8').trimEnd().split('\n');
const checkpointsOf = (directory: string): AuditCheckpoint[] =>
  linesOf(join(directory, 'checkpoints.jsonl')).map((line) => parseCheckpoint(line)!);

/** A checkpoint changed and signed again, as only the holder of the key can. */
async function resign(
  checkpoint: AuditCheckpoint,
  change: Partial<AuditCheckpoint>,
): Promise<AuditCheckpoint> {
  const open = { ...checkpoint, ...change };
  return { ...open, signature: toHex(await signer.sign(checkpointMessage(open, chainTag))) };
}

function writeCheckpoints(directory: string, all: readonly AuditCheckpoint[]): void {
  const text = all.map((checkpoint) => `${lineOf(checkpoint)}\n`);
  writeFileSync(join(directory, 'checkpoints.jsonl'), text.join(''));
  writeFileSync(join(directory, 'head.json'), text.at(-1)!);
}

const sha512Empty = new MerkleTree().root();
const rootOf = (directory: string, size: number): string =>
  toHex(
    MerkleTree.of(
      linesOf(join(directory, 'records.jsonl'))
        .slice(0, size)
        .map((line) => Buffer.from(line)),
    ).root(),
  );

describe('checkpoints signed with the right key', () => {
  it('may not shrink the log', async () => {
    const directory = await makeLog(2);
    const all = checkpointsOf(directory);
    const shrunk = await resign(all[2]!, { size: 1, root: rootOf(directory, 1) });
    writeCheckpoints(directory, [...all.slice(0, 2), shrunk]);
    expect(await verifyAudit(directory, { key })).toMatchObject({
      ok: false,
      code: 'AUDIT_TRUNCATED',
    });
    expect(isFork(all[1]!, shrunk, key)).toBe(true);
    writeCheckpoints(directory, [await resign(all[0]!, { size: 0, root: toHex(sha512Empty) })]);
    expect(await verifyAudit(directory, { key })).toMatchObject({
      ok: false,
      code: 'AUDIT_CHECKPOINT',
      message: 'checkpoint 0 has a size out of order',
    });
  });

  it('may not replace one that was kept elsewhere, even over the same records', async () => {
    const directory = await makeLog(2);
    const all = checkpointsOf(directory);
    const other = await resign(all[1]!, { size: 1, root: rootOf(directory, 1) });
    expect(await verifyAudit(directory, { key, trusted: [other] })).toMatchObject({
      ok: false,
      code: 'AUDIT_FORK',
      message: 'the trusted checkpoint was replaced',
    });
    expect(isFork(all[1]!, other, key)).toBe(true);
  });
});

describe('files that are not in order', () => {
  it('a head ahead of checkpoints that end in rubbish', async () => {
    const directory = await makeLog(2);
    const lines = linesOf(join(directory, 'checkpoints.jsonl'));
    writeFileSync(join(directory, 'checkpoints.jsonl'), `${lines[0]}\n${lines[1]}\nrubbish\n`);
    expect(await verifyAudit(directory, { key })).toMatchObject({
      code: 'AUDIT_CHECKPOINT',
      message: 'checkpoint 2 is not in order',
    });
  });

  it('a hole in the checkpoints, whatever it is filled with', async () => {
    const directory = await makeLog(3);
    const path = join(directory, 'checkpoints.jsonl');
    const lines = linesOf(path);
    for (const filling of ['rubbish', 'rubbish\nmore rubbish', lines[3]!]) {
      writeFileSync(path, `${lines[0]}\n${filling}\n${lines[2]}\n${lines[3]}\n`);
      expect(await verifyAudit(directory, { key })).toMatchObject({
        code: 'AUDIT_CHECKPOINT',
        checkpoint: 1,
      });
    }
  });

  it('no head, when there is one checkpoint only', async () => {
    const directory = await makeLog(0);
    rmSync(join(directory, 'head.json'));
    expect(await verifyAudit(directory, { key })).toMatchObject({ code: 'AUDIT_MISSING' });
    expect(await verifyAudit(directory, { key, allowUnsignedTail: true })).toMatchObject({
      ok: true,
    });
  });

  it('lines longer than any record, ended or not', async () => {
    for (const end of ['', '\n']) {
      const directory = await makeLog(1);
      const long = 'x'.repeat(limits.auditRecordBytes.value * 6);
      appendFileSync(join(directory, 'records.jsonl'), long + end);
      expect(await verifyAudit(directory, { key })).toMatchObject({
        code: 'AUDIT_RECORD',
        sequence: 2,
      });
    }
  });

  it('more after the last checkpoint than a crash leaves is not set aside', async () => {
    const directory = await makeLog(1);
    const tail = `${'x'.repeat(8_191)}\n`.repeat(limits.auditTailBytes.value / 8_192 + 1);
    appendFileSync(join(directory, 'records.jsonl'), tail);
    await expect(openLog(directory)).rejects.toMatchObject({ code: 'AUDIT_RECORD' });
  });

  it.each(['records.jsonl', 'checkpoints.jsonl', 'head.json'])(
    '%s that cannot be read: a code, and the file is named',
    async (name) => {
      for (const make of [mkdirSync, (path: string) => symlinkSync(path, path)]) {
        const directory = await makeLog(1);
        rmSync(join(directory, name));
        make(join(directory, name));
        const verdict = await verifyAudit(directory, { key });
        expect(verdict).toMatchObject({ ok: false, code: 'AUDIT_READ' });
        await expect(openLog(directory)).rejects.toMatchObject({ code: 'AUDIT_READ' });
      }
    },
  );

  it('a lock that is a directory', async () => {
    const directory = temporary();
    mkdirSync(join(directory, 'lock'));
    await expect(openLog(directory)).rejects.toMatchObject({ code: 'AUDIT_IN_USE' });
  });

  it('a lock that says nothing is taken over', async () => {
    const directory = temporary();
    writeFileSync(join(directory, 'lock'), 'nobody');
    await (await openLog(directory)).close();
    expect(await verifyAudit(directory, { key })).toMatchObject({ ok: true });
  });
});

describe('lines that are JSON but no part of a log', () => {
  it('are no records, headers or checkpoints', async () => {
    const directory = await makeLog(1);
    const record = linesOf(join(directory, 'records.jsonl'))[1]!;
    expect(parseRecord(record)).toBeDefined();
    for (const facts of ['1', 'null', '[]', '{"a":{}}']) {
      expect(parseRecord(record.replace(/"facts":\{[^}]*\}/, `"facts":${facts}`))).toBeUndefined();
    }
    for (const line of ['1', 'null', '[]', '{}', 'true']) {
      expect([parseRecord(line), parseHeader(line), parseCheckpoint(line)]).toEqual([
        undefined,
        undefined,
        undefined,
      ]);
    }
    const header = linesOf(join(directory, 'records.jsonl'))[0]!;
    expect(parseHeader(header)).toBeDefined();
    expect(parseHeader(header.replace('"publicKey"', '"previous":7,"publicKey"'))).toBeUndefined();
  });
});

describe('a log that is full', () => {
  const most = limits.auditRecords.value;
  const set = (value: number): unknown => Object.assign(limits.auditRecords, { value });
  afterEach(() => set(most));

  it('refuses records with a code and keeps what it has', async () => {
    const directory = temporary();
    set(3);
    {
      await using log = await openLog(directory);
      await log.append('node.started', { version: '1' });
      await log.append('node.started', { version: '2' });
      await expect(log.append('node.started', { version: '3' })).rejects.toMatchObject({
        code: 'AUDIT_FULL',
      });
      expect(log.counts).toMatchObject({ records: 3, refused: 1 });
      expect(log.logId).toBe(log.checkpoint.logId);
    }
    expect(await verifyAudit(directory, { key })).toMatchObject({ ok: true, signedRecords: 3 });
  });
});
