import { toHex } from '@mxd/codec';
import { transactionKind } from '@mxd/protocol/transaction';
import { describe, expect, test } from 'vitest';

import { Mempool } from '../../src/mempool/mempool.ts';
import type { AdmissionVerdict, MempoolOptions } from '../../src/mempool/types.ts';
import { poolChainOf } from '../../src/pool-chain.ts';
import {
  key,
  policyOf,
  verifyHere,
  World,
  type Coin,
  type MadeTransaction,
  type Payment,
} from '../../src/testing/world.ts';

const alice = key(1);
const bob = key(2);
const amount = 1_000_000n;
const start = 1_700_000_000_000;

interface Fixture {
  readonly world: World;
  readonly pool: Mempool;
  readonly submit: (bytes: Uint8Array, peer?: string, nowMs?: number) => Promise<AdmissionVerdict>;
  /** A payment of one coin to bob, all of it but the tip. */
  readonly pay: (coin: Coin, change?: Partial<Payment>) => MadeTransaction;
  /** Builds with the pool, commits, lets the pool follow. */
  readonly advance: (withPool?: boolean) => Promise<number>;
}

async function fixture(count = 8, options: Partial<MempoolOptions> = {}): Promise<Fixture> {
  const world = await World.open(
    Array.from({ length: count }, () => alice),
    amount,
    { parameters: { epochLength: 256 } },
  );
  const { ledger } = world;
  const pool = new Mempool({
    chain: poolChainOf(ledger),
    verifySignatures: verifyHere,
    ...options,
  });
  return {
    world,
    pool,
    async submit(bytes, peer, nowMs = start) {
      const submission = peer === undefined ? { bytes } : { bytes, peer };
      const [verdict] = await pool.submit([submission], nowMs);
      return verdict!;
    },
    pay: (coin, change = {}) =>
      world.transaction({
        from: [coin],
        to: [{ spender: bob, amount: coin.output.amount - (change.tip ?? 0n) }],
        ...change,
      }),
    async advance(withPool = true) {
      const request = world.request();
      const built = await ledger.buildBlock(withPool ? { ...request, mempool: pool } : request);
      if (!built.ok) throw new Error(built.code);
      await built.executed;
      for (const committed of await world.finalize(built.block)) {
        await pool.blockFinal(committed, start);
      }
      return built.block.header.txCount;
    },
  };
}

const refusedWith = (code: string) => expect.objectContaining({ status: 'refused', code });

describe('admission', () => {
  test('accepts once, knows it again, and knows it when it is final', async () => {
    const { world, pool, submit, pay, advance } = await fixture();
    const tx = pay(world.coins[0]!);
    expect(await submit(tx.bytes)).toMatchObject({ status: 'accepted' });
    expect(await submit(tx.bytes)).toMatchObject({ status: 'known', final: false });
    expect(pool.get(tx.txid)!.bytes).toEqual(tx.bytes);
    expect(await advance()).toBe(1);
    expect(pool.size).toBe(0);
    expect(await submit(tx.bytes)).toMatchObject({ status: 'known', final: true });
    expect(pool.counters).toMatchObject({ accepted: 1, known: 2, confirmed: 1 });
  });

  test('the same bytes twice in one batch', async () => {
    const { world, pool, pay } = await fixture();
    const { bytes } = pay(world.coins[0]!);
    const verdicts = await pool.submit([{ bytes }, { bytes }], start);
    expect(verdicts.map(({ status }) => status)).toEqual(['accepted', 'known']);
  });

  test('two transactions in one batch that spend the same coin', async () => {
    const { world, pool, pay } = await fixture();
    const verdicts = await pool.submit(
      [
        { bytes: pay(world.coins[0]!).bytes },
        { bytes: pay(world.coins[0]!, { validFrom: 1 }).bytes },
      ],
      start,
    );
    expect(verdicts).toEqual([
      expect.objectContaining({ status: 'accepted' }),
      refusedWith('POOL_CONFLICT'),
    ]);
  });

  test('refuses what breaks a rule, and remembers it', async () => {
    const { world, submit, pay, pool } = await fixture();
    const coin = world.coins[0]!;
    const forged = pay({ ...coin, spender: bob });
    expect(await submit(forged.bytes)).toMatchObject({ code: 'TX_OWNER', mayRetry: false });
    expect(await submit(forged.bytes)).toMatchObject({ code: 'TX_OWNER' });
    expect(pool.counters.refused).toEqual({ TX_OWNER: 2 });
    const flipped = pay(coin, {
      tamper: (witnesses) => {
        const first = witnesses[0] as { signature: Uint8Array };
        first.signature = first.signature.map((byte, i) => (i === 3 ? byte ^ 1 : byte));
      },
    });
    expect(await submit(flipped.bytes)).toEqual(refusedWith('TX_SIGNATURE'));
    expect(await submit(pay(coin).bytes.subarray(1))).toEqual(refusedWith('TX_DECODE'));
    expect(await submit(new Uint8Array(200_000))).toEqual(refusedWith('TX_DECODE'));
    expect(await submit(pay(coin, { chainId: 9 }).bytes)).toEqual(refusedWith('TX_CHAIN'));
    expect(await submit(pay(coin, { validFrom: 2 }).bytes)).toMatchObject({
      code: 'TX_NOT_YET_VALID',
      mayRetry: true,
    });
    expect(pool.size).toBe(0);
  });

  test('asks policies last, and takes no answer for a no', async () => {
    const asked: string[] = [];
    const { world, submit, pay } = await fixture(4, {
      policy: async (questions) => {
        for (const { txid, spent } of questions) asked.push(`${toHex(txid)} ${spent.length}`);
        return asked.length === 1 ? [{ decision: 'refuse', reason: 'listed' }] : [];
      },
    });
    const forged = pay({ ...world.coins[0]!, spender: bob });
    await submit(forged.bytes);
    expect(asked).toEqual([]);
    expect(await submit(pay(world.coins[0]!).bytes)).toMatchObject({
      code: 'POOL_POLICY',
      reason: 'listed',
    });
    expect(await submit(pay(world.coins[1]!).bytes)).toEqual(refusedWith('POOL_POLICY'));
    expect(asked).toHaveLength(2);
  });

  test('a block that comes while signatures are checked is taken into account', async () => {
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { world, pool, pay, advance } = await fixture(4, {
      verifySignatures: async (checks) => {
        await gate;
        return verifyHere(checks);
      },
    });
    const waiting = pool.submit([{ bytes: pay(world.coins[0]!).bytes }], start);
    const other = world.transaction({
      from: [world.coins[0]!],
      to: [{ spender: alice, amount }],
    });
    const block = world.craft(await world.drafted(), [other.bytes]);
    expect(await world.ledger.executeBlock(block)).toMatchObject({ ok: true });
    for (const committed of await world.finalize(block)) await pool.blockFinal(committed, start);
    release();
    expect(await waiting).toEqual([refusedWith('TX_INPUT_SPENT')]);
    expect(pool.size).toBe(0);
    await advance();
  });
});

describe('orphans', () => {
  test('wait for their parent and follow it', async () => {
    const { world, pool, submit, pay } = await fixture();
    const parent = pay(world.coins[0]!);
    const child = pay(parent.coins[0]!);
    const verdict = await submit(child.bytes);
    expect(verdict).toMatchObject({ status: 'orphan', missing: [parent.txid] });
    expect(pool.counters.orphans).toBe(1);
    await submit(parent.bytes);
    expect(pool.counters).toMatchObject({ orphans: 0, transactions: 2 });
    expect(pool.get(child.txid)!.parents).toEqual([parent.txid]);
  });

  test('wait for a parent in a block', async () => {
    const { world, pool, submit, pay } = await fixture();
    const parent = pay(world.coins[0]!);
    const child = pay(parent.coins[0]!);
    await submit(child.bytes);
    const block = world.craft(await world.drafted(), [parent.bytes]);
    expect(await world.ledger.executeBlock(block)).toMatchObject({ ok: true });
    for (const committed of await world.finalize(block)) await pool.blockFinal(committed, start);
    expect(pool.has(child.txid)).toBe(true);
  });

  test('are bounded per peer, and what was spent is no orphan', async () => {
    const { world, pool, submit, pay, advance } = await fixture();
    const unknown = (i: number): Coin => ({
      ...world.coins[0]!,
      outpoint: { txid: new Uint8Array(64).fill(i + 1), index: 0 },
    });
    for (let i = 0; i < 100; i++) {
      expect(await submit(pay(unknown(i)).bytes, 'p')).toMatchObject({ status: 'orphan' });
    }
    expect(await submit(pay(unknown(100)).bytes, 'p')).toEqual(refusedWith('POOL_ORPHAN_FULL'));
    expect(await submit(pay(unknown(101)).bytes, 'q')).toMatchObject({ status: 'orphan' });
    const first = pay(world.coins[1]!);
    await submit(first.bytes);
    await advance();
    await submit(pay(first.coins[0]!).bytes);
    await advance();
    const again = pay(first.coins[0]!, { validFrom: 1 });
    expect(await submit(again.bytes)).toEqual(refusedWith('TX_INPUT_SPENT'));
    expect(pool.counters.orphans).toBe(101);
  });
});

describe('conflicts and replacement', () => {
  test('a higher tip replaces, with all that was built on it', async () => {
    const { world, pool, submit, pay } = await fixture();
    const first = pay(world.coins[0]!, { tip: 1_000n });
    const child = pay(first.coins[0]!);
    await submit(first.bytes);
    await submit(child.bytes);
    expect(await submit(pay(world.coins[0]!, { tip: 900n }).bytes)).toEqual(
      refusedWith('POOL_CONFLICT'),
    );
    expect(await submit(pay(world.coins[0]!, { tip: 1_001n }).bytes)).toEqual(
      refusedWith('POOL_REPLACEMENT'),
    );
    const better = pay(world.coins[0]!, { tip: 2_000n });
    expect(await submit(better.bytes)).toMatchObject({
      status: 'accepted',
      replaced: [first.txid, child.txid],
    });
    expect(pool.size).toBe(1);
    expect(pool.counters.replaced).toBe(2);
  });

  test('does not build on what it displaces', async () => {
    const { world, submit, pay } = await fixture();
    const first = pay(world.coins[0]!);
    await submit(first.bytes);
    const both = world.transaction({
      from: [world.coins[0]!, first.coins[0]!].map((coin, i) => ({
        ...coin,
        spender: i === 0 ? alice : bob,
      })),
      to: [{ spender: bob, amount: 2n * amount - 5_000n }],
      tip: 5_000n,
    });
    expect(await submit(both.bytes)).toEqual(refusedWith('POOL_REPLACEMENT'));
  });

  test('the same body with a smaller witness replaces, with a larger one it does not', async () => {
    const { world, pool, submit, pay, advance } = await fixture();
    const small = key(60);
    const large = key(61, 2);
    const either = policyOf(1, [small, large]);
    const made = pay(world.coins[0]!, { to: [{ spender: either, amount }] });
    await submit(made.bytes);
    await advance();
    const spend = (signer: typeof small): MadeTransaction =>
      pay({ ...made.coins[0]!, spender: { ...either, members: [signer] } });
    const [bulky, slim] = [spend(large), spend(small)];
    expect(toHex(bulky.txid)).toBe(toHex(slim.txid));
    expect(await submit(bulky.bytes)).toMatchObject({ status: 'accepted' });
    expect(await submit(slim.bytes)).toMatchObject({ status: 'accepted', replaced: [slim.txid] });
    expect(await submit(bulky.bytes)).toEqual(refusedWith('POOL_CONFLICT'));
    expect(pool.get(slim.txid)!.bytes).toEqual(slim.bytes);
    expect(pool.size).toBe(1);
  });
});

describe('chains', () => {
  test('of 25 are taken, one more is not; all of them fit one block in order', async () => {
    const { world, pool, submit, pay, advance } = await fixture();
    let coin = world.coins[0]!;
    for (let i = 0; i < 25; i++) {
      const tx = pay(coin);
      expect(await submit(tx.bytes)).toMatchObject({ status: 'accepted' });
      coin = tx.coins[0]!;
    }
    expect(await submit(pay(coin).bytes)).toEqual(refusedWith('POOL_ANCESTORS'));
    expect(await advance()).toBe(25);
    expect(pool.size).toBe(0);
    expect(await submit(pay(coin).bytes)).toMatchObject({ status: 'accepted' });
  });

  test('descendants of one are bounded', async () => {
    const { world, submit, pay } = await fixture();
    const fan = world.transaction({
      from: [world.coins[0]!],
      to: Array.from({ length: 30 }, () => ({ spender: alice, amount: 30_000n })),
      tip: amount - 900_000n,
    });
    await submit(fan.bytes);
    for (const coin of fan.coins.slice(0, 24)) {
      expect(await submit(pay(coin).bytes)).toMatchObject({ status: 'accepted' });
    }
    expect(await submit(pay(fan.coins[24]!).bytes)).toEqual(refusedWith('POOL_DESCENDANTS'));
  });

  test('go when what they build on conflicts with a block', async () => {
    const { world, pool, submit, pay } = await fixture();
    const first = pay(world.coins[0]!);
    await submit(first.bytes);
    await submit(pay(first.coins[0]!).bytes);
    await world.extend([pay(world.coins[0]!, { validFrom: 1 }).bytes]);
    const block = (await world.ledger.reader.block(1))!;
    expect(block.header.txCount).toBe(1);
    // The pool is told what the commit answered; here from the block itself.
    const coin = world.coins[0]!.outpoint;
    const { outpointKeyOf } = await import('../../src/outputs.ts');
    await pool.blockFinal(
      {
        hash: world.ledger.head.hash,
        height: 1,
        block,
        txids: [],
        spent: [outpointKeyOf(coin)],
        createdKeys: [],
      },
      start,
    );
    expect(pool.counters).toMatchObject({ transactions: 0, conflicted: 2 });
  });
});

describe('bounds', () => {
  test('the worst of the lane over its share makes room for something better', async () => {
    const { world, pool, submit, pay } = await fixture(12, {
      maxTransactions: 4,
      highWaterPercent: 100,
    });
    for (let i = 0; i < 4; i++) {
      await submit(pay(world.coins[i]!, { tip: 1_000n * BigInt(i + 1) }).bytes);
    }
    expect(await submit(pay(world.coins[4]!, { tip: 900n }).bytes)).toEqual(
      refusedWith('POOL_FULL'),
    );
    const better = pay(world.coins[5]!, { tip: 9_000n });
    expect(await submit(better.bytes)).toMatchObject({ status: 'accepted' });
    expect(pool.counters).toMatchObject({ transactions: 4, evicted: 1 });
    // The floor has risen past what was evicted.
    expect(pool.counters.floor.tip).toBeGreaterThan(0);
    expect(await submit(pay(world.coins[6]!, { tip: 1_000n }).bytes)).toEqual(
      refusedWith('POOL_FLOOR'),
    );
  });

  test('bytes count too', async () => {
    const { world, pool, submit, pay } = await fixture(8, { maxBytes: 700, highWaterPercent: 100 });
    for (let i = 0; i < 6; i++)
      await submit(pay(world.coins[i]!, { tip: 500n + BigInt(i) * 500n }).bytes);
    expect(pool.bytes).toBeLessThanOrEqual(700);
    expect(pool.counters.evicted).toBeGreaterThan(0);
  });

  test('above the high-water mark fresh coins are refused, aged and tipped ones are not', async () => {
    const { world, submit, pay, advance } = await fixture(30, { maxTransactions: 10 });
    await advance(false);
    for (let i = 0; i < 8; i++) await submit(pay(world.coins[i]!).bytes);
    const fresh = pay(world.coins[0]!).coins[0]!;
    expect(await submit(pay(fresh).bytes)).toEqual(refusedWith('POOL_FLOOR'));
    expect(await submit(pay(world.coins[20]!).bytes)).toMatchObject({ status: 'accepted' });
    expect(await submit(pay(world.coins[21]!, { tip: 500n }).bytes)).toMatchObject({
      status: 'accepted',
    });
  });

  test('an address that shuffles fresh coins waits; aged coins and own ones do not', async () => {
    const { world, pool, submit, pay } = await fixture(300, {
      rates: { addressStartBytes: 1_000, addressBytesPerSecond: 100, restedBlocks: 4 },
    });
    let accepted = 0;
    let coin = world.coins[0]!;
    // Each builds on the last, so every coin is as fresh as can be.
    for (let i = 0; i < 20; i++) {
      const tx = world.transaction({ from: [coin], to: [{ spender: alice, amount }] });
      const verdict = await submit(tx.bytes, 'peer');
      if (verdict.status !== 'accepted') {
        expect(verdict).toEqual(refusedWith('POOL_ADDRESS_RATE'));
        break;
      }
      accepted++;
      coin = tx.coins[0]!;
    }
    expect(accepted).toBe(4);
    const next = world.transaction({ from: [coin], to: [{ spender: alice, amount }] });
    expect(await submit(next.bytes, 'peer', start + 500)).toEqual(refusedWith('POOL_ADDRESS_RATE'));
    expect(await submit(next.bytes, 'peer', start + 5_000)).toMatchObject({ status: 'accepted' });
    const own = world.transaction({ from: next.coins, to: [{ spender: alice, amount }] });
    expect(await submit(own.bytes)).toMatchObject({ status: 'accepted' });
    for (let i = 0; i < 4; i++) await world.extend();
    const rested = new Mempool({
      chain: poolChainOf(world.ledger),
      verifySignatures: verifyHere,
      rates: { addressStartBytes: 0, restedBlocks: 4 },
    });
    const [verdict] = await rested.submit(
      [{ bytes: pay(world.coins[9]!).bytes, peer: 'x' }],
      start,
    );
    expect(verdict).toMatchObject({ status: 'accepted' });
    expect(pool.counters.addressBuckets).toBe(1);
  });

  test('a tip of one unit does not buy a way past the buckets, one unit a byte does', async () => {
    const { world, submit, pay } = await fixture(20, {
      rates: { peerBurstBytes: 500, peerBytesPerSecond: 100 },
    });
    for (const i of [0, 1]) {
      const { bytes } = pay(world.coins[i]!, { tip: 1n });
      expect(await submit(bytes, 'p')).toMatchObject({ status: 'accepted' });
    }
    const cheap = pay(world.coins[2]!, { tip: 1n });
    expect(await submit(cheap.bytes, 'p')).toEqual(refusedWith('POOL_PEER_RATE'));
    const size = BigInt(cheap.bytes.length);
    const short = pay(world.coins[3]!, { tip: size / 2n });
    expect(await submit(short.bytes, 'p')).toEqual(refusedWith('POOL_PEER_RATE'));
    for (const i of [4, 5, 6, 7]) {
      const { bytes } = pay(world.coins[i]!, { tip: size });
      expect(await submit(bytes, 'p')).toMatchObject({ status: 'accepted' });
    }
  });

  test('a peer that relays fresh coins waits', async () => {
    const { world, submit, pay } = await fixture(20, {
      rates: { peerBurstBytes: 500, peerBytesPerSecond: 100 },
    });
    expect(await submit(pay(world.coins[0]!).bytes, 'p')).toMatchObject({ status: 'accepted' });
    expect(await submit(pay(world.coins[1]!).bytes, 'p')).toMatchObject({ status: 'accepted' });
    expect(await submit(pay(world.coins[2]!).bytes, 'p')).toEqual(refusedWith('POOL_PEER_RATE'));
    expect(await submit(pay(world.coins[2]!).bytes, 'q')).toMatchObject({ status: 'accepted' });
    expect(await submit(pay(world.coins[3]!, { tip: 500n }).bytes, 'p')).toMatchObject({
      status: 'accepted',
    });
  });

  test('expires by time and by height, with descendants', async () => {
    const { world, pool, submit, pay, advance } = await fixture(8, { expiryMs: 10_000 });
    const first = pay(world.coins[0]!);
    await submit(first.bytes);
    await submit(pay(first.coins[0]!).bytes, undefined, start + 8_000);
    pool.expire(start + 9_000);
    expect(pool.size).toBe(2);
    pool.expire(start + 10_001);
    expect(pool.size).toBe(0);
    await submit(pay(world.coins[1]!, { expiresAt: 2 }).bytes);
    await advance(false);
    expect(pool.size).toBe(1);
    await advance(false);
    expect(pool.size).toBe(0);
    expect(pool.counters.expired).toBe(3);
  });
});

describe('selection', () => {
  test('shares the block between the lanes and lets what is left over flow', async () => {
    const { world, pool, submit, pay } = await fixture(40);
    for (let i = 0; i < 20; i++) await submit(pay(world.coins[i]!, { tip: 1_000n }).bytes);
    for (let i = 20; i < 40; i++) await submit(pay(world.coins[i]!).bytes);
    const size = pool.get(pay(world.coins[39]!).txid)!.bytes.length;
    const lanes = (maxBytes: number): number[] => {
      const chosen = pool.select({ height: 1, maxBytes, maxTransactions: 100, maxSignatures: 100 });
      return ['tip', 'free'].map((lane) => chosen.filter((tx) => tx.lane === lane).length);
    };
    expect(lanes(size * 10)).toEqual([5, 5]);
    expect(lanes(size * 30)).toEqual([15, 15]);
    expect(lanes(size * 100)).toEqual([20, 20]);
  });

  test('keeps to counts and signatures, and leaves out what the parents hold', async () => {
    const { world, pool, submit, pay } = await fixture(10);
    const made = world.coins.slice(0, 8).map((coin) => pay(coin, { tip: 500n }));
    for (const tx of made) await submit(tx.bytes);
    const request = { height: 1, maxBytes: 1e6, maxTransactions: 100, maxSignatures: 100 };
    expect(pool.select({ ...request, maxTransactions: 3 })).toHaveLength(3);
    expect(pool.select({ ...request, maxSignatures: 5 })).toHaveLength(5);
    expect(pool.select({ ...request, exclude: () => true })).toHaveLength(0);
    expect(pool.select(request).map((tx) => tx.txidHex())).toEqual(
      made.map((tx) => toHex(tx.txid)),
    );
  });

  test('better tips first; a tip on top of untipped parents counts for all', async () => {
    const { world, pool, submit, pay } = await fixture(10);
    const low = pay(world.coins[0]!, { tip: 300n });
    const high = pay(world.coins[1]!, { tip: 3_000n });
    const parent = pay(world.coins[2]!);
    const child = pay(parent.coins[0]!, { tip: 2_000n });
    for (const tx of [low, high, parent, child]) await submit(tx.bytes);
    const chosen = pool.select({ height: 1, maxBytes: 1e6, maxTransactions: 9, maxSignatures: 99 });
    const order = chosen.map((tx) => tx.txidHex());
    expect(order).toEqual([high, parent, child, low].map((tx) => toHex(tx.txid)));
  });

  test('aged coins rise past fresh ones while they wait', async () => {
    const { world, pool, submit, pay, advance } = await fixture(10);
    const early = pay(world.coins[0]!);
    const fresh = pay(early.coins[0]!);
    await submit(early.bytes);
    await submit(fresh.bytes);
    const big = world.transaction({
      from: [world.coins[1]!, world.coins[2]!],
      to: [{ spender: bob, amount: 2n * amount }],
    });
    await submit(big.bytes);
    for (let i = 0; i < 5; i++) await advance(false);
    const chosen = pool.select({ height: 6, maxBytes: 1e6, maxTransactions: 9, maxSignatures: 99 });
    expect(chosen).toHaveLength(3);
    expect(chosen.at(-1)!.txidHex()).toBe(toHex(fresh.txid));
  });

  test('a gate may leave out; what builds on it goes with it', async () => {
    const { world, pool, submit, pay } = await fixture(10);
    const first = pay(world.coins[0]!);
    const child = pay(first.coins[0]!);
    const other = pay(world.coins[1]!);
    for (const tx of [first, child, other]) await submit(tx.bytes);
    const built = await world.ledger.buildBlock({
      ...world.request(),
      mempool: pool,
      leaveOut: async (txids) => new Set(txids.slice(0, 1).map(toHex)),
    });
    expect(built.ok && built.block.transactions).toEqual([other.bytes]);
    expect(pool.size).toBe(3);
  });
});

describe('the file', () => {
  test('brings back what is still valid, with its age', async () => {
    const { world, pool, submit, pay, advance } = await fixture(8);
    const kept = pay(world.coins[0]!);
    const child = pay(kept.coins[0]!);
    const gone = pay(world.coins[1]!);
    for (const tx of [kept, child, gone]) await submit(tx.bytes);
    const file = pool.encode();
    pool.drop(kept.txid);
    expect(pool.size).toBe(1);
    await advance();
    const options = { chain: poolChainOf(world.ledger), verifySignatures: verifyHere };
    const again = new Mempool(options);
    expect(await again.restore(file, start + 60_000)).toEqual({
      restored: 3,
      refused: 0,
      damaged: false,
    });
    expect(again.size).toBe(2);
    expect(again.get(kept.txid)!.arrivedMs).toBe(start);
    expect(again.get(child.txid)!.parents).toEqual([kept.txid]);
  });

  test('that is damaged gives what can be read; of another chain nothing', async () => {
    const { world, pool, submit, pay } = await fixture(8);
    for (const coin of world.coins) await submit(pay(coin).bytes);
    const file = pool.encode();
    const fresh = (): Mempool =>
      new Mempool({ chain: poolChainOf(world.ledger), verifySignatures: verifyHere });
    const cut = await fresh().restore(file.subarray(0, file.length - 400), start);
    expect(cut).toMatchObject({ damaged: true, refused: 0 });
    expect(cut.restored).toBeGreaterThan(4);
    const altered = file.slice();
    altered[file.length - 70]! ^= 1;
    expect(await fresh().restore(altered, start)).toMatchObject({
      restored: 7,
      refused: 1,
      damaged: true,
    });
    const foreign = file.slice();
    foreign[10]! ^= 1;
    expect(await fresh().restore(foreign, start)).toEqual({
      restored: 0,
      refused: 0,
      damaged: true,
    });
    expect(await fresh().restore(new Uint8Array(3), start)).toMatchObject({ damaged: true });
  });
});

describe('looking up', () => {
  test('by owner, by output, in order of arrival', async () => {
    const { world, pool, submit, pay } = await fixture(8);
    const a = pay(world.coins[0]!);
    const b = pay(world.coins[1]!, { tip: 900n });
    await submit(a.bytes);
    await submit(b.bytes);
    expect(pool.ofOwner(bob.owner)).toHaveLength(2);
    expect(pool.ofOwner(alice.owner)).toHaveLength(2);
    expect(pool.ofOwner(key(77).owner)).toHaveLength(0);
    const { txid, index } = world.coins[1]!.outpoint;
    expect(pool.spenderOf(txid, index)!.txid).toEqual(b.txid);
    expect([...pool.transactions()].map((tx) => tx.txidHex())).toEqual(
      [a, b].map((t) => toHex(t.txid)),
    );
    expect(pool.drop(a.txid)).toBe(true);
    expect(pool.drop(a.txid)).toBe(false);
    expect(pool.ofOwner(bob.owner)).toHaveLength(1);
  });

  test('stake locks hold among waiting transactions', async () => {
    const { world, submit, pay } = await fixture(8);
    const member = key(1000);
    const bond = pay(world.coins[0]!, { kind: transactionKind.bond, payload: member.id });
    await submit(bond.bytes);
    expect(await submit(pay(bond.coins[0]!).bytes)).toEqual(refusedWith('TX_LOCK_BONDED'));
    const unbond = pay(bond.coins[0]!, { kind: transactionKind.unbond, payload: member.id });
    expect(await submit(unbond.bytes)).toMatchObject({ status: 'accepted' });
    expect(await submit(pay(unbond.coins[0]!).bytes)).toEqual(refusedWith('TX_LOCK_UNBONDING'));
  });
});
