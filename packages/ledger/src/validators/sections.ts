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

/** The object that a section's digest depends on, and nothing else. */
function sectionObject(state: ValidatorState, id: SectionId): object {
  switch (id) {
    case 2:
      return state.totals;
    case 3:
      return state.registry;
    case 4:
      return state.keys;
    case 5:
      return state.bonded;
    case 6:
      return state.queue;
    case 7:
      return state.metrics;
    case 8:
      return state.latencyReports;
    case 9:
      return state.evidence;
    case 10:
      return state.epochs;
    case 12:
      return state.accruals;
    case 13:
      return state.upgrades;
    default:
      return id satisfies never;
  }
}

/**
 * Sections whose objects differ: all that changed between two states, and none but those that steps
 * touched. Costs nothing; the bytes of a section that is not listed are equal.
 */
export const changedSections = (before: ValidatorState, after: ValidatorState): SectionId[] =>
  sectionIds.filter((id) => sectionObject(before, id) !== sectionObject(after, id));

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

/** The bytes of a section that the application root covers. */
export function sectionBytes(state: ValidatorState, id: SectionId): Uint8Array {
  switch (id) {
    case 2:
      return totalsCodec.encode(state.totals);
    case 3:
      return encodeMap(state.registry, registryEntryCodec);
    case 4:
      return state.keys.chain.slice();
    case 5:
      return encodeMap(state.bonded, bondedCodec);
    case 6:
      return encodeList(state.queue, queueCodec);
    case 7:
      return encodeMap(state.metrics, metricsCodec);
    case 8:
      return encodeList(state.latencyReports, latencyReportsCodec);
    case 9:
      return encodeMap(state.evidence, evidenceCodec);
    case 10:
      return encodeList(state.epochs, epochRecordCodec);
    case 12:
      return encodeMap(state.accruals, accrualCodec);
    case 13:
      return upgradesCodec.encode(state.upgrades);
    default:
      return id satisfies never;
  }
}

const digests = new Map<number, WeakMap<object, Digest>>(
  sectionIds.map((id) => [id, new WeakMap()]),
);

const sectionHash = (id: number, bytes: Uint8Array): Digest =>
  taggedHash('RSC1APPS', Uint8Array.of(id), bytes);

/** The digest of a section; computed once per section object. */
export function sectionDigest(state: ValidatorState, id: SectionId): Digest {
  const cache = digests.get(id) as WeakMap<object, Digest>;
  const object = sectionObject(state, id);
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
