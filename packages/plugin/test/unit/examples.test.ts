import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { expect, test } from 'vitest';

import policy from '../../src/examples/policy.ts';
import webhook from '../../src/examples/webhook.ts';
import { sampleBlock, sampleTransaction, TestHost } from '../../src/testing/index.ts';

test('the policy refuses listed addresses and large sums, and says so', async () => {
  await using host = await TestHost.start(policy, {
    config: { deny: ['mallory'], maxAmount: '150000000' },
  });
  const fine = sampleTransaction();
  const listed = sampleTransaction({ outputs: [{ address: 'mallory', amount: 1n }] });
  const large = sampleTransaction({ outputs: [{ address: 'bob', amount: 150_000_001n }] });
  const answers = await host.admit([fine, listed, large]);
  expect(answers.map(({ decision }) => decision)).toEqual(['accept', 'refuse', 'refuse']);
  expect(await host.proposing([fine, listed])).toEqual([listed.txid]);
  expect(await host.get('/plugins/policy/rules')).toEqual({ denied: 1, maxAmount: '150000000' });
  await expect(TestHost.start(policy, { config: { maxAmount: '-1' } })).rejects.toMatchObject({
    code: 'PLUGIN_CONFIG',
  });
});

test('the webhook fails on an answer that is not 2xx, so that the block comes again', async () => {
  let status = 500;
  const heights: unknown[] = [];
  const server = createServer((request, response) => {
    heights.push(request.headers['mxd-height']);
    request.resume();
    response.writeHead(status).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  try {
    await using host = await TestHost.start(webhook, {
      config: { url: `http://127.0.0.1:${port}/`, addresses: ['payee'] },
    });
    await host.final(sampleBlock(1));
    const paid = sampleBlock(2, { transactions: [sampleTransaction()] });
    await expect(host.final(paid)).rejects.toThrow('answered 500');
    status = 204;
    await host.final(paid);
    expect(heights).toEqual(['2', '2']);
    expect(await host.get('/plugins/webhook/status')).toEqual({ delivered: 2 });
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
