import { createSocket } from 'node:dgram';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MultiaddrConnection } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { multiaddr } from '@multiformats/multiaddr';
import { describe, expect, it } from 'vitest';
import { clockReport, median } from '../../src/clock/offset.ts';
import { evaluateNtp, queryNtp } from '../../src/clock/ntp.ts';
import { filePeerStore, type PeerId } from '../../src/index.ts';
import { Counters } from '../../src/counters.ts';
import { Gate, type GateContext, type GateLimits } from '../../src/host/gate.ts';
import { limits } from '../../src/limits.ts';
import { AddressBook } from '../../src/peers/address-book.ts';
import { TokenBucket } from '../../src/peers/buckets.ts';
import {
  cidrContains,
  hostKey,
  isPrivateIp,
  parseCidr,
  parseIp,
  subnetKey,
  wideSubnetKey,
} from '../../src/peers/ip.ts';
import { Scores } from '../../src/peers/scores.ts';
import { hasSlot, addSlot, newSlotSet, SlotTable } from '../../src/relay/slots.ts';

const ip = (text: string): Uint8Array => parseIp(text)!;

describe('addresses', () => {
  it('parses what inet_pton takes and nothing else', () => {
    expect([...ip('1.2.3.4')]).toEqual([1, 2, 3, 4]);
    expect(Buffer.from(ip('2001:db8::1')).toString('hex')).toBe('20010db8000000000000000000000001');
    expect(Buffer.from(ip('::')).toString('hex')).toBe('0'.repeat(32));
    expect([...ip('::ffff:10.1.2.3')]).toEqual([10, 1, 2, 3]);
    expect(Buffer.from(ip('fe80::1%eth0')).subarray(0, 2).toString('hex')).toBe('fe80');
    for (const text of [
      '',
      '1.2.3',
      '1.2.3.4.5',
      '256.1.1.1',
      '01.2.3.4',
      '1.2.3.x',
      ':::',
      '1::2::3',
      '12345::',
      '1:2:3:4:5:6:7',
      '1:2:3:4:5:6:7:8:9',
      '1.2.3.4::',
      'g::',
    ]) {
      expect(parseIp(text), text).toBeUndefined();
    }
  });

  it('knows ranges to the bit', () => {
    expect(cidrContains(parseCidr('10.0.0.0/9'), ip('10.127.255.255'))).toBe(true);
    expect(cidrContains(parseCidr('10.0.0.0/9'), ip('10.128.0.0'))).toBe(false);
    expect(cidrContains(parseCidr('0.0.0.0/0'), ip('1.2.3.4'))).toBe(true);
    expect(cidrContains(parseCidr('0.0.0.0/0'), ip('::1'))).toBe(false);
    expect(cidrContains(parseCidr('1.2.3.4'), ip('1.2.3.4'))).toBe(true);
    expect(cidrContains(parseCidr('2001:db8::/33'), ip('2001:db8:8000::'))).toBe(false);
    for (const text of ['10.0.0.0/33', '10.0.0/8', '::/129', 'x', '10.0.0.0/', '10.0.0.0/-1']) {
      expect(() => parseCidr(text), text).toThrow(
        expect.objectContaining({ code: 'NETWORK_CIDR' }),
      );
    }
  });

  it('groups by owner', () => {
    expect(
      [
        '127.0.0.1',
        '10.9.8.7',
        '192.168.1.1',
        '172.31.0.1',
        '::1',
        'fd00::1',
        'fe80::1',
        '100.64.0.1',
      ].every((t) => isPrivateIp(ip(t))),
    ).toBe(true);
    expect(['8.8.8.8', '172.32.0.1', '2001:db8::1'].some((t) => isPrivateIp(ip(t)))).toBe(false);
    expect(subnetKey(ip('1.2.3.4'))).toBe(subnetKey(ip('1.2.3.200')));
    expect(subnetKey(ip('1.2.3.4'))).not.toBe(subnetKey(ip('1.2.4.4')));
    expect(wideSubnetKey(ip('1.2.3.4'))).toBe(wideSubnetKey(ip('1.2.200.4')));
    expect(hostKey(ip('2001:db8::1'))).toBe(hostKey(ip('2001:db8::ffff')));
    expect(hostKey(ip('1.2.3.4'))).not.toBe(hostKey(ip('1.2.3.5')));
  });
});

describe('token bucket', () => {
  it('allows its burst, then its rate, and tells how long to wait', () => {
    const bucket = new TokenBucket(10, 5, 0);
    expect([1, 2, 3, 4, 5, 6].map(() => bucket.take(1, 0))).toEqual([
      true,
      true,
      true,
      true,
      true,
      false,
    ]);
    expect(bucket.take(1, 100)).toBe(true);
    expect(bucket.take(1, 100)).toBe(false);
    expect(bucket.isFull(100)).toBe(false);
    expect(bucket.isFull(10_000)).toBe(true);
    expect(bucket.charge(5, 10_000)).toBe(0);
    expect(bucket.charge(2, 10_000)).toBe(200);
    expect(bucket.charge(1, 10_300)).toBe(0);
  });
});

describe('gate', () => {
  const small: GateLimits = {
    connections: 20,
    connectionsPerIp: 2,
    connectionsPerSubnet: 3,
    connectionsPerPrivateIp: 10,
    attempts: 1_000,
    attemptsPerIp: 5,
    attemptsPerPrivateIp: 100,
    pendingHandshakes: 15,
  };
  const make = (overrides: Partial<GateContext> = {}) => {
    const counters = new Counters();
    const gate = new Gate({
      rules: {},
      limits: small,
      counters,
      isBanned: () => false,
      isBannedIp: () => false,
      relays: undefined,
      relayClients: undefined,
      nowMs: () => 0,
      ...overrides,
    });
    const open: { close: () => void; aborted: boolean; connection: MultiaddrConnection }[] = [];
    const dial = (address: string): boolean => {
      const target = new EventTarget();
      const entry = {
        aborted: false,
        close: () => target.dispatchEvent(new Event('close')),
        connection: undefined as never as MultiaddrConnection,
      };
      entry.connection = Object.assign(target, {
        remoteAddr: multiaddr(address),
        abort: () => (entry.aborted = true),
      }) as never;
      const denied = gate.denyInboundConnection(entry.connection);
      expect(entry.aborted).toBe(denied);
      if (!denied) open.push(entry);
      return !denied;
    };
    return { gate, counters, dial, open };
  };
  const anyPeer = peerIdFromString('12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN');

  it('bounds connections per address, per subnet and in all, and frees them again', () => {
    const { gate, counters, dial, open } = make();
    expect([1, 2, 3].map(() => dial('/ip4/1.1.1.1/tcp/1'))).toEqual([true, true, false]);
    expect([2, 3].map((i) => dial(`/ip4/1.1.1.${i}/tcp/1`))).toEqual([true, false]);
    expect(counters.get('connections_refused_connections_per_ip')).toBe(1);
    expect(counters.get('connections_refused_connections_per_subnet')).toBe(1);
    for (let i = 0; i < 12; i++) expect(dial(`/ip4/2.${i}.1.1/tcp/1`)).toBe(true);
    expect(dial('/ip4/3.1.1.1/tcp/1')).toBe(false);
    expect(counters.get('connections_refused_pending_handshakes')).toBe(1);
    for (const { connection } of open) gate.denyInboundUpgradedConnection(anyPeer, connection);
    for (let i = 0; i < 5; i++) expect(dial(`/ip4/4.${i}.1.1/tcp/1`)).toBe(true);
    expect(dial('/ip4/5.1.1.1/tcp/1')).toBe(false);
    expect(counters.get('connections_refused_connections')).toBe(1);
    for (const { close } of open) close();
    expect(gate.connections).toBe(0);
    expect(dial('/ip4/1.1.1.1/tcp/1')).toBe(true);
  });

  it('rates attempts per address, more generously for private ranges', () => {
    const { gate, counters, dial, open } = make();
    for (let i = 0; i < 40; i++) {
      dial('/ip4/9.9.9.9/tcp/1');
      for (const { close } of open.splice(0)) close();
    }
    expect(counters.get('connections_refused_attempts_per_ip')).toBe(20);
    for (let i = 0; i < 40; i++) {
      expect(dial('/ip4/127.0.0.1/tcp/1')).toBe(true);
      for (const { close } of open.splice(0)) close();
    }
    expect(gate.tracked).toBeGreaterThan(0);
  });

  it('forgets quiet addresses, and remembers a bounded number of loud ones', () => {
    let nowMs = 0;
    const { gate, dial, open } = make({ nowMs: () => nowMs, limits: { ...small, attempts: 1e9 } });
    for (let i = 0; i < limits.trackedAddresses.value + 500; i++) {
      dial(`/ip4/${1 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}.1/tcp/1`);
      for (const { close } of open.splice(0)) close();
    }
    expect(gate.tracked).toBe(limits.trackedAddresses.value);
    nowMs = 60_000;
    gate.sweep();
    expect(gate.tracked).toBe(0);
  });

  it('keeps to ranges, bans and names', () => {
    const me = peerIdFromString('12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5');
    const { gate, dial, counters } = make({
      rules: {
        allowedRanges: [parseCidr('1.0.0.0/8')],
        deniedRanges: [parseCidr('1.1.0.0/16')],
        allowedPeers: new Set([me.toString() as PeerId]),
      },
      isBannedIp: (address) => address[3] === 66,
      relays: new Set([me.toString() as PeerId]),
      relayClients: new Set([me.toString() as PeerId]),
    });
    expect(dial('/ip4/1.2.1.1/tcp/1')).toBe(true);
    expect(dial('/ip4/1.1.1.1/tcp/1')).toBe(false);
    expect(dial('/ip4/2.1.1.1/tcp/1')).toBe(false);
    expect(dial('/ip4/1.3.1.66/tcp/1')).toBe(false);
    expect(gate.denyDialMultiaddr(multiaddr('/ip4/2.1.1.1/tcp/1'))).toBe(true);
    expect(gate.denyDialMultiaddr(multiaddr('/ip4/1.2.1.1/tcp/1'))).toBe(false);
    expect(gate.denyDialMultiaddr(multiaddr('/ip4/1.2.1.1/udp/1/quic-v1'))).toBe(true);
    expect([me, anyPeer].map((peer) => gate.denyInboundEncryptedConnection(peer))).toEqual([
      false,
      true,
    ]);
    expect([me, anyPeer].map((peer) => gate.denyOutboundEncryptedConnection(peer))).toEqual([
      false,
      true,
    ]);
    expect([me, anyPeer].map((peer) => gate.denyDialPeer(peer))).toEqual([false, true]);
    expect([me, anyPeer].map((peer) => gate.denyInboundRelayReservation(peer))).toEqual([
      false,
      true,
    ]);
    expect([me, anyPeer].map((peer) => gate.denyInboundRelayedConnection(peer))).toEqual([
      false,
      true,
    ]);
    expect(counters.get('connections_refused_ip_banned')).toBe(1);
  });
});

describe('scores', () => {
  const peer = (i: number): PeerId => `peer ${i}` as PeerId;
  it('decay, end patience, double bans, expire', () => {
    let nowMs = 1_000_000;
    const scores = new Scores(() => nowMs);
    expect(scores.charge(peer(1), 'invalid')).toBe(false);
    nowMs += limits.scoreHalfLifeMs.value;
    expect(scores.pointsOf(peer(1))).toBeCloseTo(10);
    expect([1, 2, 3, 4, 5].map(() => scores.charge(peer(1), 'invalid')).at(-1)).toBe(true);
    const first = scores.banByScore(peer(1), 'x');
    expect(first.untilMs - nowMs).toBe(limits.banMs.value);
    expect(scores.isBanned(peer(1))).toBe(true);
    nowMs = first.untilMs + 1;
    expect(scores.isBanned(peer(1))).toBe(false);
    expect(scores.bans()).toEqual([]);
    expect(scores.banByScore(peer(1), 'y').untilMs - nowMs).toBe(2 * limits.banMs.value);
    nowMs += 10 * limits.banMaxMs.value;
    scores.sweep();
    expect(scores.saved()).toEqual([]);
  });
  it('are bounded', () => {
    const scores = new Scores(() => 0);
    for (let i = 0; i < 11_000; i++) {
      scores.charge(peer(i), 'flood');
      scores.ban(peer(i), 1_000 + i, 'x');
    }
    expect(scores.saved().length).toBe(limits.bans.value);
    expect(scores.isBanned(peer(10_999))).toBe(true);
    expect(scores.isBanned(peer(0))).toBe(false);
  });
  it('ban hosts for a while', () => {
    let nowMs = 0;
    const scores = new Scores(() => nowMs);
    scores.banHost(ip('1.2.3.4'), 1_000);
    expect(scores.isBannedHost(ip('1.2.3.4'))).toBe(true);
    expect(scores.isBannedHost(ip('1.2.3.5'))).toBe(false);
    nowMs = 1_001;
    scores.sweep();
    expect(scores.isBannedHost(ip('1.2.3.4'))).toBe(false);
  });
});

describe('address book', () => {
  const peer = (i: number): PeerId => `peer ${i}` as PeerId;
  const make = (keepPrivate = false) => {
    const clock = { nowMs: 1e12 };
    let seed = 7;
    const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
    return { clock, book: new AddressBook({ nowMs: () => clock.nowMs, random, keepPrivate }) };
  };
  const at = (a: number, b = 0, c = 0, d = 1): string => `/ip4/${a}.${b}.${c}.${d}/tcp/7979`;
  const none = new Set<string>();

  it('can not be filled by one subnet or one teller', () => {
    const { book } = make();
    const told = Array.from({ length: 1_000 }, (_, i) =>
      book.hear(peer(i), [at(50, i >> 8, i & 255)], peer(-1)),
    );
    expect(told.filter(Boolean).length).toBe(limits.addressesPerSource.value);
    const near = Array.from({ length: 200 }, (_, i) =>
      book.hear(peer(5_000 + i), [at(60, 1, 1, i)], peer(-2 - i)),
    );
    expect(near.filter(Boolean).length).toBe(limits.addressBookPerSubnet.value);
    expect(book.hear(peer(9_000), ['/ip4/10.0.0.1/tcp/1'], peer(-5))).toBe(false);
    expect(make(true).book.hear(peer(9_000), ['/ip4/10.0.0.1/tcp/1'], peer(-5))).toBe(true);
  });

  it('never gives up a peer that was reached for hearsay', () => {
    const { book } = make();
    for (let i = 0; i < 100; i++) book.reached(peer(i), [at(70, i)], false);
    expect(book.hear(peer(3), [at(99)], peer(-1))).toBe(false);
    expect(book.get(peer(3))?.addresses).toEqual([at(70, 3)]);
    for (let i = 100; i < 6_000; i++) book.hear(peer(i), [at(1 + (i >> 8), i & 255)], peer(-i));
    expect(book.size).toBe(limits.addressBookEntries.value);
    for (let i = 0; i < 100; i++) expect(book.get(peer(i))).toBeDefined();
  });

  it('spreads outbound peers over wide subnets, anchors first', () => {
    const { book, clock } = make();
    for (let i = 0; i < 50; i++) book.hear(peer(i), [at(80, 0, i)], 'self');
    book.hear(peer(60), [at(81)], 'self');
    book.reached(peer(61), [at(82)], false);
    book.setAnchors([peer(61)]);
    clock.nowMs += 60_000;
    expect(book.pick(() => false, none)?.peerId).toBe(peer(61));
    const used = new Set([wideSubnetKey(ip('80.0.0.1')), wideSubnetKey(ip('82.0.0.1'))]);
    expect(book.pick(() => false, used)?.peerId).toBe(peer(60));
    expect(book.pick((id) => id === peer(60), used)).toBeUndefined();
  });

  it('waits longer after each failure and drops hopeless hearsay', () => {
    const { book, clock } = make();
    book.hear(peer(1), [at(90)], 'self');
    book.tried(peer(1));
    book.failed(peer(1));
    clock.nowMs += 31_000;
    expect(book.pick(() => false, none)).toBeUndefined();
    clock.nowMs += 60_000;
    expect(book.pick(() => false, none)?.peerId).toBe(peer(1));
    for (let i = 0; i < 10; i++) book.failed(peer(1));
    expect(book.get(peer(1))).toBeUndefined();
  });

  it('passes on only what it has reached lately and what is not private', () => {
    const { book, clock } = make();
    book.reached(peer(1), [at(91)], false);
    book.reached(peer(2), [at(92)], true);
    book.hear(peer(3), [at(93)], peer(1));
    expect(book.sample(10, peer(9)).map((e) => e.peerId)).toEqual([peer(1)]);
    expect(book.sample(10, peer(1))).toEqual([]);
    clock.nowMs += 2 * 86_400_000;
    expect(book.sample(10, peer(9))).toEqual([]);
  });
});

describe('peer file', () => {
  it('keeps what it was given and takes nothing else from a damaged or foreign file', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'mxd-peers-'));
    const path = join(directory, 'deep', 'peers.json');
    const damage: string[] = [];
    const store = filePeerStore(path, (error) => damage.push(error.code));
    expect(await store.load()).toBeUndefined();
    expect(damage).toEqual([]);
    const book = new AddressBook({ nowMs: () => 5, random: () => 0, keepPrivate: true });
    book.reached('p' as PeerId, ['/ip4/127.0.0.1/tcp/1'], false);
    const bans = [{ peerId: 'q' as PeerId, untilMs: 9, reason: 'x', times: 2 }];
    await store.save({ peers: [...book.entries()], bans });
    expect(await store.load()).toEqual({ peers: [...book.entries()], bans });
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ version: 1 });
    const other = filePeerStore(directory, (error) => damage.push(error.code));
    expect(await other.load()).toBeUndefined();
    expect(damage).toEqual(['NETWORK_STORE']);
    await rm(directory, { recursive: true });
  });
});

describe('clock', () => {
  it('takes the median of at least three peers and warns, lies left out', () => {
    expect(median([])).toBeUndefined();
    expect(median([3, 1, 2])).toBe(2);
    expect(clockReport([5, 6], [], 2_000, 1e9)).toMatchObject({
      peersOffsetMs: undefined,
      warning: undefined,
    });
    expect(clockReport([5, 6, -4], [], 2_000, 1e9)).toMatchObject({
      peersOffsetMs: 5,
      warning: undefined,
    });
    expect(clockReport([5_000, 6_000, 4_000], [], 2_000, 1e9).warning).toBe(
      'this clock is 5000 ms behind the peers',
    );
    expect(clockReport([-5_000, -6_000, 1e12, -4_000], [], 2_000, 1e9).warning).toBe(
      'this clock is 5000 ms ahead of the peers',
    );
    expect(clockReport([9_000, 9_000, 9_000], [1], 2_000, 1e9).warning).toBeUndefined();
  });

  it('asks a time server and believes only an answer to its question', async () => {
    const server = createSocket('udp4');
    let shiftMs = 3_000;
    let spoil: (answer: Buffer) => void = () => undefined;
    server.on('message', (question, remote) => {
      const answer = Buffer.alloc(48);
      answer[0] = 0x24;
      answer[1] = 2;
      question.copy(answer, 24, 40, 48);
      const stamp = (offset: number): void => {
        const ms = Date.now() + shiftMs;
        answer.writeUInt32BE(Math.floor(ms / 1000) + 2_208_988_800, offset);
        answer.writeUInt32BE(Math.floor(((ms % 1000) / 1000) * 2 ** 32), offset + 4);
      };
      stamp(32);
      stamp(40);
      spoil(answer);
      server.send(answer, remote.port, remote.address);
    });
    await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve));
    const address = `127.0.0.1:${server.address().port}`;
    const good = await queryNtp(address, 2_000);
    expect(good.ok && Math.abs(good.offsetMs - 3_000) < 1_000).toBe(true);
    shiftMs = 0;
    for (const bad of [
      (a: Buffer) => (a[24] = a[24]! ^ 1),
      (a: Buffer) => (a[0] = 0x23),
      (a: Buffer) => (a[1] = 0),
      (a: Buffer) => (a[0] = 0xe4),
    ]) {
      spoil = bad;
      expect(await queryNtp(address, 2_000)).toEqual({ ok: false, reason: 'malformed' });
    }
    server.close();
    expect((await queryNtp('127.0.0.1:1', 300)).ok).toBe(false);
    expect(evaluateNtp(Buffer.alloc(20), new Uint8Array(8), 0, 1)).toEqual({
      ok: false,
      reason: 'malformed',
    });
  });
});

describe('slots', () => {
  it('are reused only when all sets are clean of them', () => {
    const table = new SlotTable();
    const set = newSlotSet();
    const slots = Array.from({ length: 512 }, () => table.take(() => []));
    expect(new Set(slots).size).toBe(512);
    expect(table.take(() => [])).toBe(-1);
    for (const slot of slots) addSlot(set, slot);
    table.free(slots[5]!);
    expect(hasSlot(set, slots[5]!)).toBe(true);
    expect(table.take(() => [set])).toBe(slots[5]);
    expect(hasSlot(set, slots[5]!)).toBe(false);
    expect(hasSlot(set, slots[6]!)).toBe(true);
    addSlot(set, -1);
    expect(hasSlot(set, -1)).toBe(false);
  });
});
