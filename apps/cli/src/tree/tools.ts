import { dryRunOption, nodeOptions, type CommandSpec, type GroupSpec } from '../spec.ts';

const config = () => import('../commands/config.ts');

const configSecrets = () => import('../commands/config-secrets.ts');

const passphraseFile = {
  value: 'FILE',
  help: 'File with the passphrase (MXD_CONFIG_PASSPHRASE_FILE).',
} as const;

export const toolGroups: readonly GroupSpec[] = [
  { name: 'config', aliases: ['cfg'], summary: 'Settings of this command line and of nodes.' },
];

export const toolCommands: readonly CommandSpec[] = [
  {
    path: ['config', 'show'],
    summary: 'Show settings in force: flag > environment > file > default.',
    options: {
      ...nodeOptions,
      origin: { help: 'Say where each value comes from.' },
      node: { value: 'FILE', help: 'Settings of a node with this configuration file instead.' },
    },
    examples: ['mxd config show --origin', 'mxd config show --node node.yaml --origin'],
    load: async () => (await config()).show,
  },
  {
    path: ['config', 'set'],
    summary: 'Write a setting into the file of this command line.',
    arguments: [
      { name: 'name', help: 'Setting: endpoint, wallet, network, timeout, format, home.' },
      { name: 'value', optional: true, help: 'Value; the setting is taken out without one.' },
    ],
    options: dryRunOption,
    examples: ['mxd config set timeout 60', 'mxd config set timeout'],
    load: async () => (await config()).set,
  },
  {
    path: ['config', 'check'],
    summary: "Check a node's configuration file.",
    arguments: [{ name: 'file', help: 'Configuration file.' }],
    examples: ['mxd config check node.yaml'],
    load: async () => (await config()).check,
  },
  {
    path: ['config', 'encrypt'],
    summary: "Encrypt a value for a node's configuration file.",
    about:
      'What is printed stands in the file in place of the value. The node opens it with the file ' +
      'that MXD_CONFIG_PASSPHRASE_FILE or MXD_CONFIG_IDENTITY_FILE names.',
    options: {
      'value-file': {
        value: 'FILE',
        help: 'File with the value, - for standard input (MXD_CONFIG_VALUE_FILE).',
      },
      'passphrase-file': passphraseFile,
      recipient: {
        value: 'AGE1...',
        multiple: true,
        help: 'Public key of an age identity, instead of a passphrase.',
      },
    },
    examples: ['mxd config encrypt --value-file value.txt --passphrase-file config.pass'],
    load: async () => (await configSecrets()).encrypt,
  },
  {
    path: ['config', 'decrypt'],
    summary: 'Show an encrypted value again, at a terminal or in a new private file.',
    arguments: [
      { name: 'value', help: 'The encrypted value, or a file with it; - for standard input.' },
    ],
    options: {
      'passphrase-file': passphraseFile,
      'identity-file': { value: 'FILE', help: 'age identities (MXD_CONFIG_IDENTITY_FILE).' },
      out: { value: 'FILE', short: 'o', help: 'New file of mode 0600 to write to.' },
    },
    examples: ['mxd config decrypt sealed.txt --passphrase-file config.pass --out plain.txt'],
    load: async () => (await configSecrets()).decrypt,
  },
  {
    path: ['completion'],
    summary: 'Print the completion script of a shell.',
    arguments: [
      {
        name: 'shell',
        choices: ['bash', 'zsh', 'fish', 'powershell'],
        help: 'bash, zsh, fish or powershell.',
      },
    ],
    examples: ['mxd completion bash', 'mxd completion powershell'],
    load: async () => (await config()).completion,
  },
];
