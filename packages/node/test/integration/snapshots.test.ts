import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Page, SnapshotView } from '@mxd/api';
import { fromHex, toHex } from '@mxd/codec';
import { manifestCodec, snapshotId, snapshotVersion, StateImport } from '@mxd/ledger/snapshot';
import { chunkCodec } from '@mxd/network/sync';
import { validatorSet } from '@mxd/protocol';
import { tableHash } from '@mxd/protocol/table';
import { buckets, metaKey } from '@mxd/ledger/buckets';
import { auditLedger } from '@mxd/ledger/maintenance';
import { openMemoryStore } from '@mxd/storage';
import { Ledger } from '@mxd/ledger';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { TokenStore } from '../../src/admin/tokens.ts';
import { openChainStore, verifyConsensusSignature } from '../../src/chain.ts';
import { Cluster } from '../cluster.ts';

const flags = ['--storage-snapshot-interval=8', '--consensus-empty-delay-ms=100'];

let cluster: Cluster;
let token: string;
beforeAll(async () => {
  cluster = await Cluster.make(4, { epochLength: 16 });
  const { directory } = cluster.members[0]!;
  const tokens = await TokenStore.open(join(directory, 'tokens.json'));
  token = (await tokens.create({ name: 'operator', role: 'admin' })).token;
  // A crash left this.
  await mkdir(join(directory, 'snapshots', 'making'), { recursive: true });
  await cluster.startNode(0, [...flags, '--admin-enabled', '--admin-port=0']);
  for (const index of [1, 2, 3]) await cluster.startNode(index, flags);
}, 60_000);
afterAll(() => cluster[Symbol.asyncDispose]());

async function listed(index: number): Promise<readonly SnapshotView[]> {
  const response = await fetch(`${cluster.url(index)}/v1/snapshots`);
  return ((await response.json()) as Page<SnapshotView>).items;
}

const folder = (index: number) => join(cluster.members[index]!.directory, 'snapshots');
const heightsOf = (items: readonly SnapshotView[]) => items.map(({ height }) => height);

test('validators make the same snapshots, keep the newest two and serve them', async () => {
  await cluster.until(
    'the third snapshot',
    async () => heightsOf(await listed(0)).includes(24) && heightsOf(await listed(1)).includes(24),
    60_000,
  );
  const [mine, theirs] = [await listed(0), await listed(1)];
  expect(mine.find(({ height }) => height === 24)).toMatchObject({
    hash: theirs.find(({ height }) => height === 24)!.hash,
    root: theirs.find(({ height }) => height === 24)!.root,
  });
  expect(mine.length).toBeLessThanOrEqual(2);
  const names = (await readdir(folder(0))).filter((name) => name !== 'making');
  expect(names.length).toBeLessThanOrEqual(3);
  expect(names).not.toContain('8');

  // Another node asks for it, over the wire, and can live on what it gets.
  const asker = cluster.node(1).network;
  const server = cluster.node(0).network.self.peerId;
  const { requests } = asker;
  const answer = await requests.request(server, 'snapshot-manifest', new Uint8Array(0));
  expect(answer.ok).toBe(true);
  const manifest = manifestCodec.decode(answer.items[0]!);
  const { content } = manifest;
  const top = manifest.headers.at(-1)!;
  const { ledger } = cluster.node(1);
  const { table, anchorHash } = ledger.state(ledger.head.hash)!.table(top.epoch)!;
  const { document } = cluster.genesis;
  const { chainTag } = ledger.chain;
  const store = openMemoryStore();
  const importing = await StateImport.begin({
    store,
    genesis: document,
    manifest,
    validators: validatorSet(chainTag, table, document.parameters, anchorHash),
    verify: verifyConsensusSignature,
  });
  for (const chunk of importing.missing) {
    const payload = chunkCodec.encode({ snapshot: snapshotId(content), chunk });
    const got = await requests.request(server, 'snapshot-chunk', payload);
    expect(await importing.addChunk(chunk, got.items[0]!)).toEqual({ ok: true });
  }
  expect(await importing.finish()).toEqual({ ok: true });
  const copy = await Ledger.open({
    store,
    genesis: document,
    verifySignatures: undefined as never,
  });
  expect(copy.head.height).toBe(content.height);
  expect(toHex(copy.head.hash)).toBe(toHex((await ledger.reader.header(content.height))!.hash));
  await copy.close();
  await store.close();

  const nothing = async (kind: 'snapshot-chunk' | 'snapshot-manifest', payload: Uint8Array) => {
    const result = await requests.request(server, kind, payload);
    return result.ok ? result.end : result.code;
  };
  const unknown = chunkCodec.encode({ snapshot: new Uint8Array(64), chunk: 0 });
  const beyond = chunkCodec.encode({ snapshot: snapshotId(content), chunk: 999 });
  expect(await nothing('snapshot-chunk', unknown)).toBe('unavailable');
  expect(await nothing('snapshot-chunk', beyond)).toBe('unavailable');
  expect(await nothing('snapshot-chunk', fromHex('00'))).toBe('refused');
  expect(await nothing('snapshot-manifest', fromHex('00'))).toBe('refused');
}, 90_000);

test('an operator has one made now; what is there outlives a restart', async () => {
  const { url } = cluster.node(0).listeners.admin!;
  await cluster.until('no other one is under way', async () => {
    const response = await fetch(`${url}/admin/v1/snapshots`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: '{}',
    });
    if (!response.ok) return false;
    const { height } = (await response.json()) as { height: number };
    return heightsOf(await listed(0)).includes(height);
  });
  await cluster.node(0).stop();
  const names = (await readdir(folder(0))).filter((name) => name !== 'making').map(Number);
  await cluster.startNode(0, flags);
  expect(heightsOf(await listed(0))).toEqual(expect.arrayContaining(names.slice(-1)));
}, 60_000);

test('a late node begins with a snapshot, from peers of which some lie, and follows', async () => {
  let lies = 0;
  for (const index of [0, 1, 2, 3]) {
    const { network } = cluster.node(index);
    const stored = folder(index);
    network.requests.serve('snapshot-chunk', async function* (payload) {
      const { chunk } = chunkCodec.decode(payload);
      for (const name of await readdir(stored)) {
        const manifest = await readFile(join(stored, name, 'manifest')).catch(() => undefined);
        if (manifest === undefined) continue;
        const id = snapshotId(manifestCodec.decode(manifest).content);
        if (Buffer.compare(id, chunkCodec.decode(payload).snapshot) !== 0) continue;
        const bytes = await readFile(join(stored, name, `chunk-${chunk}`));
        if (lies++ < 2) bytes[40]! ^= 1;
        yield bytes;
        return 'complete';
      }
      return 'unavailable';
    });
  }
  const { ledger } = cluster.node(1);
  const third = ledger.state(ledger.head.hash)!.table(2)!;
  const checkpoint = `2:${toHex(third.anchorHash)}:${toHex(tableHash(third.table))}`;
  const node = await cluster.startFull(9, [
    '--sync-mode=snapshot',
    `--sync-checkpoint=${checkpoint}`,
  ]);
  expect(lies).toBeGreaterThan(2);
  const { firstBody } = node.ledger.reader;
  expect(firstBody).toBeGreaterThan(16);
  expect(await node.ledger.reader.block(firstBody - 1)).toBeUndefined();
  await cluster.height(9, ledger.head.height + 20, 60_000);
  const { height, header } = node.ledger.head;
  await cluster.height(1, height);
  expect(toHex(header.appRoot)).toBe(toHex((await ledger.reader.header(height))!.header.appRoot));
  expect(await auditLedger(node.ledger)).toMatchObject({ ok: true });
  await node.stop();

  // It is a chain now: the mode has no more to do, and the node goes on alone.
  const again = await cluster.startFull(9, ['--sync-mode=snapshot']);
  expect(again.ledger.head.height).toBeGreaterThanOrEqual(height);
  await cluster.height(9, height + 5, 60_000);
}, 150_000);

test('nothing is believed against a checkpoint, not even history', async () => {
  const other = `2:${'ab'.repeat(64)}:${'cd'.repeat(64)}`;
  await expect(
    cluster.startFull(8, ['--sync-mode=snapshot', `--sync-checkpoint=${other}`]),
  ).rejects.toMatchObject({ code: 'NODE_SNAPSHOT' });
}, 60_000);

test('an import that nobody can complete any more is given up for a newer one', async () => {
  const server = cluster.node(2).network.self.peerId;
  const { requests } = cluster.node(1).network;
  const answer = await requests.request(server, 'snapshot-manifest', new Uint8Array(0));
  const manifest = manifestCodec.decode(answer.items[0]!);
  const gone = { ...manifest, content: { ...manifest.content, outputs: 1 } };
  const directory = join(cluster.root, 'full7');
  const config = await cluster.config(directory, 1, []);
  const store = await openChainStore(config, cluster.genesis);
  const encoded = manifestCodec.encode({ ...gone, version: snapshotVersion });
  await store.batch([buckets.meta.put(metaKey.importing, encoded)], { sync: true });
  await store.close();
  const node = await cluster.startFull(7, ['--sync-mode=snapshot']);
  expect(node.ledger.reader.firstBody).toBeGreaterThan(16);
  expect(await auditLedger(node.ledger)).toMatchObject({ ok: true });
}, 60_000);

test('where no peer has a snapshot, history is replayed', async () => {
  for (const index of [0, 1, 2, 3]) {
    // oxlint-disable-next-line require-yield
    cluster.node(index).network.requests.serve('snapshot-manifest', async function* () {
      return 'unavailable';
    });
  }
  const node = await cluster.startFull(6, ['--sync-mode=snapshot']);
  expect(node.ledger.reader.firstBody).toBe(1);
  await cluster.height(6, 20, 60_000);
}, 90_000);
