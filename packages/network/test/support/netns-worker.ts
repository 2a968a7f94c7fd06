/** A node, or a proxy, or an attacker, in a network namespace of its own; driven over IPC. */
import { connect, createServer, type Socket } from 'node:net';
import { createNetwork, type SocketNetwork } from '../../src/index.ts';
import { limits } from '../../src/limits.ts';
import { startRouter } from './fake-router.ts';
import { nodeOptions } from './nodes.ts';

export type Order =
  | {
      readonly do: 'start';
      readonly index: number;
      readonly validators: number;
      readonly ip: string;
      readonly upnp?: boolean;
    }
  | { readonly do: 'router'; readonly ip: string; readonly externalIp: string }
  | { readonly do: 'router-log' }
  | { readonly do: 'peer'; readonly address: string }
  | {
      readonly do: 'broadcast';
      readonly lane: 'vote' | 'proposal';
      readonly bytes: number;
      readonly count: number;
    }
  | { readonly do: 'stats' }
  | {
      readonly do: 'proxy';
      readonly ip: string;
      readonly port: number;
      readonly targetIp: string;
      readonly targetPort: number;
    }
  | {
      readonly do: 'shape';
      readonly delayMs: number;
      readonly bytesPerSecond: number;
      readonly cutForward: boolean;
      readonly cutBack: boolean;
    }
  | {
      readonly do: 'flood';
      readonly ip: string;
      readonly port: number;
      readonly from: readonly string[];
      readonly attempts: number;
    }
  | { readonly do: 'stop' };

// The mechanisms are the same, the waits are those of a test.
const table = limits as unknown as Record<string, { value: number }>;
table['livenessPingMs']!.value = 1_500;
table['livenessTimeoutMs']!.value = 3_000;
table['reconnectMaxMs']!.value = 1_000;
table['dialTimeoutMs']!.value = 2_000;

let node: SocketNetwork | undefined;
let router: Awaited<ReturnType<typeof startRouter>> | undefined;
let received = { vote: 0, proposal: 0, rest: 0 };
let shape = { delayMs: 0, bytesPerSecond: Infinity, cutForward: false, cutBack: false };
const servers: { close(): unknown }[] = [];

/** Passes bytes on later, slower, or (cut) not at all until the cut is over; order is kept. */
function pump(from: Socket, to: Socket, isCut: () => boolean): void {
  const queue: { readonly chunk: Buffer; readonly dueMs: number }[] = [];
  let budgetAtMs = 0;
  const tick = (): void => {
    const nowMs = performance.now();
    while (queue.length > 0 && queue[0]!.dueMs <= nowMs && !isCut() && to.writable) {
      to.write(queue.shift()!.chunk);
    }
    if (queue.length > 0 && !to.destroyed) setTimeout(tick, 2);
  };
  from.on('data', (chunk) => {
    const nowMs = performance.now();
    const spentMs = (chunk.length / shape.bytesPerSecond) * 1000;
    budgetAtMs = Math.max(budgetAtMs, nowMs) + spentMs;
    queue.push({ chunk, dueMs: budgetAtMs + shape.delayMs });
    if (queue.length === 1) setTimeout(tick, 0);
    if (queue.length > 2_000) from.pause();
    else if (from.isPaused()) from.resume();
  });
  from.on('close', () => to.destroy());
  from.on('error', () => to.destroy());
}

async function flood(order: Extract<Order, { do: 'flood' }>): Promise<unknown> {
  let opened = 0;
  let ended = 0;
  const one = (i: number): Promise<void> =>
    new Promise((resolve) => {
      const socket = connect({
        host: order.ip,
        port: order.port,
        localAddress: order.from[i % order.from.length]!,
      });
      socket.on('connect', () => (opened += 1));
      socket.on('error', () => undefined);
      socket.on('close', () => {
        ended += 1;
        resolve();
      });
      setTimeout(() => socket.destroy(), 300);
    });
  const running = new Set<Promise<void>>();
  for (let i = 0; i < order.attempts; i++) {
    const attempt = one(i);
    running.add(attempt);
    void attempt.then(() => running.delete(attempt));
    if (running.size >= 400) await Promise.race(running);
  }
  await Promise.all(running);
  return { opened, ended };
}

async function obey(order: Order): Promise<unknown> {
  switch (order.do) {
    case 'start':
      node = await createNetwork(
        nodeOptions(order.index, order.validators, {
          listen: [`/ip4/${order.ip}/tcp/7979`],
          features: { upnp: order.upnp === true },
        }),
      );
      node.links.onMessage(
        (_from, lane) => void (received = { ...received, [lane]: received[lane] + 1 }),
      );
      await node.start();
      return node.self.addresses()[0];
    case 'peer':
      node?.addStaticPeer(order.address);
      return undefined;
    case 'broadcast':
      for (let i = 0; i < order.count; i++)
        node?.links.broadcast(order.lane, new Uint8Array(order.bytes));
      return undefined;
    case 'stats':
      return {
        received,
        validators: node?.links.validators().length ?? 0,
        counters: node?.counters() ?? {},
        rssMb: process.memoryUsage().rss / 1e6,
      };
    case 'proxy': {
      const server = createServer((socket) => {
        const target = connect(order.targetPort, order.targetIp);
        socket.setNoDelay(true);
        target.setNoDelay(true);
        pump(socket, target, () => shape.cutForward);
        pump(target, socket, () => shape.cutBack);
      });
      servers.push(server);
      await new Promise<void>((resolve) => {
        server.listen(order.port, order.ip, resolve);
      });
      return undefined;
    }
    case 'router':
      router = await startRouter(order.ip, 5_000, order.externalIp);
      servers.push(router);
      return undefined;
    case 'router-log':
      return router?.log();
    case 'shape':
      shape = order;
      return undefined;
    case 'flood':
      return flood(order);
    case 'stop':
      await node?.stop();
      for (const server of servers) server.close();
      return undefined;
  }
}

process.on('message', ({ id, order }: { id: number; order: Order }) => {
  void obey(order).then(
    (result) => process.send?.({ id, result }),
    (error: unknown) => process.send?.({ id, error: String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));
