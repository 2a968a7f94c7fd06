/**
 * Load with churn for some minutes (30 unless told): four validators under votes, transactions and
 * requests, a fifth node that comes and goes, strangers that fail. Ends with code 1 when memory grows
 * after warm-up or when something is left over.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createHash, randomBytes } from 'node:crypto';
import { createNetwork, type SocketNetwork } from '../src/index.ts';
import { makeAttacker } from './support/attacker.ts';
import { makeNodes, nodeOptions, startMesh, stopAll } from './support/nodes.ts';

const minutes = Number(process.argv[2] ?? 30);
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const nodes = await makeNodes(4);
let votes = 0;
let transactions = 0;
for (const node of nodes) {
  node.links.onMessage(() => void (votes += 1));
  node.transactions.onTransactions((batch) => {
    transactions += batch.length;
    setTimeout(() => node.transactions.forget(batch.map(({ id }) => id)), 300);
    return batch.map(() => 'accept' as const);
  });
  node.requests.serve('blocks-by-range', function* () {
    for (let i = 0; i < 8; i++) yield new Uint8Array(32 * 1024);
    return 'complete';
  });
}
await startMesh(nodes);

const endMs = performance.now() + minutes * 60_000;
const running = (): boolean => performance.now() < endMs;

async function load(node: SocketNetwork): Promise<void> {
  for (let round = 0; running(); round++) {
    node.links.broadcast('vote', new Uint8Array(147));
    if (round % 10 === 0) node.links.broadcast('proposal', new Uint8Array(100_000));
    const batch = Array.from({ length: 5 }, () => {
      const bytes = new Uint8Array(randomBytes(300));
      bytes[0] = 0;
      return { id: new Uint8Array(createHash('sha512').update(bytes).digest()), bytes };
    });
    node.transactions.submit(batch);
    if (round % 5 === 0) {
      for (const peer of node.peers.list().slice(0, 1)) {
        await node.requests.request(peer.peerId, 'blocks-by-range', new Uint8Array(10), {
          deadlineMs: 2_000,
        });
      }
    }
    await sleep(20);
  }
}

async function churn(): Promise<void> {
  while (running()) {
    const guest = await createNetwork(
      nodeOptions(9, 4, { staticPeers: nodes.map((node) => node.self.addresses()[0]!) }),
    );
    await guest.start();
    await sleep(1_500);
    await guest.stop();
    const stranger = await makeAttacker('soak');
    const connection = await stranger.dial(nodes[0]!.self.addresses()[0]!).catch(() => undefined);
    const stream = await connection?.newStream('/mxd/hello/1').catch(() => undefined);
    stream?.send(randomBytes(200));
    await sleep(200);
    await stranger.stop();
    nodes[0]!.peers.unban(stranger.node.peerId.toString() as never);
  }
}

interface Sample {
  readonly atS: number;
  readonly heapMb: number;
  readonly rssMb: number;
  readonly streams: number;
  readonly handles: number;
}
const samples: Sample[] = [];
async function watch(): Promise<void> {
  const everyMs = Math.max(2_000, (minutes * 60_000) / 60);
  for (let at = everyMs; running(); at += everyMs) {
    await sleep(everyMs);
    collectGarbage();
    const { heapUsed, rss } = process.memoryUsage();
    const streams = nodes.reduce(
      (sum, node) => sum + node.host.getConnections().reduce((n, c) => n + c.streams.length, 0),
      0,
    );
    const sample = {
      atS: Math.round(at / 1000),
      heapMb: heapUsed / 1e6,
      rssMb: rss / 1e6,
      streams,
      handles: process.getActiveResourcesInfo().length,
    };
    samples.push(sample);
    console.log(
      `${sample.atS} s: heap ${sample.heapMb.toFixed(1)} MB, rss ${sample.rssMb.toFixed(0)} MB, streams ${streams}, handles ${sample.handles}, votes ${votes}, transactions ${transactions}`,
    );
  }
}

await Promise.all([...nodes.map(load), churn(), watch()]);
await stopAll(nodes);
const half = samples.slice(Math.floor(samples.length / 2));
const warm = samples.slice(Math.floor(samples.length / 4), Math.floor(samples.length / 2));
const mean = (list: readonly Sample[], of: (sample: Sample) => number): number =>
  list.reduce((sum, sample) => sum + of(sample), 0) / list.length;
const growth = mean(half, (s) => s.heapMb) / mean(warm, (s) => s.heapMb);
const streamGrowth = mean(half, (s) => s.streams) / mean(warm, (s) => s.streams);
await sleep(500);
const left = process.getActiveResourcesInfo().filter((name) => /TCP|Timeout/.test(name));
console.log(
  `heap x${growth.toFixed(2)}, streams x${streamGrowth.toFixed(2)} from the second quarter to the second half; left over: ${left.join(' ') || 'nothing'}`,
);
const failed = growth > 1.25 || streamGrowth > 1.25 || left.some((name) => name.includes('TCP'));
process.exitCode = failed ? 1 : 0;
