// What people meet: prompts, pipes, colours, narrow terminals, labels and encrypted values.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { commands } from '../../src/tree/index.ts';
import { optionsOf } from '../../src/arguments.ts';
import { Sandbox, program, terminalProgram } from './sandbox.ts';

const hasTerminal = existsSync(terminalProgram);
if (!hasTerminal) console.warn(`skipped: tests at a terminal need ${terminalProgram}`);

let box: Sandbox;
let address = '';
beforeAll(async () => {
  box = await Sandbox.open();
  const made = await box.json<{ address: string }>([
    ...['wallet', 'new', 'one', '--words-file', 'one.words'],
  ]);
  ({ address } = made);
  await writeFile(box.path('labels.jsonl'), `{"type":"tx","ref":"ab","label":"x"}\n`);
  await writeFile(box.path('config.pass'), 'passphrase of the file\n', { mode: 0o600 });
});
afterAll(() => box[Symbol.asyncDispose]());

const asked = { MXD_PASSPHRASE: '' };

describe.skipIf(!hasTerminal)('Ctrl-C at a question ends with 1 and changes nothing', () => {
  const stop = '\u0003';
  test.each<[string, readonly string[], readonly (readonly [string, string])[]]>([
    ['a passphrase', ['address', 'new', 'one'], [['passphrase of one: ', stop]]],
    ['a passphrase half typed', ['address', 'new', 'one'], [['passphrase of one: ', `ab${stop}`]]],
    ['a new passphrase', ['key', 'new', 'held'], [['passphrase of held: ', stop]]],
    [
      'the passphrase again',
      ['key', 'new', 'held'],
      [
        ['passphrase of held: ', 'long enough\r'],
        ['passphrase of held again: ', stop],
      ],
    ],
    ['words', ['wallet', 'import', 'held'], [['words: ', stop]]],
    ['a seed', ['key', 'import', 'held'], [['seed in hexadecimal: ', stop]]],
    ['a value', ['config', 'encrypt'], [['value: ', stop]]],
    ['a yes or no', ['label', 'import', 'labels.jsonl'], [['[y/N] ', stop]]],
  ])('%s', async (_, words, typed) => {
    const { code, stdout } = await box.terminal(words, typed, { env: asked });
    expect(stdout).toContain('CLI_INTERRUPTED');
    expect(stdout).not.toContain('    at ');
    expect(code).toBe(1);
    expect(existsSync(box.path('home/wallets/held.key'))).toBe(false);
    expect(existsSync(box.path('home/labels.jsonl'))).toBe(false);
  });

  test('a no, and nothing at all, are no', async () => {
    for (const answer of ['n\r', '\r']) {
      const words = ['label', 'import', 'labels.jsonl'];
      const { code, stdout } = await box.terminal(words, [['[y/N] ', answer]]);
      expect(stdout).toContain('CLI_DECLINED');
      expect(code).toBe(1);
    }
    expect(existsSync(box.path('home/labels.jsonl'))).toBe(false);
  });
});

describe.skipIf(!hasTerminal)('at a terminal', () => {
  test('a passphrase is not echoed, a mistyped repetition is refused', async () => {
    const typed = [['passphrase of one: ', 'correct horse battery\r']] as const;
    const good = await box.terminal(['address', 'new', 'one'], typed, { env: asked });
    expect(good.code).toBe(0);
    expect(good.stdout).not.toContain('horse');
    const twice = [
      ['passphrase of two: ', 'correct horse\r'],
      ['passphrase of two again: ', 'correct house\r'],
    ] as const;
    const other = await box.terminal(['key', 'new', 'two'], twice, { env: asked });
    expect(other.code).toBe(1);
    expect(other.stdout).toContain('CLI_PASSPHRASE_REPEAT');
  });

  test('errors are red unless NO_COLOR or --no-color says otherwise', async () => {
    const red = await box.terminal(['tx', 'inspect', 'nowhere']);
    expect(red.stdout).toContain('\u001B[31m');
    const plain = await box.terminal(['tx', 'inspect', 'nowhere', '--no-color']);
    expect(plain.stdout).not.toContain('\u001B');
    const env = { NO_COLOR: '1' };
    const told = await box.terminal(['tx', 'inspect', 'nowhere'], [], { env });
    expect(told.stdout).not.toContain('\u001B');
  });

  const widest = (text: string): number =>
    Math.max(...text.split('\n').map((line) => Array.from(line).length));

  test.each([40, 60, 100])('help fits %i columns', async (columns) => {
    // Examples are for copying: they stay whole.
    const examples = commands.flatMap((command) => command.examples.map((line) => `  ${line}`));
    for (const words of [['--help'], ['wallet', '--help'], ['wallet', 'move', '--help']]) {
      const { stdout } = await box.terminal(words, [], { columns });
      const text = stdout
        .split('\n')
        .filter((line) => !examples.includes(line) && !line.startsWith('Usage:'))
        .join('\n');
      expect([words, widest(text) <= columns, text]).toEqual([words, true, text]);
    }
  });

  test('tables fit 60 columns and are whole in pipes', async () => {
    const narrow = await box.terminal(['wallet', 'list'], [], { columns: 60 });
    expect(widest(narrow.stdout)).toBeLessThanOrEqual(60);
    expect(narrow.stdout).toContain('...');
    expect((await box.mxd(['wallet', 'list'])).stdout).toContain(address);
  });

  test('the QR code of a request is whole: every line is as long as the first', async () => {
    const words = ['request', 'new', '4.2', '--wallet', 'one', '--qr'];
    const { stdout, code } = await box.terminal(words, [], { columns: 100 });
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    const rows = lines.slice(0, -1);
    expect(new Set(rows.map((row) => Array.from(row).length)).size).toBe(1);
    expect(Array.from(rows[0] ?? '').length).toBeGreaterThan(25);
    expect(lines.at(-1)).toMatch(/^mxd:mx/);
  });

  test('a QR code that does not fit is not drawn in pieces', async () => {
    const words = ['request', 'new', '4.2', '--wallet', 'one', '--qr'];
    const { stdout, code } = await box.terminal(words, [], { columns: 30 });
    expect(code).toBe(0);
    expect(stdout).toContain('columns');
    expect(stdout).not.toContain('█');
    expect(stdout).toContain('mxd:mx');
  });
});

describe('pipes', () => {
  test('a reader that goes away is no failure and leaves no trace', async () => {
    const ref = (i: number): string => i.toString(16).padStart(128, '0');
    const lines = Array.from({ length: 4_000 }, (_, i) =>
      JSON.stringify({ type: 'tx', ref: ref(i), label: `payment ${i}` }),
    );
    await writeFile(box.path('many.jsonl'), lines.join('\n'));
    const env = { MXD_HOME: box.path('many') };
    await box.json(['label', 'import', 'many.jsonl', '--yes'], { env });
    for (const command of ['mxd label list', 'mxd label export', 'mxd label list --ndjson']) {
      const line = `set -o pipefail; ${command} | head -1; echo "\${PIPESTATUS[*]}"`;
      const { stdout, stderr } = await box.run('bash', ['-c', line], { env });
      expect([command, stdout.trimEnd().split('\n').at(-1), stderr]).toEqual([command, '0 0', '']);
    }
  });

  test('results go to standard output, notes to standard error; -q is quiet, -v says why', async () => {
    const words = ['config', 'encrypt', '--value-file', '-', '--passphrase-file', 'config.pass'];
    const shown = await box.mxd(words, { input: 'a value' });
    expect(shown.stdout).toMatch(/^age:[\w+/=]+\n$/);
    const file = ['wallet', 'new', 'quiet', '--words-file', 'quiet.words'];
    const quiet = await box.mxd([...file, '-q']);
    expect(quiet).toMatchObject({ code: 0, stderr: '' });
    const plain = await box.mxd(['status', '--endpoint', 'http://127.0.0.1:1']);
    const verbose = await box.mxd(['status', '--endpoint', 'http://127.0.0.1:1', '-v']);
    expect(plain.stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(verbose.stderr).toContain('because: ');
  });

  test('lists come as a table, as one document, or one value a line', async () => {
    const table = await box.mxd(['address', 'list', 'one']);
    expect(table.stdout).toMatch(/^address +suite +path\n/);
    const list = await box.json<unknown[]>(['address', 'list', 'one']);
    const lines = (await box.mxd(['address', 'list', 'one', '--ndjson'])).stdout.trimEnd();
    expect(lines.split('\n').map((line) => JSON.parse(line) as unknown)).toEqual(list);
    const failed = await box.mxd(['address', 'list', 'nobody', '--ndjson']);
    expect(failed).toMatchObject({ code: 5, stdout: '' });
    expect(JSON.parse(failed.stderr)).toMatchObject({ error: { code: 'CLI_WALLET_MISSING' } });
  });
});

describe('secrets', () => {
  test('no option of any command takes one: only files that hold them', () => {
    for (const command of commands) {
      for (const [name, { value }] of Object.entries(optionsOf(command))) {
        if (!/passphrase|seed|words|secret|identity/.test(name)) continue;
        expect([command.path.join(' '), name, value ?? 'FILE']).toEqual([
          command.path.join(' '),
          name,
          'FILE',
        ]);
      }
    }
  });

  test('values of configurations are sealed and opened, in private files', async () => {
    const pass = ['--passphrase-file', 'config.pass'];
    await writeFile(box.path('value.txt'), 'a token of another service\n');
    const sealed = await box.mxd(['config', 'encrypt', '--value-file', 'value.txt', ...pass]);
    await writeFile(box.path('sealed.txt'), sealed.stdout);
    const opened = ['config', 'decrypt', 'sealed.txt', ...pass, '--out', 'opened.txt'];
    expect((await box.mxd(opened)).code).toBe(0);
    expect(readFileSync(box.path('opened.txt'), 'utf8')).toBe('a token of another service\n');
    expect(statSync(box.path('opened.txt')).mode & 0o777).toBe(0o600);
    expect((await box.mxd(['config', 'decrypt', 'sealed.txt', ...pass])).code).toBe(2);
    const env = { MXD_CONFIG_PASSPHRASE: 'another passphrase' };
    const wrong = await box.mxd(['config', 'decrypt', 'sealed.txt', '--out', 'x'], { env });
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain('CONFIG_DECRYPT');
    expect((await box.mxd(['config', 'decrypt', 'value.txt', ...pass])).code).toBe(2);
    expect((await box.mxd(['config', 'encrypt', '--recipient', 'me'])).code).toBe(2);
    // And a node's configuration that holds one is read with the passphrase and not without.
    const level = await box.mxd(['config', 'encrypt', '--value-file', '-', ...pass], {
      input: 'debug',
    });
    await writeFile(box.path('node.yaml'), `log:\n  level: "${level.stdout.trim()}"\n`);
    const check = ['config', 'check', 'node.yaml'];
    expect((await box.mxd(check)).stderr).toContain('CONFIG_LOCKED');
    const unlocked = { MXD_CONFIG_PASSPHRASE_FILE: box.path('config.pass') };
    expect(await box.mxd(check, { env: unlocked })).toMatchObject({ code: 0 });
  });
});

describe('labels', () => {
  const txid = 'ab'.repeat(64);
  test('are set, shown beside what they name, moved between machines, and taken away', async () => {
    await box.json(['label', 'set', address, 'my', 'till']);
    await box.json(['label', 'set', `${txid}:0`, 'rent']);
    const dry = await box.mxd(['label', 'set', txid, 'nothing', '--dry-run']);
    expect(dry.stdout).toContain('would keep');
    const list = await box.json<object[]>(['label', 'list']);
    expect(list).toEqual([
      { type: 'addr', label: 'my till', ref: address },
      { type: 'output', label: 'rent', ref: `${txid}:0` },
    ]);
    const [first] = await box.json<{ label: string }[]>(['address', 'list', 'one']);
    expect(first?.label).toBe('my till');
    await box.json(['label', 'export', '--out', 'out.jsonl']);
    const env = { MXD_HOME: box.path('other') };
    await box.json(['label', 'import', 'out.jsonl', '--yes'], { env });
    expect(await box.json(['label', 'list'], { env })).toEqual(list);
    await box.json(['label', 'set', address]);
    expect((await box.mxd(['label', 'set', address])).code).toBe(5);
    expect((await box.mxd(['label', 'set', 'nothing', 'x'])).code).toBe(2);
    await writeFile(box.path('bad.jsonl'), 'no json');
    expect((await box.mxd(['label', 'import', 'bad.jsonl', '--yes'])).stderr).toContain('line 1');
  });
});

describe('--dry-run', () => {
  // What only looks, only answers, or writes nothing but the file that it is told to write.
  const harmless = new Set([
    ...['wallet list', 'wallet export', 'key list', 'key export', 'address list', 'address check'],
    ...['policy key', 'policy list', 'policy show', 'policy export', 'label list', 'label export'],
    ...['tx', 'tx build', 'tx inspect', 'tx merge', 'request new', 'request check'],
    ...['request watch', 'receipt make', 'receipt checkpoint', 'receipt verify', 'status'],
    ...['balance', 'history', 'block', 'block list', 'epoch', 'mempool', 'peer', 'wait'],
    ...['validator list', 'validator id', 'node status', 'doctor', 'backup list', 'backup verify'],
    ...['audit', 'snapshot list', 'plugin list', 'genesis announce', 'genesis document'],
    ...['genesis show', 'genesis assemble', 'token list', 'devnet status', 'devnet accounts'],
    ...['devnet logs', 'config show', 'config check', 'config encrypt', 'config decrypt'],
    ...['completion', 'bench', 'validator key'],
  ]);

  test('is there on whatever changes something', () => {
    const without = commands
      .filter(({ options }) => options?.['dry-run'] === undefined)
      .map(({ path }) => path.join(' '))
      .filter((path) => !harmless.has(path));
    expect(without).toEqual([]);
  });

  test('says what would happen and changes nothing', async () => {
    const env = { MXD_HOME: box.path('dry'), MXD_CLI_CONFIG: box.path('dry.json') };
    const words = readFileSync(box.path('one.words'), 'utf8');
    for (const line of [
      ['wallet', 'new', 'x', '--words-file', 'x.words'],
      ['wallet', 'import', 'x', '--words-file', '-'],
      ['key', 'new', 'x'],
      ['wallet', 'watch', 'x', address],
      ['config', 'set', 'timeout', '9'],
      ['label', 'set', address, 'x'],
      ['devnet', 'up', '--dir', 'drynet'],
    ]) {
      const told = await box.mxd([...line, '--dry-run'], { env, input: words });
      expect([line, told.code, told.stdout]).toEqual([line, 0, expect.stringContaining('would ')]);
      const data = await box.json([...line, '--dry-run'], { env, input: words });
      expect(data).toMatchObject({ dryRun: true });
    }
    for (const name of ['x.words', 'dry/wallets/x.key', 'dry/wallets/x.accounts.json']) {
      expect(existsSync(box.path(name))).toBe(false);
    }
    for (const name of ['dry.json', 'dry/labels.jsonl', 'drynet']) {
      expect(existsSync(box.path(name))).toBe(false);
    }
    const before = await box.json(['address', 'list', 'one']);
    await box.json(['address', 'new', 'one', '--dry-run']);
    expect(await box.json(['address', 'list', 'one'])).toEqual(before);
  });
});

describe('completion', () => {
  const complete = async (shell: string, line: string): Promise<readonly string[]> => {
    const found = await box.run(shell, ['-c', line]);
    return found.stdout.split(/\s+/).filter((word) => word !== '');
  };
  const inBash = (words: string): Promise<readonly string[]> =>
    complete(
      'bash',
      `eval "$(mxd completion bash)"; COMP_WORDS=(${words}); ` +
        'COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _mxd; printf "%s " "${COMPREPLY[@]}"',
    );

  test('bash completes commands, verbs, options and values', async () => {
    expect(await inBash('mxd tok')).toEqual(['token']);
    expect(await inBash('mxd policy im')).toEqual(['import']);
    expect(await inBash('mxd wallet move --in')).toEqual(['--into']);
    expect(await inBash('mxd token new d --role op')).toEqual(['operator']);
  });

  for (const [shell, line] of [
    ['fish', 'mxd completion fish | source; complete -C "mxd tok"'],
    [
      'zsh',
      'autoload -U compinit; compinit -u; compadd() { print -l -- ${(P)2}; }; ' +
        'eval "$(mxd completion zsh)"; words=(mxd tok); CURRENT=2; _mxd',
    ],
    [
      'pwsh',
      'mxd completion powershell | Out-String | Invoke-Expression; ' +
        "(TabExpansion2 'mxd tok' 7).CompletionMatches.CompletionText",
    ],
  ] as const) {
    test(`${shell} completes, where there is one`, async ({ skip }) => {
      const { code } = await box.run('/bin/sh', ['-c', `command -v ${shell}`]);
      if (code !== 0) skip(`${shell} is not installed`);
      expect(await complete(shell, line)).toContain('token');
    });
  }
});

test('the program is the compiled one', () => {
  expect(existsSync(program)).toBe(true);
});
