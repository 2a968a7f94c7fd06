import { installNative } from '@mxd/crypto/native';

import { LoadError } from './errors.ts';
import { helpText, parseOptions } from './options.ts';
import { textOf } from './report.ts';
import { runLoad } from './run.ts';

async function main(words: readonly string[]): Promise<number> {
  const options = parseOptions(words);
  if (options === undefined) {
    process.stdout.write(helpText);
    return 0;
  }
  installNative();
  const say = (text: string): void => {
    if (!options.isJson) process.stderr.write(`${text}\n`);
  };
  const report = await runLoad(options, say);
  process.stdout.write(`${options.isJson ? JSON.stringify(report) : textOf(report)}\n`);
  return report.lost === 0 && report.valueConserved ? 0 : 1;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const isTheirs = error instanceof LoadError || error instanceof TypeError;
  process.stderr.write(`load: ${isTheirs ? error.message : String((error as Error).stack)}\n`);
  process.exitCode = isTheirs ? 2 : 1;
}
