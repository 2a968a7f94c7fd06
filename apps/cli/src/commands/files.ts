import { open, readFile, rename, writeFile } from 'node:fs/promises';

import { CliError } from '../errors.ts';

const reason = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error);

/** A text file, `-` for standard input. @throws CliError CLI_FILE. */
export async function readText(path: string): Promise<string> {
  try {
    if (path !== '-') return await readFile(path, 'utf8');
    let text = '';
    for await (const chunk of process.stdin) text += String(chunk);
    return text;
  } catch (cause) {
    throw new CliError('CLI_FILE', `${path} cannot be read (${reason(cause)})`, {}, { cause });
  }
}

/** Writes a file whole or not at all. @throws CliError CLI_FILE. */
export async function writeText(path: string, text: string, mode = 0o644): Promise<void> {
  try {
    await writeFile(`${path}.new`, text, { mode });
    await rename(`${path}.new`, path);
  } catch (cause) {
    throw new CliError('CLI_FILE', `${path} cannot be written (${reason(cause)})`, {}, { cause });
  }
}

/** Writes a new file for its owner's eyes; never over another one. @throws CliError CLI_FILE. */
export async function writeSecretText(path: string, text: string): Promise<void> {
  try {
    await using file = await open(path, 'wx', 0o600);
    await file.writeFile(text);
    await file.sync();
  } catch (cause) {
    throw new CliError('CLI_FILE', `${path} cannot be made (${reason(cause)})`, {}, { cause });
  }
}
