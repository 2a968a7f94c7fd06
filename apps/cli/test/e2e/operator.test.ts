import { readFileSync, statSync } from 'node:fs';
import { chmod, copyFile, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo, type Server } from 'node:net';

import type { Status } from '@mxd/api';
import { ledgerSchema } from '@mxd/ledger';
import { openDatabase } from '@mxd/storage';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import { Sandbox, program } from './sandbox.ts';

let box: Sandbox;
let statusSeen: Status;
const basePort = 41_000 + (process.pid % 1_000) * 8;
const good = async (words: readonly string[]): Promise<string> => {
  const { code, stdout, stderr } = await box.mxd(words);
  expect({ words, code, told: code === 0 ? '' : stdout + stderr }).toEqual({
    words,
    code: 0,
    told: '',
  });
  return stdout;
};
const refused = async (words: readonly string[], code: number, named: string): Promise<void> => {
  const ran = await box.mxd(words);
  expect([words, ran.code, ran.stderr]).toEqual([words, code, expect.stringContaining(named)]);
};

beforeAll(async () => {
  box = await Sandbox.open();
  await good(['key', 'new', 'operator', '--suite', 'hybrid']);
  await good(['key', 'new', 'second', '--suite', 'ed25519']);
  await good([
    ...['node', 'init', 'v1', '--role', 'validator', '--api-port', String(basePort)],
    ...['--p2p-port', String(basePort + 1), '--metrics-port', String(basePort + 2)],
  ]);
});

afterAll(async () => {
  await box.mxd(['node', 'stop', 'v1']);
  await box[Symbol.asyncDispose]();
});

const key = ['--key', 'v1/validator/consensus.key'];
const keyOptions = [...key, '--key-passphrase-file', 'v1/secrets/validator-passphrase'];
const documentOf = (
  out: string,
  time: string,
  ...members: readonly string[]
): readonly string[] => [
  ...['genesis', 'document', ...members, '--network-id', '99'],
  ...['--time', time, '--allocations', 'allocations.txt', '--out', out],
];

describe('a chain by ceremony', () => {
  test('announce, document, sign, assemble; what does not fit is refused', async () => {
    const [owner] = await box.json<{ address: string }[]>(['address', 'list', 'operator']);
    await writeFile(box.path('allocations.txt'), `${owner?.address ?? ''} 5000\n`);
    const announce = ['genesis', 'announce', '--network-id', '99', '--stake', '100000'];
    await good([...announce, ...keyOptions, '--wallet', 'operator', '--out', 'one.json']);
    await good(['validator', 'key', 'other.key']);
    await good([...announce, '--key', 'other.key', '--wallet', 'second', '--out', 'two.json']);
    const past = '2026-01-31T12:00:00Z';
    await good(documentOf('both.mxd', past, 'two.json', 'one.json'));
    await good(documentOf('again.mxd', past, 'one.json', 'two.json'));
    const hashOf = async (file: string): Promise<string> =>
      (await box.json<{ hash: string }>(['genesis', 'show', file])).hash;
    expect(await hashOf('again.mxd')).toBe(await hashOf('both.mxd'));
    await good(['genesis', 'sign', 'both.mxd', '--key', 'other.key', '--out', 'two.sig', '--yes']);
    const assemble = ['genesis', 'assemble', 'both.mxd', 'two.sig', '--out', 'half.mxd'];
    await refused(assemble, 4, 'is missing');
    await good(documentOf('solo.mxd', past, 'one.json'));
    await writeFile(box.path('parameters.json'), '{"epochLength":32,"dustLimit":"9"}');
    const tuned = [...documentOf('tuned.mxd', past, 'one.json'), '--parameters', 'parameters.json'];
    await good(tuned);
    const show = ['genesis', 'show', 'tuned.mxd'];
    const { parameters } = await box.json<{ parameters: Record<string, unknown> }>(show);
    expect(parameters).toMatchObject({ epochLength: 32, dustLimit: '9', maxValidators: 100 });
    await writeFile(box.path('parameters.json'), '{"epochLength":3}');
    await refused(tuned, 2, 'epochLength: it must be a whole number from 16 to 65536');
    const foreign = ['genesis', 'sign', 'solo.mxd', '--key', 'other.key', '--out', 'x', '--yes'];
    await refused(foreign, 4, 'of no member');
    await good(['genesis', 'sign', 'solo.mxd', ...keyOptions, '--out', 'one.sig', '--yes']);
    const second = ['genesis', 'sign', 'both.mxd', ...keyOptions, '--out', 'x', '--yes'];
    await refused(second, 4, 'signed another document');
    await refused(
      ['genesis', 'assemble', 'both.mxd', 'one.sig', '--out', 'x'],
      4,
      'another document',
    );
    await good(['genesis', 'assemble', 'solo.mxd', 'one.sig', '--out', 'v1/genesis.mxd']);
  }, 400_000);

  test('its validator runs; the chain is backed up, restored and audited', async () => {
    await good(['node', 'start', 'v1', '--detach']);
    const endpoint = ['--endpoint', `http://127.0.0.1:${basePort}`];
    await good(['wait', '--height', '2', ...endpoint]);
    statusSeen = (await (await fetch(`${endpoint[1]}/v1/status`)).json()) as Status;
    const allocated = await box.json<{ available: string }>([
      'balance',
      '--wallet',
      'operator',
      ...endpoint,
    ]);
    expect(allocated.available).toBe('5000');
    await refused(['node', 'start', 'v1'], 1, 'CLI_RUNNING');
    await refused(['backup', 'create', 'v1'], 1, 'CLI_RUNNING');
    await refused(['restore', 'v1', '--yes'], 1, 'CLI_RUNNING');
    await good(['node', 'stop', 'v1']);
    expect((await box.mxd(['node', 'status', 'v1'])).code).toBe(3);
    box.env['MXD_BACKUP_PASSPHRASE'] = 'backup passphrase';
    const point = await box.json<{ height: number }>(['backup', 'create', 'v1', '--encrypt']);
    expect(point.height).toBeGreaterThanOrEqual(2);
    const other = { env: { MXD_BACKUP_PASSPHRASE: 'another one' } };
    expect((await box.mxd(['backup', 'verify', 'v1', '--encrypt'], other)).code).toBe(1);
    await rm(box.path('v1/chain'), { recursive: true });
    await good(['restore', 'v1', '--encrypt', '--yes']);
    const report = await box.json<{ ok: boolean; height: number }>(['audit', 'v1']);
    expect(report).toMatchObject({ ok: true, height: point.height });
  });
});

describe('tokens', () => {
  test('the first admin token is made by a command; rotation and revocation reach a running node', async () => {
    const adminPort = basePort + 3;
    const made = await box.json<{ token: string; id: string; role: string }>([
      ...['token', 'new', 'v1', '--name', 'ops', '--role', 'admin'],
    ]);
    expect(made.token).toMatch(/^mxd_[0-9a-f]{16}_/);
    const file = readFileSync(box.path('v1/tokens.json'), 'utf8');
    expect(file).not.toContain(made.token.slice(21));
    expect(statSync(box.path('v1/tokens.json')).mode & 0o777).toBe(0o600);
    await good([
      ...['node', 'start', 'v1', '--detach', '--'],
      ...['--admin-enabled', '--admin-port', String(adminPort)],
    ]);
    const whoami = async (token: string): Promise<number> => {
      const headers = { authorization: `Bearer ${token}` };
      return (await fetch(`http://127.0.0.1:${adminPort}/admin/v1/whoami`, { headers })).status;
    };
    const until = async (token: string, status: number): Promise<void> => {
      await vi.waitFor(async () => expect(await whoami(token)).toBe(status), {
        timeout: 30_000,
        interval: 200,
      });
    };
    await until(made.token, 200);
    const dry = await box.mxd(['token', 'rotate', 'v1', 'ops', '--dry-run']);
    expect(dry.stdout).toContain('would give');
    const next = await box.json<{ token: string }>([
      ...['token', 'rotate', 'v1', 'ops', '--grace', '0', '--yes'],
    ]);
    await until(next.token, 200);
    await until(made.token, 401);
    await good([
      'token',
      'new',
      'v1',
      '--name',
      'shop',
      '--scope',
      'submit',
      '--out',
      'shop.token',
    ]);
    expect(statSync(box.path('shop.token')).mode & 0o777).toBe(0o600);
    const list = await box.json<{ name: string; scopes: string }[]>(['token', 'list', 'v1']);
    expect(list.map(({ name }) => name)).toEqual(['ops', 'shop']);
    expect(list[1]?.scopes).toBe('submit');
    await refused(['token', 'revoke', 'v1', 'ops'], 2, 'CLI_CONFIRM');
    await good(['token', 'revoke', 'v1', made.id, '--yes']);
    await until(next.token, 401);
    await refused(['token', 'revoke', 'v1', 'ops', '--yes'], 5, 'CLI_TOKEN');
    await refused(['token', 'new', 'v1', '--name', 'x'], 2, '--role');
    await refused(['token', 'new', 'v1', '--name', 'x', '--scope', 'all'], 2, 'none of');
    await good(['node', 'stop', 'v1']);
  });
});

describe('the doctor', () => {
  interface Found {
    readonly check: string;
    readonly state: string;
    readonly mend?: string;
  }
  const examine = async (...words: readonly string[]): Promise<readonly Found[]> => {
    const { stdout, stderr } = await box.mxd(['doctor', 'v1', '--json', ...words]);
    expect(stderr).not.toContain('    at ');
    return (JSON.parse(stdout) as Found[]).filter(({ state }) => state === 'fault');
  };
  const faults = async (...words: readonly string[]): Promise<readonly string[]> => {
    const bad = await examine(...words);
    for (const { mend } of bad) expect(mend).not.toBe('');
    return bad.map(({ check }) => check);
  };
  /** A node that says of itself what a test wants. */
  const answering = async (
    changes: object,
    body: (endpoint: string) => Promise<void>,
  ): Promise<void> => {
    const server = createHttpServer((_, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ ...statusSeen, headTimeMs: Date.now(), ...changes }));
    });
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    try {
      await body(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    } finally {
      server.close();
    }
  };
  const healthy = { peers: 3, clockOffsetMs: 1, uptimeMs: 60_000 };

  test('finds nothing where nothing is wrong', async () => {
    expect(await faults()).toEqual([]);
    await answering(healthy, async (endpoint) => {
      expect(await faults('--endpoint', endpoint)).toEqual([]);
    });
  });

  test('a clock that is off', async () => {
    await answering({ ...healthy, clockOffsetMs: 900 }, async (endpoint) => {
      expect(await faults('--endpoint', endpoint)).toEqual(['clock']);
    });
    await answering({ ...healthy, headTimeMs: Date.now() + 3_600_000 }, async (endpoint) => {
      expect(await faults('--endpoint', endpoint)).toEqual(['clock']);
    });
  });

  test('no peers', async () => {
    await answering({ ...healthy, peers: 0 }, async (endpoint) => {
      expect(await faults('--endpoint', endpoint)).toEqual(['peers']);
    });
  });

  test('the wrong network', async () => {
    const network = { ...statusSeen.network, chainTag: 'ab'.repeat(32) };
    await answering({ ...healthy, network }, async (endpoint) => {
      expect(await faults('--endpoint', endpoint)).toEqual(['network']);
    });
    await copyFile(box.path('v1/genesis.mxd'), box.path('kept.mxd'));
    await writeFile(box.path('v1/genesis.mxd'), 'none');
    expect(await faults()).toEqual(['network']);
    await copyFile(box.path('kept.mxd'), box.path('v1/genesis.mxd'));
  });

  test('weak file modes', async () => {
    await chmod(box.path('v1/node.key'), 0o644);
    expect(await faults()).toEqual(['modes']);
    await chmod(box.path('v1/node.key'), 0o600);
  });

  test('a stale lock', async () => {
    await writeFile(box.path('v1/pid'), '999999999');
    expect(await faults()).toEqual(['lock']);
    await rm(box.path('v1/pid'));
  });

  test('ports that another program has', async () => {
    const server = await new Promise<Server>((resolve) => {
      const made = createServer();
      made.listen(basePort, '127.0.0.1', () => resolve(made));
    });
    expect(await faults()).toEqual(['ports']);
    server.close();
  });

  test('a disk without room', async () => {
    expect(await faults('--room', '1000000')).toEqual(['disk']);
  });

  test('folders that the account may not write', async () => {
    // The superuser may write anything, so that the check runs as somebody else then.
    const isSuper = process.getuid?.() === 0;
    await chmod(box.path('v1'), 0o555);
    await chmod(box.directory, 0o755);
    const words = [program, 'doctor', 'v1', '--json'];
    const ran = isSuper
      ? await box.run('setpriv', [
          ...['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, ...words],
        ])
      : await box.mxd(words.slice(1));
    await chmod(box.path('v1'), 0o700);
    const found = JSON.parse(ran.stdout) as Found[];
    expect(found.find(({ check }) => check === 'permissions')).toMatchObject({ state: 'fault' });
  });

  test.each([
    ['an old', -1, 'brings the chain up to date'],
    ['a newer', 1, 'newer version'],
  ])('%s schema', async (_, difference, advice) => {
    await rm(box.path('v1/chain'), { recursive: true });
    const store = await openDatabase({
      directory: box.path('v1/chain'),
      schema: { ...ledgerSchema, version: ledgerSchema.version + difference },
      network: { id: 99, genesisHash: new Uint8Array(64) },
    });
    await store.close();
    const found = await examine();
    expect(found.map(({ check }) => check)).toEqual(['schema']);
    expect(found[0]?.mend).toContain(advice);
  });

  test('a missing journal: a validator alone cannot rotate, so the risk is to be accepted', async () => {
    await rm(box.path('v1/validator/journal'), { recursive: true });
    const journal = (await examine()).find(({ check }) => check === 'journal');
    expect(journal?.mend).toContain('acceptEquivocationRisk');
    expect(journal?.mend).not.toContain('mxd restore');
  });
});
