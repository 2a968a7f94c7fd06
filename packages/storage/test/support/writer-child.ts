/**
 * Writes numbered batches to a store until it is killed or fails: batch n puts n under 50 keys
 * spread over the key space and under the key `last`, and deletes what batch n - 3 put. Each batch
 * is acknowledged on stdout after it resolved.
 */
import { openLevelStore, StorageError } from '../../src/index.ts';
import { batchOf } from './numbered-batches.ts';

const [directory = '', mode = 'sync', valueBytes = '100'] = process.argv.slice(2);
try {
  const store = await openLevelStore(directory, { writeBufferBytes: 128 * 1024 });
  const stored = store.getSync(Uint8Array.of(1));
  let number = stored === undefined ? 0 : new DataView(stored.buffer).getUint32(0);
  process.stdout.write(`open ${number}\n`);
  for (;;) {
    number += 1;
    await store.batch(batchOf(number, Number(valueBytes)), { sync: mode === 'sync' });
    process.stdout.write(`${number}\n`);
  }
} catch (error) {
  process.stdout.write(`error ${error instanceof StorageError ? error.code : String(error)}\n`);
  process.exitCode = 3;
}
