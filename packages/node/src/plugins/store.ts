import { join } from 'node:path';

import { compareBytes, u53, u64 } from '@mxd/codec';
import { limits as contractLimits } from '@mxd/plugin/limits';
import { PluginError } from '@mxd/plugin';
import type { CheckedOperation, CheckedRange } from '@mxd/plugin/host';
import {
  defineBucket,
  defineSchema,
  openDatabase,
  prefixEnd,
  rawValue,
  textKey,
  tupleKey,
  varBytesKey,
  type BucketRange,
  type KeyValueStore,
  type NetworkIdentity,
  type Operation,
  type Schema,
} from '@mxd/storage';

const cursors = defineBucket({
  name: 'plugin-cursors',
  prefix: 0x01,
  key: textKey(32),
  value: u53,
});
const sizes = defineBucket({ name: 'plugin-sizes', prefix: 0x02, key: textKey(32), value: u64 });
const entries = defineBucket({
  name: 'plugin-entries',
  prefix: 0x03,
  key: tupleKey(textKey(32), varBytesKey(contractLimits.storageKeyBytes.value)),
  value: rawValue,
});

type EntryKey = readonly [plugin: string, key: Uint8Array];

const lastKey = new Uint8Array(contractLimits.storageKeyBytes.value).fill(0xff);

/** The store of all plugins: apart from the chain's, so that their writes cannot stop it. */
export const pluginSchema: Schema = defineSchema({
  application: 'plugins',
  version: 1,
  buckets: [cursors, sizes, entries],
});

/** Opens `plugins` in the data directory. @throws StorageError. */
export function openPluginStore(dataDir: string, network: NetworkIdentity): Promise<KeyValueStore> {
  return openDatabase({ directory: join(dataDir, 'plugins'), schema: pluginSchema, network });
}

/** One plugin's part of the store: its entries, their size, its cursor. Batches are in order. */
export class PluginBucket {
  readonly #store: KeyValueStore;
  readonly #name: string;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(store: KeyValueStore, name: string) {
    this.#store = store;
    this.#name = name;
  }

  /** Height of the last final block that the plugin has taken; undefined before the first start. */
  cursor(): number | undefined {
    return cursors.on(this.#store).getSync(this.#name);
  }

  get sizeBytes(): number {
    return Number(sizes.on(this.#store).getSync(this.#name) ?? 0n);
  }

  get(key: Uint8Array): Promise<Uint8Array | undefined> {
    return entries.on(this.#store).get([this.#name, key]);
  }

  async range(range: CheckedRange): Promise<readonly (readonly [Uint8Array, Uint8Array])[]> {
    const page: (readonly [Uint8Array, Uint8Array])[] = [];
    await using scan = entries.on(this.#store).range(this.#bounds(range));
    for await (const [[, key], value] of scan) page.push([key, value]);
    return page;
  }

  /** The keys of a range: always between the first and the last key that this plugin can have. */
  #bounds({ prefix, after, limit, reverse }: CheckedRange): BucketRange<EntryKey> {
    const name = this.#name;
    const end = prefixEnd(prefix);
    const low: EntryKey = [name, prefix];
    const upper =
      end === undefined ? { lte: [name, lastKey] as const } : { lt: [name, end] as const };
    if (after === undefined) return { gte: low, ...upper, limit, reverse };
    const inside = startsWith(after, prefix);
    if (reverse && inside) return { gte: low, lt: [name, after], limit, reverse };
    if (inside) return { gt: [name, after], ...upper, limit, reverse };
    // A page that ended before the prefix, or behind it.
    const isBefore = compareBytes(after, prefix) < 0;
    const isOver = reverse ? isBefore : !isBefore;
    return { gte: low, ...(isOver ? { lt: low } : upper), limit, reverse };
  }

  /**
   * Writes a plugin's operations, with the cursor if one is given, all or nothing. With a cursor it
   * need not be synced: after a loss of power the block is delivered again.
   * @throws PluginError PLUGIN_STORAGE when the plugin's share of the disk is used up.
   */
  write(operations: readonly CheckedOperation[], cursor?: number): Promise<void> {
    const next = this.#tail.then(() => this.#write(operations, cursor));
    this.#tail = next.catch(() => undefined);
    return next;
  }

  async #write(operations: readonly CheckedOperation[], cursor?: number): Promise<void> {
    const batch: Operation[] = [];
    if (operations.length > 0) {
      const size = await this.#sizeAfter(operations);
      batch.push(sizes.put(this.#name, BigInt(size)));
    }
    for (const operation of operations) {
      const key = [this.#name, operation.key] as const;
      batch.push(
        operation.type === 'put' ? entries.put(key, operation.value) : entries.delete(key),
      );
    }
    if (cursor !== undefined) batch.push(cursors.put(this.#name, cursor));
    await this.#store.batch(batch);
  }

  async #sizeAfter(operations: readonly CheckedOperation[]): Promise<number> {
    const reader = entries.on(this.#store);
    const now = new Map<string, number>();
    const text = (key: Uint8Array): string => Buffer.from(key).toString('latin1');
    const old = await reader.getMany(operations.map(({ key }) => [this.#name, key] as const));
    let size = this.sizeBytes;
    operations.forEach((operation, i) => {
      const name = text(operation.key);
      const before = now.get(name) ?? sizeOf(operation.key, old[i]);
      const after = operation.type === 'put' ? sizeOf(operation.key, operation.value) : 0;
      now.set(name, after);
      size += after - before;
    });
    const max = contractLimits.storageBytes.value;
    if (size > max && size > this.sizeBytes) {
      throw new PluginError('PLUGIN_STORAGE', `the storage of ${this.#name} is full: ${max} bytes`);
    }
    return size;
  }
}

const sizeOf = (key: Uint8Array, value: Uint8Array | undefined): number =>
  value === undefined ? 0 : key.length + value.length;

const startsWith = (key: Uint8Array, prefix: Uint8Array): boolean =>
  key.length >= prefix.length && prefix.every((byte, i) => key[i] === byte);
