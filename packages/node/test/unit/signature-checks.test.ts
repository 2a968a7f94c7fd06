import { isValid, VerificationPool, type VerifyItem } from '@mxd/crypto/pool';
import { activeSuites, type SuiteId } from '@mxd/crypto/suites';
import { describe, expect, test } from 'vitest';

import { SignatureChecks } from '../../src/signature-checks.ts';

const message = new Uint8Array(64).fill(3);

function itemOf(suite: SuiteId, isGood: boolean): VerifyItem {
  const scheme = activeSuites()[suite];
  const seed = new Uint8Array(suite === 3 ? 64 : 32).fill(suite);
  const signature = scheme.sign(seed, message).slice();
  if (!isGood) signature[5] = (signature[5] as number) ^ 1;
  return { suite, publicKey: scheme.publicKeyOf(seed), message, signature };
}

describe('signature checks', () => {
  test('a few are judged here, many by the pool, with the same verdicts', async () => {
    await using pool = new VerificationPool({ workers: 1 });
    const checks = new SignatureChecks(pool);
    const expected = [true, false, true, true, false, true];
    const few = expected.map((isGood) => itemOf(1, isGood));
    const verdicts = (bitmap: Uint8Array, count: number): boolean[] =>
      Array.from({ length: count }, (_, i) => isValid(bitmap, i));
    expect(verdicts(await checks.verify(few), 6)).toEqual(expected);
    expect([checks.inlined, pool.stats().signatures]).toEqual([6, 0]);
    const many = [...few, ...few];
    expect(verdicts(await checks.verify(many), 12)).toEqual([...expected, ...expected]);
    expect([checks.inlined, pool.stats().signatures, checks.total]).toEqual([6, 12, 18]);
  });

  test('a suite of costly checks goes to the pool beyond the first', async () => {
    await using pool = new VerificationPool({ workers: 1 });
    const checks = new SignatureChecks(pool);
    const one = itemOf(3, true);
    expect(isValid(await checks.verify([one]), 0)).toBe(true);
    expect(pool.stats().signatures).toBe(0);
    expect(isValid(await checks.verify([itemOf(1, true), one]), 1)).toBe(true);
    expect(pool.stats().signatures).toBe(2);
  });
});
