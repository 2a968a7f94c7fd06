import { cp } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { toHex } from '@mxd/codec';
import { Secret, SecretBytes } from '@mxd/crypto/secret';
import { describe, expect, test } from 'vitest';
import { type BackupKey, restoreBackup } from '../../src/backup/index.ts';
import {
  bytesKey,
  defineBucket,
  descendingKey,
  openDatabase,
  rawValue,
  textKey,
  tupleKey,
  u16Key,
  u53Key,
  u64Key,
  varBytesKey,
} from '../../src/index.ts';
import { putMetadata } from '../../src/metadata.ts';
import { temporaryPath } from '../support/directories.ts';
import { network, notes, schema } from '../support/notes.ts';

// What is on disks already: a difference here is a new format, which needs a migration.
describe('frozen formats', () => {
  test('keys and values of buckets', () => {
    const key = tupleKey(
      bytesKey(2),
      u53Key,
      descendingKey(u16Key),
      varBytesKey(4),
      textKey(8),
      u64Key,
    );
    const bucket = defineBucket({
      name: 'all',
      prefix: Uint8Array.of(0x61, 0x62),
      key,
      value: rawValue,
    });
    const { key: stored, value } = bucket.put(
      [Uint8Array.of(1, 2), 2 ** 40 + 5, 3, Uint8Array.of(0, 9), 'é', 2n ** 63n],
      Uint8Array.of(7, 8, 9),
    );
    expect(toHex(stored)).toMatchInlineSnapshot(
      `"616201020000010000000005fffc00ff090000c3a900008000000000000000"`,
    );
    expect(toHex(value)).toMatchInlineSnapshot(`"070809c7a82444"`);
  });

  test('metadata', () => {
    const { key, value } = putMetadata({ network, application: 'notes', schemaVersion: 3 });
    expect(toHex(key)).toMatchInlineSnapshot(`"0001"`);
    expect(toHex(value)).toMatchInlineSnapshot(
      `"4d5844530100000007400707070707070707070707070707070707070707070707070707070707070707070707070707070707070707070707070707070707070707070707070707070700000003056e6f746573e5b7c3aa"`,
    );
  });

  const keys: readonly (readonly [string, BackupKey | undefined])[] = [
    ['plain', undefined],
    ['key', { kind: 'key', key: SecretBytes.copyOf(new Uint8Array(32).fill(1)) }],
    // Decomposed, where the series was made with the composed form.
    ['passphrase', { kind: 'passphrase', passphrase: Secret.of('A\u030angstro\u0308m') }],
  ];

  test.each(keys)('backup series of version 1, %s', async (name, key) => {
    const directory = await temporaryPath('series');
    await cp(fileURLToPath(new URL(`./series-v1-${name}`, import.meta.url)), directory, {
      recursive: true,
    });
    const target = await temporaryPath('restored');
    const point = await restoreBackup({
      directory,
      target,
      network,
      ...(key === undefined ? {} : { key }),
    });
    expect(point).toMatchObject({
      sequence: 1,
      height: 77,
      label: 'fixture',
      entries: 5,
      schemaVersion: 1,
    });
    await using store = await openDatabase({ directory: target, schema, network });
    const found = await Array.fromAsync(notes.on(store).range());
    expect(found).toEqual(
      [0, 1, 2, 300].map((number) => [number, new Uint8Array(number % 100).fill(number % 256)]),
    );
  });
});
