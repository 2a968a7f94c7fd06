import { describe, expect, it } from 'vitest';

import { canonicalJson, parseCanonicalJson, type JsonValue } from '../../src/audit.ts';

const double = (hex: string): number => {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(`0x${hex}`));
  return view.getFloat64(0);
};

describe('RFC 8785', () => {
  it('serialises the numbers of Appendix B', () => {
    const samples: [string, string][] = [
      ['0000000000000000', '0'],
      ['8000000000000000', '0'],
      ['0000000000000001', '5e-324'],
      ['8000000000000001', '-5e-324'],
      ['7fefffffffffffff', '1.7976931348623157e+308'],
      ['ffefffffffffffff', '-1.7976931348623157e+308'],
      ['4340000000000000', '9007199254740992'],
      ['c340000000000000', '-9007199254740992'],
      ['4430000000000000', '295147905179352830000'],
      ['44b52d02c7e14af5', '9.999999999999997e+22'],
      ['44b52d02c7e14af6', '1e+23'],
      ['44b52d02c7e14af7', '1.0000000000000001e+23'],
      ['444b1ae4d6e2ef4e', '999999999999999700000'],
      ['444b1ae4d6e2ef4f', '999999999999999900000'],
      ['444b1ae4d6e2ef50', '1e+21'],
      ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
      ['3eb0c6f7a0b5ed8d', '0.000001'],
      ['41b3de4355555553', '333333333.3333332'],
      ['41b3de4355555554', '333333333.33333325'],
      ['41b3de4355555555', '333333333.3333333'],
      ['41b3de4355555556', '333333333.3333334'],
      ['41b3de4355555557', '333333333.33333343'],
      ['becbf647612f3696', '-0.0000033333333333333333'],
      ['43143ff3c1cb0959', '1424953923781206.2'],
    ];
    for (const [bits, text] of samples) expect(canonicalJson(double(bits))).toBe(text);
  });

  it('refuses the numbers that JSON has not', () => {
    for (const bits of ['7fffffffffffffff', '7ff0000000000000']) {
      expect(() => canonicalJson(double(bits))).toThrow(/not finite/);
    }
  });

  it('serialises the example of 3.2.2 and 3.2.3', () => {
    const input = `{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\"\\/",
      "literals": [null, true, false]
    }`;
    expect(canonicalJson(JSON.parse(input) as JsonValue)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  it('sorts names by UTF-16 code units, as in 3.2.3', () => {
    const input = {
      '€': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '😀': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      ö: 'Latin Small Letter O With Diaeresis',
    };
    const order = Object.values(JSON.parse(canonicalJson(input)) as Record<string, string>);
    expect(canonicalJson(input).startsWith('{"\\r":')).toBe(true);
    const text = canonicalJson(input);
    const positions = [
      'Carriage Return', 'One', 'Control', 'Latin Small Letter O With Diaeresis', 'Euro Sign',
      'Emoji: Grinning Face', 'Hebrew Letter Dalet With Dagesh',
    ].map((value) => text.indexOf(value));
    expect(positions).toEqual(positions.toSorted((a, b) => a - b));
    expect(order).toHaveLength(7);
  });

  it('nests objects as the structures of the reference data do', () => {
    const input = { '1': { f: { f: 'hi', F: 5 }, '\n': 56.0 }, '10': {}, '': 'empty', a: {}, '111': [{}], A: {} };
    expect(canonicalJson(input)).toBe(
      '{"":"empty","1":{"\\n":56,"f":{"F":5,"f":"hi"}},"10":{},"111":[{}],"A":{},"a":{}}',
    );
  });
});

describe('what has no canonical form', () => {
  const bad: [string, unknown, string][] = [
    ['a lone surrogate', { a: 'x\ud800' }, '$.a'],
    ['a lone surrogate in a name', { '\udc00': 1 }, '$'],
    ['undefined', { a: undefined }, '$.a'],
    ['a function', [() => 1], '$[0]'],
    ['a bigint', 1n, '$'],
    ['a hole', Array.from({ length: 1 }), '$[0]'],
    ['a date', { at: new Date(0) }, '$.at'],
    ['bytes', new Uint8Array(2), '$'],
  ];
  it.each(bad)('refuses %s', (_name, value, path) => {
    expect(() => canonicalJson(value as JsonValue)).toThrow(
      expect.objectContaining({ code: 'JSON_VALUE', details: expect.objectContaining({ path }) }),
    );
  });

  it('refuses cycles by their depth', () => {
    const cycle: Record<string, unknown> = {};
    cycle['again'] = cycle;
    expect(() => canonicalJson(cycle as JsonValue)).toThrow(/nested deeper/);
  });

  it.each(['{"a":1,"a":1}', '{ "a":1}', '{"b":1,"a":1}', '1.0', '"\\u0041"', '', '{', '-0'])(
    'parses only canonical text: not %s',
    (text) => {
      expect(parseCanonicalJson(text)).toBeUndefined();
    },
  );

  it('parses canonical text', () => {
    expect(parseCanonicalJson('{"a":[1,"x",null]}')).toEqual({ a: [1, 'x', null] });
  });
});
