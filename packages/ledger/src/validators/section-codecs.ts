import {
  bytes,
  bytesU16,
  bytesU32,
  list,
  makeCodec,
  mapped,
  refine,
  struct,
  u16,
  u32,
  u53,
  u64,
  u8,
  type Codec,
} from '@mxd/codec';
import { suiteInfo, type SuiteId } from '@mxd/crypto/suites';
import { limits } from '@mxd/protocol/limits';
import { blockHashCodec, validatorIdCodec } from '@mxd/protocol/primitives';
import { systemRecordCodec, type LatencyRecord } from '@mxd/protocol/system-records';
import { tableCodec } from '@mxd/protocol/table';

import {
  type EpochRecord,
  type EvidenceKey,
  type IdAmount,
  type Metrics,
  type QueuedRecord,
  type RegistryEntry,
  type ScheduledUpgrade,
  type Signal,
  type Totals,
  type Upgrades,
} from './types.ts';
import { mapFromSorted, mapValues } from './ordered-map.ts';
import { keyOf } from '@mxd/protocol/primitives';

/** Upper bound of a count where nothing but the bytes at hand bounds it. */
const anyCount = 0xffff_ffff;

/** Section 2. */
export const totalsCodec: Codec<Totals> = struct({ totalSupply: u64, tipCarry: u64 });

const registryFields = {
  id: validatorIdCodec,
  accountSuite: refine(u8, (suite) =>
    suite >= 1 && suite <= 3 ? undefined : `signature suite ${suite} is unknown`,
  ) as Codec<SuiteId>,
  lastSeq: u32,
  lastRecordEpoch: u32,
  blacklistedUntil: u53,
  lastEvidenceHeight: u53,
};

/** An entry of section 3 as the root covers it: without the account key, to which the id commits. */
export const registryEntryCodec: Codec<Omit<RegistryEntry, 'accountKey'>> = struct(registryFields);

/** An entry of section 3 as a snapshot carries it. */
export const carriedRegistryEntryCodec: Codec<RegistryEntry> = struct({
  ...registryFields,
  accountKey: bytesU16(suiteInfo[3].publicKeyBytes),
});

/** Section 4 as a snapshot carries it: all keys in the order of their registration. */
export const carriedKeysCodec: Codec<readonly Uint8Array[]> = list(bytes(32), {
  count: 'u32',
  max: anyCount,
});

const idAmount: Codec<IdAmount> = struct({
  id: validatorIdCodec,
  amount: refine(u64, (amount) => (amount > 0n ? undefined : 'an entry has an amount above 0')),
});
/** An entry of section 5. */
export const bondedCodec: Codec<IdAmount> = idAmount;
/** An entry of section 12. */
export const accrualCodec: Codec<IdAmount> = idAmount;

/** An entry of section 6: type, length, payload. */
export const queueCodec: Codec<QueuedRecord> = refine(systemRecordCodec, (record) =>
  record.type <= 3 ? undefined : `a record of type ${record.type} is never queued`,
) as Codec<QueuedRecord>;

/** An entry of section 7. */
export const metricsCodec: Codec<Metrics> = struct({
  id: validatorIdCodec,
  proposed: u32,
  missed: u32,
  consecutiveMisses: u16,
});

const latencyType = 5;
const typeBytes = 1;

/** An entry of section 8: reporter index, length, payload of the record. */
export const latencyReportsCodec: Codec<LatencyRecord> = mapped(
  struct({ reporterIndex: u16, payload: bytesU32(limits.systemRecordBytes.value) }),
  ({ payload }): LatencyRecord => payloadRecord(payload),
  (record) => ({
    reporterIndex: record.reporterIndex,
    payload: systemRecordCodec.encode(record).subarray(typeBytes + 4),
  }),
);

function payloadRecord(payload: Uint8Array): LatencyRecord {
  const framed = new Uint8Array(typeBytes + 4 + payload.length);
  framed[0] = latencyType;
  new DataView(framed.buffer).setUint32(typeBytes, payload.length);
  framed.set(payload, typeBytes + 4);
  return systemRecordCodec.decode(framed) as LatencyRecord;
}

/** An entry of section 9. */
export const evidenceCodec: Codec<EvidenceKey> = struct({ id: validatorIdCodec, epoch: u32 });

/** An entry of section 10. */
export const epochRecordCodec: Codec<EpochRecord> = refine(
  struct({ epoch: u32, anchorHash: blockHashCodec, table: tableCodec }),
  ({ epoch, table }) => (epoch === table.epoch ? undefined : 'the table is of another epoch'),
);

const change = bytesU16(limits.changeBytes.value);
const signal: Codec<Signal> = struct({
  id: validatorIdCodec,
  epoch: u32,
  protocolVersion: u16,
  expiryEpoch: u32,
  change,
});
const scheduled: Codec<ScheduledUpgrade> = struct({
  activationEpoch: u32,
  protocolVersion: u16,
  change,
});

/** flag u8, and if it is 1 the value. */
function optional<Value>(inner: Codec<Value>): Codec<Value | undefined> {
  return makeCodec<Value | undefined>({
    minBytes: 1,
    maxBytes: 1 + inner.maxBytes,
    size: (value) => (value === undefined ? 1 : 1 + inner.size(value)),
    encodeInto(writer, value) {
      writer.u8(value === undefined ? 0 : 1);
      if (value !== undefined) inner.encodeInto(writer, value);
    },
    decodeFrom(reader) {
      const flag = reader.u8();
      if (flag > 1) reader.fail('CODEC_TAG', `flag ${flag} is neither 0 nor 1`);
      return flag === 0 ? undefined : inner.decodeFrom(reader);
    },
  });
}

/** Whether the ids of entries ascend strictly. */
export function idsAscend(entries: readonly { readonly id: Uint8Array }[]): boolean {
  const keys = entries.map(({ id }) => keyOf(id));
  return keys.every((key, i) => i === 0 || (keys[i - 1] as string) < key);
}

/** Section 13. */
export const upgradesCodec: Codec<Upgrades> = mapped(
  struct({
    protocolVersion: u16,
    changes: list(change, { count: 'u16', max: 0xffff }),
    signals: refine(list(signal, { count: 'u32', max: limits.validators.value }), (signals) =>
      idsAscend(signals) ? undefined : 'the ids of signals do not ascend',
    ),
    scheduled: optional(scheduled),
  }),
  ({ signals, ...rest }): Upgrades => ({
    ...rest,
    signals: mapFromSorted(signals.map((one) => [keyOf(one.id), one])),
  }),
  ({ signals, ...rest }) => ({ ...rest, signals: [...mapValues(signals)] }),
);
