import { exitMeanings } from './exit-codes.ts';
import { usageLine } from './help.ts';
import { commandsOf } from './resolve.ts';
import { globalOptions, type CommandSpec, type OptionSpecs } from './spec.ts';
import { commands, groups } from './tree/index.ts';

const escape = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '\\<');

function optionTable(options: OptionSpecs): string {
  const rows = Object.entries(options).map(([name, { short, value, help, choices }]) => {
    const long = value === undefined ? `--${name}` : `--${name} ${value}`;
    const names = short === undefined ? `\`${long}\`` : `\`-${short}\`, \`${long}\``;
    const more = choices === undefined ? '' : ` One of ${choices.join(', ')}.`;
    return `| ${names} | ${escape(help + more)} |`;
  });
  return ['| option | meaning |', '|---|---|', ...rows].join('\n');
}

function section(command: CommandSpec): string {
  const { path, summary, about, aliases = [], options = {}, examples } = command;
  const words = (command.arguments ?? []).map(({ name, help }) => `- \`<${name}>\`: ${help}`);
  return [
    `### mxd ${path.join(' ')}`,
    `\`${usageLine(command)}\``,
    about === undefined ? summary : `${summary} ${about}`,
    aliases.length === 0 ? '' : `Also: ${aliases.map((name) => `\`${name}\``).join(', ')}.`,
    words.join('\n'),
    Object.keys(options).length === 0 ? '' : optionTable(options),
    `\`\`\`sh\n${examples.join('\n')}\n\`\`\``,
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

/** The reference of the command line as Markdown. */
export function cliReference(): string {
  const names = [...new Set(commands.map(({ path }) => path[0] ?? ''))];
  const parts = names.map((name) => {
    const group = groups.find((one) => one.name === name);
    const also = group?.aliases === undefined ? '' : ` Also: \`mxd ${group.aliases.join(', ')}\`.`;
    const head = group === undefined ? [] : [`${group.summary}${also}`];
    return [`## ${name}`, ...head, ...commandsOf(name).map(section)].join('\n\n');
  });
  const codes = exitMeanings.map(([code, text]) => `| ${code} | ${text} |`).join('\n');
  return [
    '# The command line: mxd',
    'Results go to standard output and everything else to standard error. With `--json` and `--ndjson`, errors are JSON too. Secrets come from a file, standard input, the environment or a question, never from the command line. In the examples, `$ADDRESS`, `$TXID`, `$REQUEST` and `$PEER` stand for what you have at hand.',
    '## Exit codes',
    `| code | meaning |\n|---|---|\n${codes}`,
    '## Options of every command',
    optionTable(globalOptions),
    ...parts,
  ].join('\n\n');
}
