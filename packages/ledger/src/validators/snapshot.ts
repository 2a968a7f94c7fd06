import { equalBytes, list, type Codec } from '@mxd/codec';
import { suiteInfo } from '@mxd/crypto/suites';
import { validatorIdOf } from '@mxd/protocol/genesis';
import { type LatencyRecord } from '@mxd/protocol/system-records';

import { failed, ValidatorStateError, type ValidatorErrorCode } from './errors.ts';
import { evidenceKeyOf } from './evidence-record.ts';
import { isRegistered, noKeys, registerKey } from './keys.ts';
import { mapFromSorted, mapValues, type OrderedMap } from './ordered-map.ts';
import {
  accrualCodec,
  bondedCodec,
  carriedKeysCodec,
  carriedRegistryEntryCodec,
  epochRecordCodec,
  evidenceCodec,
  latencyReportsCodec,
  metricsCodec,
  queueCodec,
  totalsCodec,
  upgradesCodec,
} from './section-codecs.ts';
import { encodeMap, sectionBytes, sectionIds, type SectionId } from './sections.ts';
import {
  type ChainConstants,
  type EpochRecord,
  type RegisteredKeys,
  type RegistryEntry,
  type ValidatorResult,
  type ValidatorState,
} from './types.ts';
import { currentTable, epochOf, governance, tableIndex } from './views.ts';
import { keyOf } from '@mxd/protocol/primitives';

/** Sections in the form in which they are stored and travel, by number. */
export type CarriedSections = ReadonlyMap<SectionId, Uint8Array>;

/**
 * All sections of a state. Sections 3 and 4 carry more than the root covers: the account keys, to
 * which ids commit, and the consensus keys, to which the key chain commits.
 */
export const exportSections = (state: ValidatorState): CarriedSections =>
  new Map(sectionIds.map((id) => [id, exportSection(state, id)]));

/** One section as `exportSections` gives it: with `changedSections`, what a commit has to write. */
export function exportSection(state: ValidatorState, id: SectionId): Uint8Array {
  if (id === 3) return encodeMap(state.registry, carriedRegistryEntryCodec);
  if (id !== 4) return sectionBytes(state, id);
  const inOrder = [...mapValues(state.keys.keys)].toSorted((a, b) => a.position - b.position);
  return carriedKeysCodec.encode(inOrder.map(({ key }) => key));
}

function problem(code: ValidatorErrorCode, reason: string): never {
  throw new ValidatorStateError(code, reason);
}

function demand(holds: boolean, reason: string): void {
  if (!holds) problem('SECTION_INCONSISTENT', reason);
}

/** Reads one section; what it returns shares no memory with `sections`. */
function read<Value>(sections: CarriedSections, id: SectionId, codec: Codec<Value>): Value {
  const bytes = sections.get(id);
  if (bytes === undefined) return problem('SECTION_MISSING', `section ${id} is missing`);
  const decoded = codec.tryDecode(bytes.slice());
  return decoded.ok
    ? decoded.value
    : problem('SECTION_MALFORMED', `section ${id}: ${decoded.error.message}`);
}

const readList = <Value>(
  sections: CarriedSections,
  id: SectionId,
  codec: Codec<Value>,
): readonly Value[] => read(sections, id, list(codec, { count: 'u32', max: 0xffff_ffff }));

function readMap<Value>(
  sections: CarriedSections,
  id: SectionId,
  codec: Codec<Value>,
  keyOfValue: (value: Value) => string,
): OrderedMap<Value> {
  const values = readList(sections, id, codec);
  const entries = values.map((value): readonly [string, Value] => [keyOfValue(value), value]);
  for (const [i, [key]] of entries.entries()) {
    const before = entries[i - 1];
    if (before !== undefined && before[0] >= key) {
      problem('SECTION_MALFORMED', `section ${id}: entry ${i} is out of order`);
    }
  }
  return mapFromSorted(entries);
}

const byId = ({ id }: { readonly id: Uint8Array }): string => keyOf(id);

function readRegistry(sections: CarriedSections): OrderedMap<RegistryEntry> {
  const registry = readMap(sections, 3, carriedRegistryEntryCodec, byId);
  for (const { id, accountSuite, accountKey } of mapValues(registry)) {
    const isKey =
      accountKey.length === suiteInfo[accountSuite].publicKeyBytes &&
      equalBytes(validatorIdOf(accountSuite, accountKey), id);
    demand(isKey, `the id ${keyOf(id)} is not that of its account key`);
  }
  return registry;
}

function readKeys(sections: CarriedSections): RegisteredKeys {
  let keys = noKeys();
  for (const key of read(sections, 4, carriedKeysCodec)) {
    demand(!isRegistered(keys, key), 'a consensus key is registered twice');
    keys = registerKey(keys, key);
  }
  return keys;
}

function readEpochs(sections: CarriedSections): readonly EpochRecord[] {
  const epochs = readList(sections, 10, epochRecordCodec);
  demand(epochs.length > 0, 'there is no epoch record');
  for (const [i, { epoch }] of epochs.entries()) {
    demand(epoch === (epochs[0] as EpochRecord).epoch + i, 'the epoch records have a gap');
  }
  return epochs;
}

function readReports(sections: CarriedSections): readonly LatencyRecord[] {
  const reports = readList(sections, 8, latencyReportsCodec);
  for (const [i, { reporterIndex }] of reports.entries()) {
    const before = reports[i - 1]?.reporterIndex ?? -1;
    demand(before < reporterIndex, 'the latency reports are out of order');
  }
  return reports;
}

/** What the rules keep true between sections. A wrong root would show it too, but not where. */
function checkWhole(state: ValidatorState): void {
  const table = currentTable(state);
  const index = tableIndex(table);
  const { metrics, registry } = state;
  demand(metrics.size === index.size, 'the metrics are of other members');
  for (const { id } of mapValues(metrics)) {
    demand(index.has(keyOf(id)), 'the metrics are of other members');
  }
  const ids = new Set([...mapValues(registry)].map(byId));
  for (const key of index.keys()) demand(ids.has(key), `the member ${key} is not registered`);
  for (const { id } of mapValues(state.accruals)) {
    demand(ids.has(byId({ id })), `tips are credited to ${keyOf(id)}, which is not registered`);
  }
  for (const report of state.latencyReports) {
    const isOfTable =
      report.epoch === epochOf(state) &&
      report.reporterIndex < table.entries.length &&
      report.samples.length === table.entries.length;
    demand(isOfTable, 'a latency report is of another epoch or table');
  }
  governance(state);
}

/**
 * The state of carried sections, from disk or from a peer. The caller compares `applicationRoot` of
 * the result with a final header before it believes any of it.
 */
export function stateFromSections(
  chain: ChainConstants,
  sections: CarriedSections,
): ValidatorResult<ValidatorState> {
  try {
    if (sections.size > sectionIds.length) problem('SECTION_MISSING', 'there are other sections');
    const state: ValidatorState = {
      chain,
      totals: read(sections, 2, totalsCodec),
      registry: readRegistry(sections),
      keys: readKeys(sections),
      bonded: readMap(sections, 5, bondedCodec, byId),
      queue: readList(sections, 6, queueCodec),
      metrics: readMap(sections, 7, metricsCodec, byId),
      latencyReports: readReports(sections),
      evidence: readMap(sections, 9, evidenceCodec, evidenceKeyOf),
      epochs: readEpochs(sections),
      accruals: readMap(sections, 12, accrualCodec, byId),
      upgrades: read(sections, 13, upgradesCodec),
    };
    checkWhole(state);
    return { ok: true, value: state };
  } catch (error) {
    if (error instanceof ValidatorStateError) return failed(error.code, error.message);
    throw error;
  }
}
