import { type ErrorDetails } from '@mxd/codec';
import { z } from 'zod';

import { ProtocolError, type ProtocolErrorCode } from './errors.ts';
import {
  defaultParameters,
  joinPolicy,
  parameterRanges,
  parametersConflict,
  powerMode,
  type ChainParameters,
} from './parameters.ts';
import { leaderMode } from './schedule.ts';

/** Longest JSON text of parameters that is read, in characters. */
export const maxParametersText = 65_536;

/** Parameters as JSON: numbers as they are, the dust limit as a decimal string of base units. */
export type ParametersJson = Readonly<
  Record<keyof Omit<ChainParameters, 'dustLimit'>, number> & { dustLimit: string }
>;

const modes: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  powerMode,
  joinPolicy,
  leaderMode,
};

/** A number in the field's range, or the name of a mode. The message is the rule. */
function numberRule(name: keyof typeof parameterRanges): z.ZodType<number> {
  const [min, max] = parameterRanges[name];
  const named = modes[name];
  const names = named === undefined ? '' : `, or one of ${Object.keys(named).join(', ')}`;
  const rule = `it must be a whole number from ${min} to ${max}${names}`;
  const number = z.int(rule).min(min, rule).max(max, rule);
  if (named === undefined) return number;
  return z.union([number, z.enum(Object.keys(named)).transform((text) => named[text] as number)], {
    error: rule,
  });
}

const dustRule = 'it must be a decimal string of base units from 1 to 18446744073709551615';
const dustLimit = z
  .string(dustRule)
  .regex(/^[1-9][0-9]{0,19}$/, { error: dustRule, abort: true })
  .transform(BigInt)
  .refine((amount) => amount < 1n << 64n, dustRule);

const names = Object.keys(parameterRanges) as (keyof typeof parameterRanges)[];

/**
 * Chain parameters as JSON from outside: every field may be left out and none may be unknown. Modes
 * are numbers or their names (`"equal"`, `"listed"`, `"weightedShuffle"`); the dust limit is a
 * decimal string. Says nothing about contradictions between fields: `parseParameters` does.
 */
export const parametersSchema: z.ZodType<{
  [K in keyof ChainParameters]?: ChainParameters[K] | undefined;
}> = z.strictObject({
  ...Object.fromEntries(names.map((name) => [name, numberRule(name).optional()])),
  dustLimit: dustLimit.optional(),
});

function refuse(
  code: ProtocolErrorCode,
  field: string,
  rule: string,
  more: ErrorDetails = {},
): never {
  const where = field === '' ? 'parameters' : `parameter ${field}`;
  throw new ProtocolError(code, `${where}: ${rule}`, { field, rule, ...more });
}

/** A key or value from outside, short and on one line. */
function quoted(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = typeof value === 'string' ? JSON.stringify(value.slice(0, 64)) : String(value);
  return text.length > 64 ? `${text.slice(0, 64)}...` : text;
}

function refuseIssue(issue: z.core.$ZodIssue, json: unknown): never {
  if (issue.code === 'unrecognized_keys') {
    const field = quoted(issue.keys[0]);
    return refuse('PARAMETER_UNKNOWN', field, 'there is no parameter of this name');
  }
  const field = String(issue.path[0] ?? '');
  if (field === '') return refuse('PARAMETER_FORM', '', 'an object of names and values is needed');
  const found = (json as Readonly<Record<string, unknown>>)[field];
  return refuse('PARAMETER_RANGE', field, issue.message, { found: quoted(found) });
}

/**
 * Chain parameters from a parsed JSON value; what it leaves out is `base`'s.
 *
 * @throws ProtocolError PARAMETER_FORM for no object, PARAMETER_UNKNOWN for a name that does not
 *   exist, PARAMETER_RANGE for a value of another type or out of range, PARAMETER_CONFLICT for
 *   fields that contradict each other. `details` has `field`, `rule` and, for a value, `found`.
 */
export function parseParameters(
  json: unknown,
  base: ChainParameters = defaultParameters,
): ChainParameters {
  const parsed = parametersSchema.safeParse(json);
  if (!parsed.success) return refuseIssue(parsed.error.issues[0] as z.core.$ZodIssue, json);
  const given = Object.entries(parsed.data).filter(([, value]) => value !== undefined);
  const parameters: ChainParameters = { ...base, ...Object.fromEntries(given) };
  const conflict = parametersConflict(parameters);
  if (conflict !== undefined) refuse('PARAMETER_CONFLICT', conflict.field, conflict.rule);
  return parameters;
}

/**
 * `parseParameters` of a JSON text, at most `maxParametersText` characters long.
 *
 * @throws ProtocolError as `parseParameters` does; PARAMETER_FORM also for what is no JSON.
 */
export function parseParametersText(
  text: string,
  base: ChainParameters = defaultParameters,
): ChainParameters {
  if (text.length > maxParametersText) {
    refuse('PARAMETER_FORM', '', `the text must be at most ${maxParametersText} characters long`);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    refuse('PARAMETER_FORM', '', 'the text is no JSON');
  }
  return parseParameters(json, base);
}

/** The JSON form that `parseParameters` reads back unchanged. */
export function parametersToJson(parameters: ChainParameters): ParametersJson {
  return { ...parameters, dustLimit: parameters.dustLimit.toString() };
}
