import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type RouterLog } from '../support/fake-router.ts';
import { type Order } from '../support/netns-worker.ts';

// Nodes on hosts of their own: network namespaces joined by a bridge. Needs root on Linux.

const prefix = `mxd${process.pid % 10_000}`;
const ip = (...args: string[]): string =>
  execFileSync('ip', args, { stdio: ['ignore', 'pipe', 'pipe'] }).toString();
const tc = (...args: string[]): string =>
  execFileSync('tc', args, { stdio: ['ignore', 'pipe', 'pipe'] }).toString();
// A queue of a few packets in front of a narrow link: what does not fit is lost.
const shaper = ['rate', '8mbit', 'burst', '5kb', 'limit', '6kb'];
const namespace = (name: string): string => `${prefix}${name}`;

function whyNot(): string | undefined {
  if (process.platform !== 'linux')
    return `network namespaces are Linux's, this is ${process.platform}`;
  try {
    ip('netns', 'add', namespace('try'));
    ip('-n', namespace('try'), 'link', 'add', 'name', 'va', 'type', 'veth', 'peer', 'name', 'vb');
    ip('-n', namespace('try'), 'link', 'add', 'name', 'vc', 'type', 'bridge');
    return undefined;
  } catch (error) {
    const text = error instanceof Error ? error.message.split('\n').at(-2) : String(error);
    return `network namespaces cannot be made here: ${text}`;
  } finally {
    try {
      ip('netns', 'del', namespace('try'));
    } catch {
      // It was not made.
    }
  }
}

function whyNoShaper(): string | undefined {
  try {
    ip('netns', 'add', namespace('tc'));
    tc('-n', namespace('tc'), 'qdisc', 'add', 'dev', 'lo', 'root', 'tbf', ...shaper);
    return undefined;
  } catch (error) {
    return `links cannot be shaped here: ${String(error).split('\n')[0]}`;
  } finally {
    try {
      ip('netns', 'del', namespace('tc'));
    } catch {
      // It was not made.
    }
  }
}

const reason = whyNot();
if (reason !== undefined) console.warn(`SKIPPED: hosts in namespaces (${reason})`);
const noShaper = reason ?? whyNoShaper();
if (noShaper !== undefined) console.warn(`SKIPPED: loss in one direction (${noShaper})`);

interface Stats {
  readonly received: { readonly vote: number; readonly proposal: number };
  readonly validators: number;
  readonly counters: Readonly<Record<string, number>>;
  readonly rssMb: number;
}

class Host {
  readonly name: string;
  readonly address: string;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (message: { result?: unknown; error?: string }) => void>();
  #nextId = 0;

  constructor(name: string, address: string) {
    this.name = name;
    this.address = address;
    const worker = fileURLToPath(new URL('../support/netns-worker.ts', import.meta.url));
    const args = [
      'netns',
      'exec',
      namespace(name),
      process.execPath,
      '--conditions=@mxd/source',
      worker,
    ];
    this.#child = spawn('ip', args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#child.on('message', (message: { id: number; result?: unknown; error?: string }) =>
      this.#waiting.get(message.id)?.(message),
    );
  }

  ask<T = unknown>(order: Order): Promise<T> {
    this.#nextId += 1;
    const id = this.#nextId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, ({ result, error }) => {
        this.#waiting.delete(id);
        if (error === undefined) resolve(result as T);
        else reject(new Error(error));
      });
      this.#child.send({ id, order });
    });
  }

  stats(): Promise<Stats> {
    return this.ask<Stats>({ do: 'stats' });
  }

  async end(): Promise<void> {
    const gone = new Promise((resolve) => this.#child.once('exit', resolve));
    await Promise.race([
      this.ask({ do: 'stop' }),
      new Promise((resolve) => setTimeout(resolve, 3_000)),
    ]);
    this.#child.disconnect();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 2_000);
    await gone;
    clearTimeout(timer);
  }
}

async function eventually(
  what: string,
  condition: () => Promise<boolean>,
  timeoutMs = 20_000,
): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe.skipIf(reason !== undefined)('hosts in namespaces', () => {
  const names = ['a', 'b', 'c', 'd', 'x'];
  const addressOf = (name: string): string => `10.77.0.${10 + names.indexOf(name)}`;
  const manyAddresses = Array.from({ length: 200 }, (_, i) => `10.77.1.${i + 1}`);
  let hosts: Host[] = [];

  beforeAll(() => {
    ip('netns', 'add', namespace('sw'));
    ip('-n', namespace('sw'), 'link', 'add', 'name', 'br', 'type', 'bridge');
    ip('-n', namespace('sw'), 'link', 'set', 'dev', 'br', 'up');
    for (const name of names) {
      ip('netns', 'add', namespace(name));
      ip(
        '-n',
        namespace('sw'),
        'link',
        'add',
        'name',
        `v${name}`,
        'type',
        'veth',
        'peer',
        'name',
        'eth',
        'netns',
        namespace(name),
      );
      ip('-n', namespace('sw'), 'link', 'set', 'dev', `v${name}`, 'master', 'br', 'up');
      ip('-n', namespace(name), 'addr', 'add', `${addressOf(name)}/16`, 'dev', 'eth');
      ip('-n', namespace(name), 'link', 'set', 'dev', 'eth', 'up');
      ip('-n', namespace(name), 'link', 'set', 'dev', 'lo', 'up');
    }
    for (const address of manyAddresses)
      ip('-n', namespace('x'), 'addr', 'add', `${address}/16`, 'dev', 'eth');
  });
  afterEach(async () => {
    await Promise.all(hosts.map((host) => host.end()));
    hosts = [];
  });
  afterAll(() => {
    for (const name of [...names, 'sw']) {
      try {
        ip('netns', 'del', namespace(name));
      } catch {
        // It was not made.
      }
    }
  });

  const start = async (count: number): Promise<{ hosts: Host[]; at: string[] }> => {
    const started = names.slice(0, count).map((name) => new Host(name, addressOf(name)));
    hosts.push(...started);
    const at = await Promise.all(
      started.map((host, index) =>
        host.ask<string>({ do: 'start', index, validators: 4, ip: host.address }),
      ),
    );
    return { hosts: started, at };
  };
  const mesh = async ({ hosts: all, at }: { hosts: Host[]; at: string[] }): Promise<void> => {
    for (const [i, host] of all.entries()) {
      for (const address of at.slice(0, i)) await host.ask({ do: 'peer', address });
    }
    await eventually('mesh', async () =>
      (await Promise.all(all.map((h) => h.stats()))).every((s) => s.validators === all.length - 1),
    );
  };

  it('part and find each other again when a host is cut off', async () => {
    const cluster = await start(4);
    await mesh(cluster);
    const [a, , , d] = cluster.hosts as [Host, Host, Host, Host];
    ip('-n', namespace('sw'), 'link', 'set', 'dev', 'vd', 'down');
    await eventually(
      'the silence is noticed on both sides',
      async () => (await a.stats()).validators === 2 && (await d.stats()).validators === 0,
    );
    await a.ask({ do: 'broadcast', lane: 'vote', bytes: 147, count: 1 });
    ip('-n', namespace('sw'), 'link', 'set', 'dev', 'vd', 'up');
    await eventually('healed', async () =>
      (await Promise.all(cluster.hosts.map((h) => h.stats()))).every((s) => s.validators === 3),
    );
    const before = (await d.stats()).received.vote;
    await a.ask({ do: 'broadcast', lane: 'vote', bytes: 147, count: 10 });
    await eventually('votes again', async () => (await d.stats()).received.vote === before + 10);
    expect((await a.stats()).counters['peers_silent']).toBeGreaterThan(0);
  }, 60_000);

  it('work over a slow link with delay, and notice one that is cut in one direction', async () => {
    const cluster = await start(2);
    const [a, b] = cluster.hosts as [Host, Host];
    const proxy = new Host('x', addressOf('x'));
    hosts.push(proxy);
    await proxy.ask({
      do: 'proxy',
      ip: proxy.address,
      port: 7_000,
      targetIp: a.address,
      targetPort: 7_979,
    });
    await proxy.ask({
      do: 'shape',
      delayMs: 60,
      bytesPerSecond: 2_000_000,
      cutForward: false,
      cutBack: false,
    });
    const peerId = cluster.at[0]!.split('/p2p/')[1]!;
    await b.ask({ do: 'peer', address: `/ip4/${proxy.address}/tcp/7000/p2p/${peerId}` });
    await eventually('session', async () => (await b.stats()).validators === 1);
    await b.ask({ do: 'broadcast', lane: 'proposal', bytes: 1_000_000, count: 2 });
    await b.ask({ do: 'broadcast', lane: 'vote', bytes: 147, count: 20 });
    await eventually('votes', async () => (await a.stats()).received.vote === 20);
    await eventually('proposals', async () => (await a.stats()).received.proposal === 2);
    await proxy.ask({
      do: 'shape',
      delayMs: 0,
      bytesPerSecond: 1e12,
      cutForward: false,
      cutBack: true,
    });
    await eventually('noticed by b', async () => (await b.stats()).validators === 0);
    await proxy.ask({
      do: 'shape',
      delayMs: 0,
      bytesPerSecond: 1e12,
      cutForward: false,
      cutBack: false,
    });
    await eventually(
      'healed',
      async () => (await b.stats()).validators === 1 && (await a.stats()).validators === 1,
    );
  }, 60_000);

  it.skipIf(noShaper !== undefined)(
    'talk over a link that loses packets in one direction',
    async () => {
      const cluster = await start(2);
      await mesh(cluster);
      const [a, b] = cluster.hosts as [Host, Host];
      tc('-n', namespace('b'), 'qdisc', 'add', 'dev', 'eth', 'root', 'tbf', ...shaper);
      const lost = (): number =>
        Number(
          /dropped (\d+)/.exec(tc('-n', namespace('b'), '-s', 'qdisc', 'show', 'dev', 'eth'))?.[1],
        );
      await b.ask({ do: 'broadcast', lane: 'proposal', bytes: 1_000_000, count: 2 });
      await b.ask({ do: 'broadcast', lane: 'vote', bytes: 147, count: 50 });
      await a.ask({ do: 'broadcast', lane: 'proposal', bytes: 1_000_000, count: 2 });
      await a.ask({ do: 'broadcast', lane: 'vote', bytes: 147, count: 50 });
      const complete = async (host: Host): Promise<boolean> => {
        const { received } = await host.stats();
        return received.vote === 50 && received.proposal === 2;
      };
      await eventually('all from b', () => complete(a), 60_000);
      await eventually('all from a', () => complete(b), 60_000);
      expect(lost()).toBeGreaterThan(0);
      expect((await a.stats()).validators).toBe(1);
    },
    150_000,
  );

  it('get a port of a router that speaks UPnP, and give it back', async () => {
    const router = new Host('x', addressOf('x'));
    hosts.push(router);
    await router.ask({ do: 'router', ip: router.address, externalIp: '93.184.216.34' });
    // The search goes to a multicast group: it needs a route.
    ip('-n', namespace('a'), 'route', 'replace', 'default', 'dev', 'eth');
    const node = new Host('a', addressOf('a'));
    hosts.push(node);
    await node.ask({ do: 'start', index: 0, validators: 1, ip: node.address, upnp: true });
    const log = (): Promise<RouterLog> => router.ask<RouterLog>({ do: 'router-log' });
    await eventually('mapped', async () => (await log()).mapped.length > 0, 90_000);
    expect((await log()).mapped[0]).toEqual({ host: node.address, port: 7_979 });
    await node.ask({ do: 'stop' });
    await eventually('given back', async () => (await log()).removed.includes(7_979), 30_000);
  }, 150_000);

  it('keep talking through ten thousand connection attempts from many addresses', async () => {
    const cluster = await start(3);
    await mesh(cluster);
    const [a, b] = cluster.hosts as [Host, Host];
    const attacker = new Host('x', addressOf('x'));
    hosts.push(attacker);
    const rssBefore = (await a.stats()).rssMb;
    let done = false;
    const flood = attacker
      .ask<{ opened: number; ended: number }>({
        do: 'flood',
        ip: a.address,
        port: 7_979,
        from: manyAddresses,
        attempts: 10_000,
      })
      .finally(() => (done = true));
    let sent = 0;
    while (!done) {
      await b.ask({ do: 'broadcast', lane: 'vote', bytes: 147, count: 1 });
      sent += 1;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const { opened, ended } = await flood;
    expect(ended).toBe(10_000);
    expect(opened).toBeGreaterThan(1_000);
    await eventually('every vote', async () => (await a.stats()).received.vote === sent);
    await eventually(
      'all freed',
      async () => (await a.stats()).counters['connections_inbound']! <= 2,
    );
    const { counters, validators, rssMb } = await a.stats();
    expect(validators).toBe(2);
    expect(
      (counters['connections_refused_attempts'] ?? 0) +
        (counters['connections_refused_pending_handshakes'] ?? 0),
    ).toBeGreaterThan(100);
    expect(rssMb - rssBefore).toBeLessThan(250);
  }, 90_000);
});
