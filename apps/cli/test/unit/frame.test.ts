import { describe, expect, test } from 'vitest';

import { parseWords } from '../../src/arguments.ts';
import { closest } from '../../src/closest.ts';
import { complete } from '../../src/complete.ts';
import { cliErrors } from '../../src/errors.ts';
import { exitCodeOf } from '../../src/exit-codes.ts';
import { commandHelp, groupHelp, rootHelp } from '../../src/help.ts';
import { cliReference } from '../../src/reference.ts';
import { resolve } from '../../src/resolve.ts';
import { listTable, recordLines } from '../../src/table.ts';
import { commands, groups } from '../../src/tree/index.ts';

const command = (...path: string[]): (typeof commands)[number] =>
  commands.find((one) => one.path.join(' ') === path.join(' '))!;

describe('the table of commands', () => {
  test('paths and aliases are unique, groups have commands, options do not clash', () => {
    const names = commands.flatMap(({ path, aliases = [] }) => [
      path.join(' '),
      ...aliases.map((alias) => [...path.slice(0, -1), alias].join(' ')),
    ]);
    const nouns = groups.flatMap(({ aliases = [] }) => aliases);
    expect(new Set([...names, ...nouns]).size).toBe(names.length + nouns.length);
    for (const { name } of groups) {
      expect(commands.some(({ path }) => path[0] === name)).toBe(true);
    }
    for (const { options = {}, path } of commands) {
      const shorts = Object.values(options).flatMap(({ short }) =>
        short === undefined ? [] : [short],
      );
      expect([path, new Set([...shorts, 'q', 'v', 'h']).size]).toEqual([path, shorts.length + 3]);
    }
  });

  test('every command has an example of itself and a module that loads', async () => {
    for (const spec of commands) {
      expect(spec.examples.length).toBeGreaterThan(0);
      for (const line of spec.examples) {
        const words = line.split(' ').slice(1);
        const found = resolve(words.filter((word) => !word.startsWith('-')));
        expect([line, found.kind === 'command' && found.command.path]).toEqual([line, spec.path]);
      }
      expect(typeof (await spec.load())).toBe('function');
    }
  });

  test('no option takes a secret itself', () => {
    for (const { options = {} } of commands) {
      for (const [name, { value }] of Object.entries(options)) {
        const isSecret = /passphrase|password|secret|seed|words|mnemonic|token/.test(name);
        if (isSecret && value !== undefined) expect([name, value]).toEqual([name, 'FILE']);
      }
    }
  });

  test('help fits narrow terminals and the reference names everything', () => {
    for (const width of [40, 80]) {
      const texts = [
        rootHelp(width),
        ...groups.map((group) => groupHelp(group, width)),
        ...commands.map((spec) => commandHelp(spec, width)),
      ];
      for (const text of texts) {
        const body = text.split('Examples:')[0]!.split('\n').slice(1);
        expect(body.filter((line) => line.length > width && line.trim().includes('  '))).toEqual(
          [],
        );
      }
    }
    const reference = cliReference();
    for (const { path } of commands) expect(reference).toContain(`### mxd ${path.join(' ')}\n`);
  });
});

describe('reading a command line', () => {
  test('options, arguments, and what is wrong with them', () => {
    const parsed = parseWords(command('send'), ['mx1', '5', '-e', 'a', '-e', 'b', '-y']);
    expect(parsed.words).toEqual(['mx1', '5']);
    expect(parsed.texts('endpoint')).toEqual(['a', 'b']);
    expect(parsed.flag('yes')).toBe(true);
    const wrong = (path: readonly string[], words: readonly string[]): (() => unknown) => {
      return () => parseWords(command(...path), words);
    };
    expect(wrong(['send'], [])).toThrow('<to> is missing');
    expect(wrong(['send'], ['a', '1', 'b'])).toThrow('one word too many');
    expect(wrong(['send'], ['a', '--no'])).toThrow(expect.objectContaining({ code: 'CLI_USAGE' }));
    expect(wrong(['wallet', 'new'], ['--suite', 'rsa'])).toThrow('is none of');
    expect(wrong(['completion'], ['tcsh'])).toThrow('is no shell');
    const bounded = parseWords(command('bench'), ['--count', '0']);
    expect(() => bounded.whole('count', 1, 9)).toThrow('whole number from 1 to 9');
  });

  test('the longest path wins; a bare noun may be a command', () => {
    expect(resolve(['tx', 'build'])).toMatchObject({ command: { path: ['tx', 'build'] }, used: 2 });
    expect(resolve(['transaction', 'ab'])).toMatchObject({ command: { path: ['tx'] }, used: 1 });
    expect(resolve(['w', 'create'])).toMatchObject({ command: { path: ['wallet', 'new'] } });
    expect(resolve(['wallet'])).toMatchObject({ kind: 'group' });
    expect(resolve(['nonsense'])).toEqual({ kind: 'none', word: 'nonsense' });
    expect(closest('walet')).toBe('wallet');
    expect(closest('quixotic')).toBeUndefined();
  });

  test('completion', () => {
    expect(complete(['rec'])).toEqual(['receipt']);
    expect(complete(['receipt', 've'])).toEqual(['verify']);
    expect(complete(['send', '--dry'])).toEqual(['--dry-run']);
    expect(complete(['wallet', 'new', '--suite', ''])).toEqual(['ed25519', 'ml-dsa-87', 'hybrid']);
    expect(complete(['completion', 'po'])).toEqual(['powershell']);
    expect(complete(['nonsense', ''])).toEqual([]);
    expect(complete(['--v'])).toEqual(['--version']);
  });
});

describe('what is printed', () => {
  test('tables fit the width and keep both ends of long ids', () => {
    const rows = [{ id: 'a'.repeat(60) + 'z', amount: '12.5' }];
    const lines = listTable(rows, 40).split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(40);
    expect(lines[1]).toMatch(/^aaa.*\.\.\.a*z  *12\.5$/);
    expect(listTable(rows, 0)).toContain('a'.repeat(60));
    expect(recordLines({ height: 5n, list: [{ a: 1 }], none: undefined }, 0)).toBe(
      'height  5\n\nlist:\n  a\n  1',
    );
  });

  test('exit codes', () => {
    const expected: Record<string, number> = {
      ADDRESS_CHECKSUM: 2,
      AMOUNT_DECIMALS: 2,
      CLIENT_UNREACHABLE: 3,
      CLIENT_REJECTED: 4,
      WALLET_INCOMPLETE: 4,
      WALLET_REQUEST_EXPIRED: 4,
      CLIENT_NOT_FOUND: 5,
      CLIENT_PENDING: 6,
      KEYSTORE_PASSPHRASE: 1,
      ANYTHING_ELSE: 1,
    };
    for (const [code, exit] of Object.entries(expected))
      expect([code, exitCodeOf(code)]).toEqual([code, exit]);
    for (const code of Object.keys(cliErrors)) expect(exitCodeOf(code)).toBeGreaterThan(0);
  });
});
