import { settings, flagName } from '@mxd/config';

/** What the command line asks for. */
export type Command =
  | { readonly kind: 'run'; readonly config: string | undefined; readonly flags: readonly string[] }
  | {
      readonly kind: 'print-config';
      readonly config: string | undefined;
      readonly flags: readonly string[];
    }
  | { readonly kind: 'help' }
  | { readonly kind: 'version' };

/** Splits the words of the command line; settings' flags are left to the configuration. */
export function parseArguments(words: readonly string[]): Command {
  let config: string | undefined;
  let isPrint = false;
  const flags: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as string;
    if (word === '--help' || word === '-h') return { kind: 'help' };
    if (word === '--version' || word === '-V') return { kind: 'version' };
    if (word === '--print-config') isPrint = true;
    else if (word === '--config') config = words[++i];
    else if (word.startsWith('--config=')) config = word.slice('--config='.length);
    else flags.push(word);
  }
  return { kind: isPrint ? 'print-config' : 'run', config, flags };
}

/** The text of `--help`. */
export function helpText(): string {
  const rows = settings.map(({ path, help }) => `  ${flagName(path).padEnd(38)} ${help}`);
  return `Usage: mxd-node [--config FILE] [--print-config] [settings]

Runs an MXD node. Settings come from, weakest first: defaults, default_config.json beside the
program, /etc/mxd/config.yaml, the user's mxd/config.yaml, --config FILE (or MXD_CONFIG),
environment variables (MXD_API_PORT for --api-port), and these flags.

Examples:
  mxd-node --data-dir /var/lib/mxd --role full
  mxd-node --config node.yaml --log-format text
  mxd-node --config node.yaml --print-config

Settings:
${rows.join('\n')}

Signals: SIGTERM and SIGINT stop the node in order and exit with 0; a second one, at least a second
later, exits at once. SIGHUP reads the configuration again and applies what can change at run time.
`;
}
