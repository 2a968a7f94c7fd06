import { nodeOptions, type CommandSpec, type GroupSpec } from '../spec.ts';

const config = () => import('../commands/config.ts');

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
