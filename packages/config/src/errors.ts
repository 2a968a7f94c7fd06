import { CodedError } from '@mxd/codec';

/** Every code that this package can throw, with what it means and what to do. */
export const configErrors = {
  CONFIG_SYNTAX: 'The file is no valid YAML or JSON; the message names line and column.',
  CONFIG_UNKNOWN_KEY: 'A key is not one that the node knows; the message suggests a close one.',
  CONFIG_VALUE: 'A value breaks the rule of its key.',
  CONFIG_RULE: 'Values of several keys contradict each other.',
  CONFIG_FILE: 'A configuration file that was named cannot be read.',
  CONFIG_VERSION: 'The file has a version that this software does not know; upgrade the software.',
  CONFIG_MIGRATION: 'A file of an older version could not be brought to the present one.',
  CONFIG_DECRYPT: 'An encrypted value cannot be decrypted: wrong passphrase, identity or damage.',
  CONFIG_LOCKED: 'The file has encrypted values, and no identity or passphrase was given.',
} as const;

/** Thrown by loading; nothing falls back to defaults in silence. */
export class ConfigError extends CodedError<keyof typeof configErrors> {}
