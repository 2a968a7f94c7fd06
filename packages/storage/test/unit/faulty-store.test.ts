import { describe, expect, test } from 'vitest';
import { type KeyValueStore, openMemoryStore } from '../../src/index.ts';
import { type Fault, faultyStore, forEachFault } from '../../src/testing/index.ts';

const key = (number: number): Uint8Array => Uint8Array.of(1, number);
const one = Uint8Array.of(1);
const put = (number: number) => ({ type: 'put' as const, key: key(number), value: one });
const code = (expected: string): unknown => expect.objectContaining({ code: expected });

/** Moves a coin from account to account, one batch per step, reading in between. */
async function scenario(store: KeyValueStore): Promise<void> {
  for (let step = 1; step <= 3; step += 1) {
    if (store.getSync(key(step - 1)) === undefined) return;
    await store.batch([{ type: 'del', key: key(step - 1) }, put(step)], { sync: true });
    await store.getMany([key(1)]);
    await store.get(key(2));
    for await (const entry of store.range()) expect(entry[1]).toEqual(one);
    await using snapshot = store.snapshot();
    expect(await Array.fromAsync(snapshot.range())).toHaveLength(1);
    await store.approximateSize(key(0), key(9));
    await store.compact(key(0), key(9));
  }
}

describe('the fault injector', () => {
  test.each<Fault>([
    { code: 'STORAGE_IO', when: 'before' },
    { code: 'STORAGE_DISK_FULL', when: 'after' },
  ])('lets every call fail once ($code $when), and there is always one coin', async (fault) => {
    const methods = new Set<string>();
    const faults = await forEachFault({
      fault,
      open: async () => {
        const store = openMemoryStore();
        await store.batch([put(0)]);
        return store;
      },
      scenario,
      check: async (inner, error, call) => {
        methods.add(call.method);
        expect(error).toEqual(code(fault.code));
        expect(await Array.fromAsync(inner.range())).toHaveLength(1);
        expect(inner.counters).toMatchObject({ openScans: 0, openSnapshots: 0 });
      },
    });
    expect(faults).toBe(39);
    expect([...methods].sort()).toEqual([
      'approximateSize',
      'batch',
      'compact',
      'get',
      'getMany',
      'getSync',
      'page',
      'range',
      'snapshot',
    ]);
  });

  test('applies a batch or not, as told, and then takes no more', async () => {
    for (const when of ['before', 'after'] as const) {
      const inner = openMemoryStore();
      const store = faultyStore(inner, ({ method }) =>
        method === 'batch' ? { code: 'STORAGE_IO', when } : undefined,
      );
      await expect(store.batch([put(1)])).rejects.toEqual(code('STORAGE_IO'));
      expect(inner.getSync(key(1)) !== undefined).toBe(when === 'after');
      expect(store.status).toBe('stopped');
      await expect(store.batch([put(2)])).rejects.toEqual(code('STORAGE_STOPPED'));
      expect(store.getSync(key(2))).toBeUndefined();
      await store.close();
      expect(inner.status).toBe('closed');
    }
  });

  test('can fail closing, which still closes', async () => {
    const inner = openMemoryStore();
    const store = faultyStore(inner, ({ method }) =>
      method === 'close' ? { code: 'STORAGE_IO', when: 'before' } : undefined,
    );
    await expect(store.close()).rejects.toEqual(code('STORAGE_IO'));
    expect(inner.status).toBe('closed');
  });

  test('a scenario that fails by itself is not mistaken for a fault', async () => {
    const run = forEachFault({
      fault: { code: 'STORAGE_IO', when: 'before' },
      open: async () => openMemoryStore(),
      scenario: async () => {
        throw new RangeError('broken scenario');
      },
      check: async () => undefined,
    });
    await expect(run).rejects.toThrow('broken scenario');
  });
});
