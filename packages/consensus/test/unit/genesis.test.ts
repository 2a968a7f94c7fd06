import { describe, expect, test } from 'vitest';

import {
  defaultParameters,
  messageCodec,
  verifyGenesis,
  type ConsensusMessage,
  type Genesis,
  type GenesisDocument,
} from '@mxd/protocol';
import { genesisDocumentHash, validatorIdOf, type GenesisMember } from '@mxd/protocol/genesis';

import {
  createCeremony,
  type GenesisConfig,
  type GenesisEffect,
  type GenesisInput,
} from '../../src/genesis.ts';
import { GenesisGuard } from '../../src/sign-guard.ts';
import { fakeKey, fakeVerify } from '../harness/chain.ts';

function memberOf(seed: number): { member: GenesisMember; guard: GenesisGuard } {
  const accountKey = new Uint8Array(32).fill(seed);
  const key = fakeKey(seed);
  const guard = new GenesisGuard(key);
  const id = validatorIdOf(1, accountKey);
  const possessionSignature = guard.signPossession(1, id);
  return {
    guard,
    member: {
      id,
      accountSuite: 1,
      accountKey,
      consensusKey: key.publicKey,
      stake: 1_000n,
      possessionSignature,
    },
  };
}

class Member {
  readonly seed: number;
  readonly ceremony;
  readonly own: GenesisMember;
  readonly guard: GenesisGuard;
  timers: { name: 'collect' | 'sign' | 'repeat'; attempt: number; at: number }[] = [];
  outbox: Uint8Array[] = [];
  genesis: Genesis | undefined;
  refuses = false;

  constructor(seed: number, over: Partial<GenesisConfig> = {}) {
    this.seed = seed;
    const { member, guard } = memberOf(seed);
    this.own = member;
    this.guard = guard;
    this.ceremony = createCeremony({
      networkId: 1,
      testNetwork: 1,
      parameters: defaultParameters,
      allocations: [],
      listed: [],
      own: member,
      collectMs: 1_000,
      signMs: 1_000,
      leadMs: 5_000,
      repeatMs: 300,
      verify: fakeVerify,
      ...over,
    });
  }

  step(input: GenesisInput, now: number) {
    const steps = this.ceremony.step(input, now);
    let next = steps.next();
    while (next.done !== true) next = steps.next(this.#take(next.value, now));
    return next.value;
  }

  #take(effect: GenesisEffect, now: number) {
    switch (effect.type) {
      case 'broadcast':
        this.outbox.push(effect.bytes);
        return undefined;
      case 'setTimer':
        this.timers = this.timers.filter((t) => t.name !== effect.name);
        this.timers.push({ name: effect.name, attempt: effect.attempt, at: now + effect.afterMs });
        return undefined;
      case 'sign':
        return this.refuses
          ? { ok: false as const, code: 'GENESIS_ATTEMPT' as const }
          : this.guard.signDocument(effect.document);
      case 'complete':
        this.genesis = effect.genesis;
        return undefined;
      default:
        return undefined;
    }
  }
}

function run(
  members: readonly Member[],
  ms: number,
  lossy: (from: Member, to: Member, bytes: Uint8Array) => boolean = () => false,
): void {
  let now = 0;
  for (const member of members) member.step({ type: 'start' }, now);
  for (; now <= ms; now += 100) {
    for (const from of members) {
      const batch = from.outbox;
      from.outbox = [];
      for (const bytes of batch) {
        for (const to of members)
          if (to !== from && !lossy(from, to, bytes)) to.step({ type: 'message', bytes }, now);
      }
    }
    for (const member of members) {
      const due = member.timers.filter((t) => t.at <= now);
      member.timers = member.timers.filter((t) => t.at > now);
      for (const { name, attempt } of due) member.step({ type: 'timer', name, attempt }, now);
    }
  }
}

const hashes = (members: readonly Member[]): Set<string> =>
  new Set(
    members.map((m) =>
      m.genesis === undefined
        ? 'none'
        : Buffer.from(genesisDocumentHash(m.genesis.document)).toString('hex'),
    ),
  );
const send = (member: Member, message: ConsensusMessage) =>
  member.step({ type: 'message', bytes: messageCodec.encode(message) }, 0);

describe('genesis ceremony', () => {
  test('all members end with one document that all have signed', () => {
    const members = [1, 2, 3, 4].map((seed) => new Member(seed));
    run(members, 3_000);
    expect(hashes(members).size).toBe(1);
    const { genesis } = members[0]!;
    expect(genesis!.document.members).toHaveLength(4);
    expect(genesis!.document.genesisTimeMs).toBeGreaterThan(5_000);
    expect(verifyGenesis(genesis!, fakeVerify)).toEqual({ ok: true });
    expect(members[1]!.ceremony.status()).toMatchObject({ isComplete: true, signatures: 4 });
    expect(members[1]!.ceremony.result).toBe(members[1]!.genesis);
  });

  test('with all expected members here nobody waits; strangers are not let in', () => {
    const ids = [1, 2, 3].map((seed) => memberOf(seed).member.id);
    const members = [1, 2, 3, 9].map((seed) => new Member(seed, { expected: ids }));
    run(members, 800);
    expect(hashes(members.slice(0, 3)).size).toBe(1);
    expect(members[0]!.genesis!.document.members).toHaveLength(3);
    expect(members[3]!.genesis).toBeUndefined();
  });

  test('half of all messages lost: what one knows is said again', () => {
    let x = 7;
    const members = [1, 2, 3, 4].map(
      (seed) => new Member(seed, { collectMs: 3_000, signMs: 20_000 }),
    );
    run(members, 20_000, () => (x = (x * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31 < 0.5);
    expect(hashes(members).size).toBe(1);
    expect(members[0]!.genesis!.document.members).toHaveLength(4);
  });

  test('a member that does not sign in time is left out of the next attempt', () => {
    const members = [1, 2, 3, 4].map((seed) => new Member(seed));
    const sorted = members.toSorted((a, b) => Buffer.compare(a.own.id, b.own.id));
    const silent = sorted[2]!;
    silent.refuses = true;
    run(
      members,
      8_000,
      (from) => from === silent && from.timers.every((t) => t.name !== 'collect'),
    );
    const rest = members.filter((m) => m !== silent);
    expect(hashes(rest).size).toBe(1);
    expect(rest[0]!.genesis!.document.attempt).toBeGreaterThan(0);
    expect(rest[0]!.genesis!.document.members).toHaveLength(3);
  });

  test('a pinned hash signs nothing else', () => {
    const members = [1, 2, 3].map(
      (seed) => new Member(seed, seed === 2 ? { expectedHash: new Uint8Array(64) } : {}),
    );
    run(members, 1_500);
    expect(members.every((m) => m.genesis === undefined)).toBe(true);
  });

  const document = (
    seeds: readonly number[],
    over: Partial<GenesisDocument> = {},
  ): GenesisDocument => ({
    networkId: 1,
    testNetwork: 1,
    attempt: 0,
    genesisTimeMs: 9,
    parameters: defaultParameters,
    allocations: [],
    members: seeds.map((seed) => memberOf(seed).member).sort((a, b) => Buffer.compare(a.id, b.id)),
    listed: [],
    ...over,
  });
  const proposerOf = (d: GenesisDocument): number =>
    [1, 2, 3, 4].find((seed) => Buffer.compare(memberOf(seed).member.id, d.members[0]!.id) === 0)!;
  const signatureBy = (seed: number, d: GenesisDocument): ConsensusMessage => {
    const { member, guard } = memberOf(seed);
    const answer = guard.signDocument(d);
    if (!answer.ok) throw new Error(answer.code);
    return {
      type: 0x1f,
      documentHash: genesisDocumentHash(d),
      id: member.id,
      signature: answer.signature,
    };
  };

  test('bad input: announcements', () => {
    const member = new Member(1);
    const good = memberOf(2).member;
    expect(member.step({ type: 'message', bytes: new Uint8Array(3) }, 0)).toMatchObject({
      code: 'CONSENSUS_MALFORMED',
    });
    expect(
      send(member, { type: 0x13, epoch: 1, view: 1, finalView: 0, finalHeight: 0 }),
    ).toMatchObject({ code: 'GENESIS_STATE' });
    expect(send(member, { type: 0x1d, member: { ...good, id: new Uint8Array(20) } })).toMatchObject(
      { code: 'GENESIS_MEMBER' },
    );
    expect(
      send(member, { type: 0x1d, member: { ...good, possessionSignature: new Uint8Array(64) } }),
    ).toMatchObject({ code: 'GENESIS_MEMBER' });
    expect(send(member, { type: 0x1d, member: good })).toMatchObject({ ok: true });
    expect(send(member, { type: 0x1d, member: good })).toMatchObject({
      code: 'CONSENSUS_DUPLICATE',
    });
    const thief = new GenesisGuard(fakeKey(2));
    const id = validatorIdOf(1, new Uint8Array(32).fill(77));
    const twin = {
      ...good,
      id,
      accountKey: new Uint8Array(32).fill(77),
      possessionSignature: thief.signPossession(1, id),
    };
    expect(send(member, { type: 0x1d, member: twin })).toMatchObject({ code: 'GENESIS_MEMBER' });
    const full = new Member(1, {
      parameters: { ...defaultParameters, maxValidators: 1, minValidators: 1 },
    });
    expect(send(full, { type: 0x1d, member: good })).toMatchObject({ code: 'CONSENSUS_FULL' });
  });

  test('bad input: documents and signatures', () => {
    const d = document([1, 2, 3]);
    const proposer = proposerOf(d);
    const me = [1, 2, 3].find((seed) => seed !== proposer)!;
    const third = [1, 2, 3].find((seed) => seed !== proposer && seed !== me)!;
    const member = new Member(me);
    expect(send(member, { type: 0x1e, document: { ...d, networkId: 2 } })).toMatchObject({
      code: 'GENESIS_DOCUMENT',
    });
    expect(send(member, { type: 0x1e, document: document([proposer, third]) })).toMatchObject({
      code: 'GENESIS_DOCUMENT',
    });
    const bent = d.members.map((m) =>
      Buffer.compare(m.id, memberOf(third).member.id) === 0
        ? { ...m, possessionSignature: new Uint8Array(64) }
        : m,
    );
    expect(send(member, { type: 0x1e, document: { ...d, members: bent } })).toMatchObject({
      code: 'GENESIS_MEMBER',
    });
    expect(send(member, signatureBy(proposer, d))).toMatchObject({ code: 'GENESIS_STATE' });
    const rival = document([1, 2, 3], { genesisTimeMs: 10 });
    expect(send(member, { type: 0x1e, document: rival })).toMatchObject({ ok: true });
    expect(send(member, { type: 0x1e, document: rival })).toMatchObject({
      code: 'CONSENSUS_DUPLICATE',
    });
    expect(member.outbox.some((bytes) => bytes[0] === 0x1f)).toBe(false);
    expect(send(member, { type: 0x1e, document: d })).toMatchObject({ ok: true });
    expect(member.outbox.filter((bytes) => bytes[0] === 0x1f)).toHaveLength(2);
    expect(send(member, { type: 0x1e, document: rival })).toMatchObject({
      code: 'GENESIS_ATTEMPT',
    });
    expect(send(member, signatureBy(proposer, d))).toMatchObject({ code: 'CONSENSUS_DUPLICATE' });
    const forged = {
      ...(signatureBy(third, d) as {
        type: 0x1f;
        documentHash: Uint8Array;
        id: Uint8Array;
        signature: Uint8Array;
      }),
      signature: new Uint8Array(64),
    };
    expect(send(member, forged)).toMatchObject({ code: 'GENESIS_SIGNATURE' });
    expect(send(member, { ...forged, id: new Uint8Array(20) })).toMatchObject({
      code: 'GENESIS_MEMBER',
    });
    const next = document([1, 2, 3], { attempt: 1 });
    expect(send(member, { type: 0x1e, document: next })).toMatchObject({
      code: 'GENESIS_SIGNATURE',
    });
    send(member, signatureBy(proposer, next));
    expect(send(member, { type: 0x1e, document: next })).toMatchObject({ ok: true });
    expect(send(member, { type: 0x1e, document: d })).toMatchObject({ code: 'GENESIS_ATTEMPT' });
    expect(send(member, signatureBy(third, next))).toMatchObject({ ok: true });
    expect(member.genesis!.document.attempt).toBe(1);
    expect(
      send(member, { type: 0x1e, document: document([1, 2, 3], { attempt: 2 }) }),
    ).toMatchObject({ code: 'GENESIS_STATE' });
    expect(send(member, signatureBy(third, next))).toMatchObject({ code: 'GENESIS_STATE' });
    expect(send(member, { type: 0x1d, member: memberOf(4).member })).toMatchObject({
      code: 'GENESIS_STATE',
    });
    expect(member.step({ type: 'timer', name: 'sign', attempt: 0 }, 0)).toMatchObject({
      code: 'GENESIS_STATE',
    });
  });
});
