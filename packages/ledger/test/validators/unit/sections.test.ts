import { toHex } from '@mxd/codec';
import { sha512 } from '@mxd/crypto/hash';
import { keyOf } from '@mxd/protocol/primitives';
import { systemRecordCodec } from '@mxd/protocol/system-records';
import { tableCodec } from '@mxd/protocol/table';
import { describe, expect, test } from 'vitest';

import {
  applicationRoot,
  applyBondDeltas,
  applyMetrics,
  changedSections,
  currentTable,
  exportSection,
  exportSections,
  sectionBytes,
  sectionIds,
  stateFromSections,
  ValidatorStateError,
  type SectionId,
  type ValidatorState,
} from '../../../src/validators/index.ts';
import { upgradesCodec } from '../../../src/validators/section-codecs.ts';
import { mapValues } from '../../../src/validators/ordered-map.ts';
import { sectionDigest } from '../../../src/validators/sections.ts';
import { fakeVerify, people, person } from '../fixture.ts';
import { richChain } from '../rich-chain.ts';

const zeros = new Uint8Array(64);
const wish = { activationEpoch: 9, protocolVersion: 3, change: new Uint8Array(2) };
const chain = richChain();
const { state } = chain;

const u8 = (n: number) => Buffer.from([n]);
const u16 = (n: number) => Buffer.from([n >> 8, n & 255]);
function u32(n: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(n);
  return bytes;
}
function u64(n: bigint | number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(n));
  return bytes;
}
const sized = (bytes: Uint8Array) => Buffer.concat([u16(bytes.length), bytes]);

/** The section table of docs/protocol/rsc.md written out field by field. */
function byHand(of: ValidatorState, id: SectionId): Buffer {
  const list = (count: number, parts: readonly Uint8Array[][]) =>
    Buffer.concat([u32(count), ...parts.flat()]);
  const map = <T>(entries: Iterable<T>, parts: (entry: T) => Uint8Array[]) => {
    const all = [...entries];
    return list(all.length, all.map(parts));
  };
  switch (id) {
    case 2:
      return Buffer.concat([u64(of.totals.totalSupply), u64(of.totals.tipCarry)]);
    case 3:
      return map(mapValues(of.registry), (e) => [
        e.id,
        u8(e.accountSuite),
        u32(e.lastSeq),
        u32(e.lastRecordEpoch),
        u64(e.blacklistedUntil),
        u64(e.lastEvidenceHeight),
      ]);
    case 4: {
      const keys = [...mapValues(of.keys.keys)].toSorted((x, y) => x.position - y.position);
      let hash: Uint8Array = zeros;
      for (const { key } of keys) {
        hash = sha512(Buffer.concat([Buffer.from('RSC1APPS'), u8(4), hash, key]));
      }
      return Buffer.from(hash);
    }
    case 5:
      return map(mapValues(of.bonded), (e) => [e.id, u64(e.amount)]);
    case 6:
      return map(of.queue, (record) => {
        const encoded = systemRecordCodec.encode(record);
        return [u8(record.type), u32(encoded.length - 5), encoded.subarray(5)];
      });
    case 7:
      return map(mapValues(of.metrics), (e) => [
        e.id,
        u32(e.proposed),
        u32(e.missed),
        u16(e.consecutiveMisses),
      ]);
    case 8:
      return map(of.latencyReports, (record) => {
        const encoded = systemRecordCodec.encode(record);
        return [u16(record.reporterIndex), u32(encoded.length - 5), encoded.subarray(5)];
      });
    case 9:
      return map(mapValues(of.evidence), (e) => [e.id, u32(e.epoch)]);
    case 10:
      return map(of.epochs, (e) => [u32(e.epoch), e.anchorHash, tableCodec.encode(e.table)]);
    case 12:
      return map(mapValues(of.accruals), (e) => [e.id, u64(e.amount)]);
    case 13: {
      const { scheduled } = of.upgrades;
      return Buffer.concat([
        u16(of.upgrades.protocolVersion),
        u16(of.upgrades.changes.length),
        ...of.upgrades.changes.map(sized),
        map(mapValues(of.upgrades.signals), (e) => [
          e.id,
          u32(e.epoch),
          u16(e.protocolVersion),
          u32(e.expiryEpoch),
          sized(e.change),
        ]),
        u8(scheduled === undefined ? 0 : 1),
        ...(scheduled === undefined
          ? []
          : [
              u32(scheduled.activationEpoch),
              u16(scheduled.protocolVersion),
              sized(scheduled.change),
            ]),
      ]);
    }
  }
}

describe('sections', () => {
  test('the rich chain has something in each', () => {
    expect(state.queue.length).toBe(5);
    expect(state.latencyReports.length).toBe(3);
    expect(state.evidence.size).toBe(2);
    expect(state.epochs.length).toBe(3);
    expect(state.accruals.size).toBeGreaterThan(0);
    expect(state.upgrades.changes.length).toBe(1);
    expect(state.upgrades.signals.size).toBe(7);
    const scheduling = richChain();
    scheduling.endEpoch();
    expect(scheduling.state.upgrades.scheduled).toBeDefined();
    expect(toHex(sectionBytes(scheduling.state, 13))).toBe(toHex(byHand(scheduling.state, 13)));
  });

  test.each(sectionIds)('section %i as the specification lays it out', (id) => {
    expect(toHex(sectionBytes(state, id))).toBe(toHex(byHand(state, id)));
    expect(toHex(sectionDigest(state, id))).toBe(
      toHex(sha512(Buffer.concat([Buffer.from('RSC1APPS'), u8(id), byHand(state, id)]))),
    );
  });

  test('the root covers all thirteen in order', () => {
    const outputs = new Uint8Array(64).fill(1);
    const contracts = new Uint8Array(64).fill(2);
    const parts = Array.from({ length: 13 }, (_, i) => {
      const id = i + 1;
      const bytes = id === 1 ? outputs : id === 11 ? contracts : byHand(state, id as SectionId);
      return [u8(id), sha512(Buffer.concat([Buffer.from('RSC1APPS'), u8(id), bytes]))];
    });
    const expected = sha512(Buffer.concat([Buffer.from('RSC1APPR'), ...parts.flat()]));
    expect(toHex(applicationRoot(state, outputs, contracts))).toBe(toHex(expected));
    expect(applicationRoot(state, outputs)).toStrictEqual(applicationRoot(state, outputs, zeros));
    expect(applicationRoot(state, outputs)).not.toStrictEqual(
      applicationRoot(state, outputs, contracts),
    );
  });

  test('equal maps of two sections do not share a digest', () => {
    const empty = { size: 0, chunks: [] };
    const both = { ...state, bonded: empty, accruals: empty };
    expect(sectionBytes(both, 5)).toStrictEqual(sectionBytes(both, 12));
    expect(sectionDigest(both, 5)).not.toStrictEqual(sectionDigest(both, 12));
  });

  test('the root changes iff a section does', () => {
    const root = toHex(applicationRoot(state, zeros));
    const other = people(8).at(-1)!;
    const values = <T>(map: { readonly chunks: readonly { readonly values: readonly T[] }[] }) =>
      map.chunks.flatMap((chunk) => chunk.values);
    const one = <T extends object>(
      map: {
        readonly size: number;
        readonly chunks: readonly { keys: readonly string[]; values: readonly T[] }[];
      },
      change: Partial<T>,
    ) => ({
      ...map,
      chunks: map.chunks.map((chunk, i) => ({
        ...chunk,
        values: chunk.values.map((value, j) =>
          i === 0 && j === 0 ? { ...value, ...change } : value,
        ),
      })),
    });
    const record = state.epochs[0]!;
    const changes: readonly [SectionId, Partial<ValidatorState>][] = [
      [2, { totals: { ...state.totals, tipCarry: 1n } }],
      [2, { totals: { ...state.totals, totalSupply: 1n } }],
      [3, { registry: one(state.registry, { lastSeq: 99 }) }],
      [3, { registry: one(state.registry, { lastRecordEpoch: 99 }) }],
      [3, { registry: one(state.registry, { blacklistedUntil: 99 }) }],
      [3, { registry: one(state.registry, { lastEvidenceHeight: 99 }) }],
      [3, { registry: one(state.registry, { accountSuite: 3 as const }) }],
      [4, { keys: { ...state.keys, chain: new Uint8Array(64).fill(1) } }],
      [5, { bonded: one(state.bonded, { amount: 1n }) }],
      [5, { bonded: one(state.bonded, { id: other.id }) }],
      [6, { queue: state.queue.toReversed() }],
      [6, { queue: state.queue.slice(1) }],
      [7, { metrics: one(state.metrics, { proposed: 999 }) }],
      [7, { metrics: one(state.metrics, { missed: 999 }) }],
      [7, { metrics: one(state.metrics, { consecutiveMisses: 999 }) }],
      [8, { latencyReports: state.latencyReports.slice(1) }],
      [9, { evidence: one(state.evidence, { epoch: 99 }) }],
      [10, { epochs: [{ ...record, anchorHash: zeros }, ...state.epochs.slice(1)] }],
      [10, { epochs: state.epochs.slice(1) }],
      [12, { accruals: one(state.accruals, { amount: 1n }) }],
      [13, { upgrades: { ...state.upgrades, protocolVersion: 9 } }],
      [13, { upgrades: { ...state.upgrades, changes: [] } }],
      [
        13,
        { upgrades: { ...state.upgrades, signals: one(state.upgrades.signals, { epoch: 99 }) } },
      ],
    ];
    for (const [id, change] of changes) {
      const changed = { ...state, ...change };
      expect(changedSections(state, changed)).toStrictEqual([id]);
      expect(toHex(applicationRoot(changed, zeros))).not.toBe(root);
      expect(toHex(sectionBytes(changed, id))).not.toBe(toHex(sectionBytes(state, id)));
    }
    expect(values(state.registry).length).toBe(state.registry.size);
    // The same content in other objects has the same root.
    expect(toHex(applicationRoot(structuredClone(state), zeros))).toBe(root);
    expect(changedSections(state, state)).toStrictEqual([]);
  });

  test('a state without epochs is none', () => {
    expect(() => currentTable({ ...state, epochs: [] })).toThrow(ValidatorStateError);
  });

  test('a step touches what it says', () => {
    expect(changedSections(state, applyMetrics(state, { parentView: 1, view: 2 }))).toStrictEqual([
      7,
    ]);
    const bonded = [{ id: person('x').id, delta: 5n }];
    expect(changedSections(state, applyBondDeltas(state, { bonded, supply: 0n }))).toStrictEqual([
      5,
    ]);
    expect(changedSections(state, applyBondDeltas(state, { bonded, supply: 1n }))).toStrictEqual([
      2, 5,
    ]);
  });
});

describe('carried sections', () => {
  const sections = exportSections(state);
  const load = (changes: readonly (readonly [SectionId, Uint8Array | undefined])[] = []) => {
    const map = new Map(sections);
    for (const [id, bytes] of changes) {
      if (bytes === undefined) map.delete(id);
      else map.set(id, bytes);
    }
    return stateFromSections(state.chain, map);
  };
  const codeOf = (id: SectionId, bytes: Uint8Array | undefined) => {
    const loaded = load([[id, bytes]]);
    return loaded.ok ? undefined : loaded.code;
  };

  test('lead back to the same state, which executes as the first', () => {
    const loaded = load();
    if (!loaded.ok) throw new TypeError(loaded.reason);
    expect(toHex(applicationRoot(loaded.value, zeros))).toBe(toHex(applicationRoot(state, zeros)));
    for (const [id, bytes] of exportSections(loaded.value)) {
      expect(toHex(bytes)).toBe(toHex(sections.get(id)!));
      expect(toHex(exportSection(state, id))).toBe(toHex(bytes));
    }
    const twin = richChain();
    twin.state = loaded.value;
    const original = richChain();
    for (const one of [twin, original]) {
      one.endEpoch({ tip: 8n });
      one.endEpoch({ skip: 1 });
    }
    expect(toHex(applicationRoot(twin.state, zeros))).toBe(
      toHex(applicationRoot(original.state, zeros)),
    );
    expect(fakeVerify(1, new Uint8Array(32), zeros, zeros)).toBe(false);
  });

  test('carry account keys and consensus keys, which the root only commits to', () => {
    expect(sections.get(3)!.length).toBeGreaterThan(sectionBytes(state, 3).length);
    expect(sections.get(4)!.length).toBe(4 + 32 * state.keys.keys.size);
  });

  test('the caller may change the bytes afterwards', () => {
    const copies = new Map([...sections].map(([id, bytes]) => [id, bytes.slice()]));
    const loaded = stateFromSections(state.chain, copies);
    for (const bytes of copies.values()) bytes.fill(0);
    if (!loaded.ok) throw new TypeError(loaded.reason);
    expect(toHex(applicationRoot(loaded.value, zeros))).toBe(toHex(applicationRoot(state, zeros)));
  });

  test('SECTION_MISSING', () => {
    for (const id of sectionIds) expect(codeOf(id, undefined)).toBe('SECTION_MISSING');
    expect(load([[1 as SectionId, zeros]])).toMatchObject({ code: 'SECTION_MISSING' });
  });

  test('SECTION_MALFORMED', () => {
    for (const id of sectionIds) {
      const bytes = sections.get(id)!;
      expect(codeOf(id, bytes.subarray(0, -1))).toBe('SECTION_MALFORMED');
      expect(codeOf(id, Buffer.concat([bytes, u8(0)]))).toBe('SECTION_MALFORMED');
      expect(codeOf(id, Buffer.alloc(4, 255))).toBe('SECTION_MALFORMED');
    }
    // Entries of equal size in another order.
    for (const [id, size] of [
      [5, 28],
      [7, 30],
      [9, 24],
    ] as const) {
      const bytes = sections.get(id)!;
      const swapped = Buffer.concat([
        bytes.subarray(0, 4),
        bytes.subarray(4 + size, 4 + 2 * size),
        bytes.subarray(4, 4 + size),
        bytes.subarray(4 + 2 * size),
      ]);
      expect(codeOf(id, swapped)).toBe('SECTION_MALFORMED');
    }
    const zeroAmount = Buffer.concat([u32(1), person('x').id, u64(0)]);
    expect(codeOf(5, zeroAmount)).toBe('SECTION_MALFORMED');
    expect(codeOf(12, zeroAmount)).toBe('SECTION_MALFORMED');
    const report = systemRecordCodec.encode(state.latencyReports[0]!);
    expect(codeOf(6, Buffer.concat([u32(1), report]))).toBe('SECTION_MALFORMED');
    const upgrades = sections.get(13)!;
    expect(codeOf(13, Buffer.concat([upgrades.subarray(0, -1), u8(2)]))).toBe('SECTION_MALFORMED');
    const join = systemRecordCodec.encode(state.queue[0]!);
    const foreign = Buffer.concat([u32(1), u16(0), u32(join.length - 5), join.subarray(5)]);
    expect(codeOf(8, foreign)).toBe('SECTION_MALFORMED');
    const suite = Buffer.from(sections.get(3)!);
    suite[4 + 20] = 9;
    expect(codeOf(3, suite)).toBe('SECTION_MALFORMED');
    const [first, second] = [...mapValues(state.upgrades.signals)];
    const entry = (e: typeof first) =>
      Buffer.concat([e!.id, u32(1), u16(1), u32(1), sized(e!.change)]);
    const disorder = [u16(1), u16(0), u32(2), entry(second), entry(first), u8(0)];
    expect(codeOf(13, Buffer.concat(disorder))).toBe('SECTION_MALFORMED');
  });

  test('SECTION_INCONSISTENT', () => {
    const inconsistent = (id: SectionId, bytes: Uint8Array) =>
      expect(codeOf(id, bytes)).toBe('SECTION_INCONSISTENT');
    // An account key that is not the id's, or of another length.
    const registry = Buffer.from(sections.get(3)!);
    registry[registry.length - 1]! ^= 1;
    inconsistent(3, registry);
    const [a] = people(1);
    const account = [a!.id, u8(1), u32(0), u32(0), u64(0), u64(0)];
    inconsistent(3, Buffer.concat([u32(1), ...account, sized(a!.accountKey.subarray(1))]));
    // Members or creditors without an account.
    inconsistent(3, u32(0));
    inconsistent(12, Buffer.concat([u32(1), person('x').id, u64(1)]));
    // A key twice.
    const keys = sections.get(4)!;
    const first = keys.subarray(4, 36);
    inconsistent(4, Buffer.concat([u32(2), first, first]));
    // Metrics of others.
    inconsistent(7, u32(0));
    const metrics = Buffer.from(sections.get(7)!);
    metrics.set(new Uint8Array(20), 4);
    inconsistent(7, metrics);
    // Epochs with a gap, or none.
    inconsistent(10, u32(0));
    const epoch = (e: (typeof state.epochs)[number]) =>
      Buffer.concat([u32(e.epoch), e.anchorHash, tableCodec.encode(e.table)]);
    const [two, , four] = state.epochs;
    inconsistent(10, Buffer.concat([u32(2), epoch(two!), epoch(four!)]));
    // Reports twice, or of another epoch or table.
    const reports = (...records: (typeof state.latencyReports)[number][]) =>
      byHand({ ...state, latencyReports: records }, 8);
    const [report] = state.latencyReports;
    inconsistent(8, reports(report!, report!));
    inconsistent(8, reports({ ...report!, epoch: 3 }));
    inconsistent(8, reports({ ...report!, reporterIndex: 200 }));
    inconsistent(8, reports({ ...report!, samples: report!.samples.slice(1) }));
    expect(codeOf(8, reports(report!))).toBeUndefined();
  });

  test('changes that cannot be in force are refused', () => {
    const upgrades = { ...state.upgrades, changes: [Buffer.from([0, 1, 0, 99, 0, 0])] };
    expect(codeOf(13, byHand({ ...state, upgrades }, 13))).toBe('STATE_INVARIANT');
    const undecodable = { ...state.upgrades, changes: [Buffer.from([7])] };
    expect(codeOf(13, byHand({ ...state, upgrades: undecodable }, 13))).toBe('STATE_INVARIANT');
  });

  test('errors of the program are not taken for bad sections', () => {
    const broken = new Map(sections);
    broken.get = () => {
      throw new TypeError('a bug');
    };
    expect(() => stateFromSections(state.chain, broken)).toThrow(TypeError);
  });

  test('sizes', () => {
    for (const upgrades of [state.upgrades, { ...state.upgrades, scheduled: wish }]) {
      expect(upgradesCodec.size(upgrades)).toBe(upgradesCodec.encode(upgrades).length);
    }
  });

  test('a record of another epoch than its table', () => {
    const bytes = Buffer.from(sections.get(10)!);
    bytes.writeUInt32BE(9, 4);
    expect(codeOf(10, bytes)).toBe('SECTION_MALFORMED');
    expect(keyOf(state.epochs[0]!.anchorHash)).toBe(toHex(chain.hashes[16]!));
  });
});
