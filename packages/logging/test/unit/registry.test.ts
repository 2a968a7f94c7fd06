import { describe, expect, it } from 'vitest';

import { base58 } from '@scure/base';

import { LoggingError, Sanitiser, SecretRegistry } from '../../src/index.ts';
import { limits } from '../../src/limits.ts';

const secret = Uint8Array.from({ length: 32 }, (_, i) => (i * 37 + 200) & 0xff);
const buffer = Buffer.from(secret);
const hex = buffer.toString('hex');

describe('forms of a secret', () => {
  const forms: [string, string][] = [
    ['hexadecimal', hex],
    ['upper-case hexadecimal', hex.toUpperCase()],
    ['mixed-case hexadecimal', `${hex.slice(0, 20).toUpperCase()}${hex.slice(20)}`],
    ['hexadecimal after 0x', `0x${hex}`],
    ['hexadecimal with colons', hex.match(/../g)!.join(':')],
    ['an inspected Buffer', hex.match(/../g)!.join(' ')],
    ['Base64', buffer.toString('base64')],
    ['Base64url', buffer.toString('base64url')],
    ['Base64 after one byte', Buffer.concat([Buffer.from('a'), buffer]).toString('base64')],
    ['Base64 after two bytes', Buffer.concat([Buffer.from('ab'), buffer]).toString('base64')],
    [
      'Base64 within more',
      Buffer.concat([Buffer.from('user:'), buffer, buffer]).toString('base64'),
    ],
    ['Base58', base58.encode(secret)],
    [
      'percent-encoding',
      hex
        .match(/../g)!
        .map((byte) => `%${byte}`)
        .join(''),
    ],
    [
      'upper percent-encoding',
      hex
        .match(/../g)!
        .map((byte) => `%${byte.toUpperCase()}`)
        .join(''),
    ],
    ['decimals', secret.join(',')],
    ['a Buffer in JSON', JSON.stringify(buffer)],
  ];
  it.each(forms)('finds %s', (_name, form) => {
    const registry = new SecretRegistry();
    registry.register(secret);
    const clean = registry.redact(`before ${form} after`);
    expect(clean).toContain('[redacted secret]');
    expect(clean.startsWith('before ')).toBe(true);
    expect(clean.endsWith(' after')).toBe(true);
    expect(clean).not.toContain(form.slice(-40, -8));
    expect(registry.matches).toBe(_name.includes('within more') ? 2 : 1);
  });

  const text = 'pa ss/wörd+"1"&x';
  const texts: [string, string][] = [
    ['itself', text],
    ['JSON', JSON.stringify(text).slice(1, -1)],
    ['a query', encodeURIComponent(text)],
    ['a query in lower case', encodeURIComponent(text).toLowerCase()],
    ['a form', encodeURIComponent(text).replaceAll('%20', '+')],
    ['partly escaped', encodeURI(text)],
    ['twice escaped', encodeURIComponent(encodeURIComponent(text))],
    ['hexadecimal', Buffer.from(text).toString('hex')],
    ['Base64', Buffer.from(`bob:${text}`).toString('base64')],
  ];
  it.each(texts)('finds text as %s', (_name, form) => {
    const registry = new SecretRegistry();
    registry.register(text);
    expect(registry.redact(`x ${form} y`)).toContain('[redacted secret]');
    expect(registry.redact(`x ${form} y`)).not.toContain(form.slice(3, 12));
  });

  it('keeps leading zeros of Base58', () => {
    const registry = new SecretRegistry();
    const zeros = Uint8Array.from([0, 0, ...secret]);
    registry.register(zeros);
    expect(registry.redact(base58.encode(zeros))).toBe('[redacted secret]');
  });

  it('hides secrets that overlap', () => {
    const registry = new SecretRegistry();
    registry.register('abcdefghij');
    registry.register('efghijklmnop');
    expect(registry.redact('<abcdefghijklmnop>')).toBe('<[redacted secret]>');
  });

  it('finds every one of many', () => {
    const registry = new SecretRegistry();
    const secrets = Array.from({ length: 200 }, (_, i) => `secret number ${i} of the many`);
    for (const one of secrets) registry.register(one);
    const clean = registry.redact(secrets.join('|'));
    expect(clean).toBe(secrets.map(() => '[redacted secret]').join('|'));
  });

  it('finds a long key that is cut short', () => {
    const registry = new SecretRegistry();
    const long = Uint8Array.from({ length: 4896 }, (_, i) => (i * i * 31 + i * 7) & 0xff);
    registry.register(long);
    const clean = new Sanitiser(registry).text(`key ${Buffer.from(long).toString('hex')}`);
    expect(clean).toMatch(/^key \[redacted secret\]/);
    expect(clean).toBe('key [redacted secret][truncated]');
  });
});

describe('registrations', () => {
  it('ends with dispose, once', () => {
    const registry = new SecretRegistry();
    const registration = registry.register(secret);
    registry.register('another secret');
    const version = registry.version;
    registration.dispose();
    registration.dispose();
    expect(registry.version).toBe(version + 1);
    expect(registry.size).toBe(1);
    expect(registry.redact(hex)).toBe(hex);
    expect(registry.redact('another secret')).toBe('[redacted secret]');
  });

  it('works with using', () => {
    const registry = new SecretRegistry();
    {
      using _live = registry.register(secret);
      expect(registry.redact(hex)).toBe('[redacted secret]');
    }
    expect(registry.redact(hex)).toBe(hex);
  });

  it('counts equal secrets separately', () => {
    const registry = new SecretRegistry();
    registry.register(secret);
    registry.register(secret).dispose();
    expect(registry.redact(hex)).toBe('[redacted secret]');
  });

  it.each([7, limits.secretMaxBytes.value + 1])('refuses %i bytes', (length) => {
    expect(() => new SecretRegistry().register(new Uint8Array(length))).toThrow(
      expect.objectContaining({ code: 'LOGGING_SECRET_LENGTH' }),
    );
  });

  it('refuses more than it can hold', () => {
    const registry = new SecretRegistry();
    for (let i = 0; i < limits.liveSecrets.value; i++) registry.register(`secret no. ${i}`);
    expect(() => registry.register('one too many')).toThrow(LoggingError);
    expect(registry.redact('secret no. 1023')).toBe('[redacted secret]');
  });

  it('says nothing of a secret in its own errors', () => {
    expect(() => new SecretRegistry().register('hunter2')).toThrow(/cannot register a secret of 7/);
  });
});
