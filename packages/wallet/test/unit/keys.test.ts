import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toHex } from '@mxd/codec';
import { formatAddress } from '@mxd/crypto/address';
import { createKeystore } from '@mxd/crypto/keystore';
import { entropyOfMnemonic, parseMnemonic } from '@mxd/crypto/mnemonic';
import { Secret, SecretBytes } from '@mxd/crypto/secret';
import { verifySignature } from '@mxd/crypto/suites';
import { defaultParameters } from '@mxd/protocol/parameters';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { chainOfGenesis, MasterKey, watchOnly } from '../../src/index.ts';
import { openWallet, readKeyMaterial, saveKeystore } from '../../src/keystore.ts';
import { generateMnemonic, masterKeyOfMnemonic, masterKeyOfWords } from '../../src/mnemonic.ts';

const words =
  'abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about';
const path = { account: 0, change: 0, index: 0 };
const message = new Uint8Array([1, 2, 3]);

const codeOf = async (body: () => unknown): Promise<string> => {
  try {
    await body();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return 'none';
};

describe('keys of a mnemonic', () => {
  test('are the same on every machine, one for each suite and path', async () => {
    using master = await masterKeyOfWords(words);
    const texts = ([1, 2, 3] as const).map((suite) =>
      formatAddress(master.watch(suite, path).owner, 'main'),
    );
    expect(texts).toMatchInlineSnapshot(`
      [
        "mxMScqmH4t2SQ7wtDBsu1oe7KRTFgYNPYcET",
        "mxMeenxJ6JsZwzsoqEo5XVjaVxEi2dqCVamS",
        "mx2mTHsFJ5aHasVnQXvmT5cqJfwiZPjLW3FQfzfzXiCcdDS2WWMgK",
      ]
    `);
    expect(master.watch(1, { ...path, index: 1 }).owner).not.toEqual(master.watch(1, path).owner);
    using other = await masterKeyOfWords(words, Secret.of('TREZOR'));
    expect(other.watch(1, path).owner).not.toEqual(master.watch(1, path).owner);
  });

  test.each([1, 2, 3] as const)(
    'of suite %i sign what their public part verifies',
    async (suite) => {
      using master = await masterKeyOfWords(words);
      using account = master.account(suite, path);
      expect(account.path).toEqual(path);
      const watched = master.watch(suite, path);
      expect(watched.publicKey).toEqual(account.publicKey);
      expect(watchOnly(suite, account.publicKey, path)).toEqual(watched);
      expect(verifySignature(suite, watched.publicKey, message, account.sign(message))).toBe(true);
      expect('sign' in watched).toBe(false);
    },
  );

  test('are gone once disposed', async () => {
    const master = await masterKeyOfMnemonic(generateMnemonic(12));
    const account = master.account(1, path);
    account[Symbol.dispose]();
    expect(await codeOf(() => account.sign(message))).toBe('SECRET_DISPOSED');
    master[Symbol.dispose]();
    expect(await codeOf(() => master.watch(1, path))).toBe('SECRET_DISPOSED');
  });
});

describe('keystores', () => {
  let folder: string;
  const passphrase = Secret.of('correct horse');
  const options = { parameters: { memoryKib: 8192, passes: 1, parallelism: 1 } };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mxd-wallet-'));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  test('hold a mnemonic, a whole wallet, or one key', async () => {
    using master = await masterKeyOfWords(words, Secret.of('extra'));
    const entropy = entropyOfMnemonic(parseMnemonic(words));
    const file = (name: string): string => join(folder, name);
    await saveKeystore(
      file('words'),
      { kind: 'entropy', language: 'english', entropy },
      passphrase,
      options,
    );
    const opened = await openWallet(file('words'), passphrase, Secret.of('extra'));
    if (opened.kind !== 'wallet') throw new TypeError('a wallet was expected');
    expect(opened.master.watch(3, path)).toEqual(master.watch(3, path));
    const material = await readKeyMaterial(file('words'), passphrase);
    expect(material).toMatchObject({ kind: 'entropy', language: 'english' });

    const seed = SecretBytes.copyOf(new Uint8Array(64).fill(4));
    await saveKeystore(file('seed'), { kind: 'master', seed }, passphrase, options);
    const wallet = await openWallet(file('seed'), passphrase);
    if (wallet.kind !== 'wallet') throw new TypeError('a wallet was expected');
    expect(wallet.master.watch(1, path)).toEqual(MasterKey.own(seed).watch(1, path));

    const key = SecretBytes.copyOf(new Uint8Array(32).fill(5));
    await saveKeystore(file('key'), { kind: 'key', suite: 2, seed: key }, passphrase, options);
    const one = await openWallet(file('key'), passphrase);
    if (one.kind !== 'key') throw new TypeError('a key was expected');
    expect(verifySignature(2, one.account.publicKey, message, one.account.sign(message))).toBe(
      true,
    );
  });

  test('with another content or passphrase are refused, each with its code', async () => {
    const name = join(folder, 'other');
    await createKeystore(name, SecretBytes.copyOf(new Uint8Array([9, 9])), passphrase, options);
    expect(await codeOf(() => openWallet(name, passphrase))).toBe('WALLET_KEY_MATERIAL');
    expect(await codeOf(() => openWallet(name, Secret.of('wrong')))).toBe('KEYSTORE_PASSPHRASE');
    const short = join(folder, 'short');
    const bytes = SecretBytes.copyOf(new Uint8Array([1, 3, 3, 2, 1, 1]));
    await createKeystore(short, bytes, passphrase, options);
    expect(await codeOf(() => readKeyMaterial(short, passphrase))).toBe('WALLET_KEY_MATERIAL');
  });
});

test('a chain is known from its genesis document', () => {
  const document = {
    networkId: 12,
    testNetwork: 1 as const,
    attempt: 0,
    genesisTimeMs: 1,
    parameters: defaultParameters,
    allocations: [],
    members: [
      {
        id: new Uint8Array(20),
        accountSuite: 1 as const,
        accountKey: new Uint8Array(32),
        consensusKey: new Uint8Array(32),
        stake: 1n,
        possessionSignature: new Uint8Array(64),
      },
    ],
    listed: [],
  };
  const made = chainOfGenesis(document);
  expect(made).toMatchObject({ networkId: 12, network: 'test', dustLimit: 1_000n });
  expect(toHex(made.chainTag)).toHaveLength(64);
  expect(chainOfGenesis({ ...document, testNetwork: 0 }).network).toBe('main');
});
