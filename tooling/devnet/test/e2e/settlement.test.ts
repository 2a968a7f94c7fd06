import { toHex } from '@mxd/codec';
import { suiteOf } from '@mxd/crypto/suites';
import { routes } from '@mxd/api';
import type { AddressBalance, Page, Problem, UnspentOutput } from '@mxd/api';
import {
  transactionCodec,
  txidOf,
  inputSigningMessage,
  type TransactionBody,
} from '@mxd/protocol/transaction';
import { fromHex } from '@mxd/codec';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { TestNetwork } from '../../src/test-network.ts';

let network: TestNetwork;
beforeAll(async () => {
  network = await TestNetwork.start();
});
afterAll(() => network[Symbol.asyncDispose]());

const all = [0, 1, 2, 3];
const mxd = 100_000_000n;

async function post(index: number, bytes: Uint8Array): Promise<{ status: number; body: Problem }> {
  const response = await fetch(`${network.url(index)}/v1/transactions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ transaction: toHex(bytes) }),
  });
  return { status: response.status, body: (await response.json()) as Problem };
}

async function coinOf(name: string): Promise<UnspentOutput> {
  const path = `/v1/addresses/${network.address(name)}/unspent?limit=1000`;
  const page = await network.get<Page<UnspentOutput>>(0, path);
  return page.items.find((item) => item.spentBy === undefined)!;
}

/** A transfer of `coin` as a stranger would write it, with every field at will. */
async function forge(
  coin: UnspentOutput,
  changes: Partial<TransactionBody> = {},
  seed: Uint8Array = new Uint8Array(32).fill(66),
): Promise<Uint8Array> {
  const suite = suiteOf(1);
  const owner = (await network.account('bob')).owner;
  const body: TransactionBody = {
    version: 5,
    chainId: network.spec.networkId,
    kind: 0,
    validFrom: 0,
    expiresAt: 0,
    inputs: [{ txid: fromHex(coin.txid), index: coin.index }],
    outputs: [{ owner, amount: BigInt(coin.amount) }],
    tip: 0n,
    commitment: new Uint8Array(0),
    payload: new Uint8Array(0),
    ...changes,
  };
  const victim = (await network.account('alice')).owner;
  const txid = txidOf(body);
  const witnesses = body.inputs.map((_, i) => {
    const spent = { owner: victim, amount: BigInt(coin.amount) };
    const message = inputSigningMessage(network.chain.chainTag, txid, i, spent);
    const publicKey = suite.publicKeyOf(seed);
    return { form: 1, suite: 1, publicKey, signature: suite.sign(seed, message) } as const;
  });
  return transactionCodec.encode({ body, witnesses });
}

describe('payments', () => {
  test('settle on every node with equal state', async () => {
    const payer = await network.payer('alice', 0);
    const before = await network.get<AddressBalance>(
      3,
      `/v1/addresses/${network.address('carol')}/balance`,
    );
    const results = [];
    for (let i = 0; i < 10; i++) results.push(await payer.pay(network.address('carol'), 2n * mxd));
    for (const index of all) {
      for (const { txid } of results)
        expect((await network.final(index, txid)).state).toBe('final');
    }
    const after = await network.get<AddressBalance>(
      3,
      `/v1/addresses/${network.address('carol')}/balance`,
    );
    expect(BigInt(after.available) - BigInt(before.available)).toBe(20n * mxd);
    await network.agree(all);
  });

  test('sent again give the same id and their state', async () => {
    const payer = await network.payer('dave', 1);
    const first = await payer.pay(network.address('bob'), mxd);
    const final = await network.final(2, first.txid);
    expect(final.height).toBeGreaterThan(0);
    await network.final(0, first.txid);
    const proof = await network.get<{ transaction: string }>(
      2,
      `/v1/transactions/${first.txid}/proof`,
    );
    const again = await post(0, fromHex(proof.transaction));
    expect(again).toEqual({
      status: 202,
      body: { txid: first.txid, state: 'final', fresh: false },
    });
  });
});

describe('a network with nothing to do', () => {
  test('goes on with empty blocks, and takes a payment as ever after that', async () => {
    const begun = (await network.status(0))?.height ?? 0;
    // Idle: nobody sends anything, and a leader waits a second before an empty block.
    await network.height(0, begun + 6);
    const payer = await network.payer('carol', 2);
    const before = (await network.status(2))?.height ?? 0;
    const { txid } = await payer.pay(network.address('dave'), mxd);
    const { height = 0 } = await network.final(1, txid);
    expect(height - before).toBeLessThanOrEqual(4);
  });

  // Peaks are read from /proc, which only Linux has.
  const onLinux = test.skipIf(process.platform !== 'linux');
  onLinux('keeps every node below 512 MB, start and peak included', async () => {
    const { readFile } = await import('node:fs/promises');
    for (const index of all) {
      const status = await readFile(`/proc/${network.pid(index)}/status`, 'utf8');
      const peakKiB = Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]);
      expect(peakKiB).toBeGreaterThan(10_000);
      expect(peakKiB).toBeLessThan(512 * 1_024);
    }
  });
});

describe('attacks that worked on the earlier network', () => {
  test('theft: a coin signed for by another key', async () => {
    const stolen = await forge(await coinOf('alice'));
    const { status, body } = await post(1, stolen);
    expect([status, body.code, body.reason]).toEqual([422, 'TX_REJECTED', 'TX_OWNER']);
  });

  test('theft: the owner’s key with a signature of nobody', async () => {
    const coin = await coinOf('alice');
    const account = await network.account('alice');
    const bytes = await forge(coin);
    const tx = transactionCodec.decode(bytes);
    const [witness] = tx.witnesses;
    const forged = transactionCodec.encode({
      ...tx,
      witnesses: [{ ...witness, publicKey: account.publicKey } as typeof witness & object],
    });
    const { status, body } = await post(1, forged);
    expect([status, body.reason]).toEqual([422, 'TX_SIGNATURE']);
  });

  test('a forged coinbase: kind 1 does not exist, and nothing comes from no input', async () => {
    const bytes = await forge(await coinOf('alice'));
    const coinbase = Uint8Array.from(bytes);
    coinbase[6] = 1;
    expect((await post(0, coinbase)).body.code).toBe('TX_MALFORMED');
    const noInput = Buffer.concat([
      bytes.subarray(0, 15),
      new Uint8Array(2),
      bytes.subarray(17 + 68),
    ]);
    expect((await post(0, noInput)).body.code).toBe('TX_MALFORMED');
  });

  test('the same input twice in one transaction', async () => {
    const coin = await coinOf('alice');
    const input = { txid: fromHex(coin.txid), index: coin.index };
    const owner = (await network.account('bob')).owner;
    const bytes = await forge(coin, {
      inputs: [input, input],
      outputs: [{ owner, amount: 2n * BigInt(coin.amount) }],
    });
    expect((await post(0, bytes)).body.reason).toBe('TX_INPUT_DUPLICATE');
  });

  test('a transaction of another network', async () => {
    const bytes = await forge(await coinOf('alice'), { chainId: 1 });
    expect((await post(0, bytes)).body.reason).toBe('TX_CHAIN');
  });

  test('money from nothing: outputs above the inputs, and sums that overflow', async () => {
    const coin = await coinOf('alice');
    const owner = (await network.account('bob')).owner;
    const more = await forge(coin, { outputs: [{ owner, amount: BigInt(coin.amount) + 1n }] });
    expect(['TX_BALANCE', 'TX_OWNER']).toContain((await post(0, more)).body.reason);
    const huge = 2n ** 63n;
    const overflow = await forge(coin, {
      outputs: [
        { owner, amount: huge },
        { owner, amount: huge },
      ],
    });
    expect((await post(0, overflow)).body.reason).toBe('TX_OVERFLOW');
  });

  test('no answer of any route holds a private key, seed or passphrase', async () => {
    const secrets = [network.spec.mnemonic];
    const { readFile } = await import('node:fs/promises');
    for (const node of network.spec.nodes) {
      for (const file of ['validator/account.seed', 'node.key', 'secrets/validator-passphrase']) {
        secrets.push((await readFile(`${node.directory}/${file}`, 'utf8')).trim());
      }
    }
    const address = network.address('alice');
    for (const route of Object.values(routes).filter(({ method }) => method === 'GET')) {
      const path = route.path
        .replace('{id}', '1')
        .replace('{epoch}', '1')
        .replace('{address}', address)
        .replace('{txid}', 'ab'.repeat(64));
      const text = await (await fetch(network.url(0) + path)).text();
      for (const secret of secrets) expect(text.includes(secret)).toBe(false);
    }
    for (const path of ['/node/identity', '/wallet', '/wallet/generate', '/faucet']) {
      expect((await fetch(network.url(0) + path)).status).toBe(404);
    }
  });

  test('supply is what genesis made, on every node', async () => {
    const supplies = await Promise.all(
      all.map(async (index) => (await network.status(index))?.totalSupply),
    );
    const outputs = 4 * 64 * 1_000 + 256 * 10_000 + 64 * 1_000 + 4 * 100_000;
    expect(new Set(supplies)).toEqual(new Set([(BigInt(outputs) * mxd).toString()]));
  });
});
