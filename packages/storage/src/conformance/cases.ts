import assert from 'node:assert/strict';
import { type Entry, type KeyValueStore, type Operation } from '../contract.ts';
import { StorageError, type StorageErrorCode } from '../errors.ts';
import { type ConformanceCase, type DriverUnderTest } from './driver.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A byte string out of text, for readable cases. */
export function b(text: string): Uint8Array {
  return encoder.encode(text);
}

export function text(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : decoder.decode(bytes);
}

export function put(key: string, value: string): Operation {
  return { type: 'put', key: b(key), value: b(value) };
}

export function del(key: string): Operation {
  return { type: 'del', key: b(key) };
}

export function texts(entries: readonly Entry[]): readonly string[] {
  return entries.map(([key, value]) => `${text(key)}=${text(value)}`);
}

/** A case that gets an open store, which is closed and removed afterwards. */
export function withStore(
  name: string,
  body: (store: KeyValueStore, driver: DriverUnderTest) => Promise<void>,
): ConformanceCase {
  return {
    name,
    run: async (driver) => {
      const store = await driver.open();
      try {
        await body(store, driver);
      } finally {
        await store.close();
        await driver.remove?.(store);
      }
    },
  };
}

/** Asserts that the task fails with this code, thrown or rejected. */
export async function assertCode(code: StorageErrorCode, task: () => unknown): Promise<void> {
  let failure: unknown;
  try {
    await task();
  } catch (error) {
    failure = error;
  }
  assert.ok(failure !== undefined, `nothing was thrown instead of ${code}`);
  if (!(failure instanceof StorageError)) throw failure;
  assert.equal(failure.code, code);
}
