import { readFile } from 'node:fs/promises';

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
