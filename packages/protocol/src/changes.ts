import { bytesU16, list, refine, struct, u16, u32, u64, u8, type Codec } from '@mxd/codec';

import { rejected, accepted, type Verdict } from './errors.ts';
import * as bounds from './bounds.ts';
import { parametersProblem, type ChainParameters } from './parameters.ts';
import { keyOf, validatorIdCodec, type ValidatorId } from './primitives.ts';

/** One entry of a change document: a parameter id and its new value, encoded. */
export interface ParameterChange {
  readonly parameter: number;
  readonly value: Uint8Array;
}

/** Ids of parameters that a live chain may change; ids are for ever. */
export const changeableParameters: Readonly<
  Record<number, { readonly name: keyof ChainParameters; readonly codec: Codec<never> }>
> = {
  1: { name: 'maxBodyBytes', codec: u32 as unknown as Codec<never> },
  2: { name: 'maxTransactions', codec: u32 as unknown as Codec<never> },
  3: { name: 'maxSignatures', codec: u32 as unknown as Codec<never> },
  4: { name: 'maxSystemRecords', codec: u16 as unknown as Codec<never> },
  5: { name: 'maxSystemBytes', codec: u32 as unknown as Codec<never> },
  6: { name: 'enabledKinds', codec: u8 as unknown as Codec<never> },
  7: { name: 'dustLimit', codec: u64 as unknown as Codec<never> },
  8: { name: 'minStakePpm', codec: u32 as unknown as Codec<never> },
  9: { name: 'blacklistBlocks', codec: u32 as unknown as Codec<never> },
  10: { name: 'slashingBp', codec: u16 as unknown as Codec<never> },
  11: { name: 'evictMisses', codec: u16 as unknown as Codec<never> },
  12: { name: 'evictParticipationBp', codec: u16 as unknown as Codec<never> },
  13: { name: 'churnOutDivisor', codec: u8 as unknown as Codec<never> },
  14: { name: 'churnInDivisor', codec: u8 as unknown as Codec<never> },
  15: { name: 'minValidators', codec: u16 as unknown as Codec<never> },
  16: { name: 'maxValidators', codec: u16 as unknown as Codec<never> },
};

/** Parameter ids that add to and remove from the LISTED set; the value is a u16 list of ids. */
export const listChange = { add: 32, remove: 33 } as const;

const idList: Codec<readonly ValidatorId[]> = list(validatorIdCodec, {
  count: 'u16',
  min: 1,
  max: Math.floor(bounds.changeBytes / 20),
});

/** count u16, then parameter id u16 (ascending), u16 + value. Empty: a version change alone. */
export const changeDocumentCodec: Codec<readonly ParameterChange[]> = refine(
  list(struct({ parameter: u16, value: bytesU16(bounds.changeBytes) }), {
    count: 'u16',
    max: bounds.changes,
  }),
  (changes) =>
    changes.every((c, i) => i === 0 || c.parameter > (changes[i - 1] as ParameterChange).parameter)
      ? undefined
      : 'parameter ids are not strictly ascending',
);

/** What a chain runs by: parameters and, under LISTED, the ids that may join. */
export interface Governance {
  readonly parameters: ChainParameters;
  /** Ascending. */
  readonly listed: readonly ValidatorId[];
}

type Applied = { readonly ok: true; readonly value: Governance } | Exclude<Verdict, { ok: true }>;

function changeList(governance: Governance, change: ParameterChange): Applied {
  const ids = idList.tryDecode(change.value);
  if (!ids.ok) return { ok: false, code: 'PARAMETER_RANGE', reason: ids.error.message };
  const named = new Set(ids.value.map(keyOf));
  const kept = governance.listed.filter((id) => !named.has(keyOf(id)));
  const listed = change.parameter === listChange.add ? [...kept, ...ids.value] : kept;
  const unique = new Map(listed.map((id) => [keyOf(id), id]));
  const sorted = [...unique.keys()].sort().map((key) => unique.get(key) as ValidatorId);
  return { ok: true, value: { ...governance, listed: sorted } };
}

function changeOne(governance: Governance, change: ParameterChange): Applied {
  if (change.parameter === listChange.add || change.parameter === listChange.remove) {
    return changeList(governance, change);
  }
  const known = changeableParameters[change.parameter];
  if (known === undefined) {
    const reason = `parameter ${change.parameter} cannot change`;
    return { ok: false, code: 'PARAMETER_UNKNOWN', reason };
  }
  const codec = known.codec as unknown as Codec<number | bigint>;
  const value = codec.tryDecode(change.value);
  if (!value.ok) return { ok: false, code: 'PARAMETER_RANGE', reason: value.error.message };
  const parameters = { ...governance.parameters, [known.name]: value.value };
  return { ok: true, value: { ...governance, parameters } };
}

/** The rules after a change document, or why it is invalid. */
export function applyChanges(governance: Governance, changes: readonly ParameterChange[]): Applied {
  let next = governance;
  for (const change of changes) {
    const applied = changeOne(next, change);
    if (!applied.ok) return applied;
    next = applied.value;
  }
  const problem = parametersProblem(next.parameters);
  if (problem !== undefined) return { ok: false, code: 'PARAMETER_CONFLICT', reason: problem };
  return { ok: true, value: next };
}

/** Whether a change document, still encoded, may stand in a SIGNAL record. */
export function checkChange(governance: Governance, encoded: Uint8Array): Verdict {
  const changes = changeDocumentCodec.tryDecode(encoded);
  if (!changes.ok) return rejected('PARAMETER_RANGE', changes.error.message);
  const applied = applyChanges(governance, changes.value);
  return applied.ok ? accepted : applied;
}
