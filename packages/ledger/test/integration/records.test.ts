/** System records on their way through the ledger: joining, evidence and what it costs. */
import { toHex } from '@mxd/codec';
import { leaderOf, previousValidatorId, type ValidatorSet } from '@mxd/protocol/checks';
import {
  accountMessage,
  possessionMessage,
  type EvidenceRecord,
  type JoinRecord,
} from '@mxd/protocol/system-records';
import { transactionKind } from '@mxd/protocol/transaction';
import { voteSigningMessage, type Vote } from '@mxd/protocol/vote';
import { openMemoryStore } from '@mxd/storage';
import type { Block, SystemRecord } from '@mxd/protocol';
import { blockHashOf } from '@mxd/protocol/block';
import { describe, expect, test } from 'vitest';

import { buckets } from '../../src/buckets.ts';
import { auditLedger } from '../../src/maintenance/audit.ts';
import { validatorSetOf } from '../../src/validators/index.ts';
import {
  key,
  openLedger,
  verifyHere,
  World,
  type Coin,
  type Key,
} from '../../src/testing/world.ts';

const alice = key(1);
const amount = 10_000_000n;

function setOf(world: World): ValidatorSet {
  return validatorSetOf(world.ledger.state(world.ledger.head.hash)!.validators, 1)!;
}

async function withRecords(
  world: World,
  systemRecords: readonly SystemRecord[],
): Promise<{ block: Block; refused: readonly string[] }> {
  const built = await world.ledger.buildBlock({ ...world.request(), systemRecords });
  if (!built.ok) throw new Error(`${built.code}: ${built.reason}`);
  await built.executed;
  await world.finalize(built.block);
  return { block: built.block, refused: built.refusedRecords.map(({ code }) => code) };
}

function joinRecord(world: World, account: Key, consensus: Key, recentHeight: number): JoinRecord {
  const recentHash = world.ledger.head.hash;
  const draft: JoinRecord = {
    type: 1,
    id: account.id,
    accountSuite: account.suite,
    accountKey: account.publicKey,
    consensusKey: consensus.publicKey,
    seq: 1,
    expiryEpoch: 5,
    recentHeight,
    recentHash,
    possessionSignature: new Uint8Array(64),
    accountSignature: new Uint8Array(account.suite === 1 ? 64 : 4_691),
  };
  const possessionSignature = consensus.signer.sign(possessionMessage(world.chainTag, draft));
  const proven = { ...draft, possessionSignature };
  const accountSignature = account.signer.sign(accountMessage(world.chainTag, proven));
  return { ...proven, accountSignature };
}

/** Two notarizations of one view by one member. */
function evidence(world: World, index: number): EvidenceRecord {
  const set = setOf(world);
  const entry = set.table.entries[index]!;
  const signer = [0, 1, 2, 3]
    .map((i) => key(2000 + i))
    .find((k) => toHex(k.publicKey) === toHex(entry.consensusKey))!;
  const vote = (fill: number): Vote => {
    const content = {
      kind: 1 as const,
      epoch: 1,
      view: 900,
      timestampMs: 5,
      blockHash: new Uint8Array(64).fill(fill),
    };
    const message = voteSigningMessage(set.chainTag, content, previousValidatorId(set, 900, index));
    return { ...content, signerIndex: index, signature: signer.signer.sign(message) };
  };
  return { type: 4, voteA: vote(1), voteB: vote(2), signerId: entry.id };
}

async function bond(world: World, coin: Coin, id: Uint8Array): Promise<Coin> {
  const tx = world.transaction({
    from: [coin],
    to: [{ spender: coin.spender, amount: coin.output.amount }],
    kind: transactionKind.bond,
    payload: id,
  });
  await world.extend([tx.bytes]);
  return tx.coins[0]!;
}

describe('joining', () => {
  test('a newcomer with stake and a recent block enters the next table but one', async () => {
    const world = await World.open([alice, alice], amount, { members: 4, stake: 5_000_000n });
    const account = key(50);
    const consensus = key(2040);
    await bond(world, world.coins[0]!, account.id);
    const record = joinRecord(world, account, consensus, world.ledger.head.height);
    const stale = { ...record, recentHeight: 9 };
    const { block, refused } = await withRecords(world, [stale, record]);
    expect(refused).toHaveLength(1);
    expect(block.systemRecords.length).toBeGreaterThan(2);
    while (world.ledger.head.height < 16) await world.extend();
    const state = world.ledger.state(world.ledger.head.hash)!;
    const { table } = state.table(2)!;
    expect(table.entries.map(({ id }) => toHex(id))).toContain(toHex(account.id));
    // Replayed elsewhere, and from the store, it is the same.
    const other = await openLedger(world.genesis, openMemoryStore());
    for (let height = 1; height <= 16; height++) {
      const each = (await world.ledger.reader.block(height))!;
      expect(await other.executeBlock(each)).toMatchObject({ ok: true });
      await other.commit(
        blockHashOf(each.header),
        (await world.ledger.reader.finalization(height))!,
      );
    }
    expect(other.state(other.head.hash)!.postRoot).toEqual(state.postRoot);
    await world.ledger.close();
    const again = await openLedger(world.genesis, world.store);
    expect(again.state(again.head.hash)!.postRoot).toEqual(state.postRoot);
  });

  test('a record with a forged signature makes a block invalid', async () => {
    const world = await World.open([alice], amount, { members: 4, stake: 1_000_000n });
    await bond(world, world.coins[0]!, key(50).id);
    const record = joinRecord(world, key(50), key(2040), world.ledger.head.height);
    const forged = { ...record, accountSignature: new Uint8Array(64) };
    const draft = await world.drafted();
    const { systemRecordListCodec } = await import('@mxd/protocol/system-records');
    const { sysRootOf } = await import('@mxd/protocol/block');
    const systemRecords = systemRecordListCodec.encode([forged]);
    const header = { ...draft.header, sysRoot: sysRootOf(systemRecords) };
    expect(await world.ledger.executeBlock({ ...draft, header, systemRecords })).toMatchObject({
      ok: false,
      verdict: 'invalid',
      code: 'RECORD_ACCOUNT_SIGNATURE',
    });
  });
});

describe('slashing', () => {
  test('takes its share of bonded and locked unbonding outputs, in candidates too', async () => {
    const world = await World.open([alice, alice, alice, alice], amount, {
      members: 4,
      stake: 1_000_000n,
      parameters: { slashingBp: 2_500 },
    });
    const set = setOf(world);
    const index = leaderOf(set, 1) === 3 ? 2 : 3;
    const convict = set.table.entries[index]!.id;
    const first = await bond(world, world.coins[0]!, convict);
    const second = await bond(world, world.coins[1]!, convict);
    const unbond = world.transaction({
      from: [second],
      to: [{ spender: alice, amount }],
      kind: transactionKind.unbond,
      payload: convict,
    });
    await world.extend([unbond.bytes]);
    const supply = world.ledger.state(world.ledger.head.hash)!.totalSupply;
    // Bonded in a candidate, not on disk yet.
    const third = world.transaction({
      from: [world.coins[2]!],
      to: [{ spender: alice, amount }],
      kind: transactionKind.bond,
      payload: convict,
    });
    const candidate = world.craft(await world.drafted(), [third.bytes]);
    expect(await world.ledger.executeBlock(candidate)).toMatchObject({ ok: true });
    const parent = blockHashOf(candidate.header);
    const built = await world.ledger.buildBlock({
      ...world.request(parent),
      systemRecords: [evidence(world, index)],
    });
    if (!built.ok) throw new Error(built.code);
    expect(built.refusedRecords).toEqual([]);
    await built.executed;
    // An owner that spends in the same block spends what is left.
    const rest = (amount * 3n) / 4n;
    const slashed = { ...first, output: { ...first.output, amount: rest } };
    const exit = world.transaction({
      from: [slashed],
      to: [{ spender: alice, amount: rest }],
      kind: transactionKind.unbond,
      payload: convict,
    });
    const block = world.craft(built.block, [exit.bytes]);
    expect(await world.ledger.executeBlock(block)).toMatchObject({ ok: true });
    const before = world.transaction({
      from: [first],
      to: [{ spender: alice, amount }],
      kind: transactionKind.unbond,
      payload: convict,
    });
    expect(await world.ledger.executeBlock(world.craft(built.block, [before.bytes]))).toMatchObject(
      {
        code: 'TX_BALANCE',
      },
    );
    await world.finalize(block);
    const state = world.ledger.state(world.ledger.head.hash)!;
    // A quarter of three bonds of alice and of the member's own stake.
    const loss = (3n * amount + 1_000_000n) / 4n;
    expect(supply - state.totalSupply).toBe(loss);
    const outputs = await world.ledger.reader.unspent(alice.owner);
    const amounts = outputs.items.map((o) => `${o.lock.kind} ${o.amount}`).toSorted();
    expect(amounts).toEqual(
      [`bonded ${rest}`, `plain ${amount}`, `unbonding ${rest}`, `unbonding ${rest}`].toSorted(),
    );
    expect(await auditLedger(world.ledger)).toMatchObject({ problems: [], ok: true });
    expect(state.blacklistedUntil(convict)).toBeGreaterThan(0);
    // The same evidence once more is left out.
    const { refused } = await withRecords(world, [evidence(world, index)]);
    expect(refused).toEqual(['EVIDENCE_PROCESSED']);
    const other = await openLedger(world.genesis, openMemoryStore(), {
      verifySignatures: verifyHere,
    });
    for (let height = 1; height <= world.ledger.head.height; height++) {
      const each = (await world.ledger.reader.block(height))!;
      expect(await other.executeBlock(each)).toMatchObject({ ok: true });
      const finalization = await world.ledger.reader.finalization(height);
      if (finalization !== undefined) await other.commit(blockHashOf(each.header), finalization);
    }
    expect(other.state(other.head.hash)!.postRoot).toEqual(
      world.ledger.state(world.ledger.head.hash)!.postRoot,
    );
  });

  test('of everything leaves nothing behind', async () => {
    const world = await World.open([alice], amount, {
      members: 4,
      stake: 1_000_000n,
      parameters: { slashingBp: 10_000 },
    });
    const set = setOf(world);
    const index = leaderOf(set, 1) === 3 ? 2 : 3;
    const { refused } = await withRecords(world, [evidence(world, index)]);
    expect(refused).toEqual([]);
    let locked = 0;
    for await (const _ of buckets.locked.on(world.store).range()) locked++;
    expect(locked).toBe(3);
    expect(await auditLedger(world.ledger)).toMatchObject({ problems: [], ok: true });
  });
});
