import { describe, expect, test } from 'vitest';

import {
  bytes,
  bytesU8,
  CodecError,
  constant,
  list,
  makeCodec,
  Reader,
  refine,
  sized,
  struct,
  u16,
  u32,
  u53,
  u64,
  u8,
  union,
  Writer,
} from '../../src/index.ts';
import { codecErrors } from '../../src/errors.ts';

function failure(body: () => unknown): CodecError {
  try {
    body();
  } catch (error) {
    expect(error).toBeInstanceOf(CodecError);
    return error as CodecError;
  }
  throw new Error('nothing was thrown');
}

const output = struct({ owner: bytes(2), amount: u64 });
const transaction = struct({ outputs: list(output, { count: 'u8', max: 4 }) });
const block = struct({ transactions: list(transaction, { count: 'u8', max: 4 }) });

describe('error paths', () => {
  test('name the field that a decoder stopped at', () => {
    const value = {
      transactions: [{ outputs: [] }, { outputs: [{ owner: new Uint8Array(2), amount: 1n }] }],
    };
    const encoded = block.encode(value);
    const error = failure(() => block.decode(encoded.subarray(0, encoded.length - 1)));
    expect(error.code).toBe('CODEC_TRUNCATED');
    expect(error.details['path']).toBe('transactions[1].outputs');
    expect(error.message).toMatch(/^transactions\[1\]\.outputs: needs/);
    expect(error.details['offset']).toBe(3);
  });

  test('name the field that has no encoding', () => {
    const bad = { transactions: [{ outputs: [{ owner: new Uint8Array(2), amount: -1n }] }] };
    const error = failure(() => block.encode(bad));
    expect(error.code).toBe('CODEC_RANGE');
    expect(error.details['path']).toBe('transactions[0].outputs[0].amount');
    expect(error.message).toBe('transactions[0].outputs[0].amount: -1 is no u64');
  });

  test('a failure inside a codec of one’s own is placed too', () => {
    const odd = makeCodec<number>({
      minBytes: 1,
      maxBytes: 1,
      size: () => 1,
      encodeInto: () => {
        throw new TypeError('a bug');
      },
      decodeFrom: () => {
        throw new TypeError('a bug');
      },
    });
    const codec = struct({ odd });
    expect(() => codec.decode(new Uint8Array(1))).toThrow(TypeError);
    expect(() => codec.tryDecode(new Uint8Array(1))).toThrow(TypeError);
    expect(() => codec.encode({ odd: 1 })).toThrow(TypeError);
  });
});

describe('values without an encoding', () => {
  test.each([
    [() => u8.encode(256), 'CODEC_RANGE'],
    [() => u8.encode(-1), 'CODEC_RANGE'],
    [() => u8.encode(1.5), 'CODEC_RANGE'],
    [() => u16.encode(Number.NaN), 'CODEC_RANGE'],
    [() => u32.encode(2 ** 32), 'CODEC_RANGE'],
    [() => u53.encode(2 ** 53), 'CODEC_RANGE'],
    [() => u64.encode(2n ** 64n), 'CODEC_RANGE'],
    [() => u64.encode(1 as unknown as bigint), 'CODEC_RANGE'],
    [() => bytes(2).encode(new Uint8Array(3)), 'CODEC_LENGTH'],
    [() => bytes(2).encode([1, 2] as unknown as Uint8Array), 'CODEC_VALUE'],
    [() => bytesU8(2).encode(new Uint8Array(3)), 'CODEC_LENGTH'],
    [() => list(u8, { count: 'u8', max: 1 }).encode([1, 2]), 'CODEC_LENGTH'],
    [() => list(u8, { count: 'u8', max: 1 }).encode('x' as unknown as number[]), 'CODEC_VALUE'],
    [() => sized('u8', bytesU8(200), 3).encode(new Uint8Array(9)), 'CODEC_LENGTH'],
    [() => refine(u8, () => 'never').encode(1), 'CODEC_RULE'],
    [() => union('t', 'u8', { 1: struct({}) }).encode({ t: 2 } as never), 'CODEC_TAG'],
  ] as const)('%#', (body, code) => {
    expect(failure(body).code).toBe(code);
  });
});

test('a decoder may encode: nested use gets a writer of its own', () => {
  const twice = makeCodec<number>({
    minBytes: 2,
    maxBytes: 2,
    size: () => 2,
    encodeInto(writer, value) {
      writer.bytes(u8.encode(value));
      writer.bytes(u8.encode(value));
    },
    decodeFrom: (reader) => reader.u8() + reader.u8(),
  });
  expect([...struct({ a: u8, b: twice }).encode({ a: 1, b: 2 })]).toEqual([1, 2, 2]);
});

test('a failed encoding leaves nothing behind for the next one', () => {
  const codec = struct({ a: bytesU8(), b: u8 });
  failure(() => codec.encode({ a: new Uint8Array(200), b: 999 }));
  expect([...codec.encode({ a: new Uint8Array(0), b: 7 })]).toEqual([0, 7]);
});

test('a writer grows, patches and forgets', () => {
  const writer = new Writer(2);
  writer.u32(0);
  writer.u64(2n ** 63n);
  writer.bytes(new Uint8Array(5000).fill(7));
  writer.patchU32(0, 0xdead_beef);
  expect(writer.finish().length).toBe(5012);
  expect(writer.finish()[0]).toBe(0xde);
  expect(() => writer.patchU32(5010, 1)).toThrow(CodecError);
  writer.reset(16);
  expect(writer.finish().length).toBe(0);
});

test('decoded bytes are views of the input', () => {
  const input = new Uint8Array([1, 2, 3]);
  const [, rest] = [0, bytes(3).decode(input)];
  expect(rest.buffer).toBe(input.buffer);
  expect(new Reader(input).remaining).toBe(3);
});

test('fixed sizes need no walk', () => {
  expect(output.minBytes).toBe(10);
  expect(output.size(undefined as never)).toBe(10);
  expect(constant(new Uint8Array(3)).size(undefined)).toBe(3);
});

test('an error leaves the process as plain data', () => {
  const error = new CodecError('AMOUNT_RANGE', 'too much', {
    units: 2n ** 70n,
    skipped: undefined,
  });
  expect(error.toJSON()).toEqual({
    name: 'CodecError',
    code: 'AMOUNT_RANGE',
    message: 'too much',
    details: { units: '1180591620717411303424' },
  });
  for (const text of Object.values(codecErrors)) expect(text).toMatch(/^[A-Z].*\.$/);
});

describe('hostile definitions and shapes', () => {
  test('a list of items that may be empty cannot be defined: it would outgrow its input', () => {
    expect(failure(() => list(struct({}), { count: 'u32', max: 2 ** 32 - 1 })).code).toBe(
      'CODEC_VALUE',
    );
    expect(failure(() => list(bytes(0), { count: 'u8', max: 1 })).code).toBe('CODEC_VALUE');
  });

  test.each([undefined, null, 7, 'text'])('%s is no object to encode', (value) => {
    const shapes = union('t', 'u8', { 1: struct({ a: u8 }) });
    for (const codec of [block, shapes, sized('u16', block)]) {
      expect(failure(() => codec.encode(value as never)).code).toBe('CODEC_VALUE');
    }
    expect(failure(() => struct({ inner: block }).encode({ inner: value as never })).message).toBe(
      'inner: expected an object',
    );
  });

  test('a sized value states the length that it has', () => {
    const codec = struct({ a: sized('u16', bytesU8(9)), b: u8 });
    expect([...codec.encode({ a: new Uint8Array([5, 6]), b: 7 })]).toEqual([0, 3, 2, 5, 6, 7]);
  });
});
