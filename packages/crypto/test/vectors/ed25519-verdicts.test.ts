import { fromHex } from '@mxd/codec';
import { describe, expect, test } from 'vitest';

import { pureSuites } from '../../src/suites.ts';
import { ed25519Backends } from '../backends.ts';
import frozen from './data/ed25519-verdicts.json' with { type: 'json' };
import { edgeCases } from './ed25519-edge-cases.ts';

describe('the frozen accept set of Ed25519', () => {
  test('is what the rule says of the generated edge cases', () => {
    expect(frozen).toEqual(edgeCases());
  });

  test('has accepted and refused cases, mixed order among both', () => {
    const mixed = frozen.filter((item) => /^A=\w+\+[1-7]T R=\w+\+[1-7]T/.test(item.name));
    expect(mixed.filter((item) => item.valid).length).toBeGreaterThan(30);
    expect(mixed.filter((item) => !item.valid).length).toBeGreaterThan(30);
    expect(frozen.length).toBeGreaterThan(400);
  });

  test.each(ed25519Backends.map((suite) => [suite.backend, suite] as const))(
    'is the verdict of %s on every case',
    (_, suite) => {
      const wrong = frozen.filter(
        (item) =>
          suite.verify(fromHex(item.publicKey), fromHex(item.message), fromHex(item.signature)) !==
          item.valid,
      );
      expect(wrong.map((item) => item.name)).toEqual([]);
    },
  );

  test('is the verdict on keys that verify often, whose points carry tables', () => {
    const rounds = [0, 1, 2, 3, 4, 5];
    const wrong = frozen.filter(({ publicKey, message, signature, valid }) =>
      rounds.some(
        () =>
          pureSuites[1].verify(fromHex(publicKey), fromHex(message), fromHex(signature)) !== valid,
      ),
    );
    expect(wrong.map((item) => item.name)).toEqual([]);
  });
});
