import { PluginError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { StorageOperation, StorageRange } from '../storage.ts';

/** An operation whose key is bytes and whose sizes are within their limits. */
export type CheckedOperation =
  | { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: Uint8Array };

export interface CheckedRange {
  readonly prefix: Uint8Array;
  readonly after: Uint8Array | undefined;
  readonly limit: number;
  readonly reverse: boolean;
}

const refuse = (message: string): never => {
  throw new PluginError('PLUGIN_STORAGE', message);
};

/** The bytes of a key. @throws PluginError PLUGIN_STORAGE. */
export function keyBytes(key: unknown, minBytes = 1): Uint8Array {
  const bytes = typeof key === 'string' ? new TextEncoder().encode(key) : key;
  if (!(bytes instanceof Uint8Array)) return refuse('a key is text or bytes');
  const max = limits.storageKeyBytes.value;
  if (bytes.length < minBytes || bytes.length > max) {
    return refuse(`a key has ${minBytes} to ${max} bytes, not ${bytes.length}`);
  }
  return bytes;
}

/** Operations as hosts take them. @throws PluginError PLUGIN_STORAGE. */
export function checkOperations(input: unknown): readonly CheckedOperation[] {
  if (!Array.isArray(input) || input.length > limits.storageBatch.value) {
    return refuse(`a batch is a list of at most ${limits.storageBatch.value} operations`);
  }
  return (input as readonly Partial<StorageOperation>[]).map((operation) => {
    const key = keyBytes(operation?.key);
    if (operation.type === 'del') return { type: 'del', key };
    const value = (operation as { readonly value?: unknown }).value;
    if (operation.type !== 'put' || !(value instanceof Uint8Array)) {
      return refuse('an operation is a put with bytes, or a del');
    }
    if (value.length > limits.storageValueBytes.value) {
      return refuse(`a value has at most ${limits.storageValueBytes.value} bytes`);
    }
    return { type: 'put', key, value };
  });
}

/** A range as hosts take it. @throws PluginError PLUGIN_STORAGE. */
export function checkRange(input: unknown): CheckedRange {
  const { prefix = '', after, limit = 100, reverse = false } = (input ?? {}) as StorageRange;
  if (!Number.isInteger(limit) || limit < 1 || limit > limits.storagePage.value) {
    return refuse(`a page has 1 to ${limits.storagePage.value} entries`);
  }
  return {
    prefix: keyBytes(prefix, 0),
    after: after === undefined ? undefined : keyBytes(after),
    limit,
    reverse,
  };
}
