import { CodedError } from '@mxd/codec';

/** Every code that the command line adds to those of the packages. */
export const cliErrors = {
  CLI_USAGE: 'The words are no command as `mxd --help` describes them.',
  CLI_SECRET:
    'A secret is needed and there is no terminal to ask at: name a file, or set the environment variable.',
  CLI_CONFIRM: 'The command changes something and there is no terminal to ask at: add --yes.',
  CLI_DECLINED: 'The question was answered with no; nothing was changed.',
  CLI_INTERRUPTED: 'Ctrl-C at a question; nothing was changed.',
  CLI_PASSPHRASE_REPEAT: 'The two passphrases differ.',
  CLI_WALLET_NAME: 'A wallet name has 1 to 64 letters, digits, dots, dashes and underscores.',
  CLI_WALLET_MISSING: 'There is no such wallet: `mxd wallet list` names those that there are.',
  CLI_WALLET_EXISTS: 'A wallet of this name is there already.',
  CLI_WALLET_KIND: 'The wallet holds a single key, and the command needs a whole wallet.',
  CLI_NETWORK_CHANGED:
    'A node that is known shows another genesis than before: it was reset, or it is not who it was.',
  CLI_GENESIS: 'The genesis is malformed or not signed by its members.',
  CLI_FILE: 'A file cannot be read or written, or is not of the kind that is needed.',
  CLI_CONFIG: 'A setting of the command line is unknown or has a value that it cannot have.',
  CLI_DEVNET: 'The local network is not there, does not run, or did not start.',
  CLI_NODE: 'The node did not start; its log says why.',
  CLI_TIMEOUT: 'Time is up and what was waited for has not come.',
  CLI_RUNNING: 'A node runs on these files: stop it first.',
  CLI_TOKEN: 'The node has no such token, or several of this name.',
  CLI_LABEL: 'There is no such label.',
  CLI_CEREMONY: 'A file of the ceremony does not fit the others.',
} as const;

export type CliErrorCode = keyof typeof cliErrors;

/** Thrown by commands; the message is for people and says what to do. */
export class CliError extends CodedError<CliErrorCode> {}
