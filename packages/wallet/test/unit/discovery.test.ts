import { type KeyPath } from '@mxd/crypto/derivation';
import { SecretBytes } from '@mxd/crypto/secret';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { MasterKey, watchOnly, type Account } from '../../src/index.ts';
import { discoverAccount, discoverWallet, type DiscoveryOptions } from '../../src/discovery.ts';

/** Keys that cost nothing: the path is written into them. */
const derive = (path: KeyPath): Account => {
  const key = new Uint8Array(32);
  new DataView(key.buffer).setUint32(0, path.account);
  key[4] = path.change;
  new DataView(key.buffer).setUint32(5, path.index);
  return watchOnly(1, key, path);
};

const usedAt =
  (used: readonly string[], asked: string[] = []): DiscoveryOptions['isUsed'] =>
  async (accounts) =>
    accounts.map(({ path }) => {
      const text = `${path!.account}/${path!.change}/${path!.index}`;
      asked.push(text);
      return used.includes(text);
    });

describe('discovery', () => {
  test('finds what a gap limit allows and nothing behind it', async () => {
    const used = ['0/0/0', '0/0/3', '0/0/22', '0/0/64', '0/1/1'];
    const found = await discoverAccount(0, { derive, isUsed: usedAt(used) });
    expect(found.receive.used.map((account) => account.path!.index)).toEqual([0, 3, 22]);
    expect(found.receive.nextIndex).toBe(23);
    expect(found.change).toMatchObject({ nextIndex: 2 });
    const wide = await discoverAccount(0, { derive, isUsed: usedAt(used), gapLimit: 45 });
    expect(wide.receive.nextIndex).toBe(65);
  });

  test('agrees with a look at every address, for any gap and batch', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.integer({ min: 0, max: 80 }), { maxLength: 12 }),
        fc.integer({ min: 1, max: 25 }),
        fc.integer({ min: 1, max: 30 }),
        async (indices, gapLimit, batchSize) => {
          const sorted = indices.toSorted((a, b) => a - b);
          const reachable: number[] = [];
          let next = 0;
          for (const index of sorted) {
            // Batches may look further than the gap, so what they find beyond it counts too.
            if (index - next >= gapLimit) break;
            reachable.push(index);
            next = index + 1;
          }
          const isUsed = usedAt(sorted.map((index) => `0/0/${index}`));
          const { receive } = await discoverAccount(0, { derive, isUsed, gapLimit, batchSize });
          const found = receive.used.map((account) => account.path!.index);
          expect(found.slice(0, reachable.length)).toEqual(reachable);
          expect(receive.nextIndex).toBe((found.at(-1) ?? -1) + 1);
        },
      ),
    );
  });

  test('goes through accounts until one is unused, and tells how far it is', async () => {
    const progress: number[] = [];
    const found = await discoverWallet({
      derive,
      isUsed: usedAt(['0/0/1', '1/0/0', '1/1/5', '3/0/0']),
      onProgress: ({ asked }) => progress.push(asked),
    });
    expect(found.map(({ account }) => account)).toEqual([0, 1]);
    expect(found[1]!.change.nextIndex).toBe(6);
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
    expect(progress.at(-1)).toBeLessThanOrEqual(200);
  });

  test('asks each address once', async () => {
    const asked: string[] = [];
    await discoverAccount(0, { derive, isUsed: usedAt(['0/0/5', '0/0/19'], asked) });
    expect(new Set(asked).size).toBe(asked.length);
  });

  test('stops for a signal, for wrong answers, and at its bound', async () => {
    const short = discoverAccount(0, { derive, isUsed: async () => [true] });
    await expect(short).rejects.toMatchObject({ code: 'WALLET_DISCOVERY' });
    const signal = AbortSignal.abort(new TypeError('enough'));
    await expect(discoverAccount(0, { derive, isUsed: usedAt([]), signal })).rejects.toThrow(
      'enough',
    );
    const endless = discoverAccount(0, {
      derive,
      isUsed: async (accounts) => accounts.map(() => true),
      gapLimit: 1000,
    });
    await expect(endless).rejects.toMatchObject({ code: 'WALLET_DISCOVERY' });
  });

  test('works on real keys', async () => {
    using master = MasterKey.own(SecretBytes.copyOf(new Uint8Array(32).fill(3)));
    const target = master.watch(1, { account: 0, change: 1, index: 2 });
    const found = await discoverAccount(0, {
      derive: (path) => master.watch(1, path),
      isUsed: async (accounts) =>
        accounts.map(({ publicKey }) => Buffer.compare(publicKey, target.publicKey) === 0),
      gapLimit: 4,
    });
    expect(found.change.used).toEqual([target]);
    expect(found.receive.used).toEqual([]);
  });
});
