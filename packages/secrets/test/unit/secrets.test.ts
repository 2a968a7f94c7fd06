import { chmod, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { conformanceChecks } from '../../src/conformance.ts';
import {
  environmentSecrets,
  environmentVariable,
  FileSecrets,
  Secrets,
  SecretsError,
} from '../../src/index.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mxd-secrets-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const codeOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'none',
    (error: unknown) => (error as SecretsError).code,
  );

describe.each(conformanceChecks)('every provider: $name', ({ run }) => {
  test('environment', async () => {
    const environment: Record<string, string> = {};
    await using provider = environmentSecrets(environment);
    const put = (name: string, text: string) => {
      environment[environmentVariable(name)] = text;
      return Promise.resolve();
    };
    await run({ provider, put, rotates: false });
  });

  test('files', async () => {
    await using provider = new FileSecrets({ directory: folder });
    const put = (name: string, text: string) => writeFile(join(folder, name), text);
    await run({ provider, put, rotates: true });
  });
});

describe('files', () => {
  test('one line end is not part of the secret', async () => {
    await using provider = new FileSecrets({ directory: folder });
    for (const [text, expected] of [
      ['a\n', 'a'],
      ['a\r\n', 'a'],
      ['a\n\n', 'a\n'],
      ['a', 'a'],
    ] as const) {
      await writeFile(join(folder, 'x'), text);
      using secret = await provider.get('x');
      expect(secret?.expose()).toBe(expected);
    }
  });

  test('empty, huge and unreadable files are refused', async () => {
    await using provider = new FileSecrets({ directory: folder });
    await writeFile(join(folder, 'empty'), '');
    await writeFile(join(folder, 'line'), '\n');
    await writeFile(join(folder, 'huge'), 'x'.repeat(65_537));
    await mkdir(join(folder, 'folder'));
    expect(await codeOf(provider.get('empty'))).toBe('SECRET_EMPTY');
    expect(await codeOf(provider.get('line'))).toBe('SECRET_EMPTY');
    expect(await codeOf(provider.get('huge'))).toBe('SECRET_TOO_LARGE');
    expect(await codeOf(provider.get('folder'))).toMatch(/^SECRET_(READ|EMPTY)$/);
  });

  test('strict modes refuse what others can read', async () => {
    await using provider = new FileSecrets({ directory: folder, strictModes: true });
    await writeFile(join(folder, 'x'), 'abc');
    await chmod(join(folder, 'x'), 0o644);
    expect(await codeOf(provider.get('x'))).toBe('SECRET_FILE_MODE');
    await chmod(join(folder, 'x'), 0o600);
    using secret = await provider.get('x');
    expect(secret?.expose()).toBe('abc');
  });

  test('a Kubernetes mount rotates by its ..data link', async () => {
    const version = async (name: string, text: string) => {
      await mkdir(join(folder, name));
      await writeFile(join(folder, name, 'token'), text);
      await symlink(name, join(folder, '..data_tmp'));
      await rename(join(folder, '..data_tmp'), join(folder, '..data'));
    };
    await version('..v1', 'one');
    await symlink('..data/token', join(folder, 'token'));
    await using provider = new FileSecrets({ directory: folder });
    const seen = new Promise<string>((resolve) => {
      provider.watch('token', (secret) => resolve(secret.expose()));
    });
    await version('..v2', 'two');
    expect(await seen).toBe('two');
  });

  test('a failure while watching is told, and the old value stays', async () => {
    await writeFile(join(folder, 'x'), 'abc');
    let told: (error: SecretsError) => void = () => {};
    const failure = new Promise<SecretsError>((resolve) => {
      told = resolve;
    });
    await using provider = new FileSecrets({ directory: folder, onError: (error) => told(error) });
    const seen: string[] = [];
    provider.watch('x', (secret) => seen.push(secret.expose()));
    await new Promise((resolve) => setTimeout(resolve, 30));
    // Moved into place whole: a watcher may see a file that is being written while it is empty.
    await writeFile(join(folder, 'x.new'), 'y'.repeat(65_537));
    await rename(join(folder, 'x.new'), join(folder, 'x'));
    expect((await failure).code).toBe('SECRET_TOO_LARGE');
    expect(seen).toEqual([]);
  });
});

describe('Secrets', () => {
  const secrets = new Secrets([
    environmentSecrets({ MXD_SECRET_A: 'first' }),
    environmentSecrets({ MXD_SECRET_A: 'second', MXD_SECRET_B: 'short' }),
  ]);

  test('the first provider that has a secret wins', async () => {
    using a = await secrets.require('a');
    using b = await secrets.require('b');
    expect([a.expose(), b.expose()]).toEqual(['first', 'short']);
    expect(await secrets.find('c')).toBeUndefined();
    expect(await codeOf(secrets.require('c'))).toBe('SECRET_MISSING');
    secrets.watch('a', () => {})();
  });

  test('requirements are checked at start without showing the secret', async () => {
    await secrets.validate([
      { name: 'a', required: true, minBytes: 5 },
      { name: 'c', required: false },
    ]);
    expect(await codeOf(secrets.validate([{ name: 'c', required: true }]))).toBe('SECRET_MISSING');
    expect(await codeOf(secrets.validate([{ name: 'b', required: true, minBytes: 6 }]))).toBe(
      'SECRET_FORMAT',
    );
    const wrong = secrets.validate([{ name: 'b', required: true, check: () => 'is no PEM' }]);
    const error: unknown = await wrong.catch((reason: unknown) => reason);
    expect((error as SecretsError).message).toBe('the secret b: is no PEM');
    expect(inspect(error)).not.toContain('short');
  });

  test('are disposed with their providers', async () => {
    await secrets[Symbol.asyncDispose]();
    expect(await secrets.find('a')).toBeDefined();
  });
});
