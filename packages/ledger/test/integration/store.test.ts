/** The ledger and its store: crashes, audits, indexes, pruning, snapshots. */
import { concatBytes, equalBytes } from '@mxd/codec';
import type { Block } from '@mxd/protocol';
import { blockHashOf } from '@mxd/protocol/block';
import type { EpochProof } from '@mxd/protocol/messages';
import { validatorSet } from '@mxd/protocol/checks';
import { transactionKind } from '@mxd/protocol/transaction';
import { verifySignature } from '@mxd/crypto/suites';
import { openMemoryStore, type KeyValueStore } from '@mxd/storage';
import { faultyStore, forEachFault } from '@mxd/storage/testing';
import { describe, expect, test } from 'vitest';

import { buckets, metaKey } from '../../src/buckets.ts';
import { Ledger } from '../../src/ledger.ts';
import { auditLedger } from '../../src/maintenance/audit.ts';
import { replay, type FinalBlock } from '../../src/maintenance/replay.ts';
import { binaryText, outputKey, unspentOutputCodec } from '../../src/outputs.ts';
import {
  followEpochs,
  manifestCodec,
  snapshotId,
  StateExport,
  StateImport,
  type SnapshotManifest,
} from '../../src/snapshot/index.ts';
import type { LedgerOptions, UnspentOutput } from '../../src/types.ts';
import { validatorSetOf } from '../../src/validators/index.ts';
import {
  key,
  openLedger,
  policyOf,
  verifyHere,
  World,
  type Coin,
} from '../../src/testing/world.ts';

const alice = key(1);
const bob = key(2);
const amount = 1_000_000n;
const verifyVote = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean =>
  verifySignature(1, publicKey, message, signature);

async function dump(store: KeyValueStore): Promise<string> {
  const lines: string[] = [];
  for await (const [k, v] of store.range()) {
    lines.push(`${Buffer.from(k).toString('hex')}=${Buffer.from(v).toString('hex')}`);
  }
  return lines.join('\n');
}

/** A chain with payments, bonds, unbonds, tips, policies and epoch ends. */
async function livelyWorld(
  blocks: number,
  ledger: Partial<LedgerOptions> = {},
): Promise<{ world: World; chain: FinalBlock[] }> {
  const two = policyOf(2, [key(5), key(6)]);
  const owners = [alice, alice, alice, bob, two, key(7, 3)];
  const world = await World.open(owners, amount, { members: 3, ledger });
  const chain: FinalBlock[] = [];
  let coins: Coin[] = [...world.coins];
  for (let i = 0; i < blocks; i++) {
    const coin = coins.shift()!;
    const half = coin.output.amount / 2n;
    const tip = half > 1_000n ? 100n : 0n;
    const kind = i % 5 === 3 && coin.spender === alice ? transactionKind.bond : 0;
    const payload = kind === 0 ? new Uint8Array(0) : key(1000).id;
    const tx = world.transaction({
      from: [coin],
      to: [
        { spender: coin.spender, amount: half },
        { spender: i % 2 === 0 ? alice : bob, amount: coin.output.amount - half - tip },
      ],
      tip,
      kind,
      payload,
    });
    coins = [...coins, ...(kind === 0 ? tx.coins : tx.coins.slice(1))];
    const block = await world.extend([tx.bytes]);
    chain.push({ block, finalization: (await world.ledger.reader.finalization(i + 1))! });
  }
  return { world, chain };
}

describe('faults', () => {
  for (const when of ['before', 'after'] as const) {
    test(`a write that fails ${when} its effect stops the ledger and loses nothing`, async () => {
      const { world, chain } = await livelyWorld(20);
      const whole = await dump(world.store);
      const runs = await forEachFault({
        fault: { code: 'STORAGE_IO', when },
        methods: ['batch'],
        open: async () => openMemoryStore(),
        scenario: async (store) => {
          const ledger = await openLedger(world.genesis, store);
          const done = await replay(ledger, chain);
          expect(done).toEqual({ ok: true, blocks: chain.length });
        },
        check: async (inner, error) => {
          expect(error).toMatchObject({ code: 'STORAGE_IO' });
          // The process is gone; what is on disk is a state between two blocks.
          const ledger = await openLedger(world.genesis, inner);
          const report = await auditLedger(ledger);
          expect(report.problems).toEqual([]);
          const { height } = ledger.head;
          const done = await replay(ledger, chain.slice(height));
          expect(done).toMatchObject({ ok: true });
          expect(await dump(inner)).toBe(whole);
        },
      });
      expect(runs).toBe(21);
    });
  }

  test('a read that fails is no verdict (S12)', async () => {
    const { world, chain } = await livelyWorld(3);
    await forEachFault({
      fault: { code: 'STORAGE_IO', when: 'before' },
      methods: ['getMany', 'get', 'getSync', 'range', 'page'],
      open: async () => openMemoryStore(),
      scenario: async (store) => {
        const ledger = await openLedger(world.genesis, store, { outputCacheBytes: 0 });
        const done = await replay(ledger, chain);
        expect(done).toMatchObject({ ok: true });
      },
      check: async (inner, error) => {
        expect(error).toMatchObject({ code: 'STORAGE_IO' });
        const ledger = await openLedger(world.genesis, inner);
        expect((await auditLedger(ledger)).problems).toEqual([]);
      },
    });
  });

  test('after a failed write nothing is accepted until a restart', async () => {
    const { world, chain } = await livelyWorld(2);
    let writes = 0;
    const store = faultyStore(openMemoryStore(), ({ method }) =>
      method === 'batch' && ++writes === 2
        ? { code: 'STORAGE_DISK_FULL', when: 'before' }
        : undefined,
    );
    const ledger = await openLedger(world.genesis, store);
    const { block, finalization } = chain[0]!;
    expect(await ledger.executeBlock(block)).toMatchObject({ ok: true });
    const hash = blockHashOf(block.header);
    await expect(ledger.commit(hash, finalization!)).rejects.toMatchObject({
      code: 'STORAGE_DISK_FULL',
    });
    await expect(ledger.commit(hash, finalization!)).rejects.toMatchObject({
      code: 'LEDGER_STOPPED',
    });
    await expect(ledger.executeBlock(chain[1]!.block)).rejects.toMatchObject({
      code: 'LEDGER_STOPPED',
    });
    await expect(ledger.buildBlock(world.request())).rejects.toMatchObject({
      code: 'LEDGER_STOPPED',
    });
  });
});

describe('opening', () => {
  test('refuses another chain, a damaged head, and use after closing', async () => {
    const { world } = await livelyWorld(3);
    const other = await World.open([alice], 5n * amount);
    await expect(openLedger(other.genesis, world.store)).rejects.toMatchObject({
      code: 'LEDGER_NETWORK',
    });
    await world.ledger.close();
    await expect(world.ledger.executeBlock(await other.drafted())).rejects.toMatchObject({
      code: 'LEDGER_CLOSED',
    });
    const format = Uint8Array.from(buckets.meta.on(world.store).getSync(metaKey.identity)!);
    await world.store.batch([buckets.meta.put(metaKey.identity, format.with(3, 9))]);
    await expect(openLedger(world.genesis, world.store)).rejects.toMatchObject({
      code: 'LEDGER_FORMAT',
    });
    await world.store.batch([buckets.meta.put(metaKey.identity, format)]);
    const lattice = buckets.meta.on(world.store).getSync(metaKey.lattice)!.slice();
    lattice[0]! ^= 1;
    await world.store.batch([buckets.meta.put(metaKey.lattice, lattice)]);
    await expect(openLedger(world.genesis, world.store)).rejects.toMatchObject({
      code: 'LEDGER_CORRUPT',
    });
  });

  test('a finalization must be one, of the block', async () => {
    const { world, chain } = await livelyWorld(2);
    const ledger = await openLedger(world.genesis, openMemoryStore());
    const [first, second] = chain as [FinalBlock, FinalBlock];
    await ledger.executeBlock(first.block);
    await ledger.executeBlock(second.block);
    const hash = blockHashOf(first.block.header);
    await expect(ledger.commit(hash, second.finalization!)).rejects.toMatchObject({
      code: 'LEDGER_CERTIFICATE',
    });
    await expect(ledger.commit(hash, Uint8Array.of(1))).rejects.toMatchObject({
      code: 'LEDGER_CERTIFICATE',
    });
    const unknown = blockHashOf({ ...first.block.header, timestampMs: 1 });
    await expect(ledger.commit(unknown, first.finalization!)).rejects.toMatchObject({
      code: 'LEDGER_CERTIFICATE',
    });
    // A descendant's finalization makes both final.
    const committed = await ledger.commit(blockHashOf(second.block.header), second.finalization!);
    expect(committed.map(({ height }) => height)).toEqual([1, 2]);
    expect(await ledger.reader.finalization(1)).toBeUndefined();
    expect(await ledger.commit(hash, first.finalization!)).toEqual([]);
  });
});

describe('audit', () => {
  test('finds a lively chain in order, and every single damage', async () => {
    const { world } = await livelyWorld(40);
    const report = await auditLedger(world.ledger);
    expect(report).toMatchObject({ ok: true, height: 40, headers: 41, problemCount: 0 });
    expect(report.sum).toBe(report.totalSupply);
    expect(report.bonded).toBeGreaterThan(3_000_000_000n);
    const { store, ledger } = world;
    const [entry] = await buckets.owned.on(store).range({ limit: 1 }).page(1);
    const [ownedKey] = entry!;
    const output = (await buckets.outputs.on(store).get(ownedKey[1]))!;
    const [lockedEntry] = await buckets.locked.on(store).range({ limit: 1 }).page(1);
    const [txEntry] = await buckets.transactions.on(store).range({ limit: 1 }).page(1);
    const [historyEntry] = await buckets.history.on(store).range({ limit: 1 }).page(1);
    const header = (await buckets.headers.on(store).get(7))!;
    const damages = [
      ['AUDIT_SUPPLY', buckets.outputs.put(ownedKey[1], { ...output, amount: output.amount + 1n })],
      ['AUDIT_COMMITMENT', buckets.outputs.put(ownedKey[1], { ...output, createdHeight: 39 })],
      ['AUDIT_OWNERS', buckets.owned.delete(ownedKey)],
      ['AUDIT_LOCKED', buckets.locked.delete(lockedEntry![0])],
      ['AUDIT_TRANSACTIONS', buckets.transactions.delete(txEntry![0])],
      [
        'AUDIT_HISTORY',
        buckets.history.put(historyEntry![0], { ...historyEntry![1], received: 1n }),
      ],
      [
        'AUDIT_HEADERS',
        buckets.headers.put(7, { ...header, header: { ...header.header, view: 99, height: 8 } }),
      ],
    ] as const;
    for (const [code, damage] of damages) {
      const before = store.getSync(damage.key)!;
      await store.batch([damage]);
      const found = await auditLedger(ledger);
      expect(found.ok).toBe(false);
      expect(found.problems.map((problem) => problem.code)).toContain(code);
      await store.batch([{ type: 'put', key: damage.key, value: before }]);
    }
    expect((await auditLedger(ledger)).ok).toBe(true);
  });
});

describe('indexes', () => {
  test('can be switched off and rebuilt; the result is what never was off', async () => {
    const { world, chain } = await livelyWorld(40);
    const store = openMemoryStore();
    const off = { transactions: false, history: false, owners: false };
    const without = await openLedger(world.genesis, store, { indexes: off });
    await replay(without, chain.slice(0, 30));
    await expect(without.reader.location(new Uint8Array(64))).rejects.toMatchObject({
      code: 'LEDGER_INDEX_OFF',
    });
    await expect(without.reader.history(alice.owner)).rejects.toMatchObject({
      code: 'LEDGER_INDEX_OFF',
    });
    await expect(without.reader.balance(alice.owner)).rejects.toMatchObject({
      code: 'LEDGER_INDEX_OFF',
    });
    await without.close();
    const again = await openLedger(world.genesis, store);
    await expect(again.reader.history(alice.owner)).rejects.toMatchObject({
      code: 'LEDGER_INDEX_OFF',
    });
    const seen = new Set<string>();
    await again.rebuildIndexes(({ index }) => seen.add(index));
    expect([...seen].sort()).toEqual(['owners', 'transactions']);
    await replay(again, chain.slice(30));
    expect(await dump(store)).toBe(await dump(world.store));
    await again.close();
    const reopened = await openLedger(world.genesis, store);
    expect((await reopened.reader.history(alice.owner)).items.length).toBeGreaterThan(0);
  });

  test('page through history and outputs', async () => {
    const { world } = await livelyWorld(30);
    const { reader } = world.ledger;
    const whole = (await reader.history(alice.owner, { limit: 1_000 })).items;
    const paged: (typeof whole)[number][] = [];
    let before;
    do {
      const page = await reader.history(alice.owner, {
        limit: 4,
        ...(before === undefined ? {} : { before }),
      });
      paged.push(...page.items);
      before = page.next;
    } while (before !== undefined);
    expect(paged).toEqual(whole);
    expect(whole.map(({ height }) => height)).toEqual(
      whole.map(({ height }) => height).toSorted((a, b) => b - a),
    );
    const all = (await reader.unspent(alice.owner)).items;
    const some: (typeof all)[number][] = [];
    let after;
    do {
      const page = await reader.unspent(alice.owner, {
        limit: 3,
        ...(after === undefined ? {} : { after }),
      });
      some.push(...page.items);
      after = page.next;
    } while (after !== undefined);
    expect(some).toEqual(all);
    const sums = await reader.balance(alice.owner);
    expect(sums.plain + sums.bonded).toBe(all.reduce((sum, each) => sum + each.amount, 0n));
    expect(sums.bonded).toBeGreaterThan(0n);
    const { outpoint } = all[0]!;
    expect((await reader.output(outpoint))!.amount).toBe(all[0]!.amount);
    expect((await reader.headers(3, 2)).map(({ height }) => height)).toEqual([3, 4]);
    expect(await reader.block(31)).toBeUndefined();
    expect(await reader.transaction(new Uint8Array(64))).toBeUndefined();
  });

  test('name payouts of tips and genesis too', async () => {
    const { world } = await livelyWorld(17);
    const { reader } = world.ledger;
    const account = key(1000).owner;
    const { items } = await reader.history(account);
    const payout = items.find(({ height }) => height === 16)!;
    expect(await reader.transaction(payout.txid)).toMatchObject({ origin: 'payout', height: 16 });
    const genesis = items.find(({ height }) => height === 0)!;
    expect(await reader.transaction(genesis.txid)).toMatchObject({ origin: 'genesis' });
  });
});

describe('pruning', () => {
  test('keeps headers, certificates and the newest bodies', async () => {
    const { world, chain } = await livelyWorld(30);
    const store = openMemoryStore();
    const ledger = await openLedger(world.genesis, store, { keepBodies: 5 });
    await replay(ledger, chain);
    expect(ledger.reader.firstBody).toBe(26);
    expect(await ledger.reader.block(25)).toBeUndefined();
    expect(await ledger.reader.block(26)).toBeDefined();
    expect(await ledger.reader.header(1)).toBeDefined();
    expect(await ledger.reader.finalization(1)).toBeDefined();
    expect((await auditLedger(ledger)).ok).toBe(true);
    expect(await ledger.prune(2)).toBe(3);
    expect(ledger.reader.firstBody).toBe(29);
    await ledger.close();
    const again = await openLedger(world.genesis, store, { indexes: { history: false } });
    expect(again.reader.firstBody).toBe(29);
    await again.close();
    const third = await openLedger(world.genesis, store);
    await expect(third.rebuildIndexes()).rejects.toMatchObject({ code: 'LEDGER_PRUNED' });
    const { txid } = (await third.reader.unspent(alice.owner)).items[0]!.outpoint;
    expect(await third.reader.transaction(txid)).toBeDefined();
  });
});

describe('snapshots', () => {
  interface Exported {
    readonly world: World;
    readonly chain: FinalBlock[];
    readonly manifest: SnapshotManifest;
    readonly chunks: Uint8Array[];
    readonly trusted: ReturnType<typeof validatorSet>;
  }

  async function exported(height: number): Promise<Exported> {
    const { world, chain } = await livelyWorld(height);
    await using state = await StateExport.begin(world.ledger);
    await expect(state.manifest()).rejects.toMatchObject({ code: 'SNAPSHOT_INCOMPLETE' });
    const chunks: Uint8Array[] = [];
    for await (const { bytes } of state.chunks()) chunks.push(bytes);
    await expect(state.manifest()).rejects.toMatchObject({ code: 'SNAPSHOT_INCOMPLETE' });
    for (let i = 0; i < 3; i++) {
      const block = await world.extend();
      const finalization = (await world.ledger.reader.finalization(block.header.height))!;
      chain.push({ block, finalization });
    }
    const manifest = await state.manifest();
    const trusted = await trustedSet(world, chain);
    return { world, chain, manifest, chunks, trusted };
  }

  /** From genesis through the epoch proofs, as a new node does it. */
  async function trustedSet(
    world: World,
    chain: FinalBlock[],
  ): Promise<ReturnType<typeof validatorSet>> {
    const fresh = await openLedger(world.genesis, openMemoryStore());
    const start = validatorSetOf(fresh.state(fresh.head.hash)!.validators, 1)!;
    const proofs: EpochProof[] = [];
    await replay(fresh, chain);
    const last = fresh.state(fresh.head.hash)!;
    for (const { block, finalization } of chain) {
      const { height, epoch } = block.header;
      if (height % 16 !== 0) continue;
      const { table } = last.table(epoch + 1)!;
      proofs.push({ epoch, header: block.header, finalization: finalization!, nextTable: table });
    }
    const { parameters } = world.genesis;
    const followed = followEpochs(start, parameters, proofs, verifyVote);
    if (!followed.ok) throw new Error(followed.reason);
    const broken = proofs.map((proof) => ({ ...proof, epoch: 9 }));
    expect(followEpochs(start, parameters, broken, verifyVote)).toMatchObject({
      ok: false,
      code: 'CHECKPOINT_PROOF',
    });
    return followed.validators;
  }

  const begin = (e: Exported, store: KeyValueStore, manifest = e.manifest): Promise<StateImport> =>
    StateImport.begin({
      store,
      genesis: e.world.genesis,
      manifest,
      validators: e.trusted,
      verify: verifyVote,
    });

  test('a node that starts from one goes on like all others', async () => {
    const e = await exported(36);
    const store = openMemoryStore();
    const first = await begin(e, store);
    expect(first.missing).toEqual([0]);
    await expect(openLedger(e.world.genesis, store)).rejects.toMatchObject({
      code: 'SNAPSHOT_INCOMPLETE',
    });
    expect(await first.finish()).toMatchObject({ ok: false, code: 'SNAPSHOT_INCOMPLETE' });
    expect(await first.addChunk(0, e.chunks[0]!)).toEqual({ ok: true });
    // The process ends and begins again.
    const resumed = await begin(e, store);
    expect(resumed.missing).toEqual([]);
    expect(await resumed.addChunk(0, e.chunks[0]!)).toEqual({ ok: true });
    expect(await resumed.finish()).toEqual({ ok: true });
    const ledger = await openLedger(e.world.genesis, store);
    expect(ledger.head.height).toBe(36);
    expect(ledger.reader.historyFrom).toBe(37);
    expect(await auditLedger(ledger)).toMatchObject({ problems: [], ok: true });
    expect(await replay(ledger, e.chain.slice(36))).toEqual({ ok: true, blocks: 3 });
    const same = (l: Ledger): Uint8Array => l.state(l.head.hash)!.postRoot;
    expect(equalBytes(same(ledger), same(e.world.ledger))).toBe(true);
    expect((await auditLedger(ledger)).ok).toBe(true);
    await expect(begin(e, store)).rejects.toMatchObject({ code: 'SNAPSHOT_TARGET' });
  });

  test('a manifest survives its encoding and is the same on every node', async () => {
    const e = await exported(20);
    const bytes = manifestCodec.encode({ version: 1, ...e.manifest });
    const decoded = manifestCodec.decode(bytes);
    expect(equalBytes(snapshotId(decoded.content), snapshotId(e.manifest.content))).toBe(true);
    const twin = await openLedger(e.world.genesis, openMemoryStore());
    await replay(twin, e.chain.slice(0, 20));
    await using state = await StateExport.begin(twin);
    const chunks: Uint8Array[] = [];
    for await (const chunk of state.chunks()) chunks.push(chunk.bytes);
    await replay(twin, e.chain.slice(20));
    const manifest = await state.manifest();
    expect(equalBytes(snapshotId(manifest.content), snapshotId(e.manifest.content))).toBe(true);
    expect(chunks).toEqual(e.chunks);
  });

  test('every altered part is refused', async () => {
    const e = await exported(20);
    const { manifest } = e;
    const { content, headers } = manifest;
    const bad: [string, SnapshotManifest][] = [
      ['SNAPSHOT_NETWORK', { ...manifest, content: { ...content, chainTag: new Uint8Array(32) } }],
      ['SNAPSHOT_HEADERS', { ...manifest, headers: headers.slice(1) }],
      ['SNAPSHOT_HEADERS', { ...manifest, headers: headers.toSpliced(4, 1) }],
      ['SNAPSHOT_HEADERS', { ...manifest, content: { ...content, height: 99 } }],
      ['SNAPSHOT_CERTIFICATE', { ...manifest, finalization: Uint8Array.of(1) }],
      ['SNAPSHOT_CERTIFICATE', { ...manifest, finalization: flip(manifest.finalization) }],
      [
        'SNAPSHOT_CERTIFICATE',
        { ...manifest, headers: headers.with(-1, { ...headers.at(-1)!, view: 77 }) },
      ],
      ['SNAPSHOT_ROOT', { ...manifest, content: { ...content, lattice: flip(content.lattice) } }],
      [
        'SNAPSHOT_FORMAT',
        { ...manifest, content: { ...content, sections: content.sections.slice(1) } },
      ],
      [
        'SNAPSHOT_FORMAT',
        {
          ...manifest,
          content: { ...content, sections: [...content.sections, content.sections[0]!] },
        },
      ],
    ];
    for (const [code, altered] of bad) {
      const store = openMemoryStore();
      await expect(begin(e, store, altered)).rejects.toMatchObject({ code });
      expect(await dump(store)).toBe('');
    }
    const store = openMemoryStore();
    const importing = await begin(e, store);
    expect(await importing.addChunk(0, flip(e.chunks[0]!))).toMatchObject({
      code: 'SNAPSHOT_CHUNK',
    });
    expect(await importing.addChunk(1, e.chunks[0]!)).toMatchObject({ code: 'SNAPSHOT_CHUNK' });
    const other = await exported(21);
    await expect(begin(other, store)).rejects.toMatchObject({ code: 'SNAPSHOT_TARGET' });
  });

  test('chunks that the manifest names but that are not the state are found out', async () => {
    const e = await exported(20);
    const { chunkCodec } = await import('../../src/snapshot/chunk.ts');
    const { chunkHash } = await import('../../src/snapshot/manifest.ts');
    const entries = chunkCodec.decode(e.chunks[0]!);
    const altered = (change: Partial<UnspentOutput>): (typeof entries)[number][] => {
      const [first, ...rest] = entries;
      const output = { ...first!.output, ...change };
      const element = concatBytes(
        first!.element.subarray(0, 68),
        unspentOutputCodec.encode(output),
      );
      return [{ element, output }, ...rest];
    };
    const lies: [string, Uint8Array, string][] = [
      ['SNAPSHOT_ROOT', chunkCodec.encode(entries.slice(1)), 'finish'],
      ['SNAPSHOT_ROOT', chunkCodec.encode(altered({ owner: bob.owner })), 'finish'],
      ['SNAPSHOT_ORDER', chunkCodec.encode(entries.toReversed()), 'add'],
      ['SNAPSHOT_ORDER', chunkCodec.encode([entries[0]!, ...entries]), 'add'],
      ['SNAPSHOT_SUPPLY', chunkCodec.encode(altered({ amount: 2n ** 63n })), 'add'],
      ['SNAPSHOT_FORMAT', e.chunks[0]!.subarray(1), 'add'],
    ];
    for (const [code, chunk, where] of lies) {
      const content = { ...e.manifest.content, chunks: [chunkHash(chunk)] };
      const importing = await begin(e, openMemoryStore(), { ...e.manifest, content });
      const added = await importing.addChunk(0, chunk);
      expect(where === 'add' ? added : await importing.finish()).toMatchObject({ ok: false, code });
    }
  });
});

function flip(bytes: Uint8Array): Uint8Array {
  const out = bytes.slice();
  out[out.length - 1]! ^= 1;
  return out;
}

describe('candidates', () => {
  test('siblings are kept apart, and finality drops what does not descend from it', async () => {
    const { world } = await livelyWorld(2);
    const { ledger } = world;
    const coin = (await ledger.reader.unspent(alice.owner)).items.find(
      (o) => o.lock.kind === 'plain',
    )!;
    const from = [{ outpoint: coin.outpoint, output: coin, spender: alice }];
    const make = (to: typeof alice): Promise<Block> =>
      world.drafted().then((draft) => {
        const tx = world.transaction({ from, to: [{ spender: to, amount: coin.amount }] });
        return world.craft(draft, [tx.bytes]);
      });
    const left = await make(alice);
    const right = await make(bob);
    expect(await ledger.executeBlock(left)).toMatchObject({ ok: true });
    expect(await ledger.executeBlock(right)).toMatchObject({ ok: true });
    await world.finalize(right);
    expect(ledger.isExecuted(blockHashOf(left.header))).toBe(false);
    expect(ledger.candidate(blockHashOf(left.header))).toBeUndefined();
    expect(await ledger.executeBlock(left)).toMatchObject({ code: 'BLOCK_STALE' });
    expect(ledger.counters.candidates).toBe(0);
  });

  test('a block that is overtaken while it is executed is not judged', async () => {
    const { world, chain } = await livelyWorld(1);
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    let isFirst = true;
    const ledger = await openLedger(world.genesis, openMemoryStore(), {
      verifySignatures: async (checks) => {
        const mustWait = isFirst;
        isFirst = false;
        if (mustWait) await gate;
        return verifyHere(checks);
      },
    });
    const { block, finalization } = chain[0]!;
    const sibling = world.craft(block, block.transactions, {
      timestampMs: block.header.timestampMs + 1,
    });
    const waiting = ledger.executeBlock(sibling);
    while (isFirst) await new Promise((resolve) => setImmediate(resolve));
    expect(await ledger.executeBlock(block)).toMatchObject({ ok: true });
    await ledger.commit(blockHashOf(block.header), finalization!);
    release();
    expect(await waiting).toMatchObject({ ok: false, verdict: 'missing', code: 'BLOCK_STALE' });
  });
});

test('an invariant that breaks stops the block, not the chain', async () => {
  const { world } = await livelyWorld(1);
  const draft = await world.drafted();
  const output = {
    owner: bob.owner,
    amount: 5n,
    createdHeight: 0,
    lock: { kind: 'plain' },
  } as const;
  expect(draft.header.height).toBe(2);
  expect(outputKey(binaryText(new Uint8Array(64)), 300)).toHaveLength(68);
  const { OutputOverlay } = await import('../../src/layers.ts');
  const overlay = new OutputOverlay([], new Map());
  overlay.create('a', output);
  expect(() => overlay.create('a', output)).toThrow(
    expect.objectContaining({ code: 'LEDGER_INVARIANT' }),
  );
});
