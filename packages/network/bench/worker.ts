/** One node of a benchmark in a process of its own; commands and answers over IPC. */
import { createHash, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { createNetwork, type PeerId, type SocketNetwork, type Verdict } from '../src/index.ts';
import { nodeOptions } from '../test/support/nodes.ts';
import { makeBare, type BareNode } from './bare.ts';

export type Command =
  | {
      readonly cmd: 'start';
      readonly mode: 'mxd' | 'bare';
      readonly index: number;
      readonly validators: number;
    }
  | { readonly cmd: 'connect'; readonly addresses: readonly string[]; readonly expect: number }
  | {
      readonly cmd: 'messages';
      readonly lane: 'vote' | 'proposal';
      readonly bytes: number;
      readonly count: number;
      readonly everyMs: number;
      readonly startNs: string;
    }
  | {
      readonly cmd: 'transactions';
      readonly perSecond: number;
      readonly seconds: number;
      readonly seed: number;
      readonly signed: boolean;
      /** False for the same work without the network: what the load itself costs. */
      readonly submit: boolean;
    }
  | { readonly cmd: 'judge'; readonly check: boolean }
  | { readonly cmd: 'serve'; readonly itemBytes: number }
  | { readonly cmd: 'bulk'; readonly from: string; readonly megabytes: number }
  | { readonly cmd: 'collect' }
  | { readonly cmd: 'stop' };

const nowNs = (): bigint => process.hrtime.bigint();
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

let latenciesMs: number[] = [];
let cpuStart = process.cpuUsage();
let mxd: SocketNetwork | undefined;
let bare: BareNode | undefined;

// The time of sending stands in the first eight bytes of each message.
function received(bytes: Uint8Array): void {
  const sent = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0);
  latenciesMs.push(Number(nowNs() - sent) / 1e6);
}

async function start(command: Extract<Command, { cmd: 'start' }>): Promise<unknown> {
  if (command.mode === 'bare') {
    bare = await makeBare(received);
    return { address: bare.address, peerId: bare.peerId };
  }
  mxd = await createNetwork(nodeOptions(command.index, command.validators));
  mxd.links.onMessage((_from, _lane, bytes) => received(bytes));
  await mxd.start();
  return { address: mxd.self.addresses()[0], peerId: mxd.self.peerId };
}

async function connect(command: Extract<Command, { cmd: 'connect' }>): Promise<unknown> {
  for (const address of command.addresses) {
    if (mxd !== undefined) mxd.addStaticPeer(address);
    else await bare?.connect(address);
  }
  const ready = (): boolean =>
    mxd === undefined
      ? (bare?.connected() ?? 0) >= command.expect
      : mxd.peers.list().length >= command.expect;
  while (!ready()) await sleep(10);
  return {};
}

async function messages(command: Extract<Command, { cmd: 'messages' }>): Promise<unknown> {
  const startNs = BigInt(command.startNs);
  for (let i = 0; i < command.count; i++) {
    const dueNs = startNs + BigInt(Math.round(i * command.everyMs * 1e6));
    const waitMs = Number(dueNs - nowNs()) / 1e6;
    if (waitMs > 0) await sleep(waitMs);
    const bytes = new Uint8Array(command.bytes);
    new DataView(bytes.buffer).setBigUint64(0, nowNs());
    if (mxd !== undefined) mxd.links.broadcast(command.lane, bytes);
    else bare?.sendAll(bytes);
  }
  return {};
}

const keys = generateKeyPairSync('ed25519');
const publicDer = keys.publicKey.export({ type: 'spki', format: 'der' });
const signatureBytes = 64;

function makeTransaction(number: number, signed: boolean): Uint8Array {
  const bytes = new Uint8Array(300);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, nowNs());
  view.setUint32(8, number);
  if (!signed) return bytes;
  bytes.set(publicDer, 12);
  bytes.set(
    sign(null, bytes.subarray(0, 300 - signatureBytes), keys.privateKey),
    300 - signatureBytes,
  );
  return bytes;
}

function signatureHolds(bytes: Uint8Array): boolean {
  const der = Buffer.from(bytes.subarray(12, 12 + publicDer.length));
  const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
  return verify(
    null,
    bytes.subarray(0, 300 - signatureBytes),
    key,
    bytes.subarray(300 - signatureBytes),
  );
}

const finalAfterMs = 400;

function judge(check: boolean): unknown {
  mxd?.transactions.onTransactions((batch) => {
    // As the node does when a block has made them final; not while signatures are checked in a line,
    // where a slow machine would forget what is still on its way.
    if (!check) setTimeout(() => mxd?.transactions.forget(batch.map(({ id }) => id)), finalAfterMs);
    return batch.map(({ bytes }): Verdict => {
      received(bytes);
      return !check || signatureHolds(bytes) ? 'accept' : 'invalid';
    });
  });
  return {};
}

async function transactions(command: Extract<Command, { cmd: 'transactions' }>): Promise<unknown> {
  const total = command.perSecond * command.seconds;
  const startMs = performance.now();
  let sent = 0;
  while (sent < total) {
    const due = Math.min(
      total,
      Math.floor(((performance.now() - startMs) / 1000) * command.perSecond),
    );
    for (; sent < due; sent++) {
      const bytes = makeTransaction(command.seed * 1_000_000 + sent, command.signed);
      const id = createHash('sha512').update(bytes).digest();
      if (command.submit) mxd?.transactions.submit([{ id, bytes }]);
    }
    await sleep(2);
  }
  return { sent };
}

function serve(itemBytes: number): unknown {
  const item = new Uint8Array(itemBytes);
  mxd?.requests.serve('blocks-by-range', function* (_payload, { maxBytes }) {
    for (let sent = 0; sent + itemBytes + 16 <= maxBytes; sent += itemBytes + 16) yield item;
    return 'complete';
  });
  return {};
}

async function bulk(command: Extract<Command, { cmd: 'bulk' }>): Promise<unknown> {
  const startMs = performance.now();
  let bytes = 0;
  if (bare !== undefined) bytes = await bare.pull(command.megabytes * 1024 * 1024);
  while (mxd !== undefined && bytes < command.megabytes * 1024 * 1024) {
    const result = await mxd.requests.request(
      command.from as PeerId,
      'blocks-by-range',
      new Uint8Array(16),
      {
        onItem: (item) => {
          bytes += item.length;
          return true;
        },
      },
    );
    if (!result.ok) throw new Error(result.code);
  }
  return { bytes, seconds: (performance.now() - startMs) / 1000 };
}

function collect(): unknown {
  const { user, system } = process.cpuUsage(cpuStart);
  const answer = { latenciesMs, cpuUs: user + system, counters: mxd?.counters() ?? {} };
  latenciesMs = [];
  cpuStart = process.cpuUsage();
  return answer;
}

async function run(command: Command): Promise<unknown> {
  switch (command.cmd) {
    case 'start':
      return start(command);
    case 'connect':
      return connect(command);
    case 'messages':
      return messages(command);
    case 'judge':
      return judge(command.check);
    case 'transactions':
      return transactions(command);
    case 'serve':
      return serve(command.itemBytes);
    case 'bulk':
      return bulk(command);
    case 'collect':
      return collect();
    case 'stop':
      await mxd?.stop();
      await bare?.stop();
      return {};
  }
}

process.on('message', (message: { readonly id: number; readonly command: Command }) => {
  void run(message.command).then(
    (result) => {
      process.send?.({ id: message.id, result });
      if (message.command.cmd === 'stop') process.disconnect();
    },
    (error: unknown) => process.send?.({ id: message.id, error: String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));
