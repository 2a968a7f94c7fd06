import { execFileSync } from 'node:child_process';
import { inspect } from 'node:util';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { equalConstantTime } from '../../src/constant-time.ts';
import { allocateLocked, lockSecret, probeLockedMemory } from '../../src/locked-memory.ts';
import { Secret, SecretBytes } from '../../src/secret.ts';

const canary = 'correct horse battery staple';
const canaryBytes = new TextEncoder().encode(canary);
const forms = [canary, '99,111,114', '63 6f 72', '636f7272', 'Y29ycmVj'];

/** Everything that could show a value. */
function shown(value: Secret | SecretBytes): string {
  const error = new TypeError(`failed with ${value.toString()}`, { cause: value });
  const nested = { deep: [new Map([['key', value]]), new Set([value])] };
  return [
    value.toString(),
    [value].join(),
    value[Symbol.toPrimitive](),
    `${value.toString()}`,
    JSON.stringify({ value, list: [value] }),
    inspect(value, { showHidden: true, depth: 9, getters: true }),
    inspect(nested, { showHidden: true, depth: 9 }),
    inspect(error, { depth: 9 }),
    error.stack,
    Object.keys(value).join(),
    Reflect.ownKeys(value).map(String).join(),
    JSON.stringify(Object.entries(value)),
    inspect(structuredClone(value), { showHidden: true }),
    inspect(Object.fromEntries(Object.entries(value)), { showHidden: true }),
    inspect(Object.assign({}, value)),
  ].join('\n');
}

describe.each([
  ['SecretBytes', SecretBytes.copyOf(canaryBytes)],
  ['Secret', Secret.of(canary)],
] as const)('%s', (name, secret) => {
  test('shows itself nowhere', () => {
    const text = shown(secret);
    for (const form of forms) expect(text).not.toContain(form);
    expect(String(secret)).toBe('[redacted]');
    expect(inspect(secret)).toBe(`${name} [redacted]`);
    expect(structuredClone(secret)).toEqual({});
  });
});

describe('a secret', () => {
  test('gives its contents to those who ask, until it is disposed', () => {
    const bytes = SecretBytes.copyOf(canaryBytes);
    const view = bytes.expose();
    expect(view).toEqual(canaryBytes);
    expect(bytes.length).toBe(canaryBytes.length);
    bytes[Symbol.dispose]();
    bytes[Symbol.dispose]();
    expect(bytes.disposed).toBe(true);
    expect(view.every((byte) => byte === 0)).toBe(true);
    const disposed = expect.objectContaining({ code: 'SECRET_DISPOSED' });
    expect(() => bytes.expose()).toThrow(disposed);
    expect(() => bytes.length).toThrow(disposed);
    expect(() => bytes.clone()).toThrow(disposed);
    expect(String(bytes)).toBe('[redacted]');
  });

  test('is wiped by using', () => {
    let view: Uint8Array;
    {
      using secret = SecretBytes.copyOf(canaryBytes);
      view = secret.expose();
    }
    expect(view.every((byte) => byte === 0)).toBe(true);
  });

  test('of text is wiped too, and keeps any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const secret = Secret.of(text);
        expect(secret.expose()).toBe(text);
        const view = secret.exposeUtf8();
        secret[Symbol.dispose]();
        expect(secret.disposed).toBe(true);
        expect(view.every((byte) => byte === 0)).toBe(true);
        expect(() => secret.expose()).toThrow();
      }),
    );
  });

  test('copies, owns and clones as it says', () => {
    const original = canaryBytes.slice();
    const copy = SecretBytes.copyOf(original);
    const owned = SecretBytes.own(original);
    const clone = owned.clone();
    expect(owned.equals(copy)).toBe(true);
    owned[Symbol.dispose]();
    expect(original[0]).toBe(0);
    expect(clone.equals(copy)).toBe(true);
    copy.expose()[0] = 0;
    expect(clone.equals(copy)).toBe(false);
    expect(Secret.of('a').equals(Secret.of('a'))).toBe(true);
    expect(Secret.of('a').equals(Secret.of('b'))).toBe(false);
    expect(Secret.ownUtf8(Uint8Array.of(0x61)).expose()).toBe('a');
  });

  test('random ones differ', () => {
    expect(SecretBytes.random(32).equals(SecretBytes.random(32))).toBe(false);
  });
});

test('constant-time comparison agrees with the plain one', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array(), (a, b) => {
      expect(equalConstantTime(a, b)).toBe(Buffer.compare(a, b) === 0);
      expect(equalConstantTime(a, a.slice())).toBe(true);
    }),
  );
});

describe('locked memory', () => {
  test('says whether it is locked, and the system confirms it', () => {
    const { secret, locked, guarded, reason } = allocateLocked(64);
    expect(guarded).toBe(true);
    expect(locked).toBe(reason === undefined);
    expect(secret.expose()).toEqual(new Uint8Array(64));
    secret[Symbol.dispose]();
    expect(probeLockedMemory().locked).toBe(locked);
  });

  test('takes a secret over and wipes the original', () => {
    const original = SecretBytes.copyOf(canaryBytes);
    const { secret } = lockSecret(original);
    expect(original.disposed).toBe(true);
    expect(secret.expose()).toEqual(canaryBytes);
    const view = secret.expose();
    secret[Symbol.dispose]();
    secret[Symbol.dispose]();
    // The memory is given back: the view is cut off from it instead of reading what is there next.
    expect(view.length).toBe(0);
  });

  test('of length 0 is nothing to lock', () => {
    expect(allocateLocked(0)).toMatchObject({ locked: false, guarded: false });
  });

  test.runIf(process.platform === 'linux')('is reported as refused where it is', () => {
    const script = `
      import { probeLockedMemory } from ${JSON.stringify(new URL('../../src/locked-memory.ts', import.meta.url).href)};
      console.log(JSON.stringify(probeLockedMemory()));`;
    // Without the capability, a limit of 0 leaves nothing to lock.
    const run = (command: string): string =>
      execFileSync('sh', ['-c', command, 'sh', process.execPath, script], { encoding: 'utf8' });
    const node = '"$1" --conditions=@mxd/source --input-type=module -e "$2"';
    const capable = process.getuid?.() === 0;
    const output = run(capable ? `ulimit -l 0; exec ${node}` : `ulimit -l 0 && exec ${node}`);
    const probe = JSON.parse(output) as { locked: boolean; reason?: string };
    // Root may lock in spite of the limit; what matters is that the report and its reason agree.
    expect(probe.locked).toBe(probe.reason === undefined);
    if (!capable) expect(probe.locked).toBe(false);
  });
});
