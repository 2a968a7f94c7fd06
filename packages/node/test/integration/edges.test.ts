import { connect } from 'node:net';

import type { BlockDetail, Page, Problem, TransactionView, UnspentOutput } from '@mxd/api';
import { toHex } from '@mxd/codec';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { Cluster, fundsOf } from '../cluster.ts';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start(1);
});
afterAll(() => cluster[Symbol.asyncDispose]());

async function get<T>(path: string): Promise<{ readonly status: number; readonly body: T }> {
  const response = await fetch(cluster.url(0) + path);
  return { status: response.status, body: (await response.json()) as T };
}

/** Sends a request as raw bytes, in pieces that each leave by themselves; gives the answer's text. */
function raw(pieces: readonly string[]): Promise<string> {
  const { port } = new URL(cluster.url(0));
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), '127.0.0.1');
    socket.setNoDelay(true);
    let answer = '';
    socket.on('data', (chunk) => (answer += chunk.toString('utf8')));
    socket.on('end', () => resolve(answer));
    socket.on('error', reject);
    const send = async (): Promise<void> => {
      for (const piece of pieces) {
        await new Promise((written) => socket.write(piece, written));
        await new Promise((next) => setImmediate(next));
      }
    };
    send().catch(reject);
  });
}

const head = (sizeBytes: number): string =>
  'POST /v1/transactions HTTP/1.1\r\nhost: node\r\ncontent-type: application/json\r\n' +
  `content-length: ${sizeBytes}\r\nconnection: close\r\n\r\n`;

async function isFinal(txid: string): Promise<boolean> {
  return (await get<TransactionView>(`/v1/transactions/${txid}`)).body.state === 'final';
}

test('a body that comes byte by byte, or as one large piece, is read whole', async () => {
  await cluster.height(0, 2);
  const to = fundsOf(7);
  const payment = await cluster.payment(0, to.owner, 5_000n);
  const text = JSON.stringify({ transaction: toHex(payment.bytes) });
  const answer = await raw([...head(text.length), ...text]);
  expect(answer).toMatch(/^HTTP\/1\.1 202 /);
  expect(answer).toContain(payment.txid);
  await cluster.until('the payment is final', () => isFinal(payment.txid));

  // Just inside the limit of a mebibyte: refused for what it says, not cut or dropped.
  const large = JSON.stringify({ transaction: 'ab'.repeat(400_000) });
  expect(await raw([head(large.length) + large])).toMatch(/^HTTP\/1\.1 (400|413|422) [^]*"code":"/);
});

test('heights 0, 1, the newest, and one above it', async () => {
  await cluster.height(0, 3);
  const genesis = await get<BlockDetail>('/v1/blocks/0');
  expect([genesis.status, genesis.body.height]).toEqual([200, 0]);
  const first = await get<BlockDetail>('/v1/blocks/1');
  expect(first.body).toMatchObject({ height: 1, parentHash: genesis.body.hash });

  await cluster.node(0).host.settled();
  const { height, hash } = cluster.node(0).ledger.head;
  const newest = await get<BlockDetail>(`/v1/blocks/${height}`);
  expect(newest.body).toMatchObject({ height, hash: toHex(hash) });
  const far = await get<Problem>(`/v1/blocks/${height + 1_000_000}`);
  expect([far.status, far.body.code]).toEqual([404, 'API_NOT_FOUND']);
  const above = await get<Problem & BlockDetail>(`/v1/blocks/${height + 1}`);
  // Unless it became final meanwhile, it does not exist; in no case is another block shown for it.
  if (above.status === 200) expect(above.body.height).toBe(height + 1);
  else expect(above.body.code).toBe('API_NOT_FOUND');
  expect((await get<Problem>('/v1/blocks/-1')).status).toBe(400);
});

test('readers never see a coin as unspent once its payment is final', async () => {
  const path = `/v1/addresses/${cluster.funds.address}/unspent?limit=1000`;
  const spent = new Set<string>();
  let isDone = false;
  let stale = 0;
  let reads = 0;
  const reader = async (): Promise<void> => {
    while (!isDone) {
      const before = [...spent];
      const page = (await get<Page<UnspentOutput>>(path)).body;
      const shown = new Set(page.items.map(({ txid, index }) => `${txid}:${index}`));
      stale += before.filter((coin) => shown.has(coin)).length;
      reads++;
    }
  };
  const readers = [reader(), reader(), reader()];
  for (let i = 0; i < 12; i++) {
    const { items } = (await get<Page<UnspentOutput>>(path)).body;
    const coin = items.find(
      (item) => item.spentBy === undefined && !spent.has(`${item.txid}:${item.index}`),
    )!;
    const outpoint = { txid: Buffer.from(coin.txid, 'hex'), index: coin.index };
    const { bytes, txid } = cluster.spend(
      outpoint,
      BigInt(coin.amount),
      fundsOf(8).owner,
      BigInt(coin.amount),
    );
    expect((await cluster.node(0).submit(bytes, 'test')).ok).toBe(true);
    await cluster.until('the payment is final', () => isFinal(txid));
    spent.add(`${coin.txid}:${coin.index}`);
  }
  isDone = true;
  await Promise.all(readers);
  expect(stale).toBe(0);
  expect(reads).toBeGreaterThan(12);
});

test('runs with every optional part off', async () => {
  await cluster.node(0).stop();
  const node = await cluster.startNode(0, [
    '--api-enabled=false',
    '--admin-enabled=false',
    '--metrics-enabled=false',
    '--network-discovery=false',
    '--storage-index-addresses=false',
    '--storage-index-transactions=false',
    '--storage-snapshot-interval=0',
    '--storage-output-cache-bytes=0',
  ]);
  expect(node.listeners).toMatchObject({ api: undefined, metrics: undefined });
  const { height } = node.ledger.head;
  await cluster.height(0, height + 3);
});
