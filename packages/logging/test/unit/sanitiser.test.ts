import { createSecretKey } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import { CodecError } from '@mxd/codec';
import { SecretBytes } from '@mxd/crypto/secret';

import { Sanitiser, SecretRegistry } from '../../src/index.ts';
import { limits } from '../../src/limits.ts';

const sanitiser = new Sanitiser();

class Point {
  x = 1;
  #hidden = 2;
  get sum(): number {
    return this.x + this.#hidden;
  }
}

describe('values', () => {
  const shown: [string, unknown, unknown][] = [
    ['null', null, null],
    ['undefined', undefined, null],
    ['not a number', NaN, 'NaN'],
    ['infinity', -Infinity, '-Infinity'],
    ['an amount', 18_446_744_073_709_551_615n, '18446744073709551615'],
    ['a private scalar', 2n ** 200n, '[bigint]'],
    ['a symbol', Symbol('a\nb'), 'Symbol(a\\nb)'],
    ['a function', (password: string) => password, '[function]'],
    ['a date', new Date(0), '1970-01-01T00:00:00.000Z'],
    ['no date', new Date(NaN), 'Invalid Date'],
    [
      'a map',
      new Map<unknown, unknown>([
        ['a', 1],
        [2, 'b'],
        ['token', 'x'],
      ]),
      { a: 1, 2: 'b', token: '[redacted]' },
    ],
    ['a set', new Set([1, 'a']), [1, 'a']],
    ['bytes', new Uint8Array(32), '[32 bytes]'],
    ['a Buffer', Buffer.from('hunter2'), '[7 bytes]'],
    ['an ArrayBuffer', new ArrayBuffer(8), '[8 bytes]'],
    ['a Buffer in JSON', { data: Buffer.from('abc').toJSON() }, { data: '[2 bytes]' }],
    ['bytes that went through JSON', JSON.parse(JSON.stringify(new Uint8Array(16))), '[16 bytes]'],
    ['a URL', new URL('https://bob:pw@h/x'), 'https://[redacted]@h/x'],
    ['a regular expression', /a\nb/, '/a\\nb/'],
    ['a boxed text', Object('password=x'), 'password=[redacted]'],
    ['a promise', Promise.resolve(1), '[promise]'],
    ['a key', createSecretKey(Buffer.alloc(32)), '[key]'],
    ['a secret', SecretBytes.random(32), '[redacted]'],
    ['an instance', new Point(), { x: 1 }],
    ['no prototype', Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
    ['header pairs', ['Cookie', 'a=b', 'x', 'y'], ['Cookie', '[redacted]', 'x', 'y']],
    [
      'header objects',
      [{ name: 'Authorization', value: 'x' }],
      [{ name: 'Authorization', value: '[redacted]' }],
    ],
    ['a sparse array', Object.assign([1], { 2: 3 }), [1, null, 3]],
    [
      'a mnemonic as words',
      { w: 'abandon ability able about above absent'.split(' ') },
      { w: '[redacted]' },
    ],
    ['a seed of a simulation', { seed: 42, seedNodes: ['a'] }, { seed: 42, seedNodes: ['a'] }],
    [
      'a secret object',
      { password: { a: 'x' }, pin: 1234, token: 0, hasPassword: true },
      { password: '[redacted]', pin: '[redacted]', token: 0, hasPassword: true },
    ],
    [
      'a secret that is not there',
      { password: undefined, secret: null },
      { password: null, secret: null },
    ],
  ];
  it.each(shown)('shows %s', (_name, value, expected) => {
    expect(sanitiser.value(value)).toEqual(expected);
  });

  it('hides a key file read line by line', () => {
    const lines = [
      'x',
      '-----BEGIN PRIVATE KEY-----',
      'MC4CAQAwBQYDK2Vw',
      '-----END PRIVATE KEY-----',
    ];
    expect(sanitiser.value(lines)).toEqual(['x', '[redacted pem]', '[redacted]', '[redacted]']);
  });

  it('hides a registered secret as numbers', () => {
    const registry = new SecretRegistry();
    const secret = Array.from({ length: 32 }, (_, i) => i * 7);
    registry.register(Uint8Array.from(secret));
    const own = new Sanitiser(registry);
    expect(own.value({ a: secret, b: [1, 2, 3, 4, 5, 6, 7, 8] })).toEqual({
      a: '[redacted]',
      b: [1, 2, 3, 4, 5, 6, 7, 8],
    });
  });

  it('shows errors with their frames, causes and codes', () => {
    const cause = new CodecError('CODEC_TAG', 'tag at https://u:pw@h/', { at: 3, password: 'x' });
    const error = new Error('failed: token=abc\nat fake (evil.js)', { cause });
    const clean = sanitiser.value(error) as Record<string, never>;
    expect(clean).toMatchObject({
      type: 'Error',
      message: 'failed: token=[redacted]\\nat fake (evil.js)',
      cause: {
        type: 'CodecError',
        code: 'CODEC_TAG',
        message: 'tag at https://[redacted]@h/',
        details: { at: 3, password: '[redacted]' },
      },
    });
    expect(
      String(clean['stack'])
        .split('\n')
        .every((line) => line.startsWith('    at ')),
    ).toBe(true);
  });

  it('shows aggregates', () => {
    const error = new AggregateError([new TypeError('one'), 'two'], 'both');
    expect(sanitiser.value(error)).toMatchObject({
      message: 'both',
      errors: [{ type: 'TypeError' }, 'two'],
    });
  });
});

describe('hostile values', () => {
  const thrower = (): never => {
    throw new Error('canary');
  };
  const { proxy: revoked, revoke } = Proxy.revocable({}, {});
  revoke();
  const { proxy: revokedArray, revoke: revokeArray } = Proxy.revocable([], {});
  revokeArray();
  const hostile: [string, unknown, unknown][] = [
    [
      'a getter',
      Object.defineProperty({ b: 1 }, 'a', { get: thrower, enumerable: true }),
      { b: 1, a: '[unreadable]' },
    ],
    ['toJSON', { toJSON: thrower }, '[unreadable]'],
    ['a revoked proxy', revoked, '[unreadable]'],
    ['a revoked array', { a: revokedArray }, { a: '[unreadable]' }],
    ['ownKeys', new Proxy({}, { ownKeys: thrower }), '[unreadable]'],
    ['get', new Proxy({ a: 1 }, { get: thrower }), '[unreadable]'],
    ['getPrototypeOf', new Proxy({ a: 1 }, { getPrototypeOf: thrower }), '[unreadable]'],
    [
      'a secret getter',
      Object.defineProperty({}, 'password', { get: thrower, enumerable: true }),
      { password: '[redacted]' },
    ],
    ['an array getter', Object.defineProperty([1, 2], 1, { get: thrower }), [1, '[unreadable]']],
    [
      'a boxed text',
      Object.defineProperty(Object('x'), 'valueOf', { value: thrower }),
      '[unreadable]',
    ],
    [
      'a prototype name',
      JSON.parse('{"__proto__":{"polluted":1}}'),
      { '__proto__ ': { polluted: 1 } },
    ],
  ];
  it.each(hostile)('survives %s', (_name, value, expected) => {
    expect(sanitiser.value(value)).toEqual(expected);
    expect(JSON.stringify(sanitiser.value(value))).not.toContain('canary');
  });

  it('survives an error whose fields throw', () => {
    const error = new Error('x');
    for (const name of ['name', 'message', 'stack', 'cause']) {
      Object.defineProperty(error, name, { get: thrower });
    }
    expect(sanitiser.value(error)).toEqual({ type: 'Error', message: '' });
  });

  it('survives a getter that logs its own object', () => {
    let calls = 0;
    const value = {
      get again(): unknown {
        calls++;
        return sanitiser.value(value);
      },
    };
    expect(JSON.stringify(sanitiser.value(value))).toContain('[unreadable]');
    expect(calls).toBeLessThan(10);
  });

  it('survives cycles, at every distance', () => {
    const value: Record<string, unknown> = { list: [] };
    value['self'] = value;
    (value['list'] as unknown[]).push(value, { back: value });
    value['map'] = new Map([['in', value]]);
    expect(sanitiser.value(value)).toEqual({
      list: ['[circular]', { back: '[circular]' }],
      self: '[circular]',
      map: { in: '[circular]' },
    });
  });

  it('shows a value twice when it is no cycle', () => {
    const shared = { a: 1 };
    expect(sanitiser.value([shared, shared])).toEqual([shared, shared]);
  });
});

describe('bounds', () => {
  it('cuts depth', () => {
    let value: unknown = 'x';
    for (let i = 0; i < 100; i++) value = { value };
    expect(JSON.stringify(sanitiser.value(value))).toBe(
      `${'{"value":'.repeat(limits.depth.value)}"[too deep]"${'}'.repeat(limits.depth.value)}`,
    );
  });

  it('cuts numbers of keys and items', () => {
    const wide = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`k${i}`, i]));
    const clean = sanitiser.value({ wide, list: Array.from({ length: 100 }).fill(1) }) as never as {
      wide: Record<string, number>;
      list: unknown[];
    };
    expect(Object.keys(clean.wide)).toHaveLength(limits.keysPerObject.value + 1);
    expect(clean.wide['[omitted]']).toBe(36);
    expect(clean.list.at(-1)).toBe('[36 more]');
  });

  it('cuts the whole', () => {
    const bush = (depth: number): unknown =>
      depth === 0 ? 'x'.repeat(9000) : Array.from({ length: 30 }, () => bush(depth - 1));
    expect(JSON.stringify(sanitiser.value(bush(3))).length).toBeLessThan(
      limits.lineChars.value + limits.stringChars.value + limits.nodesPerLine.value * 20,
    );
    expect(sanitiser.counts.truncated).toBeGreaterThan(0);
  });

  it('cuts text and names', () => {
    expect(sanitiser.text('x'.repeat(100_000))).toBe(`${'x'.repeat(8192)}[truncated]`);
    expect(Object.keys(sanitiser.fields({ ['k'.repeat(500)]: 1 }))[0]).toBe(
      `${'k'.repeat(128)}[truncated]`,
    );
  });

  it('finds a secret at every place around the cut', () => {
    const registry = new SecretRegistry();
    const secret = 'correct-horse-battery-staple';
    registry.register(secret);
    const own = new Sanitiser(registry);
    for (let at = 8100; at < 8500; at++) {
      const clean = own.text(`${'x'.repeat(at)}${secret}${'y'.repeat(400)}`);
      expect(clean).not.toContain('correct');
    }
  });

  it('cleans names', () => {
    const registry = new SecretRegistry();
    registry.register('correct-horse');
    const own = new Sanitiser(registry);
    expect(own.fields({ 'a\nb': 1, 'x correct-horse': 2 })).toEqual({
      'a\\nb': 1,
      'x [redacted secret]': 2,
    });
  });

  it('forgets the names that it remembered when a secret is registered', () => {
    const registry = new SecretRegistry();
    const own = new Sanitiser(registry);
    expect(own.fields({ 'correct-horse': 1 })).toEqual({ 'correct-horse': 1 });
    registry.register('correct-horse');
    expect(own.fields({ 'correct-horse': 1 })).toEqual({ '[redacted secret]': 1 });
  });

  it('gives fields that are no object a name', () => {
    expect(sanitiser.fields('x')).toEqual({ value: 'x' });
    expect(sanitiser.fields([1])).toEqual({ value: [1] });
  });
});
