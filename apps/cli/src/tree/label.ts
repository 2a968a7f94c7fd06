import { changeOptions, dryRunOption, type CommandSpec, type GroupSpec } from '../spec.ts';

const labels = () => import('../commands/labels.ts');

export const labelGroups: readonly GroupSpec[] = [
  {
    name: 'label',
    summary: 'Names for addresses, transactions and outputs, on this machine only.',
  },
];

export const labelCommands: readonly CommandSpec[] = [
  {
    path: ['label', 'set'],
    summary: 'Label an address, a transaction or an output; no text takes the label away.',
    arguments: [
      { name: 'what', help: 'Address, transaction id, or id:index.' },
      { name: 'text', optional: true, rest: true, help: 'The label.' },
    ],
    options: dryRunOption,
    examples: ['mxd label set $ADDRESS the corner shop', 'mxd label set $TXID rent for May'],
    load: async () => (await labels()).set,
  },
  {
    path: ['label', 'list'],
    aliases: ['ls'],
    summary: 'List all labels.',
    examples: ['mxd label list'],
    load: async () => (await labels()).list,
  },
  {
    path: ['label', 'export'],
    summary: 'Write labels as BIP-329 lines, which other wallets read.',
    options: { out: { value: 'FILE', short: 'o', help: 'File; standard output unless told.' } },
    examples: ['mxd label export --out labels.jsonl'],
    load: async () => (await labels()).exportAll,
  },
  {
    path: ['label', 'import'],
    summary: 'Read BIP-329 lines, all or none.',
    arguments: [{ name: 'file', help: 'File of labels, - for standard input.' }],
    options: changeOptions,
    examples: ['mxd label import labels.jsonl --yes'],
    load: async () => (await labels()).importAll,
  },
];
