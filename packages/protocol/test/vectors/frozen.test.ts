import { readdirSync, readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import { digestOf, frozenTypes } from '../frozen.ts';
import fixture from './frozen-encodings.json' with { type: 'json' };

// Changing one of these digests changes the network's wire format: bump a version when you do.
describe('frozen', () => {
  test.each(Object.entries(frozenTypes))('%s', (name, frozen) => {
    expect(digestOf(frozen)).toBe((fixture as Record<string, string>)[name]);
  });
});

test('nothing is frozen that is not generated any more', () => {
  expect(Object.keys(fixture).toSorted()).toEqual(Object.keys(frozenTypes).toSorted());
});

test('every codec, root and signed message that the package has is frozen', () => {
  const source = new URL('../../src/', import.meta.url);
  const pattern = /^export (?:const (\w+Codec)\b|function (\w+(?:Message|Root|Hash|Tag)(?:Of)?)\b)/gm;
  const exported = readdirSync(source).flatMap((file) =>
    [...readFileSync(new URL(file, source), 'utf8').matchAll(pattern)].map(
      ([, codec, made]) => (codec ?? made) as string,
    ),
  );
  expect(exported.length).toBeGreaterThan(35);
  const used = ['../frozen.ts', '../codecs.ts']
    .map((file) => readFileSync(new URL(file, import.meta.url), 'utf8'))
    .join('\n');
  // Fixed-length bytes and single numbers, which stand inside of the others.
  const parts = ['txIdCodec', 'blockHashCodec', 'digestCodec', 'validatorIdCodec', 'voteKindCodec', 'viewCodec', 'suiteIdCodec'];
  const missing = exported.filter((name) => !parts.includes(name) && !used.includes(name));
  expect(missing).toEqual([]);
});
