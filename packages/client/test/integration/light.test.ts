import { toHex } from '@mxd/codec';
import { installNative } from '@mxd/crypto/native';
import { certificateCodec } from '@mxd/protocol/certificate';
import { headerCodec } from '@mxd/protocol/block';
import { formatAddress } from '@mxd/crypto/address';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import {
  balance,
  coins,
  Connection,
  crossCheck,
  LightClient,
  proveCoin,
  send,
  sendAndWait,
  waitForFinal,
} from '../../src/index.ts';
import { finalize, TestChain, validatorOf } from '../chain.ts';
import { chainOf, payerOf, payment } from '../payments.ts';
import { TestNode } from '../server.ts';
import type { Json } from '../json.ts';

installNative();

const chain = new TestChain();
const honest = new TestNode(chain);
const liar = new TestNode(chain);
const first = payment(chain, 3);
const second = payment(chain);

beforeAll(async () => {
  chain.addMany(40);
  chain.add([payment(chain).bytes, first.bytes, second.bytes]);
  chain.addMany(15);
  await Promise.all([honest.start(), liar.start()]);
});
afterAll(() => Promise.all([honest.stop(), liar.stop()]));
beforeEach(() => {
  for (const node of [honest, liar]) {
    delete node.behaviour.tamper;
    delete node.behaviour.intercept;
    delete node.behaviour.forgetful;
    node.pending.clear();
  }
});

const quick = { backoffMs: 5, timeoutMs: 2_000, attempts: 2 };
const lightOf = (...nodes: readonly TestNode[]): LightClient =>
  new LightClient({
    connection: new Connection({ endpoints: nodes.map(({ url }) => url), ...quick }),
    checkpoint: chain.checkpoint,
  });

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'none',
    (error: { code?: string }) => error.code ?? String(error),
  );

describe('with an honest node', () => {
  test('follows epochs and proves headers of any of them', async () => {
    const light = lightOf(honest);
    await light.sync();
    expect(light.epochs.epoch).toBe(4);
    for (const height of [1, 16, 17, 33, 56]) {
      const proven = await light.header(height);
      expect(proven.verified).toBe(true);
      expect(proven.hash).toEqual(chain.block(height)!.hash);
    }
    expect(await codeOf(light.header(57))).toBe('CLIENT_NOT_FOUND');
  });

  test('proves the head, and that it is fresh', async () => {
    const light = lightOf(honest);
    const head = await light.head({ maxAgeMs: 60_000, nowMs: chain.timeMs });
    expect(head.header.height).toBe(chain.height);
    const late = light.head({ maxAgeMs: 60_000, nowMs: chain.timeMs + 61_000 });
    expect(await codeOf(late)).toBe('CLIENT_STALE');
  });

  test('proves transactions, also through later headers of the epoch', async () => {
    const light = lightOf(honest);
    const proven = await light.transaction(first.txid);
    expect(proven.bytes).toEqual(first.bytes);
    expect(proven.block.header.height).toBe(41);
    honest.behaviour.tamper = (route, answer) =>
      route === 'transactionProof' ? chain.transactionProof(answer.txid, 47) : answer;
    const through = await lightOf(honest).transaction(first.txid);
    expect(through.block.evidence.descendants).toHaveLength(6);
    expect(await codeOf(light.transaction(new Uint8Array(64)))).toBe('CLIENT_NOT_FOUND');
  });

  test('starts again from its own checkpoint, and not before it', async () => {
    const light = lightOf(honest);
    await light.sync();
    const checkpoint = light.checkpoint();
    expect(checkpoint.table.epoch).toBe(4);
    const later = new LightClient({ connection: light.connection, checkpoint });
    expect((await later.header(50)).header.epoch).toBe(4);
    expect(await codeOf(later.header(40))).toBe('CLIENT_CHECKPOINT');
  });

  test('several callers ask for each proof once', async () => {
    const light = lightOf(honest);
    honest.asked.length = 0;
    await Promise.all([light.sync(), light.sync(), light.header(50)]);
    const proofs = honest.asked.filter((id) => id === 'epochProof').length;
    expect(proofs).toBeLessThanOrEqual(3 + 2 * 8);
    expect(light.epochs.epoch).toBe(4);
  });
});

describe('sending', () => {
  test('waits until the payment is proven final', async () => {
    const light = lightOf(honest, liar);
    const signed = payment(chain, 3);
    const waiting = sendAndWait(light, signed, { pollMs: 5 });
    await expect.poll(() => honest.pending.size).toBe(1);
    honest.mine();
    const proven = await waiting;
    expect(proven.txid).toEqual(signed.txid);
    const again = await send(light.connection, signed);
    expect(again.value).toMatchObject({ state: 'final', fresh: false });
  });

  test('goes on while a node is down, and says so when all are', async () => {
    const down = 'http://127.0.0.1:9';
    const options = { backoffMs: 5, timeoutMs: 500, attempts: 2 };
    const endpoints = [down, honest.url];
    const connection = new Connection({ endpoints, ...options });
    const light = new LightClient({ connection, checkpoint: chain.checkpoint });
    expect((await light.transaction(first.txid)).txid).toEqual(first.txid);
    expect(connection.order()[0]).toBe(honest.url);
    const alone = new Connection({ endpoints: [down, 'http://127.0.0.1:19'], ...options });
    const lost = new LightClient({ connection: alone, checkpoint: chain.checkpoint });
    expect(await codeOf(lost.header(3))).toBe('CLIENT_UNREACHABLE');
    const wait = waitForFinal(lost, first.txid, { timeoutMs: 60, pollMs: 5 });
    await expect(wait).rejects.toMatchObject({
      code: 'CLIENT_PENDING',
      details: { last: 'CLIENT_UNREACHABLE' },
    });
  });

  test('gives a transaction that a node lost to another one', async () => {
    liar.behaviour.forgetful = true;
    const light = lightOf(liar, honest);
    const signed = payment(chain);
    const waiting = sendAndWait(light, signed, { pollMs: 5 });
    await expect.poll(() => honest.pending.size).toBe(1);
    honest.mine();
    expect((await waiting).txid).toEqual(signed.txid);
  });

  test('says that it is pending when time is up, and stops for a signal', async () => {
    const light = lightOf(honest);
    const signed = payment(chain);
    await send(light.connection, signed);
    const wait = waitForFinal(light, signed.txid, { timeoutMs: 80, pollMs: 5 });
    expect(await codeOf(wait)).toBe('CLIENT_PENDING');
    const signal = AbortSignal.abort(new TypeError('enough'));
    await expect(waitForFinal(light, signed.txid, { signal })).rejects.toThrow('enough');
  });

  test('says that it has expired once that is proven', async () => {
    const light = lightOf(honest);
    const signed = payment(chain);
    const wait = waitForFinal(light, signed.txid, { pollMs: 5, expiresAt: 3, timeoutMs: 9_000 });
    expect(await codeOf(wait)).toBe('CLIENT_EXPIRED');
  });

  test.each([
    ['TX_REJECTED', 422, 'CLIENT_REJECTED'],
    ['TX_MALFORMED', 400, 'CLIENT_REJECTED'],
    ['TX_DEFERRED', 503, 'CLIENT_DEFERRED'],
    ['API_UNAUTHORIZED', 401, 'CLIENT_PROBLEM'],
  ])('%s becomes an error of its own', async (code, status, expected) => {
    honest.behaviour.tamper = () => ({ code, status, reason: 'TX_FUNDS' });
    const failing = send(lightOf(honest).connection, payment(chain));
    await expect(failing).rejects.toMatchObject({
      code: expected,
      details: { problem: code, reason: 'TX_FUNDS' },
    });
  });
});

/** Another chain by keys of its own, with the same numbers. */
const forged = new TestChain({ seed: 40 });
forged.addMany(40);
forged.add([payment(chain).bytes, first.bytes, second.bytes]);
forged.addMany(15);

describe('a lying node', () => {
  const lies: Record<string, (route: string, answer: Json) => Json> = {
    'a block of another chain': (route, answer) =>
      route === 'header' ? forged.headerProof(answer.height) : answer,
    'a header that was changed': (route, answer) => {
      if (route !== 'header') return answer;
      const { header } = chain.block(answer.height)!;
      const changed = headerCodec.encode({ ...header, txCount: header.txCount + 1 });
      return { ...answer, header: toHex(changed) };
    },
    'another height': (route, answer) => (route === 'header' ? chain.headerProof(3) : answer),
    'a certificate of two signers': (route, answer) => {
      if (route !== 'header') return answer;
      const { header, hash } = chain.block(answer.height)!;
      const set = forgedSet(answer.height);
      const certificate = finalize(set, chain.validators, header.view, hash, [0, 1]);
      return { ...answer, certificate: toHex(certificateCodec.encode(certificate)) };
    },
    'a certificate by keys of its own': (route, answer) => {
      if (route !== 'header') return answer;
      const { header, hash } = chain.block(answer.height)!;
      const certificate = finalize(
        forgedSet(answer.height),
        [50, 51, 52, 53].map(validatorOf),
        header.view,
        hash,
        [0, 1, 2],
      );
      return { ...answer, certificate: toHex(certificateCodec.encode(certificate)) };
    },
    'no certificate': (route, answer) =>
      route === 'header' ? { ...answer, certificate: '' } : answer,
    'bytes that are none': (route, answer) =>
      route === 'header' ? { ...answer, header: 'zz' } : answer,
    'a list that is none': (route, answer) =>
      route === 'header' ? { ...answer, descendants: {} } : answer,
    nothing: (route, answer) => (route === 'header' ? [] : answer),
  };
  /** The validator set under which a block of the real chain was finalized. */
  function forgedSet(height: number) {
    const light = lightOf(honest);
    const epoch = Math.ceil(height / 16);
    for (const proof of chain.proofs.slice(0, epoch - 1)) light.epochs.append(proof);
    return light.epochs.set(epoch)!;
  }

  test.each(Object.entries(lies))('%s is refused', async (_, tamper) => {
    liar.behaviour.tamper = tamper;
    const light = lightOf(liar);
    expect(await codeOf(light.header(20))).toBe('CLIENT_UNPROVEN');
    expect(light.connection.counters.lies).toBe(1);
    const both = lightOf(liar, honest);
    expect((await both.header(20)).hash).toEqual(chain.block(20)!.hash);
    expect(both.connection.order()[0]).toBe(honest.url);
  });

  test('a height that it cannot prove is refused', async () => {
    liar.behaviour.tamper = (route, answer) =>
      route === 'status' ? { ...answer, height: answer.height + 1000 } : answer;
    expect(await codeOf(lightOf(liar).head())).toBe('CLIENT_UNPROVEN');
    const head = await lightOf(liar, honest).head();
    expect(head.header.height).toBe(chain.height);
  });

  test('forged, missing and damaged epoch proofs stop nobody', async () => {
    const bad = [
      () => toHex(forged.proofs[0]!),
      () => toHex(chain.proofs[1]!),
      () => toHex(chain.proofs[0]!.subarray(1)),
      () => 'no hex',
    ];
    for (const proof of bad) {
      liar.behaviour.tamper = (route, answer) =>
        route === 'epochProof' ? { ...answer, proof: proof() } : answer;
      expect(await codeOf(lightOf(liar).header(20))).not.toBe('none');
      const both = lightOf(liar, honest);
      expect((await both.header(40)).header.height).toBe(40);
    }
  });

  test('forged transactions, places and paths are refused', async () => {
    const other = toHex(second.txid);
    const changes: ((proof: Json) => Json)[] = [
      () => chain.transactionProof(other),
      (proof) => ({ ...proof, index: 0 }),
      (proof) => ({ ...proof, txCount: 2 }),
      (proof) => ({ ...proof, path: proof.path.slice(1) }),
      (proof) => ({ ...proof, path: [] }),
      (proof) => ({ ...proof, transaction: toHex(second.bytes) }),
      (proof) => ({ ...proof, transaction: proof.transaction.slice(2) }),
      (proof) => ({ ...proof, header: forged.transactionProof(proof.txid)!.header }),
      () => forged.transactionProof(toHex(first.txid)),
      (proof) => ({ ...proof, header: { ...proof.header, descendants: [proof.header.header] } }),
    ];
    for (const change of changes) {
      liar.behaviour.tamper = (route, answer) =>
        route === 'transactionProof' ? change(answer) : answer;
      const light = lightOf(liar);
      expect(await codeOf(light.transaction(first.txid))).toBe('CLIENT_UNPROVEN');
      expect((await lightOf(liar, honest).transaction(first.txid)).bytes).toEqual(first.bytes);
    }
  });

  test('a payment that it calls final is not, until it is proven', async () => {
    const signed = payment(chain);
    liar.behaviour.tamper = (route, answer) =>
      route === 'transaction' || route === 'submit' ? { ...answer, state: 'final' } : answer;
    const light = lightOf(liar);
    await send(light.connection, signed);
    const wait = waitForFinal(light, signed.txid, { timeoutMs: 150, pollMs: 5 });
    expect(await codeOf(wait)).toBe('CLIENT_PENDING');
  });

  test('an answer to another submission is refused', async () => {
    liar.behaviour.tamper = (_, answer) => ({ ...answer, txid: toHex(second.txid) });
    expect(await codeOf(send(lightOf(liar).connection, payment(chain)))).toBe('CLIENT_LIE');
  });

  test('balances are not proven, and differences between nodes show', async () => {
    const address = formatAddress(payerOf(1).owner, 'test');
    const params = { params: { address } };
    const { connection } = lightOf(liar, honest);
    const told = await balance(connection, address);
    expect(told.verified).toBe(false);
    const agreed = await crossCheck(connection, 'balance', params, (b) => BigInt(b.available));
    expect(agreed).toMatchObject({ verified: false, agreeing: 2, asked: 2 });
    expect(agreed.value).toBe(told.value.available);
    liar.behaviour.tamper = (route, answer) =>
      route === 'balance' ? { ...answer, available: '99999999999' } : answer;
    const check = crossCheck(connection, 'balance', params, (b) => b.available);
    expect(await codeOf(check)).toBe('CLIENT_DISAGREEMENT');
    liar.behaviour.tamper = (route, answer) =>
      route === 'balance' ? { ...answer, available: 'much' } : answer;
    expect(await codeOf(balance(lightOf(liar).connection, address))).toBe('CLIENT_MALFORMED');
    const alone = lightOf(honest).connection;
    const few = crossCheck(alone, 'balance', params, (b) => b.available, { atLeast: 2 });
    expect(await codeOf(few)).toBe('CLIENT_UNREACHABLE');
  });

  test('coins that it invents are found out', async () => {
    const address = formatAddress(payerOf(1).owner, 'test');
    const light = lightOf(liar, honest);
    const told = await coins(light.connection, address, 'test');
    expect(told.value.length).toBeGreaterThan(3);
    for (const coin of told.value.slice(0, 2)) {
      expect((await proveCoin(light, coin)).txid).toEqual(coin.outpoint.txid);
    }
    const [coin] = told.value as [(typeof told.value)[number]];
    const invented = [
      { ...coin, amount: coin.amount + 1n },
      { ...coin, owner: payerOf(3).owner },
      { ...coin, outpoint: { ...coin.outpoint, index: 9 } },
    ];
    for (const one of invented) expect(await codeOf(proveCoin(light, one))).toBe('CLIENT_LIE');
    const nowhere = { ...coin, outpoint: { txid: new Uint8Array(64), index: 0 } };
    expect(await codeOf(proveCoin(light, nowhere))).toBe('CLIENT_NOT_FOUND');
    liar.behaviour.tamper = (route, answer) =>
      route === 'unspent' ? { items: [{ ...answer.items[0], lock: 'odd' }] } : answer;
    expect(await codeOf(coins(lightOf(liar).connection, address, 'test'))).toBe('CLIENT_MALFORMED');
    liar.behaviour.tamper = (route, answer) =>
      route === 'unspent' ? { items: answer.items, next: '0' } : answer;
    expect(await codeOf(coins(lightOf(liar).connection, address, 'test'))).toBe('CLIENT_MALFORMED');
  });
});

test('a chain of the wallet fits the checkpoint', () => {
  expect(chainOf(chain).chainTag).toEqual(chain.checkpoint.chainTag);
});
