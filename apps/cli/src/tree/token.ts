import { changeOptions, type CommandSpec, type GroupSpec } from '../spec.ts';

const tokens = () => import('../commands/tokens.ts');

const directory = { name: 'dir', help: 'Folder of the node.' } as const;
const token = { name: 'token', help: 'Id of the token, or its name if only one has it.' } as const;
const out = {
  value: 'FILE',
  short: 'o',
  help: 'New file of mode 0600 for the token; standard output unless told.',
} as const;

export const tokenGroups: readonly GroupSpec[] = [
  { name: 'token', summary: "API tokens of a node's folder: make, list, rotate, revoke." },
];

export const tokenCommands: readonly CommandSpec[] = [
  {
    path: ['token', 'new'],
    aliases: ['create'],
    summary: 'Make a token for the API or the admin API; it is shown once.',
    about:
      'The node keeps its hash only. A node that runs knows the token within a second; the first ' +
      'admin token of a node is made here.',
    arguments: [directory],
    options: {
      name: { value: 'TEXT', help: 'Whose token it is.' },
      role: {
        value: 'ROLE',
        choices: ['client', 'viewer', 'operator', 'admin'],
        help: 'What it may do.',
      },
      scope: {
        value: 'SCOPE',
        multiple: true,
        choices: [
          'submit',
          'plugins',
          'status',
          'peers',
          'log',
          'config',
          'mempool',
          'backup',
          'commands',
          'tokens',
          'stop',
        ],
        help: 'Something it may do beside its role; several times for several.',
      },
      days: { value: 'N', help: 'How long it is good; 90 unless told.' },
      out,
      ...changeOptions,
    },
    examples: ['mxd token new mynode --name ops --role admin --out ops.token'],
    load: async () => (await tokens()).create,
  },
  {
    path: ['token', 'list'],
    aliases: ['ls'],
    summary: 'List tokens: whose, for what, until when.',
    arguments: [directory],
    examples: ['mxd token list mynode'],
    load: async () => (await tokens()).list,
  },
  {
    path: ['token', 'rotate'],
    summary: 'Give a token a new secret; the old one works for a while longer.',
    arguments: [directory, token],
    options: {
      grace: { value: 'HOURS', help: 'How long the old secret works; 24 unless told.' },
      out,
      ...changeOptions,
    },
    examples: ['mxd token rotate mynode ops --grace 1 --out ops-new.token --yes'],
    load: async () => (await tokens()).rotate,
  },
  {
    path: ['token', 'revoke'],
    aliases: ['rm'],
    summary: 'Revoke a token at once.',
    arguments: [directory, token],
    options: changeOptions,
    examples: ['mxd token revoke mynode ops --yes'],
    load: async () => (await tokens()).revoke,
  },
];
