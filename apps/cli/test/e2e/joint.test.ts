// Joint accounts, watching, moving and joining coins, against a network of one validator.
import { copyFile, readFile, writeFile } from 'node:fs/promises';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { Sandbox } from './sandbox.ts';

let box: Sandbox;
const good = async (...words: readonly string[]): Promise<string> => {
  const { code, stdout, stderr } = await box.mxd(words);
  expect({ words, code, told: code === 0 ? '' : stdout + stderr }).toEqual({
    words,
    code: 0,
    told: '',
  });
  return stdout;
};
const refused = async (code: number, named: string, ...words: readonly string[]): Promise<void> => {
  const ran = await box.mxd(words);
  expect([words, ran.code, ran.stderr]).toEqual([words, code, expect.stringContaining(named)]);
  expect(ran.stderr).not.toContain('    at ');
};
const addressOf = async (wallet: string): Promise<string> => {
  const [first] = await box.json<{ address: string }[]>(['address', 'list', wallet]);
  return first?.address ?? '';
};
const held = async (wallet: string): Promise<string> =>
  (await box.json<{ available: string }>(['balance', '--wallet', wallet])).available;

beforeAll(async () => {
  box = await Sandbox.open();
  await good('devnet', 'up', '--detach', '--no-trickle', '--validators', '1', '--dir', 'net');
  const network = JSON.parse(await readFile(box.path('net/network.json'), 'utf8')) as {
    nodes: { apiPort: number }[];
    mnemonic: string;
  };
  box.env['MXD_ENDPOINT'] = `http://127.0.0.1:${network.nodes[0]?.apiPort ?? 0}`;
  await writeFile(box.path('rich.words'), network.mnemonic, { mode: 0o600 });
  await good('wallet', 'import', 'rich', '--suite', 'ed25519', '--words-file', 'rich.words');
  for (const [name, suite] of [
    ['ann', 'ed25519'],
    ['ben', 'hybrid'],
    ['cat', 'ml-dsa-87'],
    ['dan', 'hybrid'],
  ] as const) {
    await good('wallet', 'new', name, '--suite', suite, '--words-file', `${name}.words`);
    await good('policy', 'key', name, '--out', `${name}.json`);
  }
});

afterAll(async () => {
  await box.mxd(['devnet', 'down', '--dir', 'net']);
  await box[Symbol.asyncDispose]();
});

describe('a joint account of two of three', () => {
  test('is the same whoever makes it, and is kept by every member', async () => {
    await good(
      ...['policy', 'new', 'joint', 'ann.json', 'ben.json', 'cat.json'],
      ...['--threshold', '2', '--out', 'joint.json'],
    );
    await good('policy', 'new', 'other', 'cat.json', 'ann.json', 'ben.json', '--threshold', '2');
    await good('policy', 'import', 'third', 'joint.json');
    const joint = await addressOf('joint');
    expect(await addressOf('other')).toBe(joint);
    expect(await addressOf('third')).toBe(joint);
    const listed = await box.json<{ name: string; suite: string }[]>(['policy', 'list']);
    expect(listed.map(({ name }) => name)).toEqual(['joint', 'other', 'third']);
    expect(listed[0]?.suite).toBe('2 of 3');
    await good('policy', 'export', 'joint', '--out', 'again.json');
    expect(await readFile(box.path('again.json'), 'utf8')).toBe(
      await readFile(box.path('joint.json'), 'utf8'),
    );
    await refused(
      1,
      'POLICY_KEYS',
      'policy',
      'new',
      'x',
      'ann.json',
      'ann.json',
      '--threshold',
      '1',
    );
    await refused(1, 'POLICY_THRESHOLD', 'policy', 'new', 'x', 'ann.json', '--threshold', '2');
    await refused(2, '--threshold', 'policy', 'new', 'x', 'ann.json');
    await refused(5, 'CLI_WALLET_MISSING', 'policy', 'show', 'nobody');
    await refused(2, 'CLI_WALLET_KIND', 'policy', 'show', 'ann');
    await refused(1, 'CLI_WALLET_EXISTS', 'policy', 'import', 'joint', 'joint.json');
    const changed = (await readFile(box.path('joint.json'), 'utf8')).replace(
      '"threshold": 2',
      '"threshold": 1',
    );
    await writeFile(box.path('changed.json'), changed);
    await refused(4, 'WALLET_POLICY', 'policy', 'import', 'y', 'changed.json');
  });

  test('is spent by signatures collected apart and merged in any order', async () => {
    const joint = await addressOf('joint');
    const dan = await addressOf('dan');
    await good('send', joint, '10', '--wallet', 'rich', '--yes');
    expect(await held('joint')).toBe('10');
    await refused(2, 'mxd tx build', 'send', dan, '1', '--wallet', 'joint', '--yes');
    await good('tx', 'build', dan, '3', '--wallet', 'joint', '--out', 'open.json');
    await copyFile(box.path('open.json'), box.path('ben.part'));
    await copyFile(box.path('open.json'), box.path('cat.part'));
    await good(
      'tx',
      'sign',
      'ben.part',
      '--wallet',
      'ben',
      '--genesis',
      'net/genesis.mxd',
      '--yes',
    );
    await good(
      'tx',
      'sign',
      'cat.part',
      '--wallet',
      'cat',
      '--genesis',
      'net/genesis.mxd',
      '--yes',
    );
    await refused(4, 'WALLET_NO_KEY', 'tx', 'sign', 'open.json', '--wallet', 'dan', '--yes');
    await refused(4, 'WALLET_INCOMPLETE', 'tx', 'send', 'ben.part', '--yes');
    const half = await good('tx', 'inspect', 'ben.part');
    expect(half).toContain('1 of 2 signed');
    expect(half).toContain('may sign: ann, cat');
    await good('tx', 'merge', 'ben.part', 'cat.part', '--out', 'one.json');
    await good('tx', 'merge', 'cat.part', 'open.json', 'ben.part', '--out', 'two.json');
    expect(await readFile(box.path('two.json'), 'utf8')).toBe(
      await readFile(box.path('one.json'), 'utf8'),
    );
    await good('tx', 'send', 'one.json', '--yes');
    expect(await held('dan')).toBe('3');
    expect(await held('joint')).toBe('7');
    await good('tx', 'build', dan, '1', '--wallet', 'third', '--out', 'later.json');
    await refused(4, 'WALLET_OTHER_TRANSACTION', 'tx', 'merge', 'later.json', 'one.json');
  });

  test('one signer after the other works as well, and whoever has no policy cannot build', async () => {
    const dan = await addressOf('dan');
    await good('tx', 'build', dan, '2', '--wallet', 'joint', '--out', 'turn.json');
    await good('tx', 'sign', 'turn.json', '--wallet', 'ann', '--yes');
    await good('tx', 'sign', 'turn.json', '--wallet', 'ben', '--yes');
    expect(await good('tx', 'send', 'turn.json', '--yes')).toContain('final at height');
    const build = [
      'tx',
      'build',
      dan,
      '1',
      '--from',
      await addressOf('joint'),
      '--out',
      'none.json',
    ];
    const env = { MXD_HOME: box.path('elsewhere') };
    const ran = await box.mxd(build, { env });
    expect(ran.code).toBe(4);
    expect(ran.stderr).toContain('WALLET_POLICY');
  });
});

describe('watching', () => {
  test('a wallet without keys sees, builds, and cannot sign', async () => {
    await good('wallet', 'export', 'rich', '--out', 'rich.public.json');
    await good('wallet', 'watch', 'eyes', 'rich.public.json', await addressOf('dan'));
    const list = await box.json<{ address: string }[]>(['address', 'list', 'eyes']);
    expect(list.map(({ address }) => address)).toEqual([
      await addressOf('rich'),
      await addressOf('dan'),
    ]);
    expect(await held('eyes')).not.toBe('0');
    const dan = await addressOf('dan');
    await refused(2, 'holds no keys', 'send', dan, '1', '--wallet', 'eyes', '--yes');
    const rich = await addressOf('rich');
    await good('tx', 'build', dan, '1', '--from', rich, '--wallet', 'eyes', '--out', 'cold.json');
    await good(
      'tx',
      'sign',
      'cold.json',
      '--wallet',
      'rich',
      '--genesis',
      'net/genesis.mxd',
      '--yes',
    );
    await good('tx', 'send', 'cold.json', '--yes');
    await refused(1, 'mxd wallet export', 'wallet', 'watch', 'blind', 'rich.words');
    await refused(2, 'ADDRESS_', 'wallet', 'watch', 'blind', `${dan}x`);
  });
});

describe('moving and joining', () => {
  test('everything classical goes to a hybrid address, which is the first from then on', async () => {
    const ann = await addressOf('ann');
    for (const amount of ['4', '5', '6']) {
      await good('send', ann, amount, '--wallet', 'rich', '--yes');
    }
    const plan = await box.json<{ coins: number; total: string; dryRun: boolean }>([
      ...['wallet', 'move', 'ann', '--dry-run'],
    ]);
    expect(plan).toMatchObject({ dryRun: true, coins: 3, total: '15', left: [] });
    expect(await addressOf('ann')).toBe(ann);
    await refused(2, 'CLI_CONFIRM', 'wallet', 'move', 'ann');
    expect(await addressOf('ann')).toBe(ann);
    const moved = await box.json<{ to: string; state: string }>(['wallet', 'move', 'ann', '--yes']);
    expect(moved.state).toBe('final');
    const first = await addressOf('ann');
    expect(first).toBe(moved.to);
    expect(await box.json(['address', 'check', first])).toMatchObject({ owner: 'hybrid' });
    expect(await held('ann')).toBe('15');
    const again = await good('wallet', 'move', 'ann', '--yes');
    expect(again).toContain('15 MXD are under hybrid keys already');
    await good('send', await addressOf('dan'), '1', '--wallet', 'ann', '--yes');
    await refused(4, 'WALLET_NOTHING', 'wallet', 'move', 'cat', '--yes');
  });

  test('a single key moves into another wallet', async () => {
    await good('key', 'new', 'till', '--suite', 'ed25519');
    await good('send', await addressOf('till'), '2', '--wallet', 'rich', '--yes');
    await refused(2, '--into', 'wallet', 'move', 'till', '--yes');
    await refused(2, '--suite hybrid', 'wallet', 'move', 'till', '--into', 'rich', '--yes');
    await good('wallet', 'move', 'till', '--into', 'ben', '--yes');
    expect(await held('till')).toBe('0');
    expect(await held('ben')).toBe('2');
  });

  test('small coins are joined, and all is swept to one address', async () => {
    const cat = await addressOf('cat');
    for (const amount of ['1', '2']) await good('send', cat, amount, '--wallet', 'rich', '--yes');
    const joined = await box.json<{ coins: number }>(['wallet', 'join', 'cat', '--yes']);
    expect(joined.coins).toBe(2);
    expect(await box.json<unknown[]>(['balance', cat, '--coins'])).toHaveLength(1);
    await refused(4, 'WALLET_NOTHING', 'wallet', 'join', 'cat', '--yes');
    const dan = await addressOf('dan');
    await good('wallet', 'sweep', 'cat', dan, '--yes');
    expect(await held('cat')).toBe('0');
  });
});
