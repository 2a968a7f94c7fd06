import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { CodedError } from '@mxd/codec';
import { expect, test } from 'vitest';

import { CryptoError, cryptoErrors } from '../../src/errors.ts';
import { limits } from '../../src/limits.ts';

const source = globSync('src/**/*.ts', { cwd: fileURLToPath(new URL('../..', import.meta.url)) })
  .filter((name) => !name.endsWith('errors.ts'))
  .map((name) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8'))
  .join('\n');

test('every code has a sentence, and is used', () => {
  for (const [code, sentence] of Object.entries(cryptoErrors)) {
    expect(code).toMatch(
      /^(?:CRYPTO|MERKLE|ADDRESS|POLICY|MNEMONIC|DERIVATION|SECRET|KEYSTORE|VERIFY_POOL)_[A-Z]+$/,
    );
    expect(sentence).toMatch(/^[A-Z].*\.$/);
    expect(source, code).toContain(`'${code}'`);
  }
});

test('an error crosses as plain data', () => {
  const error = new CryptoError('VERIFY_POOL_FULL', 'full', { waiting: 3 });
  expect(error).toBeInstanceOf(CodedError);
  expect(JSON.parse(JSON.stringify(error))).toEqual({
    name: 'CryptoError',
    code: 'VERIFY_POOL_FULL',
    message: 'full',
    details: { waiting: 3 },
  });
});

test('no bare error is thrown', () => {
  expect(source).not.toMatch(/throw new (?:Error|TypeError|RangeError)\(/);
});

test('limits are positive whole numbers with a unit and a reason, and are used', () => {
  for (const [name, limit] of Object.entries(limits)) {
    expect(Number.isSafeInteger(limit.value) && limit.value > 0).toBe(true);
    expect(limit.unit).not.toBe('');
    expect(limit.why).toMatch(/\.$/);
    expect(source).toMatch(new RegExp(`limits\\.${name}\\.value|bounds\\.${name}\\b`));
  }
});
