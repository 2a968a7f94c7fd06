import { parseArgs } from 'node:util';

import { CliError } from './errors.ts';
import { globalOptions, type CommandSpec, type OptionSpecs } from './spec.ts';

/** What was typed after the command's own words. */
export class Parsed {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly words: readonly string[];

  constructor(values: Readonly<Record<string, unknown>>, words: readonly string[]) {
    this.#values = values;
    this.words = words;
  }

  text(name: string): string | undefined {
    const value = this.#values[name];
    return typeof value === 'string' ? value : undefined;
  }

  texts(name: string): readonly string[] {
    const value = this.#values[name];
    return Array.isArray(value) ? (value as string[]) : [];
  }

  flag(name: string): boolean {
    return this.#values[name] === true;
  }

  /** The argument at a place; the table says whether it is there. */
  word(index: number): string {
    return this.words[index] ?? '';
  }

  /** @throws CliError CLI_USAGE. */
  whole(name: string, min: number, max: number): number | undefined {
    const value = this.text(name);
    return value === undefined ? undefined : wholeNumber(value, `--${name}`, min, max);
  }
}

export const usage = (message: string, details: Readonly<Record<string, string>> = {}): CliError =>
  new CliError('CLI_USAGE', message, details);

/** @throws CliError CLI_USAGE. */
export function wholeNumber(text: string, name: string, min: number, max: number): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw usage(`${name}: "${text}" is no whole number from ${min} to ${max}`);
}

/** Every option of a command, the global ones last. */
export const optionsOf = (command: CommandSpec): OptionSpecs => ({
  ...command.options,
  ...globalOptions,
});

function checkWords(command: CommandSpec, words: readonly string[]): void {
  const specs = command.arguments ?? [];
  const name = command.path.join(' ');
  specs.forEach((spec, index) => {
    const word = words[index];
    if (word === undefined) {
      if (spec.optional !== true) {
        throw usage(`mxd ${name}: <${spec.name}> is missing: ${spec.help}`);
      }
    } else if (spec.choices !== undefined && !spec.choices.includes(word)) {
      throw usage(`"${word}" is no ${spec.name}: ${spec.choices.join(', ')}`);
    }
  });
  if (words.length > specs.length && specs.at(-1)?.rest !== true) {
    throw usage(`mxd ${name}: "${words[specs.length] ?? ''}" is one word too many`);
  }
}

/** The options and arguments of a command. @throws CliError CLI_USAGE. */
export function parseWords(command: CommandSpec, words: readonly string[]): Parsed {
  const specs = optionsOf(command);
  const options = Object.fromEntries(
    Object.entries(specs).map(([name, { value, short, multiple }]) => [
      name,
      {
        type: value === undefined ? ('boolean' as const) : ('string' as const),
        ...(short === undefined ? {} : { short }),
        ...(multiple === undefined ? {} : { multiple }),
      },
    ]),
  );
  try {
    const { values, positionals } = parseArgs({
      args: [...words],
      options,
      allowPositionals: true,
      strict: true,
    });
    for (const [name, { choices }] of Object.entries(specs)) {
      if (choices === undefined) continue;
      const given = [values[name]].flat().filter((one) => typeof one === 'string');
      const wrong = given.find((one) => !choices.includes(one));
      if (wrong !== undefined)
        throw usage(`--${name}: "${wrong}" is none of ${choices.join(', ')}`);
    }
    checkWords(command, positionals);
    return new Parsed(values, positionals);
  } catch (error) {
    if (error instanceof CliError || !(error instanceof TypeError)) throw error;
    const [first = 'the command line is malformed'] = error.message.split('. ');
    throw usage(`mxd ${command.path.join(' ')}: ${first.replace(/\.$/, '')}`);
  }
}
