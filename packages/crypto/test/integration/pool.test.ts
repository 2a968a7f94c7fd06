import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

import { fromHex } from '@mxd/codec';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { nativeSuites } from '../../src/native.ts';
import { allValid, isValid, VerificationPool, type VerifyItem } from '../../src/pool.ts';
import { suiteIds, type SuiteId } from '../../src/suites.ts';
import verdicts from '../vectors/data/ed25519-verdicts.json' with { type: 'json' };

const coded = (code: string): unknown => expect.objectContaining({ code });

function signed(suite: SuiteId, count: number): VerifyItem[] {
  using signer = nativeSuites()[suite].signer(
    new Uint8Array(nativeSuites()[suite].seedBytes).fill(suite),
  );
  return Array.from({ length: count }, (_, i) => {
    const message = Uint8Array.of(i, i >> 8, suite);
    return { suite, publicKey: signer.publicKey, message, signature: signer.sign(message) };
  });
}

const ed25519 = signed(1, 700);
const broken = (item: VerifyItem): VerifyItem => ({ ...item, message: Uint8Array.of(9, 9, 9, 9) });

/** The threads that the pools of a test start, in order. */
let workers: Worker[] = [];
const note = (worker: Worker): void => {
  workers.push(worker);
};
let pool: VerificationPool | undefined;

beforeEach(() => {
  workers = [];
  process.on('worker', note);
});
afterEach(async () => {
  await pool?.close({ drain: false });
  pool = undefined;
  process.off('worker', note);
});

describe('verdicts', () => {
  test('stand in the order of the items, over all suites and chunk borders', async () => {
    pool = new VerificationPool({ workers: 2 });
    const items = [...ed25519, ...signed(2, 12), ...signed(3, 12)];
    const bad = new Set([0, 7, 8, 63, 64, 65, 300, 699, 700, 705, 711, 712, 723]);
    const batch = items.map((item, i) => (bad.has(i) ? broken(item) : item));
    const bitmap = await pool.verify(batch);
    expect(bitmap.length).toBe(Math.ceil(batch.length / 8));
    for (const i of batch.keys()) expect([i, isValid(bitmap, i)]).toEqual([i, !bad.has(i)]);
    expect(allValid(bitmap, batch.length)).toBe(false);
    expect(allValid(await pool.verify(items), items.length)).toBe(true);
    // The bits after the last item stay clear.
    const one = await pool.verify(items.slice(0, 1));
    expect([...one]).toEqual([1]);
    expect(isValid(one, 1)).toBe(false);
    expect(isValid(one, 800)).toBe(false);
  });

  test('are those of the frozen accept set', async () => {
    pool = new VerificationPool({ workers: 2 });
    const items = verdicts.map((item) => ({
      suite: 1 as const,
      publicKey: fromHex(item.publicKey),
      message: fromHex(item.message),
      signature: fromHex(item.signature),
    }));
    const bitmap = await pool.verify(items);
    expect(verdicts.map((_, i) => isValid(bitmap, i))).toEqual(verdicts.map((item) => item.valid));
  });

  test('of malformed items are false, and harm no neighbour', async () => {
    pool = new VerificationPool({ workers: 1 });
    const [good] = ed25519 as [VerifyItem];
    const batch: VerifyItem[] = [
      good,
      { ...good, suite: 0 as SuiteId },
      { ...good, suite: 2 },
      good,
      { ...good, publicKey: new Uint8Array(0) },
      { ...good, signature: new Uint8Array(70) },
      { ...good, message: new Uint8Array(100_000) },
      good,
    ];
    expect([...(await pool.verify(batch))]).toEqual([0b1000_1001]);
  });

  test('of nothing are nothing', async () => {
    pool = new VerificationPool({ workers: 1 });
    expect(await pool.verify([])).toEqual(new Uint8Array(0));
  });
});

describe('bounds', () => {
  test('callers wait for room in turn, urgent ones first, and too many are refused', async () => {
    pool = new VerificationPool({ workers: 1, maxSignatures: 100, maxWaiting: 3 });
    const order: string[] = [];
    const run = (name: string, urgent = false): Promise<void> =>
      pool!.verify(ed25519.slice(0, 80), { urgent }).then(() => {
        order.push(name);
      });
    const all = [run('first'), run('second'), run('third'), run('urgent', true)];
    await expect(pool.verify(ed25519.slice(0, 80))).rejects.toThrow(coded('VERIFY_POOL_FULL'));
    expect(pool.stats()).toMatchObject({ outstanding: 80, waiting: 3, refused: 1 });
    await Promise.all(all);
    expect(order).toEqual(['first', 'urgent', 'second', 'third']);
    expect(pool.stats()).toMatchObject({ outstanding: 0, waiting: 0, batches: 4, signatures: 320 });
  });

  test('batches that can never fit are refused at once', async () => {
    pool = new VerificationPool({ workers: 1, maxSignatures: 10 });
    await expect(pool.verify(ed25519.slice(0, 11))).rejects.toThrow(coded('VERIFY_POOL_BATCH'));
    const message = new Uint8Array(2 ** 26);
    await expect(pool.verify([{ ...ed25519[0]!, message }])).rejects.toThrow(
      coded('VERIFY_POOL_BATCH'),
    );
    for (const count of [0, 65, 1.5]) {
      expect(() => new VerificationPool({ workers: count })).toThrow(coded('VERIFY_POOL_BATCH'));
    }
  });

  test('many small batches keep their verdicts apart', async () => {
    pool = new VerificationPool({ workers: 2, maxSignatures: 64, maxWaiting: 1000 });
    const results = await Promise.all(
      ed25519.map((item, i) => pool!.verify([i % 3 === 0 ? broken(item) : item])),
    );
    expect(results.map((bitmap) => bitmap[0])).toEqual(
      ed25519.map((_, i) => (i % 3 === 0 ? 0 : 1)),
    );
  });
});

describe('threads that end', () => {
  test('are replaced, and their work is done again', async () => {
    pool = new VerificationPool({ workers: 1 });
    await pool.verify(ed25519.slice(0, 1));
    const running = pool.verify(ed25519);
    await workers[0]!.terminate();
    expect(allValid(await running, ed25519.length)).toBe(true);
    expect(pool.stats()).toMatchObject({ workers: 1, crashes: 1, outstanding: 0 });
    expect(pool.stats().retries).toBeGreaterThan(0);
    expect(workers.length).toBe(2);
  });

  test('all at once are replaced all the same', async () => {
    pool = new VerificationPool({ workers: 3 });
    await pool.verify(ed25519.slice(0, 1));
    const running = pool.verify(ed25519);
    await Promise.all(workers.slice(0, 3).map((worker) => worker.terminate()));
    expect(allValid(await running, ed25519.length)).toBe(true);
    expect(pool.stats()).toMatchObject({ workers: 3, outstanding: 0 });
  });

  test('twice under the same work fail the batch, not the pool', async () => {
    pool = new VerificationPool({ workers: 1 });
    await pool.verify(ed25519.slice(0, 1));
    const ended = new Promise<void>((resolve) => {
      // The replacement is ended as well, as soon as it works.
      process.once('worker', (worker: Worker) => {
        worker.once('message', () => {
          void worker.terminate().then(() => {
            resolve();
          });
        });
      });
    });
    const lost = pool.verify(signed(3, 8));
    const rejected = expect(lost).rejects.toThrow(coded('VERIFY_POOL_CRASHED'));
    await workers[0]!.terminate();
    await ended;
    await rejected;
    expect(allValid(await pool.verify(ed25519), ed25519.length)).toBe(true);
    expect(pool.stats()).toMatchObject({ workers: 1, crashes: 2, outstanding: 0 });
  });

  test('before they are ready, again and again, end the pool with a code', async () => {
    process.on('worker', killer);
    pool = new VerificationPool({ workers: 1 });
    await expect(pool.verify(ed25519)).rejects.toThrow(coded('VERIFY_POOL_CRASHED'));
    process.off('worker', killer);
    await expect(pool.verify(ed25519)).rejects.toThrow(coded('VERIFY_POOL_CRASHED'));
    expect(workers.length).toBe(3);
    expect(pool.stats().outstanding).toBe(0);
  });

  const killer = (worker: Worker): void => {
    void worker.terminate();
  };
});

describe('closing', () => {
  test('finishes what was accepted, then refuses', async () => {
    pool = new VerificationPool({ workers: 2, maxSignatures: 700 });
    const [first, second] = [pool.verify(ed25519), pool.verify(ed25519)];
    const closed = pool.close();
    await expect(pool.verify(ed25519)).rejects.toThrow(coded('VERIFY_POOL_CLOSED'));
    expect(allValid(await first, 700)).toBe(true);
    expect(allValid(await second, 700)).toBe(true);
    await closed;
    expect(workers.map((worker) => worker.threadId)).toEqual([-1, -1]);
    await pool.close();
  });

  test('without draining rejects all at once', async () => {
    pool = new VerificationPool({ workers: 1, maxSignatures: 700 });
    const results = Promise.allSettled([pool.verify(ed25519), pool.verify(ed25519)]);
    await pool.close({ drain: false });
    for (const result of await results) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'VERIFY_POOL_CLOSED' } });
    }
    expect(pool.stats()).toMatchObject({ workers: 0, outstanding: 0, waiting: 0 });
  });

  test('is done by await using', async () => {
    {
      await using local = new VerificationPool({ workers: 1 });
      await local.verify(ed25519.slice(0, 3));
    }
    expect(workers[0]!.threadId).toBe(-1);
  });

  test('an idle pool does not keep a process alive, a busy one does', () => {
    const source = new URL('../../src/', import.meta.url).href;
    const script = `
      import { VerificationPool } from '${source}pool.ts';
      import { pureSuites } from '${source}suites.ts';
      const seed = new Uint8Array(32), message = new Uint8Array(1);
      const publicKey = pureSuites[1].publicKeyOf(seed);
      const signature = pureSuites[1].sign(seed, message);
      const pool = new VerificationPool({ workers: 2 });
      pool.verify([{ suite: 1, publicKey, message, signature }]).then((bitmap) => {
        console.log('verdict', bitmap[0]);
      });`;
    const output = execFileSync(
      process.execPath,
      ['--conditions=@mxd/source', '--input-type=module', '-e', script],
      { encoding: 'utf8', timeout: 20_000, cwd: fileURLToPath(new URL('../..', import.meta.url)) },
    );
    expect(output).toBe('verdict 1\n');
  });
});

test('the suites have the numbers that the pool knows', () => {
  expect(suiteIds).toEqual([1, 2, 3]);
});
