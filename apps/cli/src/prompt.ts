import { CliError } from './errors.ts';

const interrupted = (): CliError =>
  new CliError('CLI_INTERRUPTED', 'interrupted; nothing was changed');

/** Whether somebody can be asked. */
export const canAsk = (): boolean => process.stdin.isTTY && process.stderr.isTTY;

/**
 * Asks for one line at the terminal; the question goes to standard error, so results can be piped.
 * @throws CliError CLI_INTERRUPTED on Ctrl-C and Ctrl-D.
 */
export async function ask(
  question: string,
  options: { readonly hidden?: boolean } = {},
): Promise<string> {
  const { stdin, stderr } = process;
  // Raw before the question shows: whoever answers at once is heard, and Ctrl-C is a key.
  stdin.setRawMode(true);
  stdin.setEncoding('utf8');
  stdin.resume();
  stderr.write(question);
  let line = '';
  try {
    return await new Promise<string>((resolve, reject) => {
      const onData = (chunk: string): void => {
        for (const character of chunk) {
          if (character === '\u0003' || character === '\u0004') {
            stdin.off('data', onData);
            return reject(interrupted());
          }
          if (character === '\r' || character === '\n') {
            stdin.off('data', onData);
            return resolve(line);
          }
          const erase = character === '\u007F' || character === '\b';
          if (erase) {
            if (line !== '' && options.hidden !== true) stderr.write('\b \b');
            line = Array.from(line).slice(0, -1).join('');
          } else if (character >= ' ') {
            line += character;
            if (options.hidden !== true) stderr.write(character);
          }
        }
        return undefined;
      };
      stdin.on('data', onData);
    });
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
    stderr.write('\n');
  }
}

/** A question for yes or no; anything but yes is no. @throws CliError CLI_CONFIRM, CLI_DECLINED. */
export async function confirm(question: string): Promise<void> {
  if (!canAsk()) {
    throw new CliError('CLI_CONFIRM', 'there is no terminal to ask at: add --yes to go on');
  }
  const answer = await ask(`${question} [y/N] `);
  if (/^y(es)?$/i.test(answer.trim())) return;
  throw new CliError('CLI_DECLINED', 'declined; nothing was changed');
}
