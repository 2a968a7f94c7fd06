import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { fromHex, toHex } from '@mxd/codec';
import { loadConfig } from '@mxd/config';
import { nativeSuites } from '@mxd/crypto/native';
import { ledgerSchema } from '@mxd/ledger';
import { verifyAudit } from '@mxd/logging/audit';
import { openMemoryStore, prepareStore, type KeyValueStore } from '@mxd/storage';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { openNodeAudit } from '../../src/admin/audit.ts';
import { ChainBackups } from '../../src/admin/backup.ts';
import { adjustable } from '../../src/admin/log-level.ts';
import { ConfigControl } from '../../src/admin/reload.ts';
import { openAdmin, openTokens } from '../../src/admin/open-admin.ts';
import { startAdminServer } from '../../src/admin/server.ts';
import { TokenStore } from '../../src/admin/tokens.ts';
import type { HttpListener } from '../../src/http/server.ts';
import { openLedger, type World } from '@mxd/ledger/testing';
import { entry, linesLogger, Stage } from '../plugins/support.ts';

const chainTag = new Uint8Array(32).fill(7);
const peer = `12D3KooW${'A'.repeat(44)}`;

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

class Bench {
  readonly #closers: (() => Promise<void>)[] = [];
  readonly bans: { peerId: string; untilMs: number; reason: string }[] = [];
  readonly disconnected: string[] = [];
  readonly dropped: string[] = [];
  readonly lines: string[];
  readonly directory: string;
  readonly tokens: TokenStore;
  readonly level: ReturnType<typeof adjustable>;
  unauthorized = 0;
  stops = 0;
  changed: unknown[] = [];
  listener!: HttpListener;
  audit!: Awaited<ReturnType<typeof openNodeAudit>>;
  admin = '';

  private constructor(directory: string, tokens: TokenStore) {
    this.directory = directory;
    this.tokens = tokens;
    const { logger, lines } = linesLogger();
    this.lines = lines;
    this.level = adjustable(logger, 'info');
  }

  static async open(more: { readonly auditFails?: boolean } = {}): Promise<Bench> {
    const directory = await mkdtemp(join(tmpdir(), 'mxd-admin-'));
    const tokens = await TokenStore.open(join(directory, 'tokens.json'));
    const bench = new Bench(directory, tokens);
    const file = join(directory, 'node.yaml');
    await writeFile(file, 'version: 1\nlog:\n  level: info\n');
    const load = (): ReturnType<typeof loadConfig> =>
      loadConfig({ files: [{ path: file, required: true }], environment: {}, flags: [] });
    const config = new ConfigControl({
      loaded: await load(),
      load,
      apply: { 'log.level': ({ log }) => bench.level.control.set(log.level) },
      onChanged: (changed) => bench.changed.push(...changed),
    });
    bench.audit = await openNodeAudit(directory, chainTag, bench.level.logger);
    const stage = await Stage.open(2);
    const host = await stage.start([]);
    bench.#closers.push(
      () => bench.audit.close(),
      () => stage[Symbol.asyncDispose](),
      () => rm(directory, { recursive: true, force: true }),
    );
    bench.listener = await startAdminServer({
      config: { host: '127.0.0.1', port: 0 },
      controls: {
        tokens,
        peers: {
          list: () => [],
          get: (id: string) => (id === peer ? {} : undefined),
          bans: () => bench.bans,
          ban: (peerId: string, ms: number, reason: string) =>
            bench.bans.push({ peerId, untilMs: ms, reason }),
          unban: (peerId: string) => {
            bench.bans.splice(
              bench.bans.findIndex((ban) => ban.peerId === peerId),
              1,
            );
          },
          disconnect: (peerId: string) => bench.disconnected.push(peerId),
        } as never,
        mempool: {
          drop: (txid) => bench.dropped.push(toHex(txid)) === 1,
        },
        plugins: host,
        log: bench.level.control,
        config,
        backups: new ChainBackups(openMemoryStore(), directory),
        snapshot: () => Promise.resolve({ height: 12 }),
        stop: () => bench.stops++,
      },
      audit:
        more.auditFails === true
          ? { append: () => Promise.reject(new Error('the disk is full')) }
          : bench.audit,
      logger: bench.level.logger,
      onUnauthorized: () => bench.unauthorized++,
      onRateLimited: () => undefined,
    });
    bench.admin = (await tokens.create({ name: 'root', role: 'admin' })).token;
    return bench;
  }

  async ask(
    method: string,
    path: string,
    body?: unknown,
    token: string = this.admin,
  ): Promise<Answer> {
    const response = await fetch(`${this.listener.url}/admin/v1${path}`, {
      method,
      headers: {
        ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Answer['body'] };
  }

  /** Events of the audit log, after its first record. */
  async events(): Promise<readonly { readonly event: string; readonly facts: object }[]> {
    const text = await readFile(join(this.directory, 'audit', 'records.jsonl'), 'utf8');
    return text
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => JSON.parse(line) as never);
  }

  async close(): Promise<void> {
    await this.listener.close();
    for (const close of this.#closers) await close();
  }
}

async function openAt(
  store: KeyValueStore,
  stage: Stage,
): Promise<{ readonly ledger: World['ledger'] }> {
  return { ledger: await openLedger(stage.world.genesis, store) };
}

let bench: Bench;
beforeEach(async () => {
  bench = await Bench.open();
});
afterEach(() => bench.close());

describe('who may ask', () => {
  test('nobody without a token, nobody with a bad, expired or revoked one', async () => {
    const past = (await bench.tokens.create({ name: 'short', role: 'admin', lifeMs: 1 })).token;
    await new Promise((resolve) => setTimeout(resolve, 5));
    const bad = [
      '',
      'nonsense',
      `${bench.admin.slice(0, -4)}AAAA`,
      `mxd_${'0'.repeat(16)}_${'A'.repeat(43)}`,
      past,
    ];
    for (const token of bad) {
      expect(await bench.ask('GET', '/plugins', undefined, token)).toMatchObject({
        status: 401,
        body: { code: 'API_UNAUTHORIZED' },
      });
    }
    expect(bench.unauthorized).toBe(bad.length);
    expect(bench.lines.filter((line) => line.includes('auth.failed'))).toHaveLength(bad.length);
    expect(bench.lines.join('')).not.toContain(past.slice(-20));
    const other = await bench.tokens.create({ name: 'other', role: 'viewer' });
    expect((await bench.ask('GET', '/whoami', undefined, other.token)).status).toBe(200);
    await bench.ask('DELETE', `/tokens/${other.info.id}`);
    expect((await bench.ask('GET', '/whoami', undefined, other.token)).status).toBe(401);
  });

  test('guessing is cut off by address, and locks nobody out', async () => {
    for (let i = 0; i < 10; i++) await bench.ask('GET', '/whoami', undefined, 'wrong');
    for (let i = 0; i < 3; i++) {
      expect(await bench.ask('GET', '/whoami', undefined, 'wrong')).toMatchObject({
        status: 429,
        body: { code: 'API_RATE_LIMITED' },
      });
    }
    expect(bench.lines.filter((line) => line.includes('auth.failed'))).toHaveLength(10);
    expect(await bench.ask('GET', '/whoami')).toMatchObject({ status: 200 });
  });

  test('every route refuses a token without its scope, and the refusal is audited', async () => {
    const { adminRoutes } = await import('../../src/admin/routes.ts');
    const { token } = await bench.tokens.create({ name: 'none', scopes: ['submit'] });
    for (const { method, url, scope } of adminRoutes) {
      if (scope === undefined) continue;
      const path = url
        .replace('/admin/v1', '')
        .replace(':peerId', peer)
        .replace(':txid', '00'.repeat(64))
        .replace(':id', '0'.repeat(16));
      const body = method === 'GET' || method === 'DELETE' ? undefined : {};
      expect(await bench.ask(method, path, body, token), url).toMatchObject({
        status: 403,
        body: { code: 'API_FORBIDDEN' },
      });
    }
    const denied = (await bench.events()).filter(({ event }) => event === 'access.denied');
    expect(denied).toHaveLength(adminRoutes.length - 1);
    expect(bench.stops + bench.dropped.length + bench.bans.length).toBe(0);
  });

  test('a token cannot make or take over one that may do more than itself', async () => {
    const { token } = await bench.tokens.create({ name: 'clerk', scopes: ['tokens', 'submit'] });
    const root = bench.tokens.list().find(({ name }) => name === 'root')!;
    for (const [path, body] of [
      ['/tokens', { name: 'more', role: 'admin' }],
      ['/tokens', { name: 'more', scopes: ['stop'] }],
      [`/tokens/${root.id}/rotate`, {}],
    ] as const) {
      expect(await bench.ask('POST', path, body, token)).toMatchObject({ status: 403 });
    }
    const made = await bench.ask('POST', '/tokens', { name: 'less', scopes: ['submit'] }, token);
    expect(made).toMatchObject({ status: 200, body: { scopes: ['submit'] } });
    expect(await bench.tokens.authorize(String(made.body['token']), 'submit')).toBe(true);
    expect(await bench.tokens.authorize(String(made.body['token']), 'stop')).toBe(false);
  });
});

describe('tokens at rest', () => {
  test('are hashes in a file of mode 0600', async () => {
    const path = join(bench.directory, 'tokens.json');
    const text = await readFile(path, 'utf8');
    expect(text).not.toContain(bench.admin.split('_')[2]);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  test('rotation gives a new secret, and the old one its grace', async () => {
    const { token, info } = await bench.tokens.create({ name: 'app', role: 'client' });
    const rotated = await bench.ask('POST', `/tokens/${info.id}/rotate`, { graceMs: 60_000 });
    const next = String(rotated.body['token']);
    expect(await bench.tokens.authorize(token, 'submit')).toBe(true);
    expect(await bench.tokens.authorize(next, 'submit')).toBe(true);
    const again = await bench.ask('POST', `/tokens/${info.id}/rotate`, {});
    expect(await bench.tokens.authorize(next, 'submit')).toBe(false);
    expect(await bench.tokens.authorize(String(again.body['token']), 'submit')).toBe(true);
  });

  test('that another program adds are seen; a damaged file is an error, not nobody', async () => {
    const path = join(bench.directory, 'tokens.json');
    const elsewhere = await TokenStore.open(path);
    const { token } = await elsewhere.create({ name: 'from the command line', role: 'viewer' });
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect(await bench.tokens.authorize(token, 'status')).toBe(true);
    await chmod(path, 0o600);
    await writeFile(path, '{"version":1,"tokens":[{}]}');
    await expect(TokenStore.open(path)).rejects.toMatchObject({ code: 'NODE_KEY' });
  });
});

describe('actions', () => {
  test('on peers, mempool, snapshot and stop are done and recorded first', async () => {
    expect((await bench.ask('POST', `/peers/${peer}/disconnect`)).status).toBe(200);
    await bench.ask('PUT', `/bans/${peer}`, { durationMs: 5_000 });
    expect(bench.bans).toEqual([{ peerId: peer, untilMs: 5_000, reason: 'asked by the operator' }]);
    expect((await bench.ask('GET', '/peers')).body['bans']).toHaveLength(1);
    await bench.ask('DELETE', `/bans/${peer}`);
    expect((await bench.ask('DELETE', `/bans/${peer}`)).status).toBe(404);
    expect((await bench.ask('DELETE', `/mempool/${'ab'.repeat(64)}`)).status).toBe(200);
    expect((await bench.ask('DELETE', `/mempool/${'ab'.repeat(64)}`)).status).toBe(404);
    expect((await bench.ask('POST', '/snapshots')).body).toEqual({ height: 12 });
    await bench.ask('POST', '/stop');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect([bench.disconnected, bench.bans, bench.stops]).toEqual([[peer], [], 1]);
    const settings = (await bench.events()).map(({ facts }) => (facts as never)['setting']);
    expect(settings).toEqual([
      `peers.disconnect ${peer}`,
      `peers.ban ${peer}`,
      `peers.unban ${peer}`,
      `mempool.drop ${'ab'.repeat(64)}`,
      `mempool.drop ${'ab'.repeat(64)}`,
      'snapshot.create',
      'node.stop',
    ]);
    const seed = fromHex((await readFile(join(bench.directory, 'audit.key'), 'utf8')).trim());
    const { publicKey } = nativeSuites()[1].signer(seed);
    const verdict = await verifyAudit(join(bench.directory, 'audit'), {
      key: { suite: 1, publicKey, chainTag },
    });
    expect(verdict).toMatchObject({ ok: true, signedRecords: 8, unsignedRecords: 0 });
  });

  test('a backup is taken while the node runs, one at a time, with its height', async () => {
    await using stage = await Stage.open(2);
    const store = openMemoryStore();
    const network = { id: 1, genesisHash: new Uint8Array(64) };
    await prepareStore(store, { schema: ledgerSchema, network });
    const { ledger } = await openAt(store, stage);
    await using _ledger = { [Symbol.asyncDispose]: () => ledger.close() };
    const backups = new ChainBackups(store, bench.directory);
    expect(await backups.list()).toEqual([]);
    const [first, second] = await Promise.allSettled([backups.create(), backups.create()]);
    expect(first).toMatchObject({ status: 'fulfilled', value: { sequence: 1, height: 0 } });
    expect(second).toMatchObject({ status: 'rejected', reason: { code: 'NODE_STORE' } });
    expect(await backups.list()).toHaveLength(1);
  });

  test('the log level changes for all loggers, and security events stay', async () => {
    const { logger } = bench.level;
    const child = logger.child('part');
    child.debug('quiet');
    expect((await bench.ask('PUT', '/log', { level: 'loud' })).status).toBe(400);
    expect((await bench.ask('PUT', '/log', { level: 'debug' })).body).toEqual({ level: 'debug' });
    child.debug('heard');
    await bench.ask('PUT', '/log', { level: 'fatal' });
    child.error('not heard');
    child.security('plugin.refused', { plugin: 'p', reason: 'r' });
    const text = bench.lines.join('');
    expect([text.includes('quiet'), text.includes('"heard"')]).toEqual([false, true]);
    expect([text.includes('not heard'), text.includes('plugin.refused')]).toEqual([false, true]);
  });

  test('config is shown with its origin, and reloaded as far as it can be', async () => {
    const path = join(bench.directory, 'node.yaml');
    await writeFile(path, 'version: 1\nlog:\n  level: warn\napi:\n  port: 1234\n');
    const outcome = await bench.ask('POST', '/config/reload');
    expect(outcome.body).toEqual({ applied: ['log.level'], needRestart: ['api.port'] });
    expect(bench.level.control.get()).toBe('warn');
    expect(bench.changed).toEqual([{ path: 'log.level', value: 'warn' }]);
    const shown = await bench.ask('GET', '/config');
    const items = shown.body['items'] as { path: string; value: unknown; origin: string }[];
    expect(items.find((item) => item.path === 'log.level')).toMatchObject({
      value: 'warn',
      origin: `${path}:3`,
    });
    expect(items.find((item) => item.path === 'api.port')).toMatchObject({ value: 26_680 });
    expect(shown.body['needRestart']).toEqual(['api.port']);
    await writeFile(path, 'version: 1\nlog:\n  level: loud\n');
    const refused = await bench.ask('POST', '/config/reload');
    expect(refused).toMatchObject({ status: 400, body: { code: 'API_BAD_REQUEST' } });
    expect(String(refused.body['detail'])).toContain('log.level');
    expect(bench.level.control.get()).toBe('warn');
  });
});

test('an action that cannot be recorded does not happen', async () => {
  await bench.close();
  bench = await Bench.open({ auditFails: true });
  expect((await bench.ask('POST', '/stop')).status).toBe(500);
  expect((await bench.ask('PUT', `/bans/${peer}`, { durationMs: 5_000 })).status).toBe(500);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect([bench.stops, bench.bans]).toEqual([0, []]);
});

test('what the node opens it closes: the same audit log goes on the next time', async () => {
  await using stage = await Stage.open(2);
  const host = await stage.start([]);
  const layers = { files: [], environment: {}, flags: [`--data-dir=${stage.dataDir}`] };
  const loaded = await loadConfig({ ...layers, flags: [...layers.flags, '--admin-port=0'] });
  const { config } = loaded;
  const { logger } = linesLogger();
  const tokens = await openTokens(config);
  const { token } = await tokens.create({ name: 'op', role: 'operator' });
  for (let round = 1; round <= 2; round++) {
    const admin = await openAdmin({
      config,
      tokens,
      settings: new ConfigControl({ loaded, apply: {} }),
      log: adjustable(logger, 'info').control,
      chain: { store: stage.world.store, mempool: stage.mempool },
      chainTag,
      peers: { ...stage.parts().peers, bans: () => [] } as never,
      plugins: host,
      logger,
      metrics: { increment: () => undefined },
      stop: () => undefined,
    });
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const ask = (method: string, path: string, body: object): Promise<Response> =>
      fetch(`${admin.url}/admin/v1${path}`, { method, headers, body: JSON.stringify(body) });
    expect((await ask('PUT', '/log', { level: 'warn' })).status).toBe(200);
    expect((await ask('POST', '/snapshots', {})).status).toBe(404);
    expect((await ask('POST', '/config/reload', {})).status).toBe(403);
    await admin.close();
    await expect(fetch(admin.url)).rejects.toThrow();
    const text = await readFile(join(stage.dataDir, 'audit', 'records.jsonl'), 'utf8');
    expect(text.trim().split('\n')).toHaveLength(1 + 2 * round);
  }
});

test('plugins show their status and run commands', async () => {
  await using stage = await Stage.open(2);
  const host = await stage.start([entry('@mxd/plugin/examples/policy', { deny: ['x'] })]);
  const { adminRoutes } = await import('../../src/admin/routes.ts');
  const run = (url: string, call: object): unknown =>
    adminRoutes.find((one) => one.url === url)!.run(call as never, { plugins: host } as never);
  expect(run('/admin/v1/plugins', {})).toMatchObject({
    items: [{ name: 'policy', state: 'running', commands: [{ name: 'check' }] }],
  });
  const url = '/admin/v1/plugins/:name/commands/:command';
  const record = (): Promise<void> => Promise.resolve();
  const command = (name: string, body: object): unknown =>
    run(url, { params: { name: 'policy', command: name }, body, record });
  expect(await command('check', { address: 'x' })).toEqual({
    result: { address: 'x', denied: true },
  });
  await expect(command('nothing', {})).rejects.toMatchObject({ code: 'API_NOT_FOUND' });
  await expect(command('check', {})).rejects.toMatchObject({ code: 'API_BAD_REQUEST' });
});
