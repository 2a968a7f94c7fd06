import { nodeOptions, walletOption, type CommandSpec, type GroupSpec } from '../spec.ts';

const look = () => import('../commands/look.ts');

const list = {
  limit: { value: 'N', help: 'Most entries; 20 unless told.' },
} as const;

export const chainGroups: readonly GroupSpec[] = [
  { name: 'block', aliases: ['b'], summary: 'Blocks: one, or the newest.' },
];

export const chainCommands: readonly CommandSpec[] = [
  {
    path: ['status'],
    aliases: ['st'],
    summary: 'One line that says everything about the nodes.',
    options: nodeOptions,
    examples: ['mxd status'],
    load: async () => (await look()).status,
  },
  {
    path: ['balance'],
    aliases: ['bal'],
    summary: 'What an address or a wallet holds, as nodes report it.',
    arguments: [
      { name: 'address', optional: true, help: "Address; all of the wallet's unless given." },
    ],
    options: {
      ...nodeOptions,
      wallet: walletOption,
      coins: { help: 'List the unspent outputs.' },
    },
    examples: ['mxd balance --wallet alice', 'mxd balance $ADDRESS --coins --ndjson'],
    load: async () => (await look()).balance,
  },
  {
    path: ['history'],
    summary: 'Final transactions of an address, newest first.',
    arguments: [{ name: 'address', help: 'Address.' }],
    options: { ...nodeOptions, ...list },
    examples: ['mxd history $ADDRESS --limit 5'],
    load: async () => (await look()).history,
  },
  {
    path: ['block'],
    summary: 'Show a final block.',
    arguments: [{ name: 'id', optional: true, help: 'Height or hash; the newest unless given.' }],
    options: {
      ...nodeOptions,
      prove: { help: 'Prove by certificates that it is final instead of taking a word for it.' },
    },
    examples: ['mxd block', 'mxd block 1', 'mxd block 1 --prove'],
    load: async () => (await look()).block,
  },
  {
    path: ['block', 'list'],
    aliases: ['ls'],
    summary: 'List final blocks, newest first.',
    options: { ...nodeOptions, ...list },
    examples: ['mxd block list --limit 5'],
    load: async () => (await look()).blocks,
  },
  {
    path: ['epoch'],
    summary: 'The validators of an epoch, ranked.',
    arguments: [{ name: 'epoch', optional: true, help: 'Number; the current one unless given.' }],
    options: nodeOptions,
    examples: ['mxd epoch', 'mxd epoch 1'],
    load: async () => (await look()).epoch,
  },
  {
    path: ['mempool'],
    aliases: ['mp'],
    summary: 'What waits to be included.',
    options: nodeOptions,
    examples: ['mxd mempool'],
    load: async () => (await look()).mempool,
  },
  {
    path: ['peer'],
    aliases: ['peers'],
    summary: 'Peers of the node.',
    options: nodeOptions,
    examples: ['mxd peer'],
    load: async () => (await look()).peers,
  },
  {
    path: ['wait'],
    summary: 'Wait for a transaction, a height, an epoch, or until nodes are ready.',
    about: 'Ends with 6 when time is up (--timeout, 30 seconds unless told), for use in scripts.',
    arguments: [{ name: 'txid', optional: true, help: 'Transaction to be proven final.' }],
    options: {
      ...nodeOptions,
      height: { value: 'N', help: 'Until a node has committed this height.' },
      epoch: { value: 'N', help: 'Until this epoch has begun.' },
      ready: { help: 'Until a node serves and is in step.' },
    },
    examples: ['mxd wait $TXID', 'mxd wait --height 2 --timeout 20', 'mxd wait --ready'],
    load: async () => (await import('../commands/wait.ts')).wait,
  },
];
