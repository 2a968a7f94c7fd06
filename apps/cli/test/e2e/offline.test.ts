import { existsSync, readFileSync, statSync } from 'node:fs';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { Sandbox } from './sandbox.ts';

let box: Sandbox;
beforeAll(async () => {
  box = await Sandbox.open();
});
afterAll(() => box[Symbol.asyncDispose]());

describe('the frame', () => {
  test('version, help, unknown words', async () => {
    expect((await box.mxd(['--version'])).stdout).toMatch(/^mxd \d+\.\d+\.\d+\n$/);
    const help = await box.mxd(['--help']);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toContain('Exit codes:');
    expect((await box.mxd(['send', '--help'])).stdout).toContain('Usage: mxd send <to> [<amount>]');
    const wrong = await box.mxd(['blance']);
    expect(wrong).toMatchObject({ code: 2, stdout: '' });
    expect(wrong.stderr).toContain('Did you mean balance?');
    expect((await box.mxd(['wallet'])).code).toBe(2);
    const option = await box.mxd(['balance', '--unknown', '--json']);
    expect(option.code).toBe(2);
    const parsed = JSON.parse(option.stderr) as { error: { code: string; exitCode: number } };
    expect(parsed.error).toMatchObject({ code: 'CLI_USAGE', exitCode: 2 });
  });

  test('completion works in bash', async () => {
    const complete = (line: string): Promise<{ stdout: string }> =>
      box.run('bash', [
        '-c',
        `eval "$(mxd completion bash)"; COMP_WORDS=(${line}); ` +
          'COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _mxd; printf "%s " "${COMPREPLY[@]}"',
      ]);
    expect((await complete('mxd wa')).stdout).toBe('wallet wait ');
    expect((await complete('mxd wallet ne')).stdout).toBe('new ');
    expect((await complete('mxd wallet new --suite hy')).stdout).toBe('hybrid ');
    for (const shell of ['zsh', 'fish', 'powershell']) {
      expect((await box.mxd(['completion', shell])).stdout).toContain('mxd __complete');
    }
  });

  test('settings: flag over environment over file over default, with origins', async () => {
    const env = { MXD_CLI_CONFIG: box.path('cli.json') };
    expect((await box.mxd(['config', 'set', 'timeout', '7'], { env })).code).toBe(0);
    const origin = async (words: readonly string[], more = {}): Promise<string> => {
      const shown = await box.json<{ setting: string; value: string; origin: string }[]>(
        ['config', 'show', '--origin', ...words],
        { env: { ...env, ...more } },
      );
      const found = shown.find(({ setting }) => setting === 'timeout');
      return `${found?.value ?? ''} ${found?.origin.split(' ')[0] ?? ''}`;
    };
    expect(await origin([])).toBe('7 file');
    expect(await origin([], { MXD_TIMEOUT: '8' })).toBe('8 environment');
    expect(await origin(['--timeout', '9'], { MXD_TIMEOUT: '8' })).toBe('9 flag');
    expect((await box.mxd(['config', 'set', 'colour', 'red'], { env })).code).toBe(2);
  });
});

describe('wallets', () => {
  test('new, list, export, import give the same addresses; files are private', async () => {
    const made = await box.json<{ address: string; file: string }>([
      'wallet',
      'new',
      'one',
      '--words-file',
      'one.words',
    ]);
    expect(statSync(made.file).mode & 0o777).toBe(0o600);
    expect(statSync(box.path('one.words')).mode & 0o777).toBe(0o600);
    const again = ['wallet', 'import', 'two', '--words-file', '-'];
    const input = readFileSync(box.path('one.words'), 'utf8');
    expect(await box.json(again, { input })).toMatchObject({ address: made.address });
    expect(await box.json(['wallet', 'list'])).toMatchObject([{ name: 'one' }, { name: 'two' }]);
    const next = await box.json<{ path: string }>(['address', 'new', 'one']);
    expect(next.path).toBe('0/0/1');
    const taken = await box.mxd(['wallet', 'new', 'one', '--words-file', 'x']);
    expect(taken.code).toBe(1);
    expect(taken.stderr).toContain('CLI_WALLET_EXISTS');
    const piped = await box.mxd(['wallet', 'new', 'three']);
    expect(piped).toMatchObject({ code: 2, stdout: '' });
    expect(existsSync(box.path('home/wallets/three.key'))).toBe(false);
  });

  test('single keys: made, exported, brought in', async () => {
    const made = await box.json<{ address: string }>(['key', 'new', 'till', '--suite', 'ed25519']);
    await box.mxd(['key', 'export', 'till', '--seed', '--out', 'till.seed']);
    const seed = readFileSync(box.path('till.seed'), 'utf8').trim();
    const back = ['key', 'import', 'till2', '--seed-file', '-'];
    expect(await box.json(back, { input: seed })).toMatchObject({ address: made.address });
    const words = await box.mxd(['wallet', 'export', 'till', '--words', '--out', 'none']);
    expect(words.code).toBe(2);
  });

  test('wrong passphrase, no passphrase, missing wallet: each its own code', async () => {
    const wrong = await box.mxd(['address', 'new', 'one'], {
      env: { MXD_PASSPHRASE: 'wrong one' },
    });
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toContain('KEYSTORE_PASSPHRASE');
    const none = await box.mxd(['address', 'new', 'one'], { env: { MXD_PASSPHRASE: '' } });
    expect(none.code).toBe(2);
    expect(none.stderr).toContain('CLI_SECRET');
    expect((await box.mxd(['address', 'list', 'nobody'])).code).toBe(5);
    for (const { stderr } of [wrong, none]) expect(stderr).not.toContain('    at ');
  });

  test('no option takes a secret', async () => {
    const help = await box.mxd(['address', 'new', '--help']);
    expect(help.stdout).not.toMatch(/--passphrase[ =]/);
    const tried = await box.mxd(['address', 'new', 'one', '--passphrase', 'correct horse battery']);
    expect(tried.code).toBe(2);
  });

  test('an address with a slip, one of another network, an amount with too many decimals', async () => {
    const { address } = await box
      .json<{ address: string }>(['address', 'list', 'one'])
      .then((list) => (list as unknown as { address: string }[])[0]!);
    expect((await box.mxd(['address', 'check', address])).code).toBe(0);
    const slip = await box.mxd([
      'address',
      'check',
      `${address.slice(0, -1)}${address.endsWith('a') ? 'b' : 'a'}`,
    ]);
    expect(slip.code).toBe(2);
    const amount = await box.mxd(['request', 'new', '1.123456789', '--wallet', 'one']);
    expect(amount.code).toBe(2);
    expect(amount.stderr).toContain('AMOUNT_DECIMALS');
    const uri = (await box.mxd(['request', 'new', '1', '--wallet', 'one'])).stdout.trim();
    const expired = `${uri}&expires=2020-01-01T00:00:00Z`;
    const late = await box.mxd(['request', 'check', expired]);
    expect(late.code).toBe(4);
    expect(late.stderr).toContain('WALLET_REQUEST_EXPIRED');
  });

  test('nodes that cannot be reached end with 3', async () => {
    const away = await box.mxd(['status', '--endpoint', 'http://127.0.0.1:1']);
    expect(away).toMatchObject({ code: 3, stdout: '' });
    expect((await box.mxd(['status', '--endpoint', 'nowhere'])).code).toBe(2);
  });
});
