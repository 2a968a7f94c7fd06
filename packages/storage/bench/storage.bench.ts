import { randomFillSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SecretBytes } from '@mxd/crypto/secret';
import { ClassicLevel } from 'classic-level';
import type { BenchmarkContext, BenchmarkSuite } from '../../../tooling/bench/src/harness.ts';
import { createBackup, restoreBackup } from '../src/backup/index.ts';
import {
  bytesKey,
  defineBucket,
  defineSchema,
  type KeyValueStore,
  openDatabase,
  openMemoryStore,
  type Operation,
  rawValue,
  verifyStore,
} from '../src/index.ts';

const outputs = defineBucket({ name: 'outputs', prefix: 1, key: bytesKey(68), value: rawValue });
const unchecked = defineBucket({
  name: 'unchecked',
  prefix: 2,
  key: bytesKey(68),
  value: rawValue,
  checksum: false,
});
const schema = defineSchema({ application: 'bench', version: 1, buckets: [outputs, unchecked] });
const network = { id: 1, genesisHash: new Uint8Array(64) };
const perBlock = 4000;

type Raw = ClassicLevel<Uint8Array, Uint8Array>;

function directory({ onEnd }: BenchmarkContext): string {
  const path = mkdtempSync(join(tmpdir(), 'mxd-storage-bench-'));
  onEnd(() => {
    rmSync(path, { recursive: true, force: true });
  });
  return path;
}

function randomKeys(count: number): readonly Uint8Array[] {
  const pool = randomFillSync(new Uint8Array(count * 68));
  return Array.from({ length: count }, (_, index) => pool.subarray(index * 68, index * 68 + 68));
}

const value = randomFillSync(new Uint8Array(62));

interface Filled {
  readonly store: KeyValueStore;
  readonly keys: readonly Uint8Array[];
}

async function filled(context: BenchmarkContext, count: number): Promise<Filled> {
  const store = await openDatabase({ directory: join(directory(context), 'db'), schema, network });
  context.onEnd(() => store.close());
  const keys = randomKeys(count);
  for (let index = 0; index < keys.length; index += 5000) {
    await store.batch(keys.slice(index, index + 5000).map((key) => outputs.put(key, value)));
  }
  return { store, keys };
}

async function openRaw(context: BenchmarkContext): Promise<Raw> {
  const db: Raw = new ClassicLevel(directory(context), {
    keyEncoding: 'view',
    valueEncoding: 'view',
    cacheSize: 64 * 2 ** 20,
    writeBufferSize: 16 * 2 ** 20,
    compression: false,
  });
  await db.open();
  context.onEnd(() => db.close());
  return db;
}

const size = ({ smoke }: BenchmarkContext, full: number): number => (smoke ? 500 : full);

/** Raw LevelDB and this driver over data of their own; both of the same keys. */
const suite: BenchmarkSuite = {
  name: 'storage',
  benchmarks: [
    {
      name: 'getSync: driver over classic-level',
      compare: [
        {
          name: 'driver',
          operations: perBlock,
          prepare: async (context) => {
            const { store, keys } = await filled(context, perBlock);
            const stored = keys.map((key) => outputs.encodeKey(key));
            return () => {
              for (const key of stored) store.getSync(key);
            };
          },
        },
        {
          name: 'classic-level',
          operations: perBlock,
          prepare: async (context) => {
            const db = await openRaw(context);
            const puts = randomKeys(perBlock).map((key) => outputs.put(key, value));
            await db.batch(puts);
            return () => {
              for (const { key } of puts) db.getSync(key);
            };
          },
        },
      ],
    },
    {
      name: 'synced batch of 4,000: driver over classic-level',
      compare: [
        {
          name: 'driver',
          operations: perBlock,
          prepare: async (context) => {
            const { store } = await filled(context, 10);
            const puts = randomKeys(perBlock).map((key) => outputs.put(key, value));
            return () => store.batch(puts, { sync: true });
          },
        },
        {
          name: 'classic-level',
          operations: perBlock,
          prepare: async (context) => {
            const db = await openRaw(context);
            const puts: Operation[] = randomKeys(perBlock).map((key) => outputs.put(key, value));
            return () => db.batch(puts, { sync: true });
          },
        },
      ],
    },
    {
      name: 'scan by pages: driver over classic-level',
      compare: [
        {
          name: 'driver',
          operations: 20_000,
          prepare: async (context) => {
            const { store } = await filled(context, 20_000);
            return async () => {
              // Read to its end, which closes it.
              const scan = store.range();
              while ((await scan.page(1000)).length > 0);
            };
          },
        },
        {
          name: 'classic-level',
          operations: 20_000,
          prepare: async (context) => {
            const db = await openRaw(context);
            await db.batch(randomKeys(20_000).map((key) => outputs.put(key, value)));
            return async () => {
              const iterator = db.iterator({ highWaterMarkBytes: 262_144 });
              while ((await iterator.nextv(1000)).length > 0);
              await iterator.close();
            };
          },
        },
      ],
    },
    ...([outputs, unchecked] as const).map((bucket) => ({
      name: `bucket put and get${bucket.checksum ? ' with checksum' : ''}, memory store`,
      operations: 1000,
      unit: 'us/op' as const,
      prepare: () => {
        const store = openMemoryStore();
        const keys = randomKeys(1000);
        const reader = bucket.on(store);
        return async () => {
          await store.batch(keys.map((key) => bucket.put(key, value)));
          for (const key of keys) reader.getSync(key);
        };
      },
    })),
    ...[1_000_000, 100_000].map((count) => ({
      name: `random reads and block batches at ${count.toLocaleString('en')} outputs`,
      unit: 'ms/block',
      better: 'lower' as const,
      measure: async (context: BenchmarkContext) => {
        const entries = size(context, count);
        const { store, keys } = await filled(context, entries);
        const samples: number[] = [];
        for (let round = 0; round < (context.smoke ? 2 : 30); round += 1) {
          const spent = Array.from(
            { length: 1000 },
            (_, at) => keys[(round * 7919 + at * 997) % entries] ?? value,
          );
          const fresh = randomKeys(2000);
          const start = performance.now();
          for (const key of spent) outputs.on(store).getSync(key);
          await store.batch(
            [
              ...spent.map((key) => outputs.delete(key)),
              ...fresh.map((key) => outputs.put(key, value)),
            ],
            { sync: true },
          );
          samples.push(performance.now() - start);
        }
        return samples;
      },
    })),
    ...([undefined, { kind: 'key', key: SecretBytes.copyOf(new Uint8Array(32)) }] as const).map(
      (key) => ({
        name: `backup, ${key === undefined ? 'plain' : 'encrypted'}`,
        unit: 'MB/s',
        better: 'higher' as const,
        measure: async (context: BenchmarkContext) => {
          const { store } = await filled(context, size(context, 200_000));
          const base = directory(context);
          const options = {
            directory: join(base, 'series'),
            ...(key === undefined ? {} : { key }),
          };
          let start = performance.now();
          const point = await createBackup(store, options);
          const full = point.sizeBytes / 1000 / (performance.now() - start);
          start = performance.now();
          await createBackup(store, options);
          context.figure('unchanged, second point', (performance.now() - start) / 1000, 's');
          start = performance.now();
          await restoreBackup({ ...options, target: join(base, 'target'), network });
          context.figure('restore', point.sizeBytes / 1000 / (performance.now() - start), 'MB/s');
          return [full];
        },
      }),
    ),
    {
      name: 'verify',
      unit: 'entries/s',
      better: 'higher',
      measure: async (context) => {
        const { store } = await filled(context, size(context, 200_000));
        const start = performance.now();
        const { entries } = await verifyStore(store, { schema });
        return [(entries * 1000) / (performance.now() - start)];
      },
    },
  ],
};

export default suite;
