import { commandsOf } from './resolve.ts';
import { commands, groups } from './tree/index.ts';
import { exitMeanings } from './exit-codes.ts';
import {
  globalOptions,
  type ArgumentSpec,
  type CommandSpec,
  type GroupSpec,
  type OptionSpecs,
} from './spec.ts';
import { wrap } from './wrap.ts';

/** Two columns; on narrow terminals the second one moves below the first. */
function columns(rows: readonly (readonly [string, string])[], width: number): readonly string[] {
  const left = Math.min(Math.max(...rows.map(([name]) => name.length), 8), 32) + 4;
  const narrow = width < left + 24;
  const indent = narrow ? 6 : left;
  return rows.flatMap(([name, text]) => {
    const lines = wrap(text, Math.max(width - indent, 16));
    const head = `  ${name}`;
    if (narrow || head.length + 2 > left) {
      return [head, ...lines.map((line) => ' '.repeat(indent) + line)];
    }
    return lines.map((line, i) => (i === 0 ? head.padEnd(left) : ' '.repeat(left)) + line);
  });
}

/** `<amount>`, `[<amount>]`, `<file>...`. */
export const argumentText = ({ name, optional, rest }: ArgumentSpec): string => {
  const text = rest === true ? `<${name}>...` : `<${name}>`;
  return optional === true ? `[${text}]` : text;
};

/** `mxd send <to> <amount> [options]`. */
export function usageLine(command: CommandSpec): string {
  const words = (command.arguments ?? []).map(argumentText);
  return ['mxd', ...command.path, ...words, '[options]'].join(' ');
}

const optionRows = (options: OptionSpecs): readonly (readonly [string, string])[] =>
  Object.entries(options).map(([name, { short, value, help, choices }]) => {
    const long = value === undefined ? `--${name}` : `--${name} ${value}`;
    const left = short === undefined ? `    ${long}` : `-${short}, ${long}`;
    return [left, choices === undefined ? help : `${help} One of ${choices.join(', ')}.`] as const;
  });

/** `mxd send --help`. */
export function commandHelp(command: CommandSpec, width: number): string {
  const { aliases = [], about, options = {} } = command;
  const parts = [`Usage: ${usageLine(command)}`, '', ...wrap(command.summary, width)];
  if (about !== undefined) parts.push('', ...wrap(about, width));
  if (aliases.length > 0) parts.push('', `Also: ${aliases.join(', ')}`);
  const words = command.arguments ?? [];
  if (words.length > 0) {
    const rows = words.map((one) => [argumentText(one), one.help] as const);
    parts.push('', 'Arguments:', ...columns(rows, width));
  }
  const own = optionRows(options);
  if (own.length > 0) parts.push('', 'Options:', ...columns(own, width));
  parts.push('', 'Everywhere:', ...columns(optionRows(globalOptions), width));
  parts.push('', 'Examples:', ...command.examples.map((line) => `  ${line}`));
  return `${parts.join('\n')}\n`;
}

const rowOf = (command: CommandSpec): readonly [string, string] => {
  const words = (command.arguments ?? []).map(argumentText);
  return [[...command.path, ...words].join(' '), command.summary];
};

/** `mxd wallet --help`. */
export function groupHelp(group: GroupSpec, width: number): string {
  const { name, aliases = [], summary } = group;
  const parts = [`Usage: mxd ${name} <command> [options]`, '', ...wrap(summary, width)];
  if (aliases.length > 0) parts.push('', `Also: ${aliases.join(', ')}`);
  const found = commandsOf(name);
  parts.push('', 'Commands:', ...columns(found.map(rowOf), width));
  const examples = found.flatMap((command) => command.examples.slice(0, 1));
  parts.push('', 'Examples:', ...examples.slice(0, 8).map((line) => `  ${line}`));
  parts.push('', `mxd ${name} <command> --help says more.`);
  return `${parts.join('\n')}\n`;
}

/** `mxd --help`. */
export function rootHelp(width: number): string {
  const names = [...new Set(commands.map(({ path }) => path[0] ?? ''))];
  const rows = names.map((name): readonly [string, string] => {
    const group = groups.find((one) => one.name === name);
    const single = commands.find(({ path }) => path.length === 1 && path[0] === name);
    return [name, group?.summary ?? single?.summary ?? ''];
  });
  const codes = exitMeanings.map(([code, text]) => [String(code), text] as const);
  return `${[
    'Usage: mxd <command> [options]',
    '',
    'Commands:',
    ...columns(rows, width),
    '',
    'Everywhere:',
    ...columns(optionRows(globalOptions), width),
    '',
    'Exit codes:',
    ...columns(codes, width),
    '',
    'Examples:',
    '  mxd devnet up --detach',
    '  mxd wallet new',
    '  mxd balance',
    '  mxd send mx... 12.5 --yes',
    '',
    'mxd <command> --help says more.',
  ].join('\n')}\n`;
}
