import { dryRunOption, type CommandSpec, type GroupSpec, type OptionSpec } from '../spec.ts';

const policy = () => import('../commands/policy.ts');

const wallet = {
  name: 'wallet',
  optional: true,
  help: 'Name of the wallet, or the path of a keystore file.',
} as const;
const name = { name: 'name', help: 'Name of the joint account on this machine.' } as const;
const known = { ...name, optional: true } as const;
const out = (help: string): OptionSpec => ({ value: 'FILE', short: 'o', help });

export const policyGroups: readonly GroupSpec[] = [
  { name: 'policy', aliases: ['joint'], summary: 'Joint accounts: m of n members must sign.' },
];

export const policyCommands: readonly CommandSpec[] = [
  {
    path: ['policy', 'key'],
    summary: 'Write your public key into a file for the other members.',
    about: 'The file holds no secret. Every member makes one; one member makes the policy of them.',
    arguments: [wallet],
    options: {
      address: { value: 'ADDRESS', help: "Which key; the wallet's first unless told." },
      as: { value: 'NAME', help: "What the others call you; the wallet's name unless told." },
      out: out('File to write; standard output unless told.'),
    },
    examples: [
      'mxd policy key alice --out alice.pub.json',
      'mxd policy key bob --out bob.pub.json',
      'mxd policy key savings --as carol --out carol.pub.json',
    ],
    load: async () => (await policy()).key,
  },
  {
    path: ['policy', 'new'],
    aliases: ['create'],
    summary: "Make a joint account of members' key files.",
    about:
      'The policy file that --out writes is not secret, but nobody can spend without it: every ' +
      'member keeps one. To spend: mxd tx build --wallet NAME, then mxd tx sign by enough ' +
      'members, in turn or each for themselves, then mxd tx merge and mxd tx send.',
    arguments: [name, { name: 'member', rest: true, help: 'Key files of all members.' }],
    options: {
      threshold: { value: 'M', help: 'How many members must sign.' },
      out: out('Policy file for the other members.'),
      ...dryRunOption,
    },
    examples: [
      'mxd policy new joint alice.pub.json bob.pub.json carol.pub.json --threshold 2 --out joint.policy.json',
    ],
    load: async () => (await policy()).create,
  },
  {
    path: ['policy', 'import'],
    summary: 'Take over the policy file of a joint account.',
    arguments: [name, { name: 'file', help: 'Policy file.' }],
    options: dryRunOption,
    examples: ['mxd policy import shared joint.policy.json'],
    load: async () => (await policy()).bring,
  },
  {
    path: ['policy', 'list'],
    aliases: ['ls'],
    summary: 'List the joint accounts of this machine.',
    examples: ['mxd policy list'],
    load: async () => (await policy()).list,
  },
  {
    path: ['policy', 'show'],
    summary: 'Show the address, threshold and members of a joint account.',
    arguments: [known],
    examples: ['mxd policy show joint'],
    load: async () => (await policy()).show,
  },
  {
    path: ['policy', 'export'],
    summary: 'Write the policy file again.',
    arguments: [known],
    options: { out: out('File to write; standard output unless told.') },
    examples: ['mxd policy export joint --out joint-again.json'],
    load: async () => (await policy()).give,
  },
];
