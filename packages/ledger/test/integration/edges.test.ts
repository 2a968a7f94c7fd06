/** What rarely happens: full trees, forged pool entries, missing indexes, several chunks. */
import { blockHashOf } from '@mxd/protocol/block';
import { openMemoryStore } from '@mxd/storage';
import { describe, expect, test } from 'vitest';

import { blockStateOf } from '../../src/block-state.ts';
import { buckets } from '../../src/buckets.ts';
import { CandidateTree } from '../../src/candidates.ts';
import type { Candidate } from '../../src/chain-state.ts';
import { auditLedger } from '../../src/maintenance/audit.ts';
import { replay } from '../../src/maintenance/replay.ts';
import { Mempool } from '../../src/mempool/mempool.ts';
import { OrphanPool } from '../../src/mempool/orphans.ts';
import { outpointOf, outputKey, binaryText, outpointKeyOf } from '../../src/outputs.ts';
import { poolChainOf } from '../../src/pool-chain.ts';
import { chunkTree, StateExport, StateImport } from '../../src/snapshot/index.ts';
import { validatorSetOf } from '../../src/validators/index.ts';
import { VerifiedCache } from '../../src/verified-cache.ts';
import { verifyInclusion } from '@mxd/crypto/merkle';
import { key, openLedger, verifyHere, World } from '../../src/testing/world.ts';

const alice = key(1);
const bob = key(2);

describe('building', () => {
  test('leaves out what is forged, and what builds on it, even if the pool was deceived', async () => {
    const world = await World.open([alice, alice], 1_000n);
    const deceived = new Mempool({
      chain: { ...poolChainOf(world.ledger), verified: new VerifiedCache(10) },
      verifySignatures: async (checks) => new Uint8Array(Math.ceil(checks.length / 8)).fill(255),
    });
    const forged = world.transaction({
      from: [world.coins[0]!],
      to: [{ spender: bob, amount: 1_000n }],
      tamper: (witnesses) => {
        const first = witnesses[0] as { signature: Uint8Array };
        first.signature = first.signature.map((byte, i) => (i === 1 ? byte ^ 1 : byte));
      },
    });
    const child = world.transaction({ from: forged.coins, to: [{ spender: bob, amount: 1_000n }] });
    const good = world.transaction({
      from: [world.coins[1]!],
      to: [{ spender: bob, amount: 1_000n }],
    });
    await deceived.submit(
      [forged, child, good].map(({ bytes }) => ({ bytes })),
      1,
    );
    expect(deceived.size).toBe(3);
    const built = await world.ledger.buildBlock({ ...world.request(), mempool: deceived });
    expect(built.ok && built.block.transactions).toEqual([good.bytes]);
  });

  test('refuses a context that no validator would accept, as validation does', async () => {
    const world = await World.open([alice], 1_000n, { members: 2 });
    const request = world.request();
    const context = { ...request.context, timestampMs: 0 };
    expect(await world.ledger.buildBlock({ ...request, context })).toMatchObject({
      ok: false,
      code: 'HEADER_TIMESTAMP',
    });
    expect(await world.ledger.buildBlock({ ...request, parent: new Uint8Array(64) })).toMatchObject(
      {
        code: 'BLOCK_PARENT_UNKNOWN',
      },
    );
  });
});

describe('a tree of candidates', () => {
  const candidate = (name: string, parentKey: string): Candidate =>
    ({ state: { key: name }, parentKey, bodyBytes: 100, diff: {} }) as unknown as Candidate;

  test('drops the oldest leaf, never an ancestor of the newcomer', () => {
    const tree = new CandidateTree(3, 1e9);
    expect(tree.add(candidate('a', 'base'))).toBe(true);
    expect(tree.add(candidate('b', 'base'))).toBe(true);
    expect(tree.add(candidate('c', 'a'))).toBe(true);
    expect(tree.add(candidate('d', 'c'))).toBe(true);
    expect(tree.get('b')).toBeUndefined();
    expect(tree.dropped).toBe(1);
    expect(tree.chain('d').map((each) => each.state.key)).toEqual(['d', 'c', 'a']);
    expect(tree.add(candidate('e', 'd'))).toBe(false);
    expect(tree.add(candidate('d', 'c'))).toBe(true);
    tree.rebase('a');
    expect(tree.size).toBe(2);
    expect(tree.add(candidate('e', 'd'))).toBe(true);
  });

  test('is bounded by bytes too', () => {
    const tree = new CandidateTree(100, 40_000);
    for (const name of ['a', 'b', 'c', 'd']) tree.add(candidate(name, 'base'));
    expect(tree.size).toBe(2);
    expect(tree.dropped).toBe(2);
  });
});

test('orphans are bounded by count and bytes; the oldest goes', () => {
  const pool = new OrphanPool({ count: 3, bytes: 1_000, perPeer: 10 });
  const orphan = (name: string, size: number, key_: string) => ({
    wtxidText: name,
    bytes: new Uint8Array(size),
    peer: undefined,
    missing: [key_],
  });
  for (const name of ['a', 'b', 'c', 'd']) expect(pool.add(orphan(name, 100, name))).toBe(true);
  expect(pool.has('a')).toBe(false);
  expect(pool.take('a')).toEqual([]);
  expect(pool.add(orphan('big', 900, 'b'))).toBe(true);
  expect(pool.size).toBe(2);
  expect(pool.dropped).toBe(3);
  expect(pool.add(orphan('huge', 1_001, 'x'))).toBe(false);
  expect(pool.take('b').map(({ wtxidText }) => wtxidText)).toEqual(['big']);
  expect(pool.bytes).toBe(100);
  pool.remove(orphan('none', 1, 'y'));
});

test('without the index of transactions the pool treats a spent input as unknown', async () => {
  const world = await World.open([alice], 1_000n, { ledger: { indexes: { transactions: false } } });
  const pool = new Mempool({ chain: poolChainOf(world.ledger), verifySignatures: verifyHere });
  const tx = world.transaction({ from: [world.coins[0]!], to: [{ spender: bob, amount: 1_000n }] });
  await world.extend([tx.bytes]);
  const [verdict] = await pool.submit([{ bytes: tx.bytes }], 1);
  expect(verdict).toMatchObject({ status: 'orphan' });
});

test('reading by hash, by epoch, and of the state', async () => {
  const world = await World.open([alice], 1_000n, { members: 3 });
  for (let i = 0; i < 17; i++) await world.extend();
  const { reader } = world.ledger;
  const point = (await reader.header(16))!;
  expect((await reader.blockByHash(point.hash))!.header).toEqual(point.header);
  expect(await reader.blockByHash(new Uint8Array(64))).toBeUndefined();
  const proof = (await reader.epochProof(1))!;
  expect(blockHashOf(proof.header)).toEqual(point.hash);
  expect(proof.nextTable.epoch).toBe(2);
  expect(await reader.epochProof(2)).toBeUndefined();
  expect(await reader.epochProof(0)).toBeUndefined();
  const { state } = await world.ledger.freeze();
  const view = blockStateOf(state, true);
  expect(view.table(9)).toBeUndefined();
  expect(view.nextTable()).toBeUndefined();
  expect(view.blacklistedUntil(key(77).id)).toBe(0);
  for (let i = 0; i < 14; i++) await world.extend();
  expect(world.ledger.state(world.ledger.head.hash)!.nextTable()!.epoch).toBe(3);
});

test('a replay ends at the first block that is refused', async () => {
  const world = await World.open([alice], 1_000n);
  const block = await world.extend();
  const finalization = (await world.ledger.reader.finalization(1))!;
  const bad = { ...block, header: { ...block.header, appRoot: new Uint8Array(64) } };
  const ledger = await openLedger(world.genesis, openMemoryStore());
  const source = [
    { block, finalization },
    { block: bad, finalization },
  ];
  expect(await replay(ledger, source)).toMatchObject({
    ok: false,
    blocks: 1,
    rejection: { code: 'BLOCK_STALE' },
  });
  await expect(replay(ledger, source, { signal: AbortSignal.abort() })).rejects.toThrow();
});

test('keys of outputs go there and back, of any index', () => {
  for (const index of [0, 1, 255, 256, 65_536, 2 ** 32 - 1]) {
    const outpoint = { txid: new Uint8Array(64).fill(200), index };
    expect(outpointKeyOf(outpoint)).toBe(outputKey(binaryText(outpoint.txid), index));
    expect(outpointOf(outpointKeyOf(outpoint))).toEqual(outpoint);
  }
});

describe('a state of several chunks', () => {
  test('travels in any order, and a swap of two chunks is found out', async () => {
    const count = 20_000;
    const world = await World.open(
      Array.from({ length: count }, () => alice),
      1_000n,
    );
    await using exporting = await StateExport.begin(world.ledger, {
      due: () => true,
      pause: () => Promise.resolve(),
    });
    const chunks: Uint8Array[] = [];
    for await (const { bytes } of exporting.chunks()) chunks.push(bytes);
    expect(chunks).toHaveLength(2);
    await world.extend();
    const manifest = await exporting.manifest();
    const tree = chunkTree(manifest.content);
    expect(
      verifyInclusion({
        root: tree.root(),
        leaf: chunks[1]!,
        index: 1,
        size: 2,
        proof: tree.inclusionProof(1),
      }),
    ).toBe(true);
    const { state } = await world.ledger.freeze();
    const validators = validatorSetOf(state.validators, 1)!;
    const common = { genesis: world.genesis, validators, verify: () => true };
    const store = openMemoryStore();
    const importing = await StateImport.begin({ ...common, store, manifest });
    expect(importing.missing).toEqual([0, 1]);
    expect(await importing.addChunk(1, chunks[1]!)).toEqual({ ok: true });
    expect(importing.missing).toEqual([0]);
    expect(await importing.addChunk(0, chunks[0]!)).toEqual({ ok: true });
    expect(await importing.finish()).toEqual({ ok: true });
    const ledger = await openLedger(world.genesis, store);
    expect(await auditLedger(ledger)).toMatchObject({ ok: true, outputs: count + 1 });

    const { content } = manifest;
    const swapped = { ...manifest, content: { ...content, chunks: content.chunks.toReversed() } };
    const other = await StateImport.begin({
      ...common,
      store: openMemoryStore(),
      manifest: swapped,
    });
    await other.addChunk(0, chunks[1]!);
    await other.addChunk(1, chunks[0]!);
    expect(await other.finish()).toMatchObject({ ok: false, code: 'SNAPSHOT_ORDER' });
  });
});

test('a damaged output of a validator, and a lost hash, are reported', async () => {
  const world = await World.open([alice], 1_000n, { members: 2 });
  for (let i = 0; i < 3; i++) await world.extend();
  const [locked] = await buckets.locked.on(world.store).range({ limit: 1 }).page(1);
  const [[id, name]] = locked!;
  const output = (await buckets.outputs.on(world.store).get(name))!;
  const header = (await buckets.headers.on(world.store).get(2))!;
  await world.store.batch([
    buckets.outputs.put(name, { ...output, amount: output.amount - 1n }),
    buckets.locked.put([id, outputKey('x'.repeat(64), 1)], true),
    buckets.heights.delete(header.hash),
    buckets.owned.put(['\x32'.padEnd(21, 'z'), name], true),
    buckets.transactions.put(new Uint8Array(64), { height: 3, position: 4 }),
  ]);
  const report = await auditLedger(world.ledger, { progress: () => undefined });
  const codes = new Set(report.problems.map(({ code }) => code));
  expect([...codes].toSorted()).toEqual(
    [
      'AUDIT_BONDED',
      'AUDIT_COMMITMENT',
      'AUDIT_HEADERS',
      'AUDIT_HISTORY',
      'AUDIT_LOCKED',
      'AUDIT_OWNERS',
      'AUDIT_SUPPLY',
      'AUDIT_TRANSACTIONS',
    ].toSorted(),
  );
});
