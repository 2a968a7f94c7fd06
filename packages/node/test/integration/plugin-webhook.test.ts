import { fork } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { formatAddress } from '@mxd/crypto/address';
import { describe, expect, test } from 'vitest';

import { bob, entry, fixture, Stage, until } from '../plugins/support.ts';

interface Receiver extends AsyncDisposable {
  readonly url: string;
  readonly heights: number[];
  readonly bodies: { readonly body: string; readonly signature: string | undefined }[];
  answer: number;
  onHeight: (height: number) => void;
}

async function receiver(): Promise<Receiver> {
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const height = Number(request.headers['mxd-height']);
      self.heights.push(height);
      self.bodies.push({
        body: Buffer.concat(chunks).toString(),
        signature: request.headers['mxd-signature'] as string | undefined,
      });
      response.writeHead(self.answer).end();
      self.onHeight(height);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const self: Receiver = {
    url: `http://127.0.0.1:${port}/hook`,
    heights: [],
    bodies: [],
    answer: 200,
    onHeight: () => undefined,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return self;
}

const webhook = '@mxd/plugin/examples/webhook';

describe('the webhook', () => {
  test('posts blocks of watched addresses, signed, and repeats until it is taken', async () => {
    await using stage = await Stage.open();
    await using target = await receiver();
    stage.secrets.set('plugin-webhook-hmac-key', 'between us');
    target.answer = 503;
    const addresses = [formatAddress(bob.owner, 'test')];
    const config = { url: target.url, addresses, signed: true };
    const host = await stage.start([entry(webhook, config)]);
    await stage.extend(host);
    await stage.extend(host, [stage.payment().bytes]);
    await until(() => target.heights.length >= 3, 'repeats');
    expect(host.status()[0]!.final).toMatchObject({ cursor: 1, lag: 1 });
    target.answer = 204;
    await until(() => host.status()[0]!.final!.cursor === 2, 'delivered');
    expect(new Set(target.heights)).toEqual(new Set([2]));
    const { body, signature } = target.bodies.at(-1)!;
    expect(signature).toBe(createHmac('sha512', 'between us').update(body).digest('hex'));
    const content = JSON.parse(body) as { readonly transactions: readonly unknown[] };
    expect(content).toMatchObject({ height: 2, missedBefore: 0 });
    expect(content.transactions).toMatchObject([{ outputs: [{ amount: '1000000' }] }]);
  });

  test('misses no block when the node is killed again and again', async () => {
    await using target = await receiver();
    const dataDir = await mkdtemp(join(tmpdir(), 'mxd-webhook-'));
    const kills = [7, 19, 31];
    let done = false;
    try {
      while (!done) {
        const child = fork(fixture('delivering-node'), [dataDir, target.url], {
          execArgv: ['--conditions=@mxd/source'],
          stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
        });
        const exited = once(child, 'exit');
        target.onHeight = (height) => {
          if (kills[0] !== height) return;
          kills.shift();
          child.kill('SIGKILL');
        };
        child.once('message', () => {
          done = true;
          child.kill('SIGKILL');
        });
        await exited;
      }
    } finally {
      await rm(dataDir, { recursive: true, force: true });
    }
    expect(kills).toEqual([]);
    expect([...new Set(target.heights)]).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    // At least once: only a block whose answer was on its way may come twice.
    expect(target.heights.length).toBeLessThanOrEqual(43);
  }, 90_000);
});
