/** What a crash can leave on disk, and a real process killed while it writes. */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { afterAll, describe, expect, it } from 'vitest';

import { parseRecord, verifyAudit } from '../../src/audit.ts';
import { key, makeLog, openLog, removeDirectories, temporary } from '../unit/audit-fixture.ts';

afterAll(removeDirectories);

const lineEnds = (bytes: Buffer): number[] =>
  [...bytes.entries()].filter(([, byte]) => byte === 10).map(([at]) => at + 1);

/** A moment between two bytes reaching the disk. */
interface Moment {
  readonly records: Buffer;
  readonly checkpoints: Buffer;
  readonly head: Buffer | undefined;
  /** Records that were acknowledged by then, the header included. */
  readonly acknowledged: number;
}

/** Lengths that a file goes through between two line ends: all near those, every fifth between. */
function* lengthsBetween(from: number, to: number): Generator<number> {
  for (let end = from; end <= to; end++) {
    if (end - from < 8 || to - end < 8 || end % 5 === 0) yield end;
  }
}

/** Every moment of the life of a log with one record per checkpoint, in the order of its writes. */
function* momentsOf(directory: string): Generator<Moment> {
  const records = readFileSync(join(directory, 'records.jsonl'));
  const checkpoints = readFileSync(join(directory, 'checkpoints.jsonl'));
  const recordEnds = [0, ...lineEnds(records)];
  const checkpointEnds = [0, ...lineEnds(checkpoints)];
  for (let k = 0; k + 1 < recordEnds.length; k++) {
    const before = checkpoints.subarray(0, checkpointEnds[k]);
    const head =
      k === 0 ? undefined : checkpoints.subarray(checkpointEnds[k - 1], checkpointEnds[k]);
    for (const end of lengthsBetween(recordEnds[k]!, recordEnds[k + 1]!)) {
      yield { records: records.subarray(0, end), checkpoints: before, head, acknowledged: k };
    }
    const written = records.subarray(0, recordEnds[k + 1]);
    for (const end of lengthsBetween(checkpointEnds[k]! + 1, checkpointEnds[k + 1]!)) {
      yield { records: written, checkpoints: checkpoints.subarray(0, end), head, acknowledged: k };
    }
  }
}

describe('a crash between any two bytes', () => {
  it('loses nothing that was acknowledged', async () => {
    const source = await makeLog(1);
    const original = readFileSync(join(source, 'records.jsonl'), 'utf8').split('\n');
    const directory = join(temporary(), 'log');
    let moments = 0;
    for (const { records, checkpoints, head, acknowledged } of momentsOf(source)) {
      rmSync(directory, { recursive: true, force: true });
      mkdirSync(directory);
      writeFileSync(join(directory, 'records.jsonl'), records);
      writeFileSync(join(directory, 'checkpoints.jsonl'), checkpoints);
      if (head !== undefined) writeFileSync(join(directory, 'head.json'), head);
      // The lock of the dead process is there too.
      writeFileSync(join(directory, 'lock'), '999999999');
      const log = await openLog(directory);
      const found = log.counts.records;
      await log.close();
      const lines = readFileSync(join(directory, 'records.jsonl'), 'utf8').split('\n');
      if (acknowledged > 0)
        expect(lines.slice(0, acknowledged)).toEqual(original.slice(0, acknowledged));
      const verdict = await verifyAudit(directory, { key });
      if (!verdict.ok) expect.fail(`moment ${moments}: ${verdict.message}`);
      expect(verdict.signedRecords).toBe(found);
      moments++;
    }
    expect(moments).toBeGreaterThan(250);
  }, 240_000);
});

interface Outcome {
  readonly acknowledged: readonly number[];
  readonly diagnostics: string;
}

/** Runs a writer until it acknowledged `count` appends and some time more, then kills it. */
function writeAndKill(directory: string, count: number, delayMs: number): Promise<Outcome> {
  const script = fileURLToPath(new URL('./audit-writer.ts', import.meta.url));
  const child = spawn(process.execPath, ['--conditions=@mxd/source', script, directory], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const acknowledged: number[] = [];
  let diagnostics = '';
  let timer: NodeJS.Timeout | undefined;
  child.stderr.on('data', (chunk: Buffer) => (diagnostics += chunk.toString()));
  createInterface({ input: child.stdout }).on('line', (line) => {
    acknowledged.push(Number(line));
    if (acknowledged.length >= count) timer ??= setTimeout(() => child.kill('SIGKILL'), delayMs);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', () => resolve({ acknowledged, diagnostics }));
  });
}

describe('a writer killed with SIGKILL', () => {
  it('loses nothing that it acknowledged, time after time', async () => {
    const directory = temporary();
    const all: number[] = [];
    for (let round = 0; round < 4; round++) {
      const { acknowledged, diagnostics } = await writeAndKill(directory, 20 + round * 7, round);
      expect(diagnostics).toBe('');
      expect(acknowledged.length).toBeGreaterThanOrEqual(20);
      all.push(...acknowledged);
      const early = await verifyAudit(directory, { key, allowUnsignedTail: true });
      expect(early).toMatchObject({ ok: true });
      const log = await openLog(directory);
      await log.close();
      const seen = new Set<number>();
      const visit = ({ sequence, event }: { sequence: number; event: string }): void => {
        if (event === 'auth.failed') seen.add(sequence);
      };
      expect(await verifyAudit(directory, { key, visit })).toMatchObject({ ok: true });
      expect(all.filter((sequence) => !seen.has(sequence))).toEqual([]);
    }
    expect(new Set(all).size).toBe(all.length);
    const lines = readFileSync(join(directory, 'records.jsonl'), 'utf8').trimEnd().split('\n');
    expect(lines.slice(1).every((line) => parseRecord(line) !== undefined)).toBe(true);
  }, 180_000);
});
