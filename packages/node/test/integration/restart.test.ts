import { copyFile, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { SubmissionResult } from '@mxd/api';
import { fromHex, toHex } from '@mxd/codec';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { Cluster, fundsOf } from '../cluster.ts';

const mxd = 100_000_000n;
const receiver = fundsOf(55);

let cluster: Cluster;
let file: string;
beforeAll(async () => {
  cluster = await Cluster.make(4);
  file = join(cluster.members[0]!.directory, 'mempool.bin');
});
afterAll(() => cluster[Symbol.asyncDispose]());

async function pay(skip: number): Promise<string> {
  const { bytes, txid } = await cluster.payment(0, receiver.owner, mxd, skip);
  const response = await fetch(`${cluster.url(0)}/v1/transactions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ transaction: toHex(bytes) }),
  });
  expect(((await response.json()) as SubmissionResult).state).toBe('pending');
  return txid;
}

const isPending = (index: number, txid: string): boolean =>
  cluster.node(index).pending(fromHex(txid)) !== undefined;

test('waiting transactions survive a stop, a kill and a damaged file, and become final', async () => {
  // One of four: nothing becomes final.
  await cluster.startNode(0);
  const first = await pay(0);
  await cluster.node(0).stop();
  expect((await stat(file)).mode & 0o777).toBe(0o600);

  await cluster.startNode(0);
  await cluster.node(0).mempoolFile.restored();
  expect(isPending(0, first)).toBe(true);
  const second = await pay(1);
  await cluster.node(0).mempoolFile.save();
  const killed = `${file}.killed`;
  await copyFile(file, killed);
  const third = await pay(2);
  await cluster.node(0).stop();

  // As a kill leaves it: the last periodic file, and a half-written one beside.
  await copyFile(killed, file);
  await writeFile(`${file}.tmp`, (await readFile(file)).subarray(0, 40));
  await cluster.startNode(0);
  await cluster.node(0).mempoolFile.restored();
  expect([first, second, third].map((txid) => isPending(0, txid))).toEqual([true, true, false]);
  await cluster.node(0).stop();

  // Cut short: what can be read is kept.
  await writeFile(file, (await readFile(killed)).subarray(0, -70));
  await cluster.startNode(0);
  await cluster.node(0).mempoolFile.restored();
  expect([first, second].map((txid) => isPending(0, txid))).toEqual([true, false]);

  for (const index of [1, 2, 3]) await cluster.startNode(index);
  await cluster.until(
    'the first payment is final at another node',
    async () => (await cluster.node(2).ledger.reader.location(fromHex(first))) !== undefined,
    60_000,
  );
}, 120_000);
