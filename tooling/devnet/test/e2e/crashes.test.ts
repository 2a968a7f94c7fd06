import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, describe, expect, test } from 'vitest';

import { TestNetwork } from '../../src/test-network.ts';

const mxd = 100_000_000n;
let network: TestNetwork | undefined;
afterEach(async () => {
  await network?.[Symbol.asyncDispose]();
  network = undefined;
});

/** Pays in a loop until told to stop; gives the ids that some node showed as final. */
function payInBackground(net: TestNetwork, index: number): { stop(): Promise<readonly string[]> } {
  let isRunning = true;
  const finals: string[] = [];
  const loop = (async () => {
    const payer = await net.payer('alice', index);
    while (isRunning) {
      try {
        const { txid } = await payer.pay(net.address('bob'), mxd);
        await net.final(index, txid, 3_000);
        finals.push(txid);
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  })();
  return {
    async stop() {
      isRunning = false;
      await loop;
      return finals;
    },
  };
}

describe('four validators', () => {
  test('one killed under load: the others go on; it comes back with nothing lost', async () => {
    const net = (network = await TestNetwork.start());
    const load = payInBackground(net, 0);
    await net.height(0, 5);
    await net.signal(3, 'SIGKILL');
    const at = await net.height(0, 1);
    await net.height(0, at + 10);
    await net.restart(3);
    await net.height(3, at + 10);
    const finals = await load.stop();
    expect(finals.length).toBeGreaterThan(0);
    for (const txid of finals) expect((await net.final(3, txid)).state).toBe('final');
    await net.agree([0, 1, 2, 3]);
  });

  test('two gone: no block becomes final; one back: the chain goes on', async () => {
    const net = (network = await TestNetwork.start());
    await net.height(0, 3);
    await net.signal(2, 'SIGKILL');
    await net.signal(3, 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const stuck = await net.height(0, 1);
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    expect(await net.height(0, 1)).toBeLessThanOrEqual(stuck + 1);
    await net.restart(2);
    await net.height(0, stuck + 5);
    await net.agree([0, 1, 2]);
  });

  test('all killed at once, three times under load: final stays final', async () => {
    const net = (network = await TestNetwork.start());
    const acknowledged: string[] = [];
    for (let round = 0; round < 3; round++) {
      const load = payInBackground(net, 1);
      const before = await net.height(1, 1);
      await net.height(1, before + 6);
      for (const index of [0, 1, 2, 3]) process.kill(net.pid(index), 'SIGKILL');
      acknowledged.push(...(await load.stop()));
      for (const index of [0, 1, 2, 3]) await net.restart(index);
      const after = await net.height(0, before + 6);
      await net.height(0, after + 3);
    }
    expect(acknowledged.length).toBeGreaterThan(0);
    for (const txid of acknowledged) expect((await net.final(2, txid)).state).toBe('final');
    await net.agree([0, 1, 2, 3]);
  });

  test('a frozen half is a partition: nothing forks, and it heals', async () => {
    const net = (network = await TestNetwork.start());
    await net.height(0, 3);
    await net.signal(0, 'SIGSTOP');
    await net.signal(1, 'SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    const stuck = await net.height(2, 1);
    await net.signal(0, 'SIGCONT');
    await net.signal(1, 'SIGCONT');
    await net.height(2, stuck + 5);
    await net.height(0, stuck + 5);
    await net.agree([0, 1, 2, 3]);
  });

  test('a lost journal: the node follows and never votes again', async () => {
    const net = (network = await TestNetwork.start());
    await net.height(0, 3);
    await net.signal(3, 'SIGKILL');
    await rm(join(net.node(3).directory, 'validator', 'journal'), { recursive: true });
    await net.restart(3);
    const at = await net.height(0, 1);
    await net.height(3, at + 5);
    expect(await net.log(3)).toContain('the journal of the consensus key is lost');
    const metrics = await fetch(`http://127.0.0.1:${net.node(3).metricsPort}/metrics`);
    expect(await metrics.text()).toContain('mxd_final_height');
    // With it silent, one more failure must stop the chain: it really does not vote.
    await net.signal(2, 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const stuck = await net.height(0, 1);
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(await net.height(0, 1)).toBeLessThanOrEqual(stuck + 1);
  });
});

test('SIGTERM ends a node in order, and the chain store opens again', async () => {
  const net = (network = await TestNetwork.start());
  await net.height(0, 3);
  await net.signal(1, 'SIGTERM');
  expect(await net.log(1)).toContain('the node has stopped');
  await net.restart(1);
  const at = await net.height(0, 1);
  await net.height(1, at + 3);
  await net.agree([0, 1]);
});

test('seven validators finalize and agree, with two of them gone', async () => {
  const net = (network = await TestNetwork.start({ validators: 7 }));
  await net.height(0, 3);
  await net.signal(5, 'SIGKILL');
  await net.signal(6, 'SIGKILL');
  const at = await net.height(0, 1);
  await net.height(0, at + 5, 60_000);
  await net.agree([0, 1, 2, 3, 4]);
});
