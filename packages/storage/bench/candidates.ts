/**
 * Measures engines that are not dependencies, for the decision in
 * docs/decisions/0030-one-disk-driver.md:
 *
 *     mkdir DIR && cd DIR && npm install lmdb@3.5.6 rocksdb-native@3.18.1
 *     node --conditions=@mxd/source packages/storage/bench/candidates.ts DIR [outputs] [rounds]
 *
 * Each engine runs in a process of its own. The work is the ledger's: a set of unspent outputs
 * under random keys; per round one block of 1,000 transfers: 1,000 random reads on the main
 * thread, then one atomic durable batch of 1,000 deletes and 6,000 puts.
 */
import { spawnSync } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openLevelStore, type Operation } from '../src/index.ts';

interface Engine {
  readonly get: (keys: readonly Uint8Array[]) => number | Promise<number>;
  readonly batch: (operations: readonly Operation[], sync: boolean) => Promise<void>;
  readonly scan: () => Promise<number>;
  readonly close: () => Promise<void>;
}

const keyBytes = 69;
const valueBytes = 62;

async function openEngine(name: string, modules: string, directory: string): Promise<Engine> {
  const require = createRequire(join(modules, 'package.json'));
  if (name === 'level') {
    const store = await openLevelStore(directory);
    return {
      get: (keys) => keys.reduce((found, key) => found + (store.getSync(key) ? 1 : 0), 0),
      batch: (operations, sync) => store.batch(operations, { sync }),
      scan: async () => {
        let count = 0;
        const scan = store.range();
        for (;;) {
          const page = await scan.page(1000);
          if (page.length === 0) return count;
          count += page.length;
        }
      },
      close: () => store.close(),
    };
  }
  if (name === 'lmdb') {
    const { open } = require('lmdb');
    const db = open({
      path: join(directory, 'data.mdb'),
      keyEncoding: 'binary',
      encoding: 'binary',
      mapSize: 8 * 2 ** 30,
    });
    return {
      get: (keys) => keys.reduce((found, key) => found + (db.get(Buffer.from(key)) ? 1 : 0), 0),
      batch: async (operations, sync) => {
        await db.batch(() => {
          for (const operation of operations) {
            const key = Buffer.from(operation.key);
            if (operation.type === 'put') void db.put(key, Buffer.from(operation.value));
            else void db.remove(key);
          }
        });
        if (sync) await db.flushed;
      },
      scan: async () => {
        let count = 0;
        for (const entry of db.getRange()) count += entry.value.length > 0 ? 1 : 0;
        return count;
      },
      close: () => db.close(),
    };
  }
  const RocksDB = require('rocksdb-native');
  const db = new RocksDB(directory);
  await db.ready();
  return {
    get: async (keys) => {
      const read = db.read({ autoDestroy: true });
      const values = Promise.all(keys.map((key) => read.get(Buffer.from(key))));
      read.tryFlush();
      return (await values).filter((value) => value !== null).length;
    },
    batch: async (operations, sync) => {
      const write = db.write({ autoDestroy: true });
      for (const operation of operations) {
        const key = Buffer.from(operation.key);
        if (operation.type === 'put') void write.tryPut(key, Buffer.from(operation.value));
        else void write.tryDelete(key);
      }
      await write.flush();
      // The binding has no synced write: a flush of the memtable is its only durable point.
      if (sync) await db.flush();
    },
    scan: async () => {
      let count = 0;
      for await (const entry of db.iterator({})) count += entry.value.length > 0 ? 1 : 0;
      return count;
    },
    close: () => db.close(),
  };
}

function percentile(samples: readonly number[], share: number): string {
  const sorted = [...samples].sort((left, right) => left - right);
  return (sorted[Math.floor((sorted.length - 1) * share)] ?? 0).toFixed(1);
}

function diskBytes(directory: string): number {
  let bytes = 0;
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) bytes += statSync(join(entry.parentPath, entry.name)).blocks * 512;
  }
  return bytes;
}

/** Own pages, and pages of mapped files, which the system can drop at any time. */
function residentMegabytes(): string {
  const status = readFileSync('/proc/self/status', 'utf8');
  const megabytes = (name: string): number =>
    Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024);
  return `${megabytes('RssAnon')} / ${megabytes('RssFile')}`;
}

async function measure(
  name: string,
  modules: string,
  outputs: number,
  rounds: number,
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'mxd-candidates-'));
  mkdirSync(join(directory, 'db'));
  try {
    const engine = await openEngine(name, modules, join(directory, 'db'));
    // Keys are a function of the index: SHA-free mixing by a random pool keeps the load light.
    const pool = randomFillSync(new Uint8Array((outputs + rounds * 6000) * 16));
    const key = (index: number): Uint8Array => {
      const bytes = new Uint8Array(keyBytes).fill(0x55);
      bytes.set(pool.subarray(index * 16, index * 16 + 16), 1);
      return bytes;
    };
    const value = randomFillSync(new Uint8Array(valueBytes));
    const started = performance.now();
    for (let index = 0; index < outputs; index += 5000) {
      const length = Math.min(5000, outputs - index);
      const puts = Array.from({ length }, (_, at) => ({
        type: 'put' as const,
        key: key(index + at),
        value,
      }));
      await engine.batch(puts, false);
    }
    const loadMs = performance.now() - started;
    const reads: number[] = [];
    const writes: number[] = [];
    const cpuStart = process.cpuUsage();
    for (let round = 0; round < rounds; round += 1) {
      const spent = Array.from({ length: 1000 }, (_, at) =>
        key((round * 7919 + at * 997) % outputs),
      );
      let mark = performance.now();
      await engine.get(spent);
      reads.push(performance.now() - mark);
      const operations: Operation[] = spent.map((each) => ({ type: 'del', key: each }));
      for (let at = 0; at < 6000; at += 1) {
        operations.push({ type: 'put', key: key(outputs + round * 6000 + at), value });
      }
      mark = performance.now();
      await engine.batch(operations, true);
      writes.push(performance.now() - mark);
    }
    const cpu = process.cpuUsage(cpuStart);
    const mark = performance.now();
    const scanned = await engine.scan();
    const scanMs = performance.now() - mark;
    const memory = residentMegabytes();
    await engine.close();
    const row = {
      engine: name,
      'load k/s': Math.round(outputs / loadMs),
      'read 1,000 p50/p99 ms': `${percentile(reads, 0.5)} / ${percentile(reads, 0.99)}`,
      'block batch p50/p99 ms': `${percentile(writes, 0.5)} / ${percentile(writes, 0.99)}`,
      'cpu per block ms': ((cpu.user + cpu.system) / 1000 / rounds).toFixed(1),
      'scan k/s': Math.round(scanned / scanMs),
      'disk MB': Math.round(diskBytes(directory) / 1e6),
      'memory own/mapped MB': memory,
    };
    process.stdout.write(`${JSON.stringify(row)}\n`);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const [modules = '.', outputs = '1000000', rounds = '60', only] = process.argv.slice(2);
if (only === undefined) {
  const [cpu] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  process.stdout.write(`${cpu?.model} x${cpus().length}, ${memory} GiB, Node ${process.version}; `);
  process.stdout.write(`${outputs} outputs, ${rounds} blocks\n`);
  for (const engine of ['level', 'lmdb', 'rocksdb']) {
    const script = fileURLToPath(import.meta.url);
    const args = ['--conditions=@mxd/source', script, modules, outputs, rounds, engine];
    const child = spawnSync(process.execPath, args, { stdio: 'inherit' });
    if (child.status !== 0) process.exitCode = 1;
  }
} else await measure(only, modules, Number(outputs), Number(rounds));
