import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import {
  changedSettings,
  configReference,
  encryptValue,
  environmentName,
  flagName,
  loadConfig,
  migrateFile,
  migrateText,
  settings,
  valueAt,
  type ConfigMigration,
  type LoadOptions,
} from '../../src/index.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mxd-config-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

const load = (options: Partial<LoadOptions> & { text?: string } = {}) =>
  loadConfig({ files: [], environment: {}, flags: [], ...options });

async function failure(options: Partial<LoadOptions>): Promise<{ code: string; message: string }> {
  const error: unknown = await load(options).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  const { code, message } = error as { code: string; message: string };
  return { code, message };
}

describe('layers', () => {
  test('defaults alone are a valid configuration', async () => {
    const { config, origins } = await load();
    for (const setting of settings) {
      expect(valueAt(config, setting.path)).toEqual(setting.fallback);
      expect(origins.get(setting.path)).toBe('default');
    }
  });

  test('later layers win value by value and origins name the place', async () => {
    const beside = await file('default_config.json', '{"api": {"port": 1, "host": "::1"}}');
    const system = await file('system.yaml', 'api:\n  port: 2\nlog:\n  level: warn\n');
    const user = await file('user.yaml', 'version: 1\napi.port: 3\n');
    const { config, origins } = await load({
      files: [beside, system, user].map((path) => ({ path, required: true })),
      environment: { MXD_API_PORT: '4', PATH: '/bin' },
      flags: ['--api-port', '5'],
    });
    expect(config.api.port).toBe(5);
    expect(config.api.host).toBe('::1');
    expect(config.log.level).toBe('warn');
    expect(origins.get('api.port')).toBe('--api-port');
    expect(origins.get('log.level')).toBe(`${system}:4`);
  });

  test('variables of other programs with the same prefix are left alone', async () => {
    const environment = { MXD_HOME: '/x', MXD_ENDPOINT: 'http://127.0.0.1:1', MXD_SECRET_A: 'b' };
    expect((await load({ environment })).config.api.port).toBe(26_680);
  });

  test('any layer may be absent, and a required file may not', async () => {
    const path = join(folder, 'none.yaml');
    await expect(load({ files: [{ path, required: false }] })).resolves.toBeDefined();
    expect((await failure({ files: [{ path, required: true }] })).code).toBe('CONFIG_FILE');
  });

  test('every setting can be set by file, environment and flag', async () => {
    for (const setting of settings) {
      const other = otherValue(setting.path);
      const text = setting.form === 'json' || setting.form === 'list' ? undefined : String(other);
      const worded =
        text ?? (setting.form === 'list' ? (other as string[]).join(',') : JSON.stringify(other));
      const companions = companionsOf(setting.path);
      const byEnvironment = await load({
        environment: { ...companions.environment, [environmentName(setting.path)]: worded },
      });
      expect(valueAt(byEnvironment.config, setting.path)).toEqual(other);
      const byFlag = await load({
        flags: [...companions.flags, `${flagName(setting.path)}=${worded}`],
      });
      expect(valueAt(byFlag.config, setting.path)).toEqual(other);
      const path = await file('one.json', JSON.stringify({ [setting.path]: other }));
      const byFile = await load({ files: [{ path, required: true }], flags: companions.flags });
      expect(valueAt(byFile.config, setting.path)).toEqual(other);
    }
  });
});

/** A valid value that is not the default. */
function otherValue(path: string): unknown {
  const special: Record<string, unknown> = {
    role: 'sentry',
    expectedGenesisHash: 'ab'.repeat(64),
    'sync.mode': 'snapshot',
    'sync.checkpoint': `7:${'ab'.repeat(64)}:${'cd'.repeat(64)}`,
    'log.level': 'debug',
    'log.format': 'ecs',
    plugins: [{ module: './x.mjs', config: { a: 1 }, trusted: true, budgetMs: 9 }],
  };
  if (path in special) return special[path];
  const setting = settings.find((s) => s.path === path)!;
  if (setting.form === 'list') return ['a', 'b'];
  if (setting.form === 'flag') return !(setting.fallback as boolean);
  if (setting.form === 'number')
    return (setting.fallback as number) + (path.endsWith('maxPeersPerAddress') ? 1 : 17);
  return `other-${path.replaceAll('.', '-')}`;
}

/** Further flags that a setting needs to keep the rules over several keys. */
function companionsOf(path: string): { flags: string[]; environment: Record<string, string> } {
  const extra: Record<string, Record<string, string>> = {
    'api.tlsCertificateFile': { 'api.tlsKeyFile': 'k' },
    'api.tlsKeyFile': { 'api.tlsCertificateFile': 'c' },
    'api.tokenForWrites': { 'admin.enabled': 'true' },
    'sync.checkpoint': { 'sync.mode': 'snapshot' },
  };
  const pairs = Object.entries(extra[path] ?? {});
  return {
    flags: pairs.map(([key, value]) => `${flagName(key)}=${value}`),
    environment: Object.fromEntries(pairs.map(([key, value]) => [environmentName(key), value])),
  };
}

test('a checkpoint is for a start by snapshot, and an archive starts by history', async () => {
  const checkpoint = `--sync-checkpoint=7:${'ab'.repeat(64)}:${'cd'.repeat(64)}`;
  expect((await failure({ flags: [checkpoint] })).message).toContain('sync.mode');
  expect((await failure({ flags: ['--sync-checkpoint=7'] })).message).toContain('anchorHash');
  const archive = ['--role=archive', '--sync-mode=snapshot'];
  expect((await failure({ flags: archive })).message).toContain('history');
});

describe('mistakes', () => {
  test('a broken file names line and column', async () => {
    const path = await file('broken.yaml', 'api:\n  port: [1\nlog: {}\n');
    const { code, message } = await failure({ files: [{ path, required: true }] });
    expect(code).toBe('CONFIG_SYNTAX');
    expect(message).toMatch(new RegExp(`^${path}:\\d+:\\d+: `));
  });

  test('an unknown key names its line and a close one', async () => {
    const path = await file('typo.yaml', 'api:\n  prot: 1\n');
    const { code, message } = await failure({ files: [{ path, required: true }] });
    expect(code).toBe('CONFIG_UNKNOWN_KEY');
    expect(message).toContain(`${path}:2: api.prot`);
    expect(message).toContain('Did you mean api.port?');
  });

  test('a bad value names place, key and rule, even where a later layer wins', async () => {
    const path = await file('bad.yaml', '\n\napi: { port: 70000 }\n');
    const { code, message } = await failure({
      files: [{ path, required: true }],
      flags: ['--api-port=1'],
    });
    expect(code).toBe('CONFIG_VALUE');
    expect(message).toContain(`${path}:3: api.port`);
    expect(message).toContain('70000');
  });

  test.each([
    [{ environment: { MXD_API_PROT: '1' } }, 'CONFIG_UNKNOWN_KEY'],
    [{ environment: { MXD_API_PORT: 'x' } }, 'CONFIG_VALUE'],
    [{ environment: { MXD_API_PORT: '' } }, 'CONFIG_VALUE'],
    [{ environment: { MXD_API_ENABLED: 'yes' } }, 'CONFIG_VALUE'],
    [{ environment: { MXD_PLUGINS: '{' } }, 'CONFIG_VALUE'],
    [{ flags: ['--nope'] }, 'CONFIG_UNKNOWN_KEY'],
    [{ flags: ['--api-port'] }, 'CONFIG_VALUE'],
    [{ flags: ['--api-port', '1.5'] }, 'CONFIG_VALUE'],
    [{ flags: ['--role', 'king'] }, 'CONFIG_VALUE'],
    [{ flags: ['--api-tls-key-file', 'k'] }, 'CONFIG_RULE'],
    [{ flags: ['--role=archive', '--storage-keep-bodies=5'] }, 'CONFIG_RULE'],
    [{ flags: ['--api-port=9', '--metrics-port=9'] }, 'CONFIG_RULE'],
    [{ flags: ['--api-token-for-writes'] }, 'CONFIG_RULE'],
    [{ flags: ['--network-max-peers=1'] }, 'CONFIG_RULE'],
  ] as const)('%j is %s', async (options, code) => {
    expect((await failure(options)).code).toBe(code);
  });

  test('a file that is a list, repeats a key or is binary is refused', async () => {
    for (const text of ['- a\n', 'role: full\nrole: full\n', '\u0000\u0001', '"x"']) {
      const path = await file('odd.yaml', text);
      expect((await failure({ files: [{ path, required: true }] })).code).toMatch(/^CONFIG_/);
    }
  });
});

describe('encrypted values', () => {
  test('are opened by identity or passphrase and by nothing else', async () => {
    const identity = await generateX25519Identity();
    const sealed = await encryptValue('secret-dir', {
      recipients: [await identityToRecipient(identity)],
    });
    const path = await file('sealed.yaml', `secrets:\n  directory: ${sealed}\n`);
    const files = [{ path, required: true }];
    const identityFile = await file('identity.txt', `# made for a test\n${identity}\n`);
    const opened = await load({ files, environment: { MXD_CONFIG_IDENTITY_FILE: identityFile } });
    expect(opened.config.secrets.directory).toBe('secret-dir');

    expect((await failure({ files })).code).toBe('CONFIG_LOCKED');
    const stranger = await file('other.txt', await generateX25519Identity());
    expect(
      (await failure({ files, environment: { MXD_CONFIG_IDENTITY_FILE: stranger } })).code,
    ).toBe('CONFIG_DECRYPT');
    const damaged = await file('damaged.yaml', `secrets.directory: ${sealed.slice(0, -9)}\n`);
    const wrong = await failure({
      files: [{ path: damaged, required: true }],
      environment: { MXD_CONFIG_IDENTITY_FILE: identityFile },
    });
    expect(wrong.code).toBe('CONFIG_DECRYPT');
  });

  test('a passphrase opens what it sealed', async () => {
    const sealed = await encryptValue('x', { passphrase: 'correct horse', workFactor: 10 });
    const path = await file('sealed.yaml', `secrets.directory: ${sealed}\n`);
    const passphrase = await file('pass', 'correct horse\n');
    const { config } = await load({
      files: [{ path, required: true }],
      environment: { MXD_CONFIG_PASSPHRASE_FILE: passphrase },
    });
    expect(config.secrets.directory).toBe('x');
  });
});

describe('migrations', () => {
  const rename: ConfigMigration = {
    from: 1,
    describe: 'api.address is now api.host',
    apply(document) {
      const value = document.getIn(['api', 'address']);
      document.deleteIn(['api', 'address']);
      document.setIn(['api', 'host'], value);
    },
  };

  test('bring a file up to date, keep comments and leave the old text beside it', async () => {
    const old = '# mine\nversion: 1\napi:\n  address: ::1 # loopback\n';
    const path = await file('old.yaml', old);
    expect(await migrateFile(path, [rename], 2)).toEqual([rename.describe]);
    const text = await readFile(path, 'utf8');
    expect(text).toContain('# mine');
    expect(text).toContain('version: 2');
    expect(text).toContain('host: ::1');
    expect(await readFile(`${path}.v1.bak`, 'utf8')).toBe(old);
    expect(await migrateFile(path, [rename], 2)).toEqual([]);
    expect((await readdir(folder)).toSorted()).toEqual(['old.yaml', 'old.yaml.v1.bak']);
  });

  test('refuse a version from the future, a nonsensical one and a gap', async () => {
    expect(() => migrateText('version: 9\n', 'f')).toThrow(/version 9 is unknown/);
    expect(() => migrateText('version: two\n', 'f')).toThrow(/unknown/);
    expect(() => migrateText('version: 1\n', 'f', [], 2)).toThrow(/no step/);
  });
});

test('changes say which of them a reload can apply', async () => {
  const before = await load();
  const after = await load({ flags: ['--log-level=debug', '--api-port=1'] });
  expect(changedSettings(before.config, after.config)).toEqual([
    { path: 'api.port', reloadable: false },
    { path: 'log.level', reloadable: true },
  ]);
});

test('the reference has a row per setting, and names are unique', () => {
  const reference = configReference();
  for (const { path } of settings) expect(reference).toContain(`\`${path}\``);
  expect(new Set(settings.map((s) => environmentName(s.path))).size).toBe(settings.length);
  expect(environmentName('mempool.maxBytes')).toBe('MXD_MEMPOOL_MAX_BYTES');
  expect(flagName('api.requestsPerSecond')).toBe('--api-requests-per-second');
});
