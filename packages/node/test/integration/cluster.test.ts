import { toHex, fromHex } from '@mxd/codec';
import {
  routes,
  type AddressBalance,
  type BlockDetail,
  type BlockSummary,
  type EpochView,
  type HistoryEntry,
  type MempoolSummary,
  type Page,
  type PeerView,
  type Problem,
  type Status,
  type StreamEvent,
  type SubmissionResult,
  type TransactionProof,
  type TransactionView,
  type UnspentOutput,
  type HeaderProof,
  type EpochProofView,
  type GenesisView,
} from '@mxd/api';
import { verifySignature } from '@mxd/crypto/suites';
import {
  headerCodec,
  validatorSet,
  verifyEpochProof,
  verifyFinalHeader,
  verifyTransactionInclusion,
} from '@mxd/protocol';
import { certificateCodec } from '@mxd/protocol/certificate';
import { epochProofCodec } from '@mxd/protocol/messages';
import { systemRecordCodec } from '@mxd/protocol/system-records';
import { wtxidOfBytes } from '@mxd/protocol/transaction';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { Cluster, fundsOf } from '../cluster.ts';

let cluster: Cluster;
beforeAll(async () => {
  // Idle views wait less than usual: epochs end within the test.
  cluster = await Cluster.start(4, {}, ['--consensus-empty-delay-ms=150']);
  await cluster.height(0, 2);
});
afterAll(() => cluster[Symbol.asyncDispose]());

const mxd = 100_000_000n;
const receiver = fundsOf(55);
const verify = (key: Uint8Array, message: Uint8Array, signature: Uint8Array) =>
  verifySignature(1, key, message, signature);

async function call(
  path: string,
  index = 0,
): Promise<{ status: number; body: unknown; headers: Headers }> {
  const response = await fetch(cluster.url(index) + path);
  return { status: response.status, body: await response.json(), headers: response.headers };
}
const get = async <T>(path: string, index = 0): Promise<T> => {
  const { status, body } = await call(path, index);
  expect(status).toBe(200);
  return body as T;
};
async function post(
  path: string,
  body: unknown,
  index = 0,
): Promise<{ status: number; body: unknown }> {
  const response = await fetch(cluster.url(index) + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}
const submit = (bytes: Uint8Array, index = 0) =>
  post('/v1/transactions', { transaction: toHex(bytes) }, index);

async function final(txid: string, index: number): Promise<TransactionView> {
  let view: TransactionView | undefined;
  await cluster.until(`${txid.slice(0, 8)} final at ${index}`, async () => {
    const { status, body } = await call(`/v1/transactions/${txid}`, index);
    view = status === 200 ? (body as TransactionView) : undefined;
    return view?.state === 'final';
  });
  return view!;
}

async function pay(amount = 5n * mxd, skip = 0): Promise<{ txid: string; bytes: Uint8Array }> {
  const payment = await cluster.payment(0, receiver.owner, amount, skip);
  const { status, body } = await submit(payment.bytes);
  expect(status).toBe(202);
  expect((body as SubmissionResult).txid).toBe(payment.txid);
  return payment;
}

describe('payments', () => {
  test('become final on every node, with a proof that a light client accepts', async () => {
    const { txid, bytes } = await pay();
    for (const index of [0, 1, 2, 3]) await final(txid, index);
    const view = await final(txid, 3);
    expect(view.outputs.some((output) => output.address === receiver.address)).toBe(true);
    expect(view.inputs[0]!.address).toBe(cluster.funds.address);
    const proof = await get<TransactionProof>(`/v1/transactions/${txid}/proof`, 2);
    expect(proof.transaction).toBe(toHex(bytes));
    const header = headerCodec.decode(fromHex(proof.header.header));
    const path = proof.path.map((step) => fromHex(step));
    const inclusion = { index: proof.index, txCount: proof.txCount, path };
    expect(verifyTransactionInclusion(header.txRoot, wtxidOfBytes(bytes), inclusion).ok).toBe(true);
    const { ledger } = cluster.node(1);
    const known = ledger.state(ledger.head.hash)!.table(header.epoch)!;
    const set = validatorSet(
      ledger.chain.chainTag,
      known.table,
      cluster.genesis.document.parameters,
      known.anchorHash,
    );
    const chain = [
      header,
      ...proof.header.descendants.map((hex) => headerCodec.decode(fromHex(hex))),
    ];
    const certificate = certificateCodec.decode(fromHex(proof.header.certificate));
    expect(verifyFinalHeader(set, chain.at(-1)!, certificate, verify).ok).toBe(true);
  });

  test('sent twice are one payment; a conflicting one is refused', async () => {
    const first = await cluster.payment(0, receiver.owner, mxd, 1);
    expect((await submit(first.bytes)).status).toBe(202);
    const again = (await submit(first.bytes)).body as SubmissionResult;
    expect([again.txid, again.fresh]).toEqual([first.txid, false]);
    const pending = await call(`/v1/transactions/${first.txid}`);
    expect(['pending', 'final']).toContain((pending.body as TransactionView).state);
    await final(first.txid, 0);
    const spent = (await get<TransactionView>(`/v1/transactions/${first.txid}`)).inputs[0]!;
    const conflict = cluster.spend(
      { txid: fromHex(spent.txid), index: spent.index },
      100n * mxd,
      receiver.owner,
      2n * mxd,
    );
    const refused = (await submit(conflict.bytes)).body as Problem;
    expect(refused.status).toBeGreaterThanOrEqual(400);
    expect(refused.reason).toMatch(/^(TX_INPUT|POOL_)/);
  });

  test('malformed and forged ones get the rule’s code', async () => {
    const { bytes } = await cluster.payment(0, receiver.owner, mxd, 9);
    const cases: [Uint8Array, number, string][] = [
      [new Uint8Array(3), 400, 'TX_DECODE'],
      [bytes.subarray(0, -1), 400, 'TX_DECODE'],
      [bytes.map((byte, i) => (i === bytes.length - 1 ? byte ^ 1 : byte)), 422, 'TX_SIGNATURE'],
      [bytes.map((byte, i) => (i === 5 ? byte ^ 1 : byte)), 422, 'TX_CHAIN'],
    ];
    for (const [bad, status, reason] of cases) {
      const answer = await submit(bad);
      expect([answer.status, (answer.body as Problem).reason]).toEqual([status, reason]);
    }
  });
});

describe('reads', () => {
  test('status, parameters, genesis, mempool, peers', async () => {
    const status = await get<Status>('/v1/status');
    expect(status).toMatchObject({
      role: 'validator',
      ready: true,
      syncing: false,
      validatorsConnected: 3,
    });
    expect((await get<Record<string, number>>('/v1/parameters'))['epochLength']).toBe(16);
    const genesis = await get<GenesisView>('/v1/genesis');
    expect(genesis.signatures.length).toBe(4);
    expect((await get<MempoolSummary>('/v1/mempool')).maxBytes).toBeGreaterThan(0);
    const peers = await get<Page<PeerView>>('/v1/peers');
    expect(peers.items.filter((peer) => peer.validatorId !== undefined).length).toBe(3);
    expect((await get<Page<unknown>>('/v1/snapshots')).items).toEqual([]);
    expect((await get<Page<unknown>>('/v1/evidence')).items).toEqual([]);
  });

  test('blocks by height, by hash and in pages that neither skip nor repeat', async () => {
    await cluster.height(0, 8);
    const seen: number[] = [];
    let path = '/v1/blocks?limit=3';
    for (;;) {
      const page = await get<Page<BlockSummary>>(path);
      seen.push(...page.items.map(({ height }) => height));
      if (page.next === undefined) break;
      path = `/v1/blocks?limit=3&cursor=${page.next}`;
    }
    expect(seen).toEqual(Array.from({ length: seen[0]! + 1 }, (_, i) => seen[0]! - i));
    const block = await get<BlockDetail>('/v1/blocks/3');
    expect(await get<BlockDetail>(`/v1/blocks/${block.hash}`, 1)).toEqual(block);
    expect(await get<BlockDetail>('/v1/blocks/3', 2)).toEqual(block);
    const proof = await get<HeaderProof>('/v1/blocks/3/header');
    expect(proof.hash).toBe(block.hash);
    expect((await get<HeaderProof>('/v1/blocks/0/header')).certificate).toBe('');
  });

  test('balances, history and unspent outputs of an address', async () => {
    const before = await get<AddressBalance>(`/v1/addresses/${receiver.address}/balance`);
    const { txid } = await pay(7n * mxd, 3);
    await final(txid, 0);
    const after = await get<AddressBalance>(`/v1/addresses/${receiver.address}/balance`);
    expect(BigInt(after.available) - BigInt(before.available)).toBe(7n * mxd);
    const history = await get<Page<HistoryEntry>>(
      `/v1/addresses/${receiver.address}/history?limit=2`,
    );
    expect(history.items[0]).toMatchObject({ txid, received: (7n * mxd).toString(), sent: '0' });
    if (history.next !== undefined) {
      const rest = await get<Page<HistoryEntry>>(
        `/v1/addresses/${receiver.address}/history?limit=100&cursor=${history.next}`,
      );
      const ids = [...history.items, ...rest.items].map((entry) => entry.txid);
      expect(new Set(ids).size).toBe(ids.length);
    }
    const outputs: UnspentOutput[] = [];
    let path = `/v1/addresses/${cluster.funds.address}/unspent?limit=30`;
    for (;;) {
      const page = await get<Page<UnspentOutput>>(path);
      outputs.push(...page.items);
      if (page.next === undefined) break;
      path = `/v1/addresses/${cluster.funds.address}/unspent?limit=30&cursor=${page.next}`;
    }
    expect(new Set(outputs.map(({ txid: id, index }) => `${id}:${index}`)).size).toBe(
      outputs.length,
    );
    const balance = await get<AddressBalance>(`/v1/addresses/${cluster.funds.address}/balance`);
    expect(outputs.reduce((sum, { amount }) => sum + BigInt(amount), 0n).toString()).toBe(
      balance.available,
    );
  });

  test('validators, epochs, and proofs that lead from genesis to the present table', async () => {
    await cluster.height(0, 34, 60_000);
    const now = await get<EpochView>('/v1/validators');
    expect(now.validators.length).toBe(4);
    expect(now.validators.map(({ rank }) => rank)).toEqual([1, 2, 3, 4]);
    expect(now.validators.every(({ connected }) => connected)).toBe(true);
    const { ledger } = cluster.node(0);
    const first = await get<EpochView>('/v1/epochs/1');
    const view = await get<EpochProofView>('/v1/epochs/1/proof', 3);
    const proof = epochProofCodec.decode(fromHex(view.proof));
    const known = ledger.state(ledger.head.hash)!.table(1)!;
    const set = validatorSet(
      ledger.chain.chainTag,
      known.table,
      cluster.genesis.document.parameters,
      ledger.chain.genesisHash,
    );
    expect(verifyEpochProof(set, cluster.genesis.document.parameters, proof, verify)).toEqual({
      ok: true,
    });
    expect(first.epoch).toBe(1);
  });
});

describe('bad requests', () => {
  test.each([
    ['/v1/blocks/999999', 404, 'API_NOT_FOUND'],
    ['/v1/blocks/latest', 400, 'API_BAD_REQUEST'],
    [`/v1/blocks/${'ab'.repeat(64)}`, 404, 'API_NOT_FOUND'],
    ['/v1/blocks?limit=0', 400, 'API_BAD_REQUEST'],
    ['/v1/blocks?cursor=xyz', 400, 'API_CURSOR'],
    [`/v1/transactions/${'ab'.repeat(64)}`, 404, 'API_NOT_FOUND'],
    [`/v1/transactions/${'ab'.repeat(64)}/proof`, 404, 'API_NOT_FOUND'],
    ['/v1/transactions/zz', 400, 'API_BAD_REQUEST'],
    ['/v1/addresses/mxo1K5uj9UCSccseATnM6FXvF1XRHJLj6nCA/balance', 400, 'API_BAD_REQUEST'],
    ['/v1/epochs/99/proof', 404, 'API_NOT_FOUND'],
    ['/v1/epochs/99', 404, 'API_NOT_FOUND'],
    ['/v1/epochs/0', 400, 'API_BAD_REQUEST'],
    ['/v1/events?topics=everything', 400, 'API_BAD_REQUEST'],
    ['/v1/events?cursor=9', 400, 'API_CURSOR'],
    ['/nowhere', 404, 'API_NOT_FOUND'],
  ])('%s is %i %s', async (path, status, code) => {
    const answer = await call(path);
    const problem = answer.body as Problem;
    expect([answer.status, problem.status, problem.code]).toEqual([status, status, code]);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(problem.requestId).toBe(answer.headers.get('x-request-id'));
  });

  test('bodies that are no JSON, of the wrong shape, too large or of the wrong type', async () => {
    expect((await post('/v1/transactions', '{')).status).toBe(400);
    expect(((await post('/v1/transactions', {})).body as Problem).code).toBe('API_BAD_REQUEST');
    expect((await post('/v1/transactions', { transaction: 'ab'.repeat(600_000) })).status).toBe(
      413,
    );
    const plain = await fetch(`${cluster.url(0)}/v1/transactions`, { method: 'POST', body: 'x' });
    expect(plain.status).toBe(400);
  });

  test('system records that break a rule', async () => {
    const garbage = (await post('/v1/system-records', { record: 'ff' })).body as Problem;
    expect(garbage.code).toBe('RECORD_REJECTED');
    const leave = systemRecordCodec.encode({
      type: 2,
      id: new Uint8Array(20).fill(9),
      seq: 1,
      expiryEpoch: 99,
      accountSignature: new Uint8Array(64),
    });
    const refused = (await post('/v1/system-records', { record: toHex(leave) })).body as Problem;
    expect([refused.code, refused.status]).toEqual(['RECORD_REJECTED', 422]);
    expect(refused.reason).toMatch(/^[A-Z_]+$/);
  });
});

/** Reads server-sent events until `enough`. */
async function readEvents(
  path: string,
  enough: (events: readonly StreamEvent[]) => boolean,
): Promise<readonly StreamEvent[]> {
  const ending = new AbortController();
  const response = await fetch(cluster.url(0) + path, { signal: ending.signal });
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  const events: StreamEvent[] = [];
  let text = '';
  for await (const chunk of response.body!) {
    text += Buffer.from(chunk as Uint8Array).toString();
    const parts = text.split('\n\n');
    text = parts.pop()!;
    for (const part of parts) {
      const data = /^data: (.*)$/m.exec(part)?.[1];
      if (data !== undefined) events.push(JSON.parse(data) as StreamEvent);
    }
    if (enough(events)) break;
  }
  ending.abort();
  return events;
}

describe('streams', () => {
  test('tell of pending and final payments, and resume by cursor without loss or repetition', async () => {
    const reading = readEvents(
      `/v1/events?topics=transaction&address=${receiver.address}`,
      (events) =>
        events.some((event) => event.topic === 'transaction' && event.data.state === 'final'),
    );
    await new Promise((resolve) => setTimeout(resolve, 100));
    const { txid } = await pay(mxd, 5);
    const events = await reading;
    const states = events.flatMap((event) =>
      event.topic === 'transaction' && event.data.txid === txid ? [event.data.state] : [],
    );
    expect(states).toEqual(['pending', 'final']);

    const heights = (list: readonly StreamEvent[]) =>
      list.flatMap((event) => (event.topic === 'block' ? [event.data.height] : []));
    const first = await readEvents(
      '/v1/events?topics=block&cursor=1.0',
      (list) => list.length >= 3,
    );
    const rest = await readEvents(
      `/v1/events?topics=block&cursor=${first.at(-1)!.cursor}`,
      (list) => list.length >= 3,
    );
    const all = [...heights(first), ...heights(rest)];
    expect(all).toEqual(all.map((_, i) => 1 + i));
  });

  test('the same over a WebSocket', async () => {
    const socket = new WebSocket(
      `${cluster.url(0).replace('http', 'ws')}/v1/stream?topics=block&cursor=2.0`,
    );
    const event = await new Promise<StreamEvent>((resolve, reject) => {
      socket.onmessage = ({ data }) => resolve(JSON.parse(String(data)) as StreamEvent);
      socket.onerror = () => reject(new Error('the socket failed'));
    });
    expect(event.topic === 'block' && event.data.height).toBe(2);
    socket.close();
    const refused = new WebSocket(
      `${cluster.url(0).replace('http', 'ws')}/v1/stream?topics=nothing`,
    );
    const { code, reason } = await new Promise<CloseEvent>((resolve) => {
      refused.onclose = resolve;
    });
    expect([code, reason]).toEqual([1008, 'API_BAD_REQUEST']);
  });
});

describe('the other listeners', () => {
  test('metrics and health', async () => {
    const { url } = cluster.node(0).listeners.metrics!;
    const text = await (await fetch(`${url}/metrics`)).text();
    const value = (name: string) =>
      Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(text)?.[1]);
    expect(value('mxd_final_height')).toBeGreaterThan(5);
    expect(value('mxd_final_blocks_total')).toBeGreaterThan(5);
    expect(value('mxd_final_transactions_total')).toBeGreaterThan(2);
    expect(value('mxd_signature_checks_total')).toBeGreaterThan(2);
    expect(value('mxd_validator_active')).toBe(1);
    expect(text).toContain('mxd_peers{kind="validator"} 3');
    expect(value('mxd_block_finality_seconds_count')).toBeGreaterThan(5);
    expect(value('mxd_journal_sync_seconds_count')).toBeGreaterThan(5);
    const security = await (await fetch(`${url}/security-metrics`)).text();
    expect(security).toContain('mxd_equivocations_total 0');
    for (const path of ['/livez', '/healthz', '/readyz']) {
      const response = await fetch(url + path);
      expect([path, response.status]).toEqual([path, 200]);
      expect(await response.json()).toMatchObject({ ok: true });
    }
    const open = await fetch(`${url}/metrics`, {
      headers: { accept: 'application/openmetrics-text' },
    });
    expect(await open.text()).toMatch(/# EOF\n$/);
  });

  test('the OpenAPI document and its page', async () => {
    const document = await get<{ paths: object }>('/openapi.json');
    for (const route of Object.values(routes)) expect(document.paths).toHaveProperty([route.path]);
    const page = await (await fetch(`${cluster.url(0)}/`)).text();
    expect(page).toContain('MXD node API');
    expect(page).not.toMatch(/src="http/);
  });
});

describe('joining later', () => {
  test('a full node follows from genesis to the same state, and serves payments', async () => {
    const full = await cluster.startFull(10);
    const target = cluster.node(0).ledger.head.height;
    await cluster.height(10, target, 40_000);
    const height = full.ledger.head.height;
    const mine = await full.ledger.reader.header(height);
    await cluster.height(1, height);
    const theirs = await cluster.node(1).ledger.reader.header(height);
    expect(toHex(mine!.hash)).toBe(toHex(theirs!.hash));
    const { bytes, txid } = await cluster.payment(10, receiver.owner, mxd, 6);
    expect((await submit(bytes, 10)).status).toBe(202);
    await final(txid, 10);
    await final(txid, 2);
    await full.stop();
    cluster.nodes.delete(10);
  });

  test('a node of another network is refused and learns nothing', async () => {
    const other = await Cluster.make(4);
    const stranger = await cluster.startFull(11, [], other.genesis);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(stranger.ledger.head.height).toBe(0);
    expect(stranger.status().peers).toBe(0);
    await stranger.stop();
    cluster.nodes.delete(11);
    await other[Symbol.asyncDispose]();
  });

  test('a validator that was away comes back to the same chain', async () => {
    await cluster.node(3).stop();
    const left = cluster.node(0).ledger.head.height;
    await cluster.height(0, left + 6, 40_000);
    const back = await cluster.startNode(3, ['--consensus-empty-delay-ms=150']);
    await cluster.height(3, left + 8, 40_000);
    const at = back.ledger.head.height;
    await cluster.height(0, at);
    const [a, b] = await Promise.all([
      back.ledger.reader.header(at),
      cluster.node(0).ledger.reader.header(at),
    ]);
    expect(toHex(a!.hash)).toBe(toHex(b!.hash));
    expect(back.status().validatorId).toMatch(/^[0-9a-f]{40}$/);
  });
});
