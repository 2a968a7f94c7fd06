/** What a command line can say, as plain data: help, completion and the reference are read off it. */

export interface OptionSpec {
  readonly help: string;
  /** Name of the value; a switch without it. */
  readonly value?: string;
  readonly short?: string;
  readonly multiple?: true;
  readonly choices?: readonly string[];
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

export interface ArgumentSpec {
  readonly name: string;
  readonly help: string;
  readonly optional?: true;
  /** Takes all words that are left. */
  readonly rest?: true;
  readonly choices?: readonly string[];
}

export type Handler = (context: import('./context.ts').Context) => Promise<unknown>;

export interface CommandSpec {
  /** `['wallet', 'new']`. */
  readonly path: readonly string[];
  /** Other names of the last word. */
  readonly aliases?: readonly string[];
  readonly summary: string;
  /** More to know, one paragraph. */
  readonly about?: string;
  readonly arguments?: readonly ArgumentSpec[];
  readonly options?: OptionSpecs;
  /** Command lines that work as typed; a test runs each. */
  readonly examples: readonly string[];
  readonly load: () => Promise<Handler>;
}

export interface GroupSpec {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly summary: string;
}

/** Options that every command takes. */
export const globalOptions: OptionSpecs = {
  json: { help: 'Print one JSON document.' },
  ndjson: { help: 'Print one JSON value a line.' },
  quiet: { short: 'q', help: 'Print results only, no notes.' },
  verbose: { short: 'v', help: 'Say more: causes of errors, times.' },
  'no-color': { help: 'No colours (also NO_COLOR).' },
  home: { value: 'DIR', help: 'Folder of wallets and known networks (MXD_HOME).' },
  network: {
    value: 'KIND',
    choices: ['main', 'test'],
    help: 'Form of addresses where no node is asked (MXD_NETWORK).',
  },
  help: { short: 'h', help: 'Show this help.' },
};

/** Options of commands that ask nodes. */
export const nodeOptions: OptionSpecs = {
  endpoint: {
    value: 'URL',
    short: 'e',
    multiple: true,
    help: 'Node to ask; several for failover (MXD_ENDPOINT, comma-separated).',
  },
  timeout: { value: 'SECONDS', help: 'Longest wait for one answer, or for finality.' },
  genesis: { value: 'FILE', help: 'Genesis file to trust instead of the one that nodes show.' },
};

/** Names the wallet. */
export const walletOption: OptionSpec = {
  value: 'NAME',
  short: 'w',
  help: 'Wallet or keystore file (MXD_WALLET).',
};

/** Names where the passphrase is. */
export const passphraseOption: OptionSpec = {
  value: 'FILE',
  help: 'File with the passphrase, - for standard input (MXD_PASSPHRASE_FILE, MXD_PASSPHRASE).',
};

/** Options of commands that open a wallet. */
export const walletOptions: OptionSpecs = {
  wallet: walletOption,
  'passphrase-file': passphraseOption,
};

/** Option of commands that change something and ask nothing. */
export const dryRunOption: OptionSpecs = {
  'dry-run': { help: 'Show what would happen and change nothing.' },
};

/** Options of commands that change something after asking. */
export const changeOptions: OptionSpecs = {
  ...dryRunOption,
  yes: { short: 'y', help: 'Do not ask.' },
};

/** What the commands share that sign a transaction file: `tx sign`, `wallet sign`, `key sign`. */
export const signFileSpec: Pick<CommandSpec, 'arguments' | 'options' | 'load'> = {
  arguments: [{ name: 'file', help: 'Signing file.' }],
  options: {
    ...walletOptions,
    genesis: { value: 'FILE', help: 'Genesis of the chain that this machine signs for.' },
    out: { value: 'FILE', short: 'o', help: 'Where to write; the same file unless told.' },
    ...changeOptions,
  },
  load: async () => (await import('./commands/transaction-files.ts')).signFile,
};
