import { afterEach, describe, expect, test } from 'vitest';

import {
  installNative,
  mlDsaKeyCacheStats,
  nativeCandidates,
  nativeSuites,
} from '../../src/native.ts';
import { passesSelfTest } from '../../src/self-test.ts';
import type { SignatureSuite } from '../../src/suite-info.ts';
import {
  activeSuites,
  installSuites,
  isSuiteId,
  pureSuites,
  suiteIds,
  suiteInfo,
  suiteOf,
  verifySignature,
} from '../../src/suites.ts';
import { ed25519Backends, mlDsaBackends } from '../backends.ts';

const all: readonly SignatureSuite[] = [
  ...ed25519Backends,
  ...mlDsaBackends,
  pureSuites[3],
  nativeSuites()[3],
];

afterEach(() => {
  installSuites(pureSuites);
});

describe.each(all.map((suite) => [`${suite.name} by ${suite.backend}`, suite] as const))(
  '%s',
  (_, suite) => {
    const seed = new Uint8Array(suite.seedBytes).fill(0x31);
    const message = Uint8Array.of(1, 2, 3);

    test('has the sizes that it says', () => {
      expect(suite.publicKeyOf(seed).length).toBe(suite.publicKeyBytes);
      expect(suite.sign(seed, message).length).toBe(suite.signatureBytes);
      const { id, name, publicKeyBytes, seedBytes, signatureBytes } = suite;
      expect({ id, name, publicKeyBytes, seedBytes, signatureBytes }).toEqual(suiteInfo[id]);
    });

    test('a signer signs until it is disposed', () => {
      const signer = suite.signer(seed);
      expect(signer.suite).toBe(suite.id);
      expect(signer.publicKey).toEqual(suite.publicKeyOf(seed));
      expect(suite.verify(signer.publicKey, message, signer.sign(message))).toBe(true);
      signer[Symbol.dispose]();
      expect(() => signer.sign(message)).toThrow(
        expect.objectContaining({ code: 'SECRET_DISPOSED' }),
      );
    });

    test('leaves the seed alone, and does not depend on it later', () => {
      const own = seed.slice();
      const signer = suite.signer(own);
      expect(own).toEqual(seed);
      own.fill(0);
      expect(suite.verify(signer.publicKey, message, signer.sign(message))).toBe(true);
    });

    test('refuses seeds of other lengths', () => {
      for (const length of [0, suite.seedBytes - 1, suite.seedBytes + 1]) {
        const bad = new Uint8Array(length);
        const error = expect.objectContaining({ code: 'CRYPTO_LENGTH' });
        expect(() => suite.publicKeyOf(bad)).toThrow(error);
        expect(() => suite.signer(bad)).toThrow(error);
        expect(() => suite.sign(bad, message)).toThrow(error);
      }
    });

    test('verifies views into larger and into shared memory', () => {
      const key = suite.publicKeyOf(seed);
      const signature = suite.sign(seed, message);
      const shared = new Uint8Array(new SharedArrayBuffer(key.length + signature.length + 10), 3);
      shared.set(key, 0);
      shared.set(signature, key.length);
      const views = [
        shared.subarray(0, key.length),
        shared.subarray(key.length, key.length + signature.length),
      ] as const;
      expect(suite.verify(views[0], message, views[1])).toBe(true);
    });
  },
);

describe('choosing a backend', () => {
  test('every native backend of this machine passes its self-test', () => {
    expect(nativeCandidates().map((suite) => [suite.backend, passesSelfTest(suite)])).toEqual([
      ['sodium', true],
      ['node:crypto', true],
      ['node:crypto', true],
    ]);
    for (const id of [1, 2] as const) expect(passesSelfTest(pureSuites[id])).toBe(true);
  });

  test('a backend that errs anywhere fails the self-test', () => {
    const good = nativeSuites();
    for (const id of [1, 2] as const) {
      const suite = good[id];
      expect(passesSelfTest({ ...suite, verify: () => true })).toBe(false);
      expect(passesSelfTest({ ...suite, verify: () => false })).toBe(false);
      expect(passesSelfTest({ ...suite, publicKeyOf: () => new Uint8Array(32) })).toBe(false);
      const broken = (): never => {
        throw new TypeError('no such algorithm');
      };
      expect(passesSelfTest({ ...suite, sign: broken })).toBe(false);
    }
  });

  test('installing makes the native ones active and names them', () => {
    expect(activeSuites()).toBe(pureSuites);
    expect(installNative()).toEqual({ 1: 'sodium', 2: 'node:crypto', 3: 'sodium + node:crypto' });
    expect(activeSuites()).toBe(nativeSuites());
    expect(suiteOf(1).backend).toBe('sodium');
  });
});

test('unknown suites are refused, or never valid', () => {
  expect(suiteIds).toEqual([1, 2, 3]);
  for (const id of [0, 4, 1.5, Number.NaN, -1]) {
    expect(isSuiteId(id)).toBe(false);
    expect(() => suiteOf(id)).toThrow(expect.objectContaining({ code: 'CRYPTO_SUITE' }));
    expect(verifySignature(id, new Uint8Array(32), new Uint8Array(0), new Uint8Array(64))).toBe(
      false,
    );
  }
  expect(isSuiteId('1')).toBe(false);
});

test('the cache of ML-DSA keys is used, and bounded', () => {
  const suite = nativeSuites()[2];
  const before = mlDsaKeyCacheStats();
  const signature = new Uint8Array(suite.signatureBytes);
  const key = new Uint8Array(suite.publicKeyBytes);
  for (let i = 0; i < 600; i++) {
    key[0] = i;
    key[1] = i >> 8;
    suite.verify(key, key, signature);
    suite.verify(key, key, signature);
  }
  const after = mlDsaKeyCacheStats();
  expect(after.size).toBe(512);
  expect(after.hits - before.hits).toBeGreaterThanOrEqual(600);
});
