import { exitCodes, type ExitCode } from './exit-codes.ts';
import { resolve } from './resolve.ts';
import { globalOptions, type CommandSpec } from './spec.ts';

const screenWidth = (): number =>
  process.stdout.isTTY ? Math.max(process.stdout.columns, 24) : 80;

const isHelp = (word: string): boolean => word === '--help' || word === '-h';

/** The words before `--`: what follows is never an option. */
const beforeDashes = (words: readonly string[]): readonly string[] => {
  const at = words.indexOf('--');
  return at < 0 ? words : words.slice(0, at);
};

async function showHelp(words: readonly string[]): Promise<ExitCode> {
  const help = await import('./help.ts');
  const plain = words.filter((word) => !word.startsWith('-'));
  const found = resolve(plain);
  const width = screenWidth();
  const text =
    found.kind === 'command'
      ? help.commandHelp(found.command, width)
      : found.kind === 'group'
        ? help.groupHelp(found.group, width)
        : help.rootHelp(width);
  process.stdout.write(text);
  return exitCodes.ok;
}

async function runCommand(command: CommandSpec, words: readonly string[]): Promise<ExitCode> {
  const [{ Output, Shown }, { parseWords }, { originsOf, settingsOf }] = await Promise.all([
    import('./output.ts'),
    import('./arguments.ts'),
    import('./settings.ts'),
  ]);
  const has = (flag: string): boolean => words.includes(flag);
  const told = process.env['MXD_FORMAT'];
  const early = has('--json') ? 'json' : has('--ndjson') ? 'ndjson' : told;
  const color =
    process.stderr.isTTY && (process.env['NO_COLOR'] ?? '') === '' && !has('--no-color');
  const base = {
    quiet: has('--quiet') || has('-q'),
    verbose: has('--verbose') || has('-v'),
    color,
  };
  const format = early === 'json' || early === 'ndjson' ? early : 'text';
  let out = new Output({ format, ...base });
  try {
    const parsed = parseWords(command, words);
    const origins = originsOf(parsed);
    const settings = settingsOf(origins);
    out = new Output({
      format: settings.format,
      quiet: parsed.flag('quiet'),
      verbose: parsed.flag('verbose'),
      color,
    });
    const handler = await command.load();
    const value = await handler({ parsed, out, settings, origins });
    out.result(value);
    return value instanceof Shown ? value.exitCode : exitCodes.ok;
  } catch (error) {
    return out.failure(error);
  }
}

async function unknown(word: string): Promise<ExitCode> {
  const { Output } = await import('./output.ts');
  const { usage } = await import('./arguments.ts');
  const { closest } = await import('./closest.ts');
  const near = closest(word);
  const hint = near === undefined ? '' : ` Did you mean ${near}?`;
  const out = new Output({ format: 'text', quiet: false, verbose: false, color: false });
  return out.failure(usage(`"${word}" is no command.${hint} mxd --help lists all.`));
}

/** `mxd --json balance` means `mxd balance --json`: global options may stand first. */
function globalsLast(words: readonly string[]): readonly string[] {
  let start = 0;
  for (let word = words[start]; word?.startsWith('-') === true; word = words[start]) {
    const option = globalOptions[word.replace(/^--/, '')];
    start += option?.value === undefined || word.includes('=') ? 1 : 2;
  }
  return [...words.slice(start), ...words.slice(0, start)];
}

/** Runs one command line; gives the exit code. */
export async function run(given: readonly string[]): Promise<ExitCode> {
  const words = given[0] === '__complete' ? given : globalsLast(given);
  const [first] = words;
  if (first === '__complete') {
    const { complete } = await import('./complete.ts');
    const rest = words.slice(1);
    const found = complete(rest[0] === '--' ? rest.slice(1) : rest);
    if (found.length > 0) process.stdout.write(`${found.join('\n')}\n`);
    return exitCodes.ok;
  }
  if (first === undefined || first === 'help') return showHelp(words.slice(1));
  if (beforeDashes(words).some(isHelp)) return showHelp(words);
  const at = words.findIndex((word) => word.startsWith('-'));
  const names = at < 0 ? words : words.slice(0, at);
  const found = resolve(names);
  if (found.kind === 'command') return runCommand(found.command, words.slice(found.used));
  if (found.kind === 'none') return unknown(found.word ?? first);
  const [word] = found.rest;
  if (word !== undefined) return unknown(`${found.group.name} ${word}`);
  const help = await import('./help.ts');
  process.stderr.write(help.groupHelp(found.group, screenWidth()));
  return exitCodes.usage;
}
