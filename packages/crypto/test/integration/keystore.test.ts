import { fork } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { toHex } from '@mxd/codec';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { argon2Backends, argon2id } from '../../src/argon2.ts';
import { writePrivateFile } from '../../src/atomic-file.ts';
import { CryptoError } from '../../src/errors.ts';
import { formatKeystore, parseKeystore } from '../../src/keystore-format.ts';
import {
  changePassphrase,
  createKeystore,
  defaultKeystoreParameters,
  openKeystore,
  readKeystoreInfo,
} from '../../src/keystore.ts';
import { Secret, SecretBytes } from '../../src/secret.ts';

const cheap = { memoryKib: 64, passes: 1, parallelism: 1 };
const passphrase = Secret.of('correct horse battery staple');
const contents = Uint8Array.from({ length: 64 }, (_, i) => i * 3);
const coded = (code: string): unknown => expect.objectContaining({ code });

let directory: string;
let path: string;
const secretOf = (): SecretBytes => SecretBytes.copyOf(contents);

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'mxd-keystore-'));
  path = join(directory, 'wallet.json');
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

const create = (label = 'main account'): Promise<void> =>
  createKeystore(path, secretOf(), passphrase, { parameters: cheap, label });

describe('a keystore', () => {
  test('gives back what was put in, and tells its label without the passphrase', async () => {
    await create();
    const opened = await openKeystore(path, passphrase);
    expect(opened.secret.expose()).toEqual(contents);
    expect(opened.upgrade).toBe('none');
    const info = { label: 'main account', parameters: cheap, readableByOthers: false };
    expect(opened.info).toEqual(info);
    expect(await readKeystoreInfo(path)).toEqual(info);
  });

  test.skipIf(process.platform === 'win32')('is private, and says when it is not', async () => {
    await create();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    chmodSync(path, 0o644);
    expect((await readKeystoreInfo(path)).readableByOthers).toBe(true);
  });

  test('leaves nothing else behind, and does not hold the secret in the clear', async () => {
    await create();
    expect(readdirSync(directory)).toEqual(['wallet.json']);
    const text = readFileSync(path, 'utf8');
    expect(text).not.toContain(toHex(contents.slice(0, 8)));
    expect(text).not.toContain('horse');
  });

  test('is never replaced unless asked', async () => {
    await create();
    const before = readFileSync(path, 'utf8');
    await expect(create()).rejects.toThrow(coded('KEYSTORE_EXISTS'));
    expect(readFileSync(path, 'utf8')).toBe(before);
    expect(readdirSync(directory)).toEqual(['wallet.json']);
    await createKeystore(path, secretOf(), passphrase, { parameters: cheap, replace: true });
    expect(readFileSync(path, 'utf8')).not.toBe(before);
  });

  test('uses a fresh salt and nonce each time', async () => {
    await create();
    const first = parseKeystore(readFileSync(path, 'utf8')).header;
    await createKeystore(path, secretOf(), passphrase, { parameters: cheap, replace: true });
    const second = parseKeystore(readFileSync(path, 'utf8')).header;
    expect(second.salt).not.toEqual(first.salt);
    expect(second.nonce).not.toEqual(first.nonce);
  });

  test('takes one passphrase typed in two Unicode forms, and binary-like ones', async () => {
    const made = Secret.of('na\u00efve\u0000tail');
    await createKeystore(path, secretOf(), made, { parameters: cheap });
    const typed = await openKeystore(path, Secret.of('nai\u0308ve\u0000tail'));
    expect(typed.secret.expose()).toEqual(contents);
    const cut = Secret.of('na\u00efve');
    await expect(openKeystore(path, cut)).rejects.toThrow(coded('KEYSTORE_PASSPHRASE'));
  });

  test('has the default costs of the specification', async () => {
    expect(defaultKeystoreParameters).toEqual({ memoryKib: 65_536, passes: 3, parallelism: 1 });
    await createKeystore(path, secretOf(), passphrase);
    expect((await openKeystore(path, passphrase)).info.parameters).toEqual(
      defaultKeystoreParameters,
    );
  });
});

describe('what can go wrong has its own error', () => {
  /** Changes the file and repairs the digest, as an attacker would. */
  const forge = (change: (file: ReturnType<typeof parseKeystore>) => object): void => {
    const file = parseKeystore(readFileSync(path, 'utf8'));
    writeFileSync(path, formatKeystore({ ...file, ...change(file) }));
  };

  test('a wrong passphrase', async () => {
    await create();
    await expect(openKeystore(path, Secret.of('x'))).rejects.toThrow(coded('KEYSTORE_PASSPHRASE'));
    await expect(openKeystore(path, Secret.of(''))).rejects.toThrow(coded('KEYSTORE_PASSPHRASE'));
  });

  test('damage at any byte, truncation at any length', async () => {
    await create();
    const good = readFileSync(path);
    for (let at = 0; at < good.length; at += 5) {
      const bad = Buffer.from(good);
      bad[at] = bad[at]! ^ 0x01;
      writeFileSync(path, bad);
      const error: unknown = await openKeystore(path, passphrase).then(
        (opened) => opened.secret.expose(),
        (reason: unknown) => reason,
      );
      // White space may change without harm; anything else is noticed as damage.
      if (error instanceof Uint8Array) expect(error).toEqual(contents);
      else expect(error).toMatchObject({ code: expect.stringMatching(/CORRUPT|VERSION/) });
      writeFileSync(path, good.subarray(0, at));
      await expect(openKeystore(path, passphrase)).rejects.toThrow(coded('KEYSTORE_CORRUPT'));
    }
  });

  test('forged contents and forged headers, the right passphrase notwithstanding', async () => {
    await create();
    forge((file) => ({
      ciphertext: file.ciphertext.map((byte, i) => (i === 3 ? byte ^ 1 : byte)),
    }));
    await expect(openKeystore(path, passphrase)).rejects.toThrow(coded('KEYSTORE_CORRUPT'));
    rmSync(path);
    await create();
    forge((file) => ({ header: { ...file.header, label: 'other account' } }));
    await expect(openKeystore(path, passphrase)).rejects.toThrow(coded('KEYSTORE_CORRUPT'));
  });

  test('a newer version', async () => {
    await create();
    const value = JSON.parse(readFileSync(path, 'utf8')) as object;
    writeFileSync(path, JSON.stringify({ ...value, version: 2, novelty: true }));
    await expect(openKeystore(path, passphrase)).rejects.toThrow(coded('KEYSTORE_VERSION'));
  });

  test('costs that would exhaust the machine are refused unpaid', async () => {
    await create();
    for (const parameters of [
      { ...cheap, memoryKib: 2 ** 31 },
      { ...cheap, passes: 1e9 },
      { ...cheap, parallelism: 1000, memoryKib: 1_000_000 },
      { ...cheap, memoryKib: 7 },
      { ...cheap, passes: 0 },
    ]) {
      await expect(
        createKeystore(join(directory, 'new'), secretOf(), passphrase, { parameters }),
      ).rejects.toThrow(coded('KEYSTORE_PARAMETERS'));
    }
    forge((file) => ({ header: { ...file.header, parameters: { ...cheap, passes: 1000 } } }));
    await expect(openKeystore(path, passphrase)).rejects.toThrow(coded('KEYSTORE_PARAMETERS'));
  });

  test('a missing file, a directory, a huge file, a missing directory', async () => {
    await expect(openKeystore(path, passphrase)).rejects.toThrow(coded('KEYSTORE_IO'));
    mkdirSync(path);
    await expect(openKeystore(path, passphrase)).rejects.toThrow(
      expect.objectContaining({ code: expect.stringMatching(/IO|CORRUPT/) }),
    );
    const huge = join(directory, 'huge');
    writeFileSync(huge, Buffer.alloc(70_000, 0x20));
    await expect(openKeystore(huge, passphrase)).rejects.toThrow(coded('KEYSTORE_CORRUPT'));
    await expect(
      createKeystore(join(directory, 'no', 'such'), secretOf(), passphrase, { parameters: cheap }),
    ).rejects.toThrow(coded('KEYSTORE_IO'));
  });

  test('a label that cannot be printed, a secret that is too long', async () => {
    await expect(create('a\u001bb')).rejects.toThrow(coded('KEYSTORE_PARAMETERS'));
    await expect(create('x'.repeat(129))).rejects.toThrow(coded('KEYSTORE_PARAMETERS'));
    const long = SecretBytes.own(new Uint8Array(40_000));
    await expect(createKeystore(path, long, passphrase, { parameters: cheap })).rejects.toThrow(
      coded('CRYPTO_LENGTH'),
    );
    expect(readdirSync(directory)).toEqual([]);
  });

  test('arbitrary text is a coded error', () => {
    const texts = fc.oneof(
      fc.string(),
      fc.json(),
      fc.object().map((value) => JSON.stringify({ format: 'mxd-keystore', version: 1, ...value })),
    );
    fc.assert(
      fc.property(texts, (text) => {
        expect(() => parseKeystore(text)).toThrow(CryptoError);
      }),
    );
  });
});

test('parts of a wrong shape are named', async () => {
  await create();
  const file = JSON.parse(readFileSync(path, 'utf8')) as Record<string, object>;
  for (const [change, rule] of [
    [{ kdf: 7 }, 'kdf is not an object'],
    [{ cipher: null }, 'cipher is not an object'],
    [{ kdf: { ...file['kdf'], salt: '00' } }, 'salt has a wrong length'],
    [{ cipher: { ...file['cipher'], nonce: '00' } }, 'nonce has a wrong length'],
    [{ ciphertext: '00' }, 'ciphertext is too short'],
    [{ more: 1 }, 'the file has other fields than it should'],
  ] as const) {
    expect(() => parseKeystore(JSON.stringify({ ...file, ...change }))).toThrow(
      expect.objectContaining({ code: 'KEYSTORE_CORRUPT', details: { rule } }),
    );
  }
});

describe('stronger parameters', () => {
  const stronger = { memoryKib: 128, passes: 2, parallelism: 1 };

  test('are taken over on unlock, never weaker ones', async () => {
    await create();
    const opened = await openKeystore(path, passphrase, { upgradeTo: stronger });
    expect(opened.upgrade).toBe('done');
    expect(opened.secret.expose()).toEqual(contents);
    expect((await readKeystoreInfo(path)).parameters).toEqual(stronger);
    const again = await openKeystore(path, passphrase, { upgradeTo: stronger });
    expect(again.upgrade).toBe('none');
    const weaker = { ...stronger, passes: 1, memoryKib: 256 };
    expect((await openKeystore(path, passphrase, { upgradeTo: weaker })).upgrade).toBe('none');
    expect((await readKeystoreInfo(path)).parameters).toEqual(stronger);
    expect(readdirSync(directory)).toEqual(['wallet.json']);
  });

  test.skipIf(process.platform === 'win32')(
    'that find no room for a file beside the old one do not keep the secret locked up',
    async () => {
      await create();
      // A name that is as long as names may be: that of the new file would be longer.
      const long = join(directory, `${'w'.repeat(250)}.json`);
      renameSync(path, long);
      const opened = await openKeystore(long, passphrase, { upgradeTo: stronger });
      expect(opened.upgrade).toBe('failed');
      expect(opened.upgradeError).toMatchObject({
        code: 'KEYSTORE_IO',
        details: { system: 'ENAMETOOLONG' },
      });
      expect(opened.secret.expose()).toEqual(contents);
      expect((await readKeystoreInfo(long)).parameters).toEqual(cheap);
    },
  );

  test.skipIf(process.platform === 'win32' || process.getuid?.() === 0)(
    'that cannot be written do not keep the secret locked up',
    async () => {
      await create();
      chmodSync(directory, 0o500);
      const opened = await openKeystore(path, passphrase, { upgradeTo: stronger });
      chmodSync(directory, 0o700);
      expect(opened.upgrade).toBe('failed');
      expect(opened.upgradeError?.code).toBe('KEYSTORE_IO');
      expect(opened.secret.expose()).toEqual(contents);
    },
  );

  test('come with another passphrase too', async () => {
    await create();
    const next = Secret.of('next');
    await expect(changePassphrase(path, next, passphrase)).rejects.toThrow(
      coded('KEYSTORE_PASSPHRASE'),
    );
    await changePassphrase(path, passphrase, next, stronger);
    await expect(openKeystore(path, passphrase)).rejects.toThrow(coded('KEYSTORE_PASSPHRASE'));
    const opened = await openKeystore(path, next);
    expect(opened.secret.expose()).toEqual(contents);
    expect(opened.info).toMatchObject({ label: 'main account', parameters: stronger });
  });
});

describe('Argon2id', () => {
  test('is the same function in each implementation', async () => {
    for (const parameters of [cheap, { memoryKib: 256, passes: 3, parallelism: 1 }]) {
      const salt = new Uint8Array(16).fill(2);
      const outputs = [];
      for (const backend of Object.values(argon2Backends)) {
        const output = await backend(new Uint8Array(9).fill(5), salt, parameters, 32);
        if (output !== undefined) outputs.push(toHex(output));
      }
      expect(outputs.length).toBeGreaterThanOrEqual(2);
      expect(new Set(outputs).size).toBe(1);
      const chosen = await argon2id(new Uint8Array(9).fill(5), salt, parameters, 32);
      expect(toHex(chosen)).toBe(outputs[0]);
    }
  });

  test('has several lanes where libsodium has one', async () => {
    const lanes = { memoryKib: 256, passes: 2, parallelism: 4 };
    const salt = new Uint8Array(16).fill(3);
    const password = new Uint8Array(5);
    const chosen = await argon2id(password, salt, lanes, 32);
    expect(chosen).toEqual(await argon2Backends.noble(password, salt, lanes, 32));
    expect(argon2Backends.sodium(password, salt, lanes, 32)).toBe(undefined);
  });
});

describe('writing', () => {
  test('a process killed at any moment leaves the old file or the new one', async () => {
    writeFileSync(path, 'old');
    for (let delayMs = 0; delayMs < 40; delayMs += 10) {
      const child = fork(new URL('./rewrite-forever.ts', import.meta.url), [path], {
        execArgv: ['--conditions=@mxd/source'],
        stdio: 'ignore',
      });
      await new Promise((resolve) => child.once('message', resolve));
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      child.kill('SIGKILL');
      await new Promise((resolve) => child.once('exit', resolve));
      expect(readFileSync(path, 'utf8')).toMatch(/^(?:old|new \d+ x{10000})$/);
    }
  });

  test('two that create the same file: one wins, the other is told', async () => {
    const results = await Promise.allSettled(
      ['a', 'b', 'c'].map((text) => writePrivateFile(path, text, { replace: false })),
    );
    expect(results.filter((result) => result.status === 'fulfilled').length).toBe(1);
    expect(readdirSync(directory)).toEqual(['wallet.json']);
  });
});
