import { describe, expect, test } from 'vitest';
import { equalBytes } from '@mxd/codec';
import { blockHashOf } from '@mxd/protocol/block';
import { openMemoryStore } from '@mxd/storage';

import { key, openLedger, World } from '../../src/testing/world.ts';

describe('a chain', () => {
  test('starts at genesis, pays, crosses epochs and is found again', async () => {
    const alice = key(1);
    const bob = key(2);
    const world = await World.open([alice, alice], 1_000_000n, { members: 4 });
    const { ledger } = world;
    expect(ledger.head.height).toBe(0);
    const tx = world.transaction({
      from: [world.coins[0]!],
      to: [
        { spender: bob, amount: 300_000n },
        { spender: alice, amount: 699_000n },
      ],
      tip: 1_000n,
    });
    await world.extend([tx.bytes]);
    const found = await ledger.reader.transaction(tx.txid);
    expect(found).toMatchObject({ height: 1, position: 0, origin: 'transaction' });
    expect(equalBytes(found!.bytes!, tx.bytes)).toBe(true);
    expect(await ledger.reader.balance(bob.owner)).toMatchObject({ plain: 300_000n, outputs: 1 });
    expect(await ledger.reader.balance(alice.owner)).toMatchObject({ plain: 1_699_000n });
    const history = await ledger.reader.history(alice.owner);
    expect(history.items.map(({ height, received, spent }) => [height, received, spent])).toEqual([
      [1, 699_000n, 1_000_000n],
      [0, 2_000_000n, 0n],
    ]);
    for (let i = 0; i < 40; i++) await world.extend([], i % 3 === 0 ? 1 : 0);
    expect(ledger.head.height).toBe(41);
    expect(ledger.state(ledger.head.hash)!.childEpoch).toBe(3);
    const root = ledger.state(ledger.head.hash)!.postRoot;
    await ledger.close();
    const again = await openLedger(world.genesis, world.store);
    expect(again.head.height).toBe(41);
    expect(equalBytes(again.state(again.head.hash)!.postRoot, root)).toBe(true);
  });

  test('a ledger that only replays equals the one that built, byte for byte', async () => {
    const alice = key(1);
    const world = await World.open([alice, key(2), key(3)], 1_000_000n, { members: 3 });
    const store = openMemoryStore();
    const replayed = await openLedger(world.genesis, store);
    let coin = world.coins[0]!;
    for (let i = 0; i < 20; i++) {
      const tx = world.transaction({
        from: [coin],
        to: [
          { spender: key(10 + i), amount: 1_000n },
          { spender: alice, amount: coin.output.amount - 1_100n },
        ],
        tip: 100n,
      });
      coin = tx.coins[1]!;
      await world.extend([tx.bytes]);
    }
    for (let height = 1; height <= 20; height++) {
      const block = (await world.ledger.reader.block(height))!;
      expect(await replayed.executeBlock(block)).toMatchObject({ ok: true });
      const finalization = (await world.ledger.reader.finalization(height))!;
      await replayed.commit(blockHashOf(block.header), finalization);
    }
    const dump = async (from: typeof store): Promise<string[]> => {
      const lines: string[] = [];
      for await (const [k, v] of from.range()) {
        lines.push(`${Buffer.from(k).toString('hex')} ${Buffer.from(v).toString('hex')}`);
      }
      return lines;
    };
    expect(await dump(store)).toEqual(await dump(world.store));
  });
});
