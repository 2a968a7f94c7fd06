import { readFile } from 'node:fs/promises';

import { Secret } from '@mxd/crypto/secret';

import { CliError } from './errors.ts';
import { ask, canAsk } from './prompt.ts';

/** Where a secret may come from: never from the command line, which others can read. */
export interface SecretSource {
  /** Names it in questions and errors. */
  readonly what: string;
  /** Value of the option that names a file; `-` is standard input. */
  readonly file: string | undefined;
  /** The option's name, for errors. */
  readonly option: string;
  /** Environment variable with the secret; with `_FILE` behind, with the path of a file. */
  readonly variable: string;
  /** Ask twice: a new secret must not be mistyped. */
  readonly repeat?: boolean;
}

/** At most this is read for one secret, in characters. */
const mostCharacters = 65_536;

async function readStandardInput(): Promise<string> {
  let text = '';
  process.stdin.setEncoding('utf8');
  for await (const chunk of process.stdin) {
    text += String(chunk);
    if (text.length > mostCharacters) throw new CliError('CLI_FILE', 'the secret is far too long');
  }
  return text;
}

async function fromFile(path: string, what: string): Promise<string> {
  if (path === '-') return readStandardInput();
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code ?? 'unknown';
    throw new CliError('CLI_FILE', `${what}: ${path} cannot be read (${why})`, { path }, { cause });
  }
}

/** Line ends at the end belong to files and not to secrets. */
const trimEnd = (text: string): string => text.replace(/[\r\n]+$/, '');

/**
 * A secret from a file, standard input, the environment or a question, in this order.
 * @throws CliError CLI_SECRET, CLI_FILE, CLI_INTERRUPTED, CLI_PASSPHRASE_REPEAT.
 */
export async function readSecret(source: SecretSource): Promise<Secret> {
  const { what, file, option, variable, repeat = false } = source;
  if (file !== undefined) return Secret.of(trimEnd(await fromFile(file, what)));
  const path = process.env[`${variable}_FILE`];
  if (path !== undefined && path !== '') return Secret.of(trimEnd(await fromFile(path, what)));
  const direct = process.env[variable];
  if (direct !== undefined && direct !== '') return Secret.of(direct);
  if (!canAsk()) {
    throw new CliError(
      'CLI_SECRET',
      `the ${what} is needed and nobody can be asked: use --${option} FILE or ${variable}_FILE`,
      { option },
    );
  }
  const first = await ask(`${what}: `, { hidden: true });
  if (repeat && (await ask(`${what} again: `, { hidden: true })) !== first) {
    throw new CliError('CLI_PASSPHRASE_REPEAT', `the two times, the ${what} differs`);
  }
  return Secret.of(first);
}
