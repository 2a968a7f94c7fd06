/** One test per rule: a block that breaks exactly this one and would be valid without the breach. */
import { blockHashOf } from '@mxd/protocol/block';
import type { Block, Header } from '@mxd/protocol';
import { transactionKind } from '@mxd/protocol/transaction';
import { voteKind } from '@mxd/protocol/vote';
import type { Witness } from '@mxd/protocol/witness';
import { afterAll, describe, expect, test } from 'vitest';

import { buckets } from '../../src/buckets.ts';
import { ledgerErrors } from '../../src/errors.ts';
import { binaryText, outputKey } from '../../src/outputs.ts';
import { validatorErrors, validatorSetOf } from '../../src/validators/index.ts';
import {
  certify,
  contextOn,
  key,
  policyOf,
  World,
  type Payment,
  type Spender,
  type WorldOptions,
} from '../../src/testing/world.ts';

const alice = key(1);
const bob = key(2);
const hybrid = key(3, 3);
const lattice = key(4, 2);
const two = policyOf(2, [key(5), key(6), key(7, 2)]);
const owners: readonly Spender[] = [alice, alice, bob, hybrid, lattice, two];
const member = key(1000);
const amount = 1_000_000n;

const broken = new Set<string>();

const open = (options: WorldOptions = {}): Promise<World> => World.open(owners, amount, options);

/** Pays everything of coin `index` to bob, with changes. */
function pay(world: World, index: number, change: Partial<Payment> = {}): Uint8Array {
  const from = [world.coins[index]!];
  return world.transaction({ from, to: [{ spender: bob, amount }], ...change }).bytes;
}

async function refused(
  code: string,
  make: (world: World, draft: Block) => Block | Promise<Block>,
  options: WorldOptions & { readonly verdict?: string; readonly position?: number } = {},
): Promise<void> {
  broken.add(code);
  const world = await open(options);
  const block = await make(world, await world.drafted());
  const before = await contents(world);
  const { verdict = 'invalid', position } = options;
  const found = await world.ledger.executeBlock(block);
  expect(found).toMatchObject({
    ok: false,
    code,
    verdict,
    ...(position === undefined ? {} : { position }),
  });
  // No trace in the state, and counted.
  expect(await contents(world)).toBe(before);
  expect(world.ledger.counters.rejections[code]).toBe(1);
}

async function contents(world: World): Promise<string> {
  const lines: string[] = [];
  for await (const [k, v] of world.store.range()) {
    lines.push(`${Buffer.from(k).toString('hex')}=${Buffer.from(v).toString('hex')}`);
  }
  return lines.join('\n');
}

const withTx =
  (...make: ((world: World) => Uint8Array)[]) =>
  (world: World, draft: Block): Block =>
    world.craft(
      draft,
      make.map((each) => each(world)),
    );

const withHeader =
  (change: Partial<Header>) =>
  (world: World, draft: Block): Block =>
    world.craft(draft, [pay(world, 0)], change);

const bond = (world: World): Uint8Array =>
  pay(world, 0, {
    to: [{ spender: alice, amount }],
    kind: transactionKind.bond,
    payload: member.id,
  });

/** The coin that `bond` makes. */
async function bonded(world: World): Promise<Payment['from'][number]> {
  const tx = world.transaction({
    from: [world.coins[0]!],
    to: [{ spender: alice, amount }],
    kind: transactionKind.bond,
    payload: member.id,
  });
  await world.extend([tx.bytes]);
  return tx.coins[0]!;
}

describe('transactions by themselves', () => {
  test('TX_DECODE', () =>
    refused(
      'TX_DECODE',
      withTx((w) => pay(w, 0).subarray(1)),
      { position: 0 },
    ));
  test('TX_DECODE: trailing byte', () =>
    refused(
      'TX_DECODE',
      withTx((w) => Buffer.concat([pay(w, 0), Buffer.alloc(1)])),
    ));
  test('TX_SIZE', () =>
    refused(
      'TX_SIZE',
      withTx((w) => pay(w, 0, { to: outputs(40) })),
      { parameters: { maxTransactionBytes: 1_024 } },
    ));
  test('TX_CHAIN: replay across networks', () =>
    refused(
      'TX_CHAIN',
      withTx((w) => pay(w, 0, { chainId: 78 })),
    ));
  test('TX_KIND: contracts do not exist yet', () =>
    refused(
      'TX_KIND',
      withTx((w) => pay(w, 0, { kind: transactionKind.contractCall })),
      {
        parameters: { enabledKinds: 0xff },
      },
    ));
  test('TX_KIND: switched off', () =>
    refused('TX_KIND', withTx(bond), { parameters: { enabledKinds: 1 } }));
  test('TX_INPUT_DUPLICATE (CVE-2018-17144)', () =>
    refused(
      'TX_INPUT_DUPLICATE',
      withTx((w) =>
        pay(w, 0, {
          from: [w.coins[0]!, w.coins[0]!],
          to: [{ spender: bob, amount: 2n * amount }],
        }),
      ),
    ));
  test('TX_DUST', () =>
    refused(
      'TX_DUST',
      withTx((w) =>
        pay(w, 0, {
          to: [
            { spender: bob, amount: amount - 9n },
            { spender: bob, amount: 9n },
          ],
        }),
      ),
    ));
  test('TX_OVERFLOW: sums of outputs (CVE-2010-5139)', () =>
    refused(
      'TX_OVERFLOW',
      withTx((w) =>
        pay(w, 0, {
          to: [
            { spender: bob, amount: 2n ** 63n + amount },
            { spender: bob, amount: 2n ** 63n },
          ],
        }),
      ),
    ));
  test('TX_OVERFLOW: with the tip', () =>
    refused('TX_OVERFLOW', (w, draft) =>
      w.craft(draft, [pay(w, 0, { to: [{ spender: bob, amount }], tip: 2n ** 64n - 1n })]),
    ));
  test('TX_UNBOND_TIP', () =>
    refused('TX_UNBOND_TIP', async (world) => {
      const coin = await bonded(world);
      const tx = world.transaction({
        from: [coin],
        to: [{ spender: alice, amount: amount - 20n }],
        kind: transactionKind.unbond,
        payload: member.id,
        tip: 20n,
      });
      return world.craft(await world.drafted(), [tx.bytes]);
    }));
});

function outputs(count: number): Payment['to'] {
  const each = amount / BigInt(count);
  return Array.from({ length: count }, () => ({ spender: bob, amount: each }));
}

describe('transactions against the state', () => {
  test('TX_NOT_YET_VALID', () =>
    refused(
      'TX_NOT_YET_VALID',
      withTx((w) => pay(w, 0, { validFrom: 2 })),
    ));
  test('TX_EXPIRED', () =>
    refused('TX_EXPIRED', async (world) => {
      await world.extend();
      return world.craft(await world.drafted(), [pay(world, 0, { expiresAt: 1 })]);
    }));
  test('TX_INPUT_UNKNOWN (S1)', () =>
    refused(
      'TX_INPUT_UNKNOWN',
      withTx((w) => {
        const coin = { ...w.coins[0]!, outpoint: { txid: new Uint8Array(64), index: 0 } };
        return pay(w, 0, { from: [coin] });
      }),
      { position: 0 },
    ));
  test('TX_INPUT_UNKNOWN: an output made later in the block', () =>
    refused('TX_INPUT_UNKNOWN', (world, draft) => {
      const first = world.transaction({ from: [world.coins[0]!], to: [{ spender: bob, amount }] });
      const second = world.transaction({ from: first.coins, to: [{ spender: bob, amount }] });
      return world.craft(draft, [second.bytes, first.bytes]);
    }));
  test('TX_INPUT_UNKNOWN: spent in a final block (S2)', () =>
    refused('TX_INPUT_UNKNOWN', async (world) => {
      await world.extend([pay(world, 0)]);
      return world.craft(await world.drafted(), [pay(world, 0, { validFrom: 1 })]);
    }));
  test('TX_INPUT_SPENT: twice in a block (S2)', () =>
    refused(
      'TX_INPUT_SPENT',
      withTx(
        (w) => pay(w, 0),
        (w) => pay(w, 0, { validFrom: 1 }),
      ),
      {
        position: 1,
      },
    ));
  test('TX_INPUT_SPENT: the same transaction twice', () =>
    refused(
      'TX_INPUT_SPENT',
      withTx(
        (w) => pay(w, 0),
        (w) => pay(w, 0),
      ),
      { position: 1 },
    ));
  test('TX_INPUT_SPENT: in a candidate below', () =>
    refused('TX_INPUT_SPENT', async (world, draft) => {
      const parent = world.craft(draft, [pay(world, 0)]);
      expect(await world.ledger.executeBlock(parent)).toMatchObject({ ok: true });
      const state = world.ledger.state(blockHashOf(parent.header))!;
      const built = await world.ledger.buildBlock({
        parent: state.hash,
        context: contextOn(state),
      });
      if (!built.ok) throw new Error(built.code);
      return world.craft(built.block, [pay(world, 0, { validFrom: 1 })]);
    }));
  test('TX_LOCK_BONDED', () =>
    refused('TX_LOCK_BONDED', async (world) => {
      const coin = await bonded(world);
      return world.craft(await world.drafted(), [pay(world, 0, { from: [coin] })]);
    }));
  test('TX_LOCK_BONDED: bonding what is bonded', () =>
    refused('TX_LOCK_BONDED', async (world) => {
      const coin = await bonded(world);
      const kind = transactionKind.bond;
      const tx = pay(world, 0, { from: [coin], kind, payload: member.id });
      return world.craft(await world.drafted(), [tx]);
    }));
  test('TX_LOCK_UNBONDING, until exactly the height of the rule', async () => {
    broken.add('TX_LOCK_UNBONDING');
    const world = await open();
    const coin = await bonded(world);
    const unbond = world.transaction({
      from: [coin],
      to: [{ spender: alice, amount }],
      kind: transactionKind.unbond,
      payload: member.id,
    });
    await world.extend([unbond.bytes]);
    // Epoch 1, evidence for two epochs: (1 + 1 + 2) * 16 + 1.
    const spendableFrom = 65;
    while (world.ledger.head.height < spendableFrom - 2) await world.extend();
    const spend = pay(world, 0, { from: unbond.coins });
    const early = world.craft(await world.drafted(), [spend]);
    expect(await world.ledger.executeBlock(early)).toMatchObject({ code: 'TX_LOCK_UNBONDING' });
    await world.extend();
    await world.extend([spend]);
    expect(world.ledger.head.height).toBe(spendableFrom);
  });
  test('TX_UNBOND_INPUT: bonded to another', () =>
    refused('TX_UNBOND_INPUT', async (world) => {
      const coin = await bonded(world);
      const kind = transactionKind.unbond;
      const tx = pay(world, 0, { from: [coin], kind, payload: key(1001).id });
      return world.craft(await world.drafted(), [tx]);
    }));
  test('TX_UNBOND_INPUT: plain', () =>
    refused(
      'TX_UNBOND_INPUT',
      withTx((w) => pay(w, 0, { kind: transactionKind.unbond, payload: member.id })),
    ));
  test('TX_BALANCE: more out than in', () =>
    refused(
      'TX_BALANCE',
      withTx((w) => pay(w, 0, { to: [{ spender: bob, amount: amount + 1n }] })),
    ));
  test('TX_BALANCE: less out than in', () =>
    refused(
      'TX_BALANCE',
      withTx((w) => pay(w, 0, { to: [{ spender: bob, amount: amount - 1n }] })),
    ));
  test('TX_TXID_EXISTS (BIP-30)', () =>
    refused('TX_TXID_EXISTS', async (world, draft) => {
      const tx = world.transaction({ from: [world.coins[0]!], to: outputs(2) });
      // No valid history leads here: it takes a hash collision, so the store is made to hold one.
      const output = {
        owner: bob.owner,
        amount: 10n,
        createdHeight: 0,
        lock: { kind: 'plain' as const },
      };
      await world.store.batch([buckets.outputs.put(outputKey(binaryText(tx.txid), 1), output)]);
      return world.craft(draft, [tx.bytes]);
    }));
});

describe('witnesses', () => {
  const swap = (witnesses: Witness[]): void => {
    witnesses.reverse();
  };
  const flip = (witnesses: Witness[]): void => {
    const first = witnesses[0] as { signature: Uint8Array };
    first.signature = first.signature.slice();
    first.signature[9]! ^= 1;
  };
  const other = (spender: Spender) => (w: World) =>
    pay(w, 0, { from: [{ ...w.coins[0]!, spender }] });

  test('TX_OWNER: another key', () => refused('TX_OWNER', withTx(other(bob))));
  test('TX_OWNER: another suite', () => refused('TX_OWNER', withTx(other(hybrid))));
  test('TX_OWNER: a policy for a key', () => refused('TX_OWNER', withTx(other(two))));
  test('TX_OWNER: a key for a policy', () =>
    refused(
      'TX_OWNER',
      withTx((w) => pay(w, 0, { from: [{ ...w.coins[5]!, spender: key(5) }] })),
    ));
  test('TX_OWNER: a policy with a lower threshold', () =>
    refused(
      'TX_OWNER',
      withTx((w) => {
        const spender = policyOf(1, [key(5), key(6), key(7, 2)]);
        return pay(w, 0, { from: [{ ...w.coins[5]!, spender }] });
      }),
    ));
  test('TX_OWNER: witnesses of two owners swapped', () =>
    refused(
      'TX_OWNER',
      withTx((w) =>
        pay(w, 0, {
          from: [w.coins[0]!, w.coins[2]!],
          to: [{ spender: bob, amount: 2n * amount }],
          tamper: swap,
        }),
      ),
    ));
  test('TX_SIGNATURE: witnesses of one owner swapped', () =>
    refused(
      'TX_SIGNATURE',
      withTx((w) =>
        pay(w, 0, {
          from: [w.coins[0]!, w.coins[1]!],
          to: [{ spender: bob, amount: 2n * amount }],
          tamper: swap,
        }),
      ),
      { position: 0 },
    ));
  test('TX_SIGNATURE: a bit', () =>
    refused(
      'TX_SIGNATURE',
      withTx(
        (w) => pay(w, 2),
        (w) => pay(w, 0, { tamper: flip }),
      ),
      {
        position: 1,
      },
    ));
  test('TX_SIGNATURE: a bit, ML-DSA-87', () =>
    refused(
      'TX_SIGNATURE',
      withTx((w) => pay(w, 4, { tamper: flip })),
    ));
  test('TX_SIGNATURE: a bit, hybrid', () =>
    refused(
      'TX_SIGNATURE',
      withTx((w) => pay(w, 3, { tamper: flip })),
    ));
  test('TX_SIGNATURE: made for another chain with this chainId', () =>
    refused('TX_SIGNATURE', async (world, draft) => {
      const twin = await open({ stake: 1n });
      const tx = twin.transaction({ from: [world.coins[0]!], to: [{ spender: bob, amount }] });
      return world.craft(draft, [tx.bytes]);
    }));
  test('TX_SIGNATURE: made over another amount', () =>
    refused(
      'TX_SIGNATURE',
      withTx((w) => {
        const coin = w.coins[0]!;
        const output = { ...coin.output, amount: amount + 1n };
        return pay(w, 0, { from: [{ ...coin, output }] });
      }),
    ));
  test('every suite and policies are accepted', async () => {
    const world = await open();
    const block = await world.extend(owners.map((_, i) => pay(world, i)));
    expect(block.header.txCount).toBe(owners.length);
  });
});

/** The draft under another hash: the draft itself is known to be valid. */
const later = (draft: Block): Block => ({
  ...draft,
  header: { ...draft.header, timestampMs: draft.header.timestampMs + 1 },
});

describe('blocks', () => {
  test('a copy with other parts does not speak for the block', async () => {
    const world = await open();
    const good = world.craft(await world.drafted(), [pay(world, 0)]);
    const results = await Promise.all([
      world.ledger.executeBlock({ ...good, transactions: [pay(world, 2)] }),
      world.ledger.executeBlock(good),
      world.ledger.executeBlock({ ...good, transactions: [] }),
    ]);
    expect(results.map((result) => (result.ok ? 'ok' : result.code))).toEqual([
      'BLOCK_TX_ROOT',
      'ok',
      'ok',
    ]);
  });
  test('BLOCK_PARENT_UNKNOWN', () =>
    refused(
      'BLOCK_PARENT_UNKNOWN',
      (_, draft) => ({ ...draft, header: { ...draft.header, parentHash: new Uint8Array(64) } }),
      { verdict: 'missing' },
    ));
  test('BLOCK_STALE', () =>
    refused(
      'BLOCK_STALE',
      async (world, draft) => {
        await world.extend([pay(world, 0)]);
        return world.craft(draft, []);
      },
      { verdict: 'missing' },
    ));
  test('BLOCK_TOO_DEEP', async () => {
    broken.add('BLOCK_TOO_DEEP');
    const world = await open({ parameters: { epochLength: 1024 } });
    let parent = world.ledger.head.hash;
    for (let i = 0; i < 512; i++) {
      const built = await world.ledger.buildBlock(world.request(parent));
      if (!built.ok) throw new Error(built.code);
      await built.executed;
      parent = built.hash;
    }
    const built = await world.ledger.buildBlock(world.request(parent));
    if (!built.ok) throw new Error(built.code);
    await expect(built.executed).rejects.toMatchObject({ code: 'LEDGER_INVARIANT' });
    expect(await world.ledger.executeBlock(built.block)).toMatchObject({
      ok: false,
      verdict: 'missing',
      code: 'BLOCK_TOO_DEEP',
    });
  });
  test('BLOCK_VALIDATION_ROOT', () =>
    refused(
      'BLOCK_VALIDATION_ROOT',
      (_, draft) => ({ ...later(draft), parentCertificate: Uint8Array.of(1) }),
      { verdict: 'mismatch' },
    ));
  test('BLOCK_SYS_ROOT', () =>
    refused(
      'BLOCK_SYS_ROOT',
      (_, draft) => ({ ...later(draft), systemRecords: Uint8Array.of(0, 1) }),
      {
        verdict: 'mismatch',
      },
    ));
  test('BLOCK_TX_ROOT: other transactions', () =>
    refused('BLOCK_TX_ROOT', (w, draft) => ({ ...later(draft), transactions: [pay(w, 0)] }), {
      verdict: 'mismatch',
    }));
  test('BLOCK_TX_ROOT: the last leaf doubled (CVE-2012-2459)', () =>
    refused(
      'BLOCK_TX_ROOT',
      (w, draft) => {
        const transactions = [pay(w, 0), pay(w, 2), pay(w, 1)];
        const block = w.craft(draft, transactions);
        return { ...block, transactions: [...transactions, transactions[2]!] };
      },
      { verdict: 'mismatch' },
    ));
  test('BLOCK_TX_ROOT: another witness for the same txid', () =>
    refused(
      'BLOCK_TX_ROOT',
      (w, draft) => ({ ...w.craft(draft, [pay(w, 4)]), transactions: [pay(w, 4)] }),
      { verdict: 'mismatch' },
    ));
  test('BLOCK_TX_COUNT', () => refused('BLOCK_TX_COUNT', withHeader({ txCount: 2 })));
  test('BLOCK_TX_LIMIT', () =>
    refused(
      'BLOCK_TX_LIMIT',
      withTx(
        (w) => pay(w, 0),
        (w) => pay(w, 2),
      ),
      {
        parameters: { maxTransactions: 1 },
      },
    ));
  test('BLOCK_BODY_BYTES', () =>
    refused(
      'BLOCK_BODY_BYTES',
      async (world) => {
        const one = world.transaction({ from: [world.coins[0]!], to: outputs(200) });
        await world.extend([one.bytes]);
        const many = one.coins.slice(0, 18).map((coin) =>
          world.transaction({
            from: [coin],
            to: Array.from({ length: 200 }, () => ({
              spender: bob,
              amount: coin.output.amount / 200n,
            })),
          }),
        );
        return world.craft(
          await world.drafted(),
          many.map((tx) => tx.bytes),
        );
      },
      { parameters: { maxBodyBytes: 102_400, dustLimit: 1n } },
    ));
  test('BLOCK_SIGNATURES: weighted', () =>
    refused(
      'BLOCK_SIGNATURES',
      async (world) => {
        const one = world.transaction({ from: [world.coins[0]!], to: outputs(50) });
        await world.extend([one.bytes]);
        const most = world.transaction({
          from: one.coins.slice(0, 46),
          to: [{ spender: bob, amount: (46n * amount) / 50n }],
        });
        // 46 and 3 for the hybrid key: one more than 48.
        return world.craft(await world.drafted(), [most.bytes, pay(world, 3)]);
      },
      { parameters: { maxSignatures: 48 } },
    ));
  test('BLOCK_TIP_TOTAL', () => refused('BLOCK_TIP_TOTAL', withHeader({ tipTotal: 1n })));

  describe('BLOCK_CERTIFICATE', () => {
    const withCertificate =
      (make: (world: World, parent: Block) => Uint8Array | Promise<Uint8Array>) => () =>
        refused('BLOCK_CERTIFICATE', async (world) => {
          const parent = await world.extend();
          const draft = await world.drafted();
          const parentCertificate = await make(world, parent);
          const { validationRootOf } = await import('@mxd/protocol/block');
          const header = { ...draft.header, validationRoot: validationRootOf(parentCertificate) };
          return { ...draft, header, parentCertificate };
        });
    const setOf = (world: World) =>
      validatorSetOf(world.ledger.state(world.ledger.head.hash)!.validators, 1)!;

    test(
      'garbage',
      withCertificate(() => Uint8Array.of(1, 2, 3)),
    );
    test(
      'none',
      withCertificate(() => new Uint8Array(0)),
    );
    test(
      'of another block',
      withCertificate((w) => certify(setOf(w), new Uint8Array(64).fill(1), 1, voteKind.notarize)),
    );
    test(
      'of another view',
      withCertificate((w, parent) =>
        certify(setOf(w), blockHashOf(parent.header), 2, voteKind.notarize),
      ),
    );
    test(
      'a forged signature',
      withCertificate((w, parent) => {
        const bytes = certify(setOf(w), blockHashOf(parent.header), 1, voteKind.notarize);
        bytes[bytes.length - 1]! ^= 1;
        return bytes;
      }),
    );
    test('a finalization serves as well', async () => {
      const world = await open();
      const parent = await world.extend();
      const certificate = certify(setOf(world), blockHashOf(parent.header), 1, voteKind.finalize);
      const context = {
        ...contextOn(world.ledger.state(world.ledger.head.hash)!),
        parentCertificate: certificate,
      };
      const built = await world.ledger.buildBlock({ parent: world.ledger.head.hash, context });
      expect(built.ok).toBe(true);
    });
  });

  const header: readonly (readonly [string, Partial<Header>])[] = [
    ['HEADER_VERSION', { version: 2 }],
    ['HEADER_NETWORK', { networkId: 1 }],
    ['HEADER_EPOCH', { epoch: 2 }],
    ['HEADER_HEIGHT', { height: 2 }],
    ['HEADER_VIEW', { parentView: 1, view: 2 }],
    ['HEADER_PROPOSER', { proposerId: key(50).id }],
    ['HEADER_TIMESTAMP', { timestampMs: 1_700_000_000_000 }],
    ['HEADER_APP_ROOT', { appRoot: new Uint8Array(64) }],
    ['HEADER_SUPPLY', { totalSupply: 1n }],
    ['HEADER_NEXT_TABLE', { nextTableHash: new Uint8Array(64).fill(1) }],
  ];
  for (const [code, change] of header) test(code, () => refused(code, withHeader(change)));

  test('a malformed record list', () =>
    refused('RECORDS_MALFORMED', async (_, draft) => {
      const { sysRootOf } = await import('@mxd/protocol/block');
      const systemRecords = Uint8Array.of(0, 1, 9);
      return {
        ...draft,
        systemRecords,
        header: { ...draft.header, sysRoot: sysRootOf(systemRecords) },
      };
    }));
});

afterAll(() => {
  // Rules of headers and records are tested one by one with the validators.
  const rules = Object.keys(ledgerErrors).filter((code) => /^(TX|BLOCK)_/.test(code));
  expect(rules.filter((code) => !broken.has(code))).toEqual([]);
  const known = new Set([...rules, ...Object.keys(validatorErrors)]);
  expect([...broken].filter((code) => !known.has(code))).toEqual([]);
});
