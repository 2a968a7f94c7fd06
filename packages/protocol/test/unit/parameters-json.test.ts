import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { ProtocolError } from '../../src/errors.ts';
import {
  maxParametersText,
  parametersToJson,
  parseParameters,
  parseParametersText,
} from '../../src/parameters-json.ts';
import { defaultParameters, parameterRanges } from '../../src/parameters.ts';
import { parameters } from '../arbitraries.ts';

function refusal(run: () => unknown): ProtocolError {
  try {
    run();
  } catch (error) {
    if (error instanceof ProtocolError) return error;
    throw error;
  }
  throw new TypeError('nothing was refused');
}

const of = (json: unknown) => refusal(() => parseParameters(json));

describe('chain parameters as JSON', () => {
  test('what is left out is the default; modes go by name or number', () => {
    expect(parseParameters({})).toEqual(defaultParameters);
    const given = { epochLength: 32, powerMode: 'equal', joinPolicy: 1, dustLimit: '7' };
    const wanted = { ...defaultParameters, epochLength: 32, powerMode: 0, joinPolicy: 1 };
    expect(parseParameters(given)).toEqual({ ...wanted, dustLimit: 7n });
    expect(parseParameters({ leaderMode: 'rankRoundRobin' }).leaderMode).toBe(0);
    const base = { ...defaultParameters, minSamples: 3 };
    expect(parseParametersText('{"epochLength":16}', base)).toEqual({ ...base, epochLength: 16 });
  });

  test('the JSON form reads back unchanged', () => {
    fc.assert(
      fc.property(parameters, (made) => {
        const text = JSON.stringify(parametersToJson(made));
        expect(parseParametersText(text)).toEqual(made);
      }),
    );
  });

  test.each(Object.entries(parameterRanges))('%s outside its range', (name, [min, max]) => {
    for (const value of [min - 1, max + 1, min + 0.5, String(min), null, [min], true, Number.NaN]) {
      const error = of({ [name]: value });
      expect([value, error.code, error.details['field']]).toEqual([value, 'PARAMETER_RANGE', name]);
      expect(error.message).toContain(`${name}: it must be a whole number from ${min} to ${max}`);
      expect(error.details['rule']).toContain(String(max));
    }
  });

  test('a dust limit that is no amount', () => {
    const no = [
      '0',
      '-1',
      '01',
      '1.5',
      '',
      '1e3',
      1_000,
      1n,
      (1n << 64n).toString(),
      '9'.repeat(99),
    ];
    for (const dustLimit of no) {
      const error = of({ dustLimit });
      expect([error.code, error.details['field']]).toEqual(['PARAMETER_RANGE', 'dustLimit']);
    }
    expect(parseParameters({ dustLimit: '18446744073709551615' }).dustLimit).toBe((1n << 64n) - 1n);
  });

  test('names that do not exist, also those of objects', () => {
    for (const text of [
      '{"epochlength":32}',
      '{"__proto__":{"epochLength":32}}',
      '{"toString":1}',
    ]) {
      const error = refusal(() => parseParametersText(text));
      expect([text, error.code]).toEqual([text, 'PARAMETER_UNKNOWN']);
    }
    const long = of({ ['x'.repeat(100_000)]: 1 });
    expect(long.message.length).toBeLessThan(200);
    expect(of({ powerMode: 'constructor' }).code).toBe('PARAMETER_RANGE');
  });

  test('fields that contradict each other name the one to change', () => {
    for (const [json, field] of [
      [{ powerMode: 'equal' }, 'joinPolicy'],
      [{ minStakePpm: 0 }, 'minStakePpm'],
      [{ minValidators: 9, maxValidators: 8 }, 'minValidators'],
    ] as const) {
      const error = of(json);
      expect([error.code, error.details['field']]).toEqual(['PARAMETER_CONFLICT', field]);
    }
  });

  test('what is no object of parameters', () => {
    for (const json of [null, [], 'x', 1, undefined]) expect(of(json).code).toBe('PARAMETER_FORM');
    for (const text of [
      '',
      '{',
      '{"epochLength":16}x',
      '[1]',
      `"${'x'.repeat(maxParametersText)}"`,
    ]) {
      expect(refusal(() => parseParametersText(text)).code).toBe('PARAMETER_FORM');
    }
  });

  test('any text gives parameters or a coded error', () => {
    const names = fc.constantFrom(...Object.keys(defaultParameters), '__proto__', 'other');
    const near = fc.dictionary(names, fc.jsonValue()).map((value) => JSON.stringify(value));
    fc.assert(
      fc.property(fc.oneof(near, fc.json(), fc.string()), (text) => {
        try {
          expect(Object.keys(parseParametersText(text))).toEqual(Object.keys(defaultParameters));
        } catch (error) {
          if (!(error instanceof ProtocolError)) throw error;
          expect(error.details['rule']).toBeTypeOf('string');
          expect(error.message.length).toBeLessThan(300);
        }
      }),
    );
  });
});
