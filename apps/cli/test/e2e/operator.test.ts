import { chmod, copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { Sandbox } from './sandbox.ts';

let box: Sandbox;
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

describe('the doctor', () => {
  const faults = async (): Promise<readonly string[]> => {
    const { stdout } = await box.mxd(['doctor', 'v1', '--json']);
    const found = JSON.parse(stdout) as { check: string; state: string; mend?: string }[];
    const bad = found.filter(({ state }) => state === 'fault');
    for (const { mend } of bad) expect(mend).not.toBe('');
    return bad.map(({ check }) => check);
  };

  test('names a fault of each kind and nothing else', async () => {
    expect(await faults()).toEqual([]);
    await chmod(box.path('v1/node.key'), 0o644);
    expect(await faults()).toEqual(['modes']);
    await chmod(box.path('v1/node.key'), 0o600);
    await writeFile(box.path('v1/pid'), '999999999');
    expect(await faults()).toEqual(['lock']);
    await rm(box.path('v1/pid'));
    const server = await new Promise<Server>((resolve) => {
      const made = createServer();
      made.listen(basePort, '127.0.0.1', () => resolve(made));
    });
    expect(await faults()).toEqual(['ports']);
    server.close();
    await copyFile(box.path('v1/genesis.mxd'), box.path('kept.mxd'));
    await writeFile(box.path('v1/genesis.mxd'), 'none');
    expect(await faults()).toEqual(['network']);
    await copyFile(box.path('kept.mxd'), box.path('v1/genesis.mxd'));
    await rm(box.path('v1/validator/journal'), { recursive: true });
    await rm(box.path('v1/chain'), { recursive: true });
    await mkdir(box.path('v1/chain'));
    expect(await faults()).toEqual(['schema', 'journal']);
  });
});
