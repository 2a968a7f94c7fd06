import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Problem, SubmissionResult } from '@mxd/api';
import { toHex } from '@mxd/codec';
import { loadConfig, type LoadedConfig } from '@mxd/config';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { TokenStore } from '../../src/admin/tokens.ts';
import { Cluster, fundsOf } from '../cluster.ts';

const fixture = (name: string) =>
  fileURLToPath(new URL(`../plugins/fixtures/${name}.ts`, import.meta.url));
const plugin = (hook: string, how: string) =>
  `--plugins=${JSON.stringify([{ module: fixture('misbehaving'), config: { hook, how }, budgetMs: 200 }])}`;
const mxd = 100_000_000n;
const receiver = fundsOf(55);

let cluster: Cluster;
let token: string;
let reader: string;
beforeAll(async () => {
  cluster = await Cluster.make(4);
  const tokens = await TokenStore.open(join(cluster.members[0]!.directory, 'tokens.json'));
  token = (await tokens.create({ name: 'operator', role: 'admin' })).token;
  reader = (await tokens.create({ name: 'reader', role: 'viewer' })).token;
  await cluster.startNode(0, ['--admin-enabled', '--admin-port=0', plugin('block:final', 'loop')]);
  await cluster.startNode(1, [plugin('block:final', 'throw')]);
  await cluster.startNode(2, [plugin('transaction:accepted', 'leak-heap')]);
  await cluster.startNode(3);
  await cluster.height(0, 3, 60_000);
}, 120_000);
afterAll(() => cluster[Symbol.asyncDispose]());

async function admin(
  method: string,
  path: string,
  body?: object,
  bearer: string | undefined = token,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(cluster.node(0).listeners.admin!.url + path, {
    method,
    headers: {
      ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
  };
}

async function submit(
  index: number,
  bytes: Uint8Array,
): Promise<{ status: number; body: SubmissionResult & Problem }> {
  const response = await fetch(`${cluster.url(index)}/v1/transactions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ transaction: toHex(bytes) }),
  });
  return { status: response.status, body: (await response.json()) as SubmissionResult & Problem };
}

describe('plugins that loop, throw and leak', () => {
  test('votes and payments do not notice', async () => {
    const start = cluster.node(3).ledger.head.height;
    for (let i = 0; i < 5; i++) {
      const { bytes, txid } = await cluster.payment(3, receiver.owner, mxd, i);
      expect((await submit(i % 3, bytes)).status).toBe(202);
      for (const index of [0, 1, 2, 3]) {
        await cluster.until(
          `payment ${i} final at ${index}`,
          async () =>
            (await cluster.node(index).ledger.reader.location(Buffer.from(txid, 'hex'))) !==
            undefined,
        );
      }
    }
    await cluster.height(0, start + 8, 60_000);
    expect(cluster.node(3).status().view - cluster.node(3).status().height).toBeLessThan(20);
    const url = cluster.node(1).listeners.metrics!.url;
    const text = await (await fetch(`${url}/metrics`)).text();
    expect(text).toMatch(/mxd_plugin_calls_total\{outcome="error"\} [1-9]/);
  }, 120_000);

  test('a gate that never answers refuses transactions here, and nowhere else', async () => {
    await cluster.node(2).stop();
    await cluster.startNode(2, [plugin('transaction:admit', 'hang')]);
    await cluster.until('node 2 is back', () => cluster.node(2).status().validatorsConnected === 3);
    const { bytes, txid } = await cluster.payment(3, receiver.owner, mxd, 10);
    const refused = await submit(2, bytes);
    expect([refused.status >= 400, refused.body.reason]).toEqual([true, 'POOL_POLICY']);
    expect((await submit(3, bytes)).status).toBe(202);
    // A policy is this node's alone: the block that others made is valid here too.
    await cluster.until(
      'final at the node whose policy refused it',
      async () =>
        (await cluster.node(2).ledger.reader.location(Buffer.from(txid, 'hex'))) !== undefined,
    );
  }, 60_000);
});

describe('the admin API', () => {
  test('knows its tokens and their scopes', async () => {
    expect((await admin('GET', '/admin/v1/whoami')).body).toMatchObject({ name: 'operator' });
    expect((await admin('GET', '/admin/v1/whoami', undefined, 'mxd_wrong')).status).toBe(401);
    expect((await admin('POST', '/admin/v1/stop', {}, reader)).status).toBe(403);
    expect((await fetch(`${cluster.url(0)}/admin/v1/whoami`)).status).toBe(404);
  });

  test('shows settings with their origin, peers and plugins', async () => {
    const config = JSON.stringify((await admin('GET', '/admin/v1/config')).body);
    expect(config).toContain('"path":"api.tokenForWrites"');
    expect(config).not.toContain('"how":"loop"');
    const peers = JSON.stringify((await admin('GET', '/admin/v1/peers')).body);
    expect(peers).toContain(cluster.node(3).network.self.peerId);
    const plugins = JSON.stringify((await admin('GET', '/admin/v1/plugins')).body);
    expect(plugins).toContain('misbehaving');
  });

  test('takes a backup of the running chain store', async () => {
    const made = await admin('POST', '/admin/v1/backups', {});
    expect(made.status).toBeLessThan(300);
    const listed = await admin('GET', '/admin/v1/backups');
    expect(JSON.stringify(listed.body)).toContain('height');
  });
});

test('a token can be asked for at writes, and a reload changes that while the node runs', async () => {
  const { directory } = cluster.members[3]!;
  const tokens = await TokenStore.open(join(directory, 'tokens.json'));
  const { token: writer } = await tokens.create({ name: 'shop', role: 'client' });
  await cluster.node(3).stop();
  const needs = { value: true };
  const load = async (): Promise<LoadedConfig> => {
    const config = await cluster.config(directory, cluster.members[3]!.port, [
      '--role=validator',
      '--admin-enabled',
      '--admin-port=0',
      `--api-token-for-writes=${needs.value}`,
    ]);
    const { origins } = await loadConfig({ files: [], environment: {}, flags: [] });
    return { config, origins };
  };
  const node = await cluster.startWith(3, load);
  const { bytes } = await cluster.payment(0, receiver.owner, mxd, 20);
  expect((await submit(3, bytes)).status).toBe(401);
  const answer = await fetch(`${cluster.url(3)}/v1/transactions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${writer}` },
    body: JSON.stringify({ transaction: toHex(bytes) }),
  });
  expect(answer.status).toBe(202);
  needs.value = false;
  await node.reload();
  const other = await cluster.payment(0, receiver.owner, mxd, 21);
  expect((await submit(3, other.bytes)).status).toBe(202);
}, 60_000);
