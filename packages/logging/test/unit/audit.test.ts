import { appendFileSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { toHex, fromHex } from '@mxd/codec';
import { verifyConsistency, verifyInclusion } from '@mxd/crypto/merkle';
import { suiteOf, type SuiteId } from '@mxd/crypto/suites';
import { afterAll, describe, expect, it } from 'vitest';

import {
  isFork,
  parseCheckpoint,
  parseRecord,
  verifyAudit,
  verifyCheckpoint,
  verifyOpening,
  type AuditCheckpoint,
  type AuditLog,
  type AuditRecord,
} from '../../src/audit.ts';
import { SecretRegistry } from '../../src/index.ts';
import { limits } from '../../src/limits.ts';
import {
  chainTag,
  copyOf,
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
const write = (directory: string, name: string, lines: readonly string[]): void =>
  writeFileSync(join(directory, name), lines.map((line) => `${line}\n`).join(''));

describe('an audit log', () => {
  it('keeps events, and goes on after it was closed', async () => {
    const directory = temporary();
    const log = await openLog(directory);
    const receipt = await log.append('node.started', { version: '1' });
    expect(receipt).toMatchObject({
      sequence: 1,
      checkpoint: { size: 2, number: 1 },
      openings: [],
    });
    await log.close();
    await log.close();
    const again = await openLog(directory);
    expect(again.recovery).toEqual({
      unsignedRecords: 0,
      setAsideBytes: 0,
      setAsideFile: undefined,
    });
    expect((await again.append('node.stopped', {})).sequence).toBe(2);
    expect(again.counts).toEqual({ records: 3, waiting: 0, refused: 0 });
    await again.close();
    expect(await verifyAudit(directory, { key })).toMatchObject({
      ok: true,
      signedRecords: 3,
      unsignedRecords: 0,
    });
    expect(existsSync(join(directory, 'lock'))).toBe(false);
    expect(statSync(join(directory, 'records.jsonl')).mode & 0o777).toBe(0o600);
  });

  it('signs once for appends that wait together', async () => {
    const directory = temporary();
    const log = await openLog(directory);
    const receipts = await Promise.all(
      Array.from({ length: 300 }, (_, i) => log.append('node.started', { version: `${i}` })),
    );
    expect(receipts.map(({ sequence }) => sequence)).toEqual(
      Array.from({ length: 300 }, (_, i) => i + 1),
    );
    expect(log.checkpoint.number).toBeLessThanOrEqual(3);
    await log.close();
    expect(await verifyAudit(directory, { key })).toMatchObject({ ok: true, signedRecords: 301 });
  });

  it.each<SuiteId>([1, 2, 3])('signs with suite %i', async (id) => {
    const suite = suiteOf(id);
    using own = suite.signer(new Uint8Array(suite.seedBytes).fill(3));
    const directory = temporary();
    const log = await openLog(directory, { signer: own });
    await log.append('node.started', { version: '1' });
    await log.close();
    const ownKey = { suite: id, publicKey: own.publicKey, chainTag };
    expect(await verifyAudit(directory, { key: ownKey })).toMatchObject({ ok: true });
  });

  it('proves records and growth', async () => {
    const directory = temporary();
    const log = await openLog(directory);
    const roots: AuditCheckpoint[] = [log.checkpoint];
    for (let i = 0; i < 20; i++)
      roots.push((await log.append('node.started', { version: `${i}` })).checkpoint);
    const last = log.checkpoint;
    const leaves = linesOf(join(directory, 'records.jsonl')).map((line) => Buffer.from(line));
    for (const [index, leaf] of leaves.entries()) {
      const proof = log.inclusionProof(index);
      const claim = { root: fromHex(last.root), size: last.size, index, leaf, proof };
      expect(verifyInclusion(claim)).toBe(true);
      expect(verifyInclusion({ ...claim, leaf: Buffer.from('x') })).toBe(false);
    }
    for (const older of roots) {
      const claim = {
        olderSize: older.size,
        olderRoot: fromHex(older.root),
        newerSize: last.size,
        newerRoot: fromHex(last.root),
        proof: log.consistencyProof(older.size),
      };
      expect(verifyConsistency(claim)).toBe(true);
      if (older.size < last.size)
        expect(verifyConsistency({ ...claim, olderRoot: new Uint8Array(64) })).toBe(false);
    }
    await log.close();
  });

  it('tells a listener of checkpoints, and survives its failure', async () => {
    const seen: number[] = [];
    const log = await openLog(temporary(), {
      onCheckpoint: ({ size }) => {
        seen.push(size);
        throw new Error('x');
      },
    });
    await log.append('node.stopped', {});
    await log.close();
    expect(seen).toEqual([1, 2]);
  });

  it('names the log that it goes on from', async () => {
    const first = await makeLog(1);
    const previous = checkpointsOf(first).at(-1)!;
    const directory = temporary();
    await (await openLog(directory, { previous })).close();
    expect(await verifyAudit(directory, { key })).toMatchObject({ ok: true, header: { previous } });
  });
});

describe('personal data', () => {
  it('enters as commitments that only the openings open', async () => {
    const directory = temporary();
    const log = await openLog(directory);
    const fields = { user_id: 'alice', ip: '203.0.113.9', method: 'token', reason: 'expired' };
    const [a, b] = [
      await log.append('auth.failed', fields),
      await log.append('auth.failed', fields),
    ];
    await log.close();
    const text = readFileSync(join(directory, 'records.jsonl'), 'utf8');
    expect(text).not.toContain('alice');
    expect(text).not.toContain('203.0.113.9');
    const record = parseRecord(linesOf(join(directory, 'records.jsonl'))[a.sequence]!)!;
    expect(record.facts).toEqual({ method: 'token', reason: 'expired' });
    expect(a.openings.map(({ field, value }) => [field, value])).toEqual([
      ['user_id', 'alice'],
      ['ip', '203.0.113.9'],
    ]);
    const [opening] = a.openings;
    const commitment = record.commitments['user_id']!;
    expect(verifyOpening(commitment, opening!)).toBe(true);
    expect(verifyOpening(commitment, { ...opening!, value: 'bob' })).toBe(false);
    expect(verifyOpening(commitment, { ...opening!, field: 'ip' })).toBe(false);
    expect(verifyOpening(commitment, b.openings[0]!)).toBe(false);
    expect(verifyOpening('x', opening!)).toBe(false);
    expect(verifyOpening(commitment, { ...opening!, salt: 'zz' })).toBe(false);
    expect(verifyOpening(commitment, { ...opening!, value: '\ud800' })).toBe(false);
  });

  it.each([
    'mail bob@example.org now',
    'from 10.1.2.3',
    '[2001:db8::1]:8080',
    '/ip4/10.1.2.3/tcp/1',
    'x=10.1.2.3:99',
  ])('is refused in facts: %s', async (reason) => {
    const log = await openLog(temporary());
    await expect(log.append('auth.failed', { method: 'x', reason })).rejects.toMatchObject({
      code: 'AUDIT_PERSONAL_DATA',
      details: { field: 'reason' },
    });
    expect(log.counts.refused).toBe(1);
    await log.close();
  });

  it('lets other facts pass, cleaned', async () => {
    const registry = new SecretRegistry();
    registry.register('correct-horse');
    const directory = temporary();
    const log = await openLog(directory, { registry });
    const reason = 'v1.2.3 at 12:30 password=x correct-horse';
    await log.append('auth.failed', { method: 'a @ b', reason });
    await log.close();
    const record = parseRecord(linesOf(join(directory, 'records.jsonl'))[1]!)!;
    expect(record.facts['reason']).toBe('v1.2.3 at 12:30 password=[redacted] [redacted secret]');
  });
});

describe('appends that are refused', () => {
  it('for unknown events and wrong fields', async () => {
    const log = await openLog(temporary());
    const append = log.append.bind(log) as (event: string, fields: unknown) => Promise<unknown>;
    for (const [event, fields] of [
      ['x', {}],
      ['node.started', {}],
      ['node.started', { version: 1 }],
      ['node.started', { version: 'x', more: 1 }],
      ['node.started', { version: 'x'.repeat(9000).concat('\u0000'.repeat(9000)) }],
    ] as const) {
      const outcome = append(event, fields).then(
        () => 'taken',
        (error: { code: string }) => error.code,
      );
      expect(['AUDIT_EVENT', 'taken']).toContain(await outcome);
    }
    await expect(append('node.started', {})).rejects.toMatchObject({ code: 'AUDIT_EVENT' });
    await log.close();
  });

  it('when too many wait, and after closing', async () => {
    const log = await openLog(temporary());
    const appends = Array.from({ length: limits.auditQueue.value + 1 }, () =>
      log.append('node.stopped', {}),
    );
    const settled = await Promise.allSettled(appends);
    expect(settled.filter(({ status }) => status === 'rejected')).toHaveLength(1);
    await expect(appends.at(-1)).rejects.toMatchObject({ code: 'AUDIT_BUSY' });
    await log.close();
    await expect(log.append('node.stopped', {})).rejects.toMatchObject({ code: 'AUDIT_CLOSED' });
  });

  it('while another writer has the log', async () => {
    const directory = temporary();
    const log = await openLog(directory);
    await expect(openLog(directory)).rejects.toMatchObject({ code: 'AUDIT_IN_USE' });
    await log.close();
    writeFileSync(join(directory, 'lock'), String(process.ppid));
    await expect(openLog(directory)).rejects.toMatchObject({ code: 'AUDIT_IN_USE' });
    writeFileSync(join(directory, 'lock'), '999999999');
    await (await openLog(directory)).close();
  });

  it('after somebody else wrote to its files', async () => {
    const directory = temporary();
    const log = await openLog(directory);
    appendFileSync(join(directory, 'records.jsonl'), 'x');
    await expect(log.append('node.stopped', {})).rejects.toMatchObject({
      code: 'AUDIT_CONCURRENT',
    });
    await expect(log.append('node.stopped', {})).rejects.toMatchObject({
      code: 'AUDIT_CONCURRENT',
    });
    await log.close();
  });

  it('with a signer that lies or fails, a chain tag of the wrong size, or a directory that is a file', async () => {
    const bad = { suite: 1 as const, publicKey: signer.publicKey, sign: () => new Uint8Array(64) };
    await expect(openLog(temporary(), { signer: bad })).rejects.toMatchObject({
      code: 'AUDIT_SIGNATURE',
    });
    const failing = { ...bad, sign: () => Promise.reject(new Error('offline')) };
    await expect(openLog(temporary(), { signer: failing })).rejects.toMatchObject({
      code: 'AUDIT_WRITE',
    });
    await expect(openLog(temporary(), { chainTag: new Uint8Array(3) })).rejects.toMatchObject({
      code: 'LOGGING_OPTION',
    });
    const file = join(temporary(), 'file');
    writeFileSync(file, '');
    await expect(openLog(file)).rejects.toMatchObject({ code: 'AUDIT_WRITE' });
  });

  it('with the key of another', async () => {
    const directory = await makeLog(1);
    const other = suiteOf(1).signer(new Uint8Array(32).fill(1));
    await expect(openLog(directory, { signer: other })).rejects.toMatchObject({
      code: 'AUDIT_KEY',
    });
    await expect(openLog(directory, { chainTag: new Uint8Array(32) })).rejects.toMatchObject({
      code: 'AUDIT_KEY',
    });
    const verdict = await verifyAudit(directory, { key: { ...key, publicKey: other.publicKey } });
    expect(verdict).toMatchObject({ ok: false, code: 'AUDIT_KEY' });
  });
});

describe('tampering', () => {
  const names = ['records.jsonl', 'checkpoints.jsonl', 'head.json'];

  it('with any byte is seen', async () => {
    const directory = await makeLog(1);
    const verdicts: Record<string, number> = {};
    for (const name of names) {
      const path = join(directory, name);
      const original = readFileSync(path);
      for (let at = 0; at < original.length; at++) {
        const flipped = Buffer.from(original);
        flipped[at]! ^= 1 << (at % 8);
        writeFileSync(path, flipped);
        const verdict = await verifyAudit(directory, { key });
        if (verdict.ok) expect.fail(`byte ${at} of ${name} passed`);
        verdicts[verdict.code] = (verdicts[verdict.code] ?? 0) + 1;
      }
      writeFileSync(path, original);
    }
    expect(await verifyAudit(directory, { key })).toMatchObject({ ok: true });
    expect(Object.keys(verdicts).sort()).toContain('AUDIT_ROOT');
    expect(Object.keys(verdicts)).toContain('AUDIT_SIGNATURE');
  }, 120_000);

  it('by cutting any file at any byte is seen', async () => {
    const directory = await makeLog(1);
    for (const name of names) {
      const path = join(directory, name);
      const original = readFileSync(path);
      for (let length = 0; length < original.length; length++) {
        writeFileSync(path, original.subarray(0, length));
        const verdict = await verifyAudit(directory, { key });
        if (verdict.ok) expect.fail(`${name} cut to ${length} passed`);
      }
      rmSync(path);
      expect(await verifyAudit(directory, { key })).toMatchObject({ ok: false });
      writeFileSync(path, original);
    }
  }, 120_000);

  it('by dropping whole records or checkpoints is named', async () => {
    const directory = await makeLog(4);
    const cases: [string, (lines: string[]) => string[], string, boolean?][] = [
      ['records.jsonl', (lines) => lines.slice(0, -1), 'AUDIT_TRUNCATED'],
      ['records.jsonl', (lines) => lines.toSpliced(2, 1), 'AUDIT_RECORD'],
      [
        'records.jsonl',
        (lines) => [lines[0]!, lines[2]!, lines[1]!, ...lines.slice(3)],
        'AUDIT_RECORD',
      ],
      ['records.jsonl', (lines) => [...lines, lines.at(-1)!], 'AUDIT_RECORD', true],
      ['records.jsonl', (lines) => lines.slice(1), 'AUDIT_RECORD'],
      ['checkpoints.jsonl', (lines) => lines.slice(0, -1), 'AUDIT_TRUNCATED'],
      ['checkpoints.jsonl', (lines) => lines.toSpliced(1, 1), 'AUDIT_CHECKPOINT'],
      [
        'checkpoints.jsonl',
        (lines) => [lines[1]!, lines[0]!, ...lines.slice(2)],
        'AUDIT_CHECKPOINT',
      ],
      ['checkpoints.jsonl', (lines) => [...lines, lines.at(-1)!], 'AUDIT_CHECKPOINT'],
      ['head.json', () => [], 'AUDIT_CHECKPOINT'],
    ];
    for (const [name, change, code, isCrash] of cases) {
      const copy = copyOf(directory);
      write(copy, name, change(linesOf(join(copy, name))));
      expect(await verifyAudit(copy, { key }), `${name} ${code}`).toMatchObject({
        ok: false,
        code,
      });
      // A copy of the last record could be what a crash left, so it is set aside instead.
      if (isCrash === true) await (await openLog(copy)).close();
      else await expect(openLog(copy)).rejects.toMatchObject({ code });
    }
  });

  it('by swapping two records, renumbered, is seen', async () => {
    const directory = await makeLog(4);
    const lines = linesOf(join(directory, 'records.jsonl'));
    const renumber = (line: string, sequence: number): string =>
      line.replace(/"sequence":\d+/, `"sequence":${sequence}`);
    write(directory, 'records.jsonl', [
      lines[0]!,
      renumber(lines[2]!, 1),
      renumber(lines[1]!, 2),
      ...lines.slice(3),
    ]);
    expect(await verifyAudit(directory, { key })).toMatchObject({ ok: false, code: 'AUDIT_ROOT' });
    await expect(openLog(directory)).rejects.toMatchObject({ code: 'AUDIT_ROOT' });
  });

  it('by adding records nobody signed is seen, and recovery does not sign them', async () => {
    const directory = await makeLog(2);
    const path = join(directory, 'records.jsonl');
    const forged: AuditRecord = { ...parseRecord(linesOf(path).at(-1)!)!, sequence: 3 };
    const keys = Object.entries(forged).sort(([a], [b]) => (a < b ? -1 : 1));
    appendFileSync(path, `${JSON.stringify(Object.fromEntries(keys))}\n`);
    expect(await verifyAudit(directory, { key })).toMatchObject({
      ok: false,
      code: 'AUDIT_UNSIGNED_TAIL',
    });
    expect(await verifyAudit(directory, { key, allowUnsignedTail: true })).toMatchObject({
      ok: true,
      unsignedRecords: 1,
    });
    const log = await openLog(directory);
    expect(log.recovery).toMatchObject({ unsignedRecords: 1 });
    await log.close();
    expect(parseRecord(linesOf(path)[3]!)!.event).toBe('audit.recovered');
    expect(readFileSync(join(directory, log.recovery.setAsideFile!), 'utf8')).toContain(
      '"sequence":3',
    );
  });

  it('by rolling everything back is seen with a checkpoint kept elsewhere', async () => {
    const directory = await makeLog(2);
    const old = copyOf(directory);
    const log = await openLog(directory);
    const { checkpoint } = await log.append('node.stopped', {});
    await log.close();
    expect(await verifyAudit(old, { key })).toMatchObject({ ok: true });
    expect(await verifyAudit(old, { key, trusted: [checkpoint] })).toMatchObject({
      ok: false,
      code: 'AUDIT_TRUNCATED',
    });
    expect(await verifyAudit(directory, { key, trusted: [checkpoint] })).toMatchObject({
      ok: true,
    });
    const forged = { ...checkpoint, size: 1 };
    expect(await verifyAudit(directory, { key, trusted: [forged] })).toMatchObject({
      ok: false,
      code: 'AUDIT_SIGNATURE',
    });
  });

  it('by rolling back log and checkpoints but not the head is seen', async () => {
    const directory = await makeLog(2);
    const headFile = join(temporary(), 'head.json');
    writeFileSync(headFile, readFileSync(join(directory, 'head.json')));
    const old = copyOf(directory);
    const log = await openLog(directory, { headFile });
    await log.append('node.stopped', {});
    await log.close();
    expect(await verifyAudit(directory, { key, headFile })).toMatchObject({ ok: true });
    expect(await verifyAudit(old, { key, headFile })).toMatchObject({
      ok: false,
      code: 'AUDIT_TRUNCATED',
    });
    await expect(openLog(old, { headFile })).rejects.toMatchObject({ code: 'AUDIT_TRUNCATED' });
  });

  it('by forking is seen, and proven by two checkpoints', async () => {
    const one = await makeLog(2);
    const two = copyOf(one);
    const append = async (directory: string, version: string): Promise<AuditCheckpoint> => {
      const log: AuditLog = await openLog(directory);
      const { checkpoint } = await log.append('node.started', { version });
      await log.close();
      return checkpoint;
    };
    const [a, b] = [await append(one, 'a'), await append(two, 'b')];
    expect(await verifyAudit(one, { key, trusted: [b] })).toMatchObject({
      ok: false,
      code: 'AUDIT_FORK',
    });
    expect(await verifyAudit(two, { key, trusted: [a] })).toMatchObject({
      ok: false,
      code: 'AUDIT_FORK',
    });
    expect(isFork(a, b, key)).toBe(true);
    expect(isFork(a, a, key)).toBe(false);
    expect(isFork(a, { ...b, root: a.root }, key)).toBe(false);
    const [older] = checkpointsOf(one);
    expect(isFork(older!, a, key)).toBe(false);
    writeFileSync(join(one, 'head.json'), readFileSync(join(two, 'head.json')));
    expect(await verifyAudit(one, { key })).toMatchObject({ ok: false, code: 'AUDIT_FORK' });
    const stranger = checkpointsOf(await makeLog(1))[0]!;
    expect(await verifyAudit(two, { key, trusted: [stranger] })).toMatchObject({
      ok: false,
      code: 'AUDIT_FORK',
    });
  });

  it('is not confused by another log, or by nothing', async () => {
    const directory = await makeLog(1);
    const other = await makeLog(1);
    writeFileSync(
      join(directory, 'checkpoints.jsonl'),
      readFileSync(join(other, 'checkpoints.jsonl')),
    );
    writeFileSync(join(directory, 'head.json'), readFileSync(join(other, 'head.json')));
    expect(await verifyAudit(directory, { key })).toMatchObject({
      ok: false,
      code: 'AUDIT_CHECKPOINT',
    });
    expect(await verifyAudit(temporary(), { key })).toMatchObject({
      ok: false,
      code: 'AUDIT_MISSING',
    });
    expect(await verifyAudit(join(directory, 'records.jsonl'), { key })).toMatchObject({
      ok: false,
      code: 'AUDIT_READ',
    });
  });

  it('by deleting checkpoints and head does not make recovery sign the rest', async () => {
    const directory = await makeLog(3);
    for (const name of ['checkpoints.jsonl', 'head.json']) rmSync(join(directory, name));
    await expect(openLog(directory)).rejects.toMatchObject({ code: 'AUDIT_MISSING' });
  });
});

describe('checkpoints', () => {
  it('verify under their own key, network and content only', async () => {
    const directory = await makeLog(1);
    const checkpoint = checkpointsOf(directory).at(-1)!;
    expect(verifyCheckpoint(checkpoint, key)).toBe(true);
    expect(verifyCheckpoint(checkpoint, { ...key, chainTag: new Uint8Array(32) })).toBe(false);
    for (const name of ['number', 'size', 'timeMs'] as const) {
      expect(verifyCheckpoint({ ...checkpoint, [name]: checkpoint[name] + 1 }, key)).toBe(false);
    }
    expect(verifyCheckpoint({ ...checkpoint, logId: toHex(new Uint8Array(64)) }, key)).toBe(false);
    expect(verifyCheckpoint({ ...checkpoint, signature: 'zz' }, key)).toBe(false);
    expect(verifyCheckpoint({ ...checkpoint, size: -1 }, key)).toBe(false);
  });

  it('parse strictly', async () => {
    const line = linesOf(join(await makeLog(1), 'checkpoints.jsonl'))[0]!;
    expect(parseCheckpoint(line)).toBeDefined();
    for (const bad of [
      `${line} `,
      line.replace('"size":1', '"size":1.5'),
      line.replace('"size":1', '"size":-1'),
      line.replace('{', '{"a":1,'),
      line.toUpperCase(),
      '[]',
      'null',
      '{}',
      '',
    ]) {
      expect(parseCheckpoint(bad)).toBeUndefined();
    }
  });
});
