import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { settings, type NodeConfig } from '@mxd/config';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { createNode } from '../../src/index.ts';
import { Cluster, testSecrets } from '../cluster.ts';

/** Settings that the package does not read itself, and the source that does. */
const readElsewhere: Readonly<Record<string, string>> = {
  'secrets.directory': 'apps/node/src/main.ts',
};

/** A view of a configuration that notes the path of every value that is read. */
function recorded<T extends object>(target: T, seen: Set<string>, prefix = ''): T {
  return new Proxy(target, {
    get(object, key): unknown {
      const value: unknown = Reflect.get(object, key);
      if (typeof key === 'symbol') return value;
      const path = `${prefix}${key}`;
      const isGroup = typeof value === 'object' && value !== null && !Array.isArray(value);
      if (isGroup) return recorded(value, seen, `${path}.`);
      seen.add(path);
      return value;
    },
  });
}

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.make(1);
});
afterAll(() => cluster[Symbol.asyncDispose]());

test('every setting is read by a node with everything on', async () => {
  const { directory, port } = cluster.members[0]!;
  const config: NodeConfig = await cluster.config(directory, port, [
    '--role=validator',
    '--admin-enabled',
    '--admin-port=0',
    '--log-file=node.log',
    '--log-level=fatal',
  ]);
  const seen = new Set<string>();
  const node = await createNode({ config: recorded(config, seen), secrets: testSecrets() });
  cluster.nodes.set(0, node);
  await cluster.height(0, 2);
  for (const path of ['mempool', 'status', 'snapshots']) {
    expect((await fetch(`${cluster.url(0)}/v1/${path}`)).status).toBe(200);
  }
  await node.stop();
  const tls = { tlsCertificateFile: '/nowhere/chain.pem', tlsKeyFile: '/nowhere/key.pem' };
  const secured = { ...config, api: { ...config.api, ...tls } };
  await expect(
    createNode({ config: recorded(secured, seen), secrets: testSecrets() }),
  ).rejects.toThrow('/nowhere/');

  const empty = join(cluster.root, 'empty');
  await mkdir(empty);
  await copyFile(join(directory, 'genesis.mxd'), join(empty, 'genesis.mxd'));
  const flags = ['--sync-mode=snapshot', '--network-sentries=nowhere'];
  const begins = recorded(await cluster.config(empty, port, flags), seen);
  await expect(createNode({ config: begins, secrets: testSecrets() })).rejects.toThrow('nowhere');

  const paths = settings.map(({ path }) => path);
  const unread = paths.filter((path) => !seen.has(path));
  expect(unread).toEqual(Object.keys(readElsewhere));
  for (const [path, file] of Object.entries(readElsewhere)) {
    const source = await readFile(new URL(`../../../../${file}`, import.meta.url), 'utf8');
    expect(source).toContain(`config.${path}`);
  }
  // And nothing is read that no setting describes.
  expect([...seen].filter((path) => !paths.includes(path))).toEqual([]);
}, 60_000);

test('values reach what they are for', async () => {
  const announced = '/ip4/203.0.113.7/tcp/26656';
  const node = await cluster.startNode(0, [
    `--network-announce=${announced}`,
    '--storage-keep-bodies=2',
    '--consensus-empty-delay-ms=50',
    '--storage-snapshot-interval=0',
  ]);
  expect(node.network.self.addresses()).toEqual([`${announced}/p2p/${node.network.self.peerId}`]);
  await cluster.height(0, node.ledger.head.height + 4);
  expect(node.ledger.reader.firstBody).toBe(node.ledger.head.height - 1);

  // Nobody of an address that is not allowed is talked to, nobody beyond the most connections.
  for (const refusal of ['--network-allow-addresses=10.0.0.0/8', '--network-max-peers=1']) {
    await cluster.node(0).stop();
    await cluster.startNode(0, [refusal, '--network-max-peers-per-address=1']);
    const others = [await cluster.startFull(1), await cluster.startFull(2)];
    const most = refusal.includes('max-peers') ? 1 : 0;
    await cluster.until(`${refusal} refuses`, () =>
      Object.entries(cluster.node(0).network.counters()).some(isRefusal),
    );
    expect(cluster.node(0).peers().length).toBeLessThanOrEqual(most);
    for (const other of others) await other.stop();
  }
}, 90_000);

const isRefusal = ([name, count]: [string, number]): boolean =>
  /^connections_refused_(range_not_allowed|connections)$/.test(name) && count > 0;
