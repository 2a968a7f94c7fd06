import { Writer, type Codec } from '@mxd/codec';
import { taggedHash } from '@mxd/crypto/hash';
import { zeroHash, type Digest } from '@mxd/protocol/primitives';

import {
  accrualCodec,
  bondedCodec,
  epochRecordCodec,
  evidenceCodec,
  latencyReportsCodec,
  metricsCodec,
  queueCodec,
  registryEntryCodec,
  totalsCodec,
  upgradesCodec,
} from './section-codecs.ts';
import { type Chunk, type OrderedMap } from './ordered-map.ts';
import { type ValidatorState } from './types.ts';

/** Numbers of the sections that this state holds; 1 is the unspent outputs, 11 the contracts. */
export const sectionIds = [2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13] as const;
export type SectionId = (typeof sectionIds)[number];

/**
 * Sections whose objects differ: all that changed between two states, and none but those that steps
 * touched. Costs nothing; the bytes of a section that is not listed are equal.
 */
export const changedSections = (before: ValidatorState, after: ValidatorState): SectionId[] =>
  sectionIds.filter((id) => sections[id].of(before) !== sections[id].of(after));

const encodedChunks = new WeakMap<object, Map<Codec<never>, Uint8Array>>();

/** The entries of a chunk; kept, since most chunks of a large map outlive many blocks. */
function chunkBytes<Value>(chunk: Chunk<Value>, codec: Codec<Value>): Uint8Array {
  const kept = encodedChunks.get(chunk) ?? new Map<Codec<never>, Uint8Array>();
  const key = codec as unknown as Codec<never>;
  const known = kept.get(key);
  if (known !== undefined) return known;
  const writer = new Writer(chunk.values.length * codec.minBytes);
  for (const value of chunk.values) codec.encodeInto(writer, value);
  const bytes = writer.finish();
  encodedChunks.set(chunk, kept.set(key, bytes));
  return bytes;
}

/** count u32, then the entries in key order. */
export function encodeMap<Value>(map: OrderedMap<Value>, codec: Codec<Value>): Uint8Array {
  const writer = new Writer(4 + map.size * codec.minBytes);
  writer.u32(map.size);
  for (const chunk of map.chunks) writer.bytes(chunkBytes(chunk, codec));
  return writer.finish();
}

function encodeList<Value>(values: readonly Value[], codec: Codec<Value>): Uint8Array {
  const writer = new Writer(4 + values.length * codec.minBytes);
  writer.u32(values.length);
  for (const value of values) codec.encodeInto(writer, value);
  return writer.finish();
}

interface Section {
  /** The object that the section's digest depends on, and nothing else. */
  of(state: ValidatorState): object;
  bytes(state: ValidatorState): Uint8Array;
}

const sections: Readonly<Record<SectionId, Section>> = {
  2: { of: (state) => state.totals, bytes: (state) => totalsCodec.encode(state.totals) },
  3: {
    of: (state) => state.registry,
    bytes: (state) => encodeMap(state.registry, registryEntryCodec),
  },
  4: { of: (state) => state.keys, bytes: (state) => state.keys.chain.slice() },
  5: { of: (state) => state.bonded, bytes: (state) => encodeMap(state.bonded, bondedCodec) },
  6: { of: (state) => state.queue, bytes: (state) => encodeList(state.queue, queueCodec) },
  7: { of: (state) => state.metrics, bytes: (state) => encodeMap(state.metrics, metricsCodec) },
  8: {
    of: (state) => state.latencyReports,
    bytes: (state) => encodeList(state.latencyReports, latencyReportsCodec),
  },
  9: { of: (state) => state.evidence, bytes: (state) => encodeMap(state.evidence, evidenceCodec) },
  10: { of: (state) => state.epochs, bytes: (state) => encodeList(state.epochs, epochRecordCodec) },
  12: { of: (state) => state.accruals, bytes: (state) => encodeMap(state.accruals, accrualCodec) },
  13: { of: (state) => state.upgrades, bytes: (state) => upgradesCodec.encode(state.upgrades) },
};

/** The bytes of a section that the application root covers. */
export const sectionBytes = (state: ValidatorState, id: SectionId): Uint8Array =>
  sections[id].bytes(state);

const digests = new Map<number, WeakMap<object, Digest>>(
  sectionIds.map((id) => [id, new WeakMap()]),
);

const sectionHash = (id: number, bytes: Uint8Array): Digest =>
  taggedHash('RSC1APPS', Uint8Array.of(id), bytes);

/** The digest of a section; computed once per section object. */
export function sectionDigest(state: ValidatorState, id: SectionId): Digest {
  const cache = digests.get(id) as WeakMap<object, Digest>;
  const object = sections[id].of(state);
  const known = cache.get(object);
  if (known !== undefined) return known;
  const digest = sectionHash(id, sectionBytes(state, id));
  cache.set(object, digest);
  return digest;
}

/**
 * The application root over this state, the digest of the unspent outputs (section 1) and the root
 * of the contracts (section 11; zeros while they are off).
 */
export function applicationRoot(
  state: ValidatorState,
  outputsDigest: Digest,
  contractsRoot: Digest = zeroHash,
): Digest {
  const writer = new Writer(13 * 65);
  const outside = new Map([
    [1, outputsDigest],
    [11, contractsRoot],
  ]);
  for (let id = 1; id <= 13; id++) {
    const bytes = outside.get(id);
    writer.u8(id);
    writer.bytes(
      bytes === undefined ? sectionDigest(state, id as SectionId) : sectionHash(id, bytes),
    );
  }
  return taggedHash('RSC1APPR', writer.finish());
}
