import {
  changeOptions,
  dryRunOption,
  type CommandSpec,
  type GroupSpec,
  type OptionSpecs,
} from '../spec.ts';

const devnet = () => import('../commands/devnet.ts');

const dir: OptionSpecs = {
  dir: { value: 'DIR', help: 'Folder of the network; .devnet here unless told (MXD_DEVNET).' },
};

const nodes = { name: 'node', rest: true, help: 'Names of nodes: node1 node2.' } as const;

export const devnetGroups: readonly GroupSpec[] = [
  { name: 'devnet', aliases: ['dev'], summary: 'A local network of real validators.' },
];

export const devnetCommands: readonly CommandSpec[] = [
  {
    path: ['devnet', 'up'],
    summary: 'Start the local network, with funded accounts and a faucet.',
    about:
      'A new network is made in the folder if there is none. Ctrl-C stops it; its state stays.',
    options: {
      ...dir,
      detach: { short: 'd', help: 'Start in the background and return when it is ready.' },
      reset: { help: 'Begin from a new genesis.' },
      validators: { value: 'N', help: 'Validators of a new network; 4 unless told.' },
      'base-port': { value: 'PORT', help: 'First port of a new network.' },
      'epoch-length': { value: 'BLOCKS', help: 'Blocks per epoch of a new network; 256.' },
      'evict-misses': {
        value: 'N',
        help: 'Missed turns in a row after which a silent validator of a new network may lose its seat; 10.',
      },
      'load-outputs': { value: 'N', help: 'Outputs for load tests of a new network; 2000.' },
      'min-block-ms': { value: 'MS', help: 'Shortest time between blocks of a new network; 100.' },
      'no-trickle': { help: 'No sample payments.' },
      ...dryRunOption,
    },
    examples: ['mxd devnet up --detach --no-trickle --dir net --load-outputs 16'],
    load: async () => (await devnet()).up,
  },
  {
    path: ['devnet', 'status'],
    aliases: ['st'],
    summary: 'One line for each node; 1 if one of them does not answer.',
    options: dir,
    examples: ['mxd devnet status --dir net'],
    load: async () => (await devnet()).status,
  },
  {
    path: ['devnet', 'accounts'],
    summary: 'Funded accounts and how to reach them.',
    options: dir,
    examples: ['mxd devnet accounts --dir net'],
    load: async () => (await devnet()).accounts,
  },
  {
    path: ['devnet', 'logs'],
    summary: "The newest lines of nodes' logs.",
    arguments: [{ ...nodes, optional: true }],
    options: { ...dir, lines: { value: 'N', short: 'n', help: 'Lines of each; 20 unless told.' } },
    examples: ['mxd devnet logs node1 --lines 5 --dir net'],
    load: async () => (await devnet()).logs,
  },
  {
    path: ['devnet', 'kill'],
    summary: 'Kill nodes as a crash would (SIGKILL).',
    arguments: [nodes],
    options: { ...dir, ...changeOptions },
    examples: ['mxd devnet kill node4 --dir net'],
    load: async () => (await devnet()).kill,
  },
  {
    path: ['devnet', 'start'],
    summary: 'Start nodes that were killed.',
    arguments: [nodes],
    options: { ...dir, ...dryRunOption },
    examples: ['mxd devnet start node4 --dir net'],
    load: async () => (await devnet()).start,
  },
  {
    path: ['devnet', 'partition'],
    summary: 'Cut nodes off from the others, or heal the cut.',
    about:
      'The named nodes are frozen: the others hear nothing from them and they hear nothing. With ' +
      '--heal they go on where they were.',
    arguments: [{ ...nodes, optional: true }],
    options: {
      ...dir,
      ...dryRunOption,
      heal: { help: 'End the cut, of the named nodes or of all.' },
    },
    examples: ['mxd devnet partition node4 --dir net', 'mxd devnet partition --heal --dir net'],
    load: async () => (await devnet()).partition,
  },
  {
    path: ['devnet', 'down'],
    summary: 'Stop the local network; its state stays.',
    options: { ...dir, ...dryRunOption },
    examples: ['mxd devnet down --dir net'],
    load: async () => (await devnet()).down,
  },
  {
    path: ['devnet', 'reset'],
    summary: 'Stop the local network and delete its state.',
    options: { ...dir, ...changeOptions },
    examples: ['mxd devnet reset --dir net --yes'],
    load: async () => (await devnet()).reset,
  },
];
