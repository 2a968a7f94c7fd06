import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import {
  createNetwork,
  filePeerStore,
  type NetworkOptions,
  type SocketNetwork,
} from '../../src/index.ts';
import {
  authorityOf,
  identityOf,
  makeNodes,
  nodeOptions,
  startMesh,
  stopAll,
  until,
  validatorIdOf,
} from '../support/nodes.ts';

describe('life of a node', () => {
  let nodes: SocketNetwork[] = [];
  afterEach(async () => {
    await stopAll(nodes);
    nodes = [];
  });
  const start = async (
    index: number,
    validators: number,
    overrides: Partial<NetworkOptions> = {},
  ) => {
    const node = await createNetwork(nodeOptions(index, validators, overrides));
    await node.start();
    nodes.push(node);
    return node;
  };
  const addressOf = (node: SocketNetwork): string => node.self.addresses()[0]!;

  it('comes back after restarts of either side, rolling and cold', async () => {
    nodes = await makeNodes(3);
    await startMesh(nodes);
    const addresses = nodes.map(addressOf);
    const listen = addresses.map((address) => [address.replace(/\/p2p\/.*/, '')]);
    const restart = async (index: number): Promise<void> => {
      const node = await createNetwork(
        nodeOptions(index, 3, {
          listen: listen[index]!,
          staticPeers: addresses.filter((_, i) => i !== index),
        }),
      );
      await node.start();
      nodes[index] = node;
    };
    for (const index of [0, 1, 2]) {
      await nodes[index]!.stop();
      await restart(index);
      await until(`mesh after ${index}`, () =>
        nodes.every((node) => node.links.validators().length === 2),
      );
    }
    await stopAll(nodes);
    await Promise.all([0, 1, 2].map(restart));
    await until('mesh after a cold start', () =>
      nodes.every((node) => node.links.validators().length === 2),
    );
  });

  it('tells the other side why it leaves', async () => {
    const [a, b] = [await start(0, 2), await start(1, 2)];
    const reasons: string[] = [];
    a.peers.on((event) => event.type === 'down' && reasons.push(event.reason));
    b.addStaticPeer(addressOf(a));
    await until('up', () => a.peers.list().length === 1);
    await b.stop();
    await until('down', () => reasons.length === 1);
    expect(reasons[0]).toMatch(/^shutdown/);
  });

  it('finds others through one seed node and remembers them across a restart', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'mxd-network-'));
    const path = join(directory, 'peers.json');
    const damage: string[] = [];
    const store = () => filePeerStore(path, (error) => damage.push(error.code));
    const seed = await start(0, 0, { outboundPeers: 8 });
    const others = [
      await start(1, 0, { bootstrap: [addressOf(seed)], outboundPeers: 8 }),
      await start(2, 0, { bootstrap: [addressOf(seed)], outboundPeers: 8 }),
    ];
    const newcomer = await start(3, 0, {
      bootstrap: [addressOf(seed)],
      outboundPeers: 8,
      store: store(),
    });
    await until('all found', () => newcomer.peers.list().length === 3, 20_000);
    await newcomer.stop();
    const saved = JSON.parse(await readFile(path, 'utf8')) as { peers: { anchor: boolean }[] };
    expect(saved.peers.length).toBe(3);
    expect(saved.peers.some((peer) => peer.anchor)).toBe(true);
    await seed.stop();
    const again = await start(3, 0, { outboundPeers: 8, store: store() });
    await until('without the seed', () => again.peers.list().length === 2, 20_000);
    expect(
      again.peers
        .list()
        .map((p) => p.peerId)
        .toSorted(),
    ).toEqual(others.map((o) => o.self.peerId).toSorted());
    await again.stop();
    await writeFile(path, '{"version":1,"peers":[{"pe');
    const damaged = await start(3, 0, { store: store(), bootstrap: [addressOf(others[0]!)] });
    await until('from the list', () => damaged.peers.list().length >= 1);
    expect(damage).toEqual(['NETWORK_STORE']);
    await rm(directory, { recursive: true });
  });

  it('keeps a ban across a restart', async () => {
    const saved: { content: unknown } = { content: undefined };
    const store = {
      load: async () => saved.content as never,
      save: async (content: unknown) => void (saved.content = structuredClone(content)),
    };
    const a = await start(0, 0, { store });
    const b = await start(1, 0);
    a.peers.ban(b.self.peerId, 60_000, 'test');
    await a.stop();
    const again = await start(0, 0, { store });
    b.addStaticPeer(addressOf(again));
    await until('refused', () => (again.counters()['connections_refused_peer_banned'] ?? 0) > 0);
    expect(again.peers.list()).toEqual([]);
    expect(again.peers.bans()).toMatchObject([{ peerId: b.self.peerId, reason: 'test' }]);
  });

  it('becomes a validator while it runs, and stops being one when the table says so', async () => {
    const authority = authorityOf(1);
    const a = await start(0, 1, { authority });
    const b = await start(1, 1, { authority });
    b.addStaticPeer(addressOf(a));
    await until('up', () => a.peers.list().length === 1);
    expect(a.links.validators()).toEqual([]);
    // The proof comes before the table that knows it.
    await b.setValidator(identityOf(1));
    expect(b.self.validatorId).toBe(validatorIdOf(1));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(a.links.validators()).toEqual([]);
    authority.count = 2;
    await a.validatorsChanged();
    expect(a.links.validators()).toEqual([validatorIdOf(1)]);
    expect(a.links.sendToValidator(validatorIdOf(1), 'vote', new Uint8Array(147))).toBe('queued');
    authority.count = 1;
    await a.validatorsChanged();
    expect(a.links.validators()).toEqual([]);
    authority.count = 2;
    await a.validatorsChanged();
    await b.setValidator(identityOf(1, 33));
    await until(
      'a wrong later proof ends the session',
      () => (a.counters()['sessions_ended_bad-validator-proof'] ?? 0) === 1,
    );
  });

  it('admits named peers, named validators and address ranges only', async () => {
    const probe = await makeNodes(3, 2);
    const ids = probe.map((node) => node.self.peerId);
    const closed = await start(3, 2, {
      access: { allowedPeers: [ids[2]!], allowedValidators: [validatorIdOf(0)] },
    });
    const open = await Promise.all(
      [0, 1, 2].map((index) => start(index, 2, { staticPeers: [addressOf(closed)] })),
    );
    await until('the named two', () => closed.peers.list().length === 2);
    await until(
      'the third refused',
      () => (open[1]!.counters()['handshakes_failed_not-allowed'] ?? 0) > 0,
    );
    expect(
      closed.peers
        .list()
        .map((p) => p.peerId)
        .toSorted(),
    ).toEqual([ids[0], ids[2]].toSorted());
    const byPeer = await start(4, 2, { access: { allowedPeers: [ids[2]!] } });
    open[1]!.addStaticPeer(addressOf(byPeer));
    open[2]!.addStaticPeer(addressOf(byPeer));
    await until('by peer id', () => byPeer.peers.list().length === 1);
    await until(
      'before the handshake',
      () => (byPeer.counters()['connections_refused_peer_not_allowed'] ?? 0) > 0,
    );
    const byRange = await start(5, 2, { access: { allowedRanges: ['10.0.0.0/8'] } });
    open[1]!.addStaticPeer(addressOf(byRange));
    await until(
      'by address',
      () => (byRange.counters()['connections_refused_range_not_allowed'] ?? 0) > 0,
    );
    expect(byRange.peers.list()).toEqual([]);
  });

  it('reaches a validator through its sentry only', async () => {
    const [validatorProbe] = await makeNodes(1);
    const validatorPeer = validatorProbe!.self.peerId;
    const sentry = await start(5, 2, {
      features: { relay: true },
      access: { relayClients: [validatorPeer], privatePeers: [validatorPeer] },
    });
    const hidden = await start(0, 2, { listen: [], access: { sentries: [addressOf(sentry)] } });
    await until(
      'reservation',
      () => hidden.self.addresses().some((a) => a.includes('p2p-circuit')),
      15_000,
    );
    const other = await start(1, 2, { outboundPeers: 0 });
    const circuit = `${addressOf(sentry)}/p2p-circuit/p2p/${validatorPeer}`;
    other.addStaticPeer(circuit);
    await until(
      'through the sentry',
      () => other.links.validators().includes(validatorIdOf(0)),
      15_000,
    );
    const seen: string[] = [];
    hidden.links.onMessage(
      (from, lane, bytes) => void seen.push(`${from.validatorId} ${lane} ${bytes.length}`),
    );
    for (let i = 0; i < 5; i++) other.links.broadcast('vote', new Uint8Array(147));
    other.links.broadcast('proposal', new Uint8Array(1_000_000));
    await until('delivered end to end', () => seen.length === 6);
    expect(new Set(seen)).toEqual(
      new Set([`${validatorIdOf(1)} vote 147`, `${validatorIdOf(1)} proposal 1000000`]),
    );
    expect(other.peers.get(validatorPeer)?.address).toContain('/p2p-circuit');
    // A stranger may not reserve a place at the sentry, nor is the validator passed on.
    const learner = await start(6, 2, { staticPeers: [addressOf(sentry)] });
    await until('learner', () => learner.peers.list().length === 1);
    // The learner asks by itself at the start: one question at a time.
    const ask = () => learner.requests.request(sentry.self.peerId, 'peers', new Uint8Array(0));
    let peers = await ask();
    for (let i = 0; i < 100 && !peers.ok; i++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      peers = await ask();
    }
    expect(peers).toMatchObject({ ok: true });
    expect(
      peers.items.every(
        (item) => !Buffer.from(item).includes(Buffer.from(hidden.host.peerId.toMultihash().bytes)),
      ),
    ).toBe(true);
  });

  it('finds others by the Kademlia table, and none that wants to be private', async () => {
    const dht = { features: { dht: true }, outboundPeers: 8 };
    const seed = await start(0, 0, dht);
    // What the newcomer learns it learns from the table: peer exchange says nothing here.
    // eslint-disable-next-line require-yield
    seed.requests.serve('peers', function* () {
      return 'complete';
    });
    const other = await start(1, 0, { ...dht, bootstrap: [addressOf(seed)] });
    const hidden = await start(2, 0, { ...dht, bootstrap: [addressOf(seed)], isPrivate: true });
    await until('both at the seed', () => seed.peers.list().length === 2);
    const newcomer = await start(3, 0, { ...dht, bootstrap: [addressOf(seed)] });
    const knows = (peer: SocketNetwork): boolean =>
      newcomer.peers.list().some(({ peerId }) => peerId === peer.self.peerId);
    await until('found by the table', () => knows(other), 60_000);
    await until('told by it', () => (newcomer.counters()['dht_peers_heard'] ?? 0) > 0, 20_000);
    // The private one may ask the table and come by itself; nobody else dials it.
    expect(hidden.peers.list().every((peer) => peer.direction === 'outbound')).toBe(true);
    // Nobody heard of itself either.
    for (const node of [seed, other, hidden, newcomer]) {
      expect(node.peers.list().map(({ peerId }) => peerId)).not.toContain(node.self.peerId);
    }
  }, 90_000);

  it('keeps the port where a peer listens, not the one it came from, and never dials itself', async () => {
    const saved: { peers: { peerId: string; addresses: string[] }[] } = { peers: [] };
    const store = {
      load: async () => undefined,
      save: async (content: unknown) => void Object.assign(saved, structuredClone(content)),
    };
    const a = await start(0, 0, { store, outboundPeers: 8 });
    const others = [
      await start(1, 0, { staticPeers: [addressOf(a)] }),
      await start(2, 0, { staticPeers: [addressOf(a)] }),
    ];
    // Its own address comes back from everybody, and it is named as its own peer.
    a.addStaticPeer(addressOf(a));
    a.addStaticPeer(addressOf(a).replace(/\/p2p\/.*/, ''));
    await until('many nodes of one address', () => a.peers.list().length === 2);
    await until('tried the address without an id', () => (a.counters()['dials'] ?? 0) > 0);
    await a.savePeers();
    expect(a.peers.list().every((peer) => peer.direction === 'inbound')).toBe(true);
    const known = new Map(saved.peers.map((peer) => [peer.peerId, peer.addresses]));
    expect([...known.keys()].toSorted()).toEqual(others.map((o) => o.self.peerId).toSorted());
    for (const other of others) expect(known.get(other.self.peerId)).toEqual([addressOf(other)]);
    expect(a.peers.list().map(({ peerId }) => peerId)).not.toContain(a.self.peerId);
  });

  it('accepts every option alone', async () => {
    for (const name of ['dht', 'upnp', 'autonat', 'relay']) {
      // Not started: a search for routers would leave this machine.
      await createNetwork(nodeOptions(0, 0, { features: { [name]: true } }));
    }
  });

  it('runs with every option on, and says when it cannot listen', async () => {
    const a = await start(0, 1, {
      features: { dht: true, autonat: true, relay: true },
      ntpServers: ['127.0.0.1:9'],
    });
    const b = await start(1, 1, { features: { dht: true }, staticPeers: [addressOf(a)] });
    await until('up', () => b.peers.list().length === 1);
    expect(a.clock()).toMatchObject({ warning: undefined });
    const taken = addressOf(a).replace(/\/p2p\/.*/, '');
    const second = await createNetwork(nodeOptions(2, 0, { listen: [taken] }));
    await expect(second.start()).rejects.toMatchObject({ code: 'NETWORK_LISTEN' });
    await expect(a.start()).rejects.toMatchObject({ code: 'NETWORK_STATE' });
    expect(() => a.addStaticPeer('nonsense')).toThrow(
      expect.objectContaining({ code: 'NETWORK_ADDRESS' }),
    );
  });

  it.each([
    [{ nodeKey: new Uint8Array(31) }, 'NETWORK_KEY'],
    [{ chainTag: new Uint8Array(31) }, 'NETWORK_CONFIG'],
    [{ networkId: -1 }, 'NETWORK_CONFIG'],
    [{ agent: 'ümlaut' }, 'NETWORK_CONFIG'],
    [{ staticPeers: ['/ip4/1.2.3.4/udp/1/quic-v1'] }, 'NETWORK_ADDRESS'],
    [{ access: { allowedRanges: ['300.0.0.0/8'] } }, 'NETWORK_CIDR'],
    [{ access: { sentries: ['/ip4/127.0.0.1/tcp/1'] } }, 'NETWORK_CONFIG'],
    [
      { validator: { id: 'AB' as never, signPeerProof: async () => new Uint8Array(64) } },
      'NETWORK_CONFIG',
    ],
  ] as [Partial<NetworkOptions>, string][])(
    'refuses options that cannot work: %j',
    async (overrides, code) => {
      await expect(createNetwork(nodeOptions(0, 0, overrides))).rejects.toMatchObject({ code });
    },
  );
});
