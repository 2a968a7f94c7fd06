import { u16, u32, u64, u8 } from '@mxd/codec';
import { describe, expect, test } from 'vitest';

import {
  applyChanges,
  changeableParameters,
  changeDocumentCodec,
  checkChange,
  listChange,
  type Governance,
  type ParameterChange,
} from '../../src/changes.ts';
import {
  checkParameters,
  defaultParameters,
  kindBits,
  parameterRanges,
  parametersProblem,
} from '../../src/parameters.ts';

const id = (n: number): Uint8Array => new Uint8Array(20).fill(n);
const governance: Governance = { parameters: defaultParameters, listed: [id(2), id(5)] };
const idsOf = (...ids: number[]): Uint8Array =>
  Buffer.concat([u16.encode(ids.length), ...ids.map(id)]);
const code = (changes: readonly ParameterChange[]): string => {
  const verdict = checkChange(governance, changeDocumentCodec.encode(changes));
  return verdict.ok ? 'ok' : verdict.code;
};

describe('change documents', () => {
  test('set parameters by id', () => {
    const applied = applyChanges(governance, [
      { parameter: 1, value: u32.encode(1_000_000) },
      { parameter: 6, value: u8.encode(kindBits([0])) },
      { parameter: 7, value: u64.encode(5n) },
    ]);
    expect(applied.ok && applied.value.parameters).toEqual({
      ...defaultParameters,
      maxBodyBytes: 1_000_000,
      enabledKinds: 1,
      dustLimit: 5n,
    });
  });

  test('add and remove listed ids, ascending and without repetition', () => {
    const applied = applyChanges(governance, [
      { parameter: listChange.add, value: idsOf(9, 1, 5) },
      { parameter: listChange.remove, value: idsOf(2, 77) },
    ]);
    expect(applied.ok && applied.value.listed.map((x) => x[0])).toEqual([1, 5, 9]);
  });

  test('an empty one asks for a version alone', () => {
    expect(code([])).toBe('ok');
  });

  test.each([
    [
      'epoch length cannot change',
      [{ parameter: 99, value: new Uint8Array(4) }],
      'PARAMETER_UNKNOWN',
    ],
    ['a short value', [{ parameter: 1, value: new Uint8Array(3) }], 'PARAMETER_RANGE'],
    ['a value out of range', [{ parameter: 10, value: u16.encode(10_001) }], 'PARAMETER_CONFLICT'],
    [
      'an empty list of ids',
      [{ parameter: listChange.add, value: u16.encode(0) }],
      'PARAMETER_RANGE',
    ],
    ['a floor above the cap', [{ parameter: 15, value: u16.encode(101) }], 'PARAMETER_CONFLICT'],
  ] as const)('%s: refused', (_, changes, expected) => {
    expect(code(changes)).toBe(expected);
  });

  test('bytes that are no document are refused', () => {
    expect(checkChange(governance, new Uint8Array([0])).ok).toBe(false);
    const unordered = Buffer.concat([
      u16.encode(2),
      u16.encode(2),
      u16.encode(4),
      u32.encode(5),
      u16.encode(1),
      u16.encode(4),
      u32.encode(5),
    ]);
    expect(checkChange(governance, unordered).ok).toBe(false);
  });

  test('names are parameters, each once', () => {
    const names = Object.values(changeableParameters).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(defaultParameters).toHaveProperty(name);
    for (const fixed of ['epochLength', 'powerMode']) expect(names).not.toContain(fixed);
  });
});

describe('parameters', () => {
  test('the defaults are valid', () => {
    expect(checkParameters(defaultParameters)).toBe(defaultParameters);
  });

  test('every bound is a bound', () => {
    for (const [name, [min, max]] of Object.entries(parameterRanges)) {
      for (const value of [min - 1, max + 1, Number.NaN, min + 0.5]) {
        expect(parametersProblem({ ...defaultParameters, [name]: value })).toContain(name);
      }
    }
    expect(parametersProblem({ ...defaultParameters, dustLimit: 0n })).toContain('dustLimit');
  });

  test('contradictions are named', () => {
    expect(parametersProblem({ ...defaultParameters, powerMode: 0 })).toContain('LISTED');
    expect(
      parametersProblem({ ...defaultParameters, powerMode: 0, joinPolicy: 1 }),
    ).toBeUndefined();
    expect(parametersProblem({ ...defaultParameters, minStakePpm: 0 })).toContain('LISTED');
    expect(() => checkParameters({ ...defaultParameters, epochLength: 15 })).toThrow(
      /epochLength is 15/,
    );
    expect(
      parametersProblem({ ...defaultParameters, maxValidators: 4, minValidators: 5 }),
    ).toContain('minValidators');
  });
});
