import { describe, expect, test } from 'vitest';

import { ApiError } from '../../src/errors.ts';
import * as schemas from '../../src/schemas.ts';

const accepts = (schema: { safeParse(value: unknown): { success: boolean } }, value: unknown) =>
  schema.safeParse(value).success;

describe('request schemas', () => {
  test('a block is named by a height without leading zeros or by a hash', () => {
    for (const id of ['0', '17', '9007199254740991', 'ab'.repeat(64)]) {
      expect(accepts(schemas.blockParams, { id })).toBe(true);
    }
    for (const id of ['', '-1', '01', '1.5', 'AB'.repeat(64), 'ab'.repeat(63), '1e3', 'latest']) {
      expect(accepts(schemas.blockParams, { id })).toBe(false);
    }
  });

  test('pages have 1 to 1000 items, 100 unless asked', () => {
    expect(schemas.pageQuery.parse({})).toEqual({ limit: 100 });
    expect(schemas.pageQuery.parse({ limit: '7', cursor: 'x' })).toEqual({ limit: 7, cursor: 'x' });
    for (const limit of ['0', '1001', 'abc', '1.5', '-3']) {
      expect(accepts(schemas.pageQuery, { limit })).toBe(false);
    }
  });

  test('a submission is hexadecimal within the size of a transaction, and nothing else', () => {
    expect(accepts(schemas.submissionSchema, { transaction: 'abcd' })).toBe(true);
    for (const transaction of ['abc', 'ABCD', '0xab', 'zz', 'ab'.repeat(102_401)]) {
      expect(accepts(schemas.submissionSchema, { transaction })).toBe(false);
    }
    expect(accepts(schemas.submissionSchema, { transaction: 'ab', privateKey: 'cd' })).toBe(false);
  });

  test('a batch holds 1 to 256 transactions, each within its size', () => {
    const { submissionBatchSchema } = schemas;
    expect(accepts(submissionBatchSchema, { transactions: ['ab', 'cd'] })).toBe(true);
    expect(accepts(submissionBatchSchema, { transactions: Array(256).fill('ab') })).toBe(true);
    for (const transactions of [[], Array(257).fill('ab'), ['abc'], 'ab', ['ab'.repeat(102_401)]]) {
      expect(accepts(submissionBatchSchema, { transactions })).toBe(false);
    }
  });

  test('stream topics are known ones', () => {
    expect(schemas.streamQuery.parse({})).toEqual({ topics: ['block'] });
    expect(schemas.streamQuery.parse({ topics: 'block,transaction' }).topics).toEqual([
      'block',
      'transaction',
    ]);
    for (const topics of ['', 'blocks', 'block,', 'missed']) {
      expect(accepts(schemas.streamQuery, { topics })).toBe(false);
    }
  });

  test('amounts are decimal strings without sign, leading zero or exponent', () => {
    const output = (amount: string) => ({
      items: [{ txid: 'ab'.repeat(64), index: 0, amount, createdHeight: 1, lock: 'plain' }],
    });
    const page = schemas.pageSchema(schemas.unspentSchema);
    for (const amount of ['0', '1', '18446744073709551615']) {
      expect(accepts(page, output(amount))).toBe(true);
    }
    for (const amount of ['', '-1', '01', '1.0', '1e8', '0x1', '1'.repeat(21)]) {
      expect(accepts(page, output(amount))).toBe(false);
    }
  });
});

test('an API error carries its code', () => {
  const error = new ApiError('API_NOT_FOUND', 'no block 7', { height: 7 });
  expect(error.toJSON()).toEqual({
    name: 'ApiError',
    code: 'API_NOT_FOUND',
    message: 'no block 7',
    details: { height: 7 },
  });
});
