import {
  changeOptions,
  dryRunOption,
  nodeOptions,
  walletOption,
  walletOptions,
  type CommandSpec,
  type GroupSpec,
  type OptionSpec,
  type OptionSpecs,
} from '../spec.ts';

const node = () => import('../commands/node.ts');
const genesis = () => import('../commands/genesis.ts');
const store = () => import('../commands/store.ts');

const directory = {
  name: 'dir',
  optional: true,
  help: 'Folder of the node; here unless told.',
} as const;

const out = (help: string): OptionSpec => ({ value: 'FILE', short: 'o', help });

const keyOptions: OptionSpecs = {
  key: { value: 'FILE', help: 'Keystore of the consensus key.' },
  'key-passphrase-file': {
    value: 'FILE',
    help: 'File with its passphrase (MXD_KEY_PASSPHRASE_FILE, MXD_KEY_PASSPHRASE).',
  },
};

const seriesOptions: OptionSpecs = {
  to: { value: 'DIR', help: "The series' folder; backups in the node's folder unless told." },
  encrypt: { help: 'The series is encrypted with a passphrase.' },
  'passphrase-file': {
    value: 'FILE',
    help: 'File with that passphrase (MXD_BACKUP_PASSPHRASE_FILE, MXD_BACKUP_PASSPHRASE).',
  },
};

export const operatorGroups: readonly GroupSpec[] = [
  { name: 'node', aliases: ['n'], summary: 'Nodes of this machine: set up, start, look, stop.' },
  { name: 'genesis', aliases: ['gen'], summary: 'The ceremony by which members make a chain.' },
  { name: 'backup', summary: "Backups of a node's chain." },
  { name: 'snapshot', summary: 'Snapshots of the state.' },
  { name: 'plugin', summary: 'Plugins of a node.' },
];

export const operatorCommands: readonly CommandSpec[] = [
  {
    path: ['node', 'init'],
    summary: 'Set up the folder of a node: configuration, genesis, and the keys of a validator.',
    arguments: [directory],
    options: {
      role: {
        value: 'ROLE',
        choices: ['validator', 'full', 'archive', 'sentry'],
        help: 'What the node is; full unless told.',
      },
      genesis: { value: 'FILE', help: 'Genesis of the chain.' },
      bootstrap: { value: 'ADDRESS', multiple: true, help: 'Peer to dial first.' },
      'api-port': { value: 'PORT', help: 'Port of the API; 26680.' },
      'p2p-port': { value: 'PORT', help: 'Port for peers; 26656.' },
      'metrics-port': { value: 'PORT', help: 'Port of metrics; 26660.' },
      ...changeOptions,
    },
    examples: [
      'mxd node init mynode --genesis genesis.mxd --bootstrap $PEER --api-port 26990 --p2p-port 26991 --metrics-port 26992',
    ],
    load: async () => (await node()).init,
  },
  {
    path: ['node', 'start'],
    summary: 'Start the node of a folder.',
    about:
      'In the foreground, SIGTERM and Ctrl-C stop it in order. Settings after -- go to the node.',
    arguments: [
      directory,
      { name: 'setting', optional: true, rest: true, help: '-- --log-level debug' },
    ],
    options: {
      detach: { short: 'd', help: 'Start in the background and return when it serves.' },
      ...dryRunOption,
    },
    examples: ['mxd node start mynode --detach'],
    load: async () => (await node()).start,
  },
  {
    path: ['node', 'status'],
    aliases: ['st'],
    summary: 'Whether the node of a folder runs, and its status line.',
    arguments: [directory],
    examples: ['mxd node status mynode'],
    load: async () => (await node()).status,
  },
  {
    path: ['doctor'],
    aliases: ['dr'],
    summary: 'Find the commonest faults of a node and say how to mend each.',
    about:
      'Ends with 1 if a fault was found. Without a folder, checks the nodes of --endpoint only.',
    arguments: [directory],
    options: {
      ...nodeOptions,
      room: { value: 'GIB', help: 'Free space that the node shall have; 1 unless told.' },
    },
    examples: ['mxd doctor mynode --endpoint http://127.0.0.1:26990'],
    load: async () => (await import('../commands/doctor.ts')).doctor,
  },
  {
    path: ['node', 'stop'],
    summary: 'Stop the node of a folder in order.',
    arguments: [directory],
    options: changeOptions,
    examples: ['mxd node stop mynode'],
    load: async () => (await node()).stop,
  },
  {
    path: ['backup', 'create'],
    aliases: ['new'],
    summary: 'Back up the chain of a stopped node; a series keeps what changed.',
    arguments: [directory],
    options: { ...seriesOptions, ...dryRunOption },
    examples: ['mxd backup create mynode --to series'],
    load: async () => (await store()).backup,
  },
  {
    path: ['backup', 'list'],
    aliases: ['ls'],
    summary: 'List the points of a series.',
    arguments: [directory],
    options: seriesOptions,
    examples: ['mxd backup list mynode --to series'],
    load: async () => (await store()).listPoints,
  },
  {
    path: ['backup', 'verify'],
    summary: 'Read every chunk of a series.',
    arguments: [directory],
    options: seriesOptions,
    examples: ['mxd backup verify mynode --to series'],
    load: async () => (await store()).verifyPoints,
  },
  {
    path: ['restore'],
    summary: "Make a stopped node's chain anew from a backup.",
    arguments: [directory],
    options: {
      ...seriesOptions,
      height: { value: 'N', help: 'The newest point at or below this height.' },
      ...changeOptions,
    },
    examples: ['mxd restore mynode --to series --yes'],
    load: async () => (await store()).restore,
  },
  {
    path: ['audit'],
    summary: 'Check sums, links and indexes of the chain of a stopped node.',
    about: 'Ends with 1 if anything is wrong; the report names each fault.',
    arguments: [directory],
    examples: ['mxd audit mynode'],
    load: async () => (await store()).audit,
  },
  {
    path: ['snapshot', 'list'],
    aliases: ['ls'],
    summary: 'Snapshots that a node serves.',
    options: nodeOptions,
    examples: ['mxd snapshot list'],
    load: async () => (await import('../commands/look.ts')).snapshots,
  },
  {
    path: ['plugin', 'list'],
    aliases: ['ls'],
    summary: "Plugins in a node's configuration, in their order.",
    arguments: [directory],
    examples: ['mxd plugin list mynode'],
    load: async () => (await node()).plugins,
  },
  {
    path: ['genesis', 'announce'],
    summary: 'Write a member file: who you are, and proof that you hold your consensus key.',
    options: {
      ...keyOptions,
      wallet: walletOption,
      'network-id': { value: 'N', help: 'Number of the network.' },
      stake: { value: 'AMOUNT', help: 'Stake at genesis in MXD.' },
      out: out('Member file to write.'),
    },
    examples: [
      'mxd genesis announce --key consensus.key --wallet operator --network-id 7 --stake 1000 --out member.json',
    ],
    load: async () => (await genesis()).announce,
  },
  {
    path: ['genesis', 'document'],
    summary:
      'Make the document of member files and allocations; the same input gives the same bytes.',
    arguments: [{ name: 'member', rest: true, help: 'Member files.' }],
    options: {
      'network-id': { value: 'N', help: 'Number of the network.' },
      time: { value: 'TIME', help: 'When the chain starts, as 2026-01-31T12:00:00Z.' },
      attempt: { value: 'N', help: 'Counts up if a document has to be made again.' },
      allocations: { value: 'FILE', help: 'Lines of: address amount.' },
      parameters: {
        value: 'FILE',
        help: 'JSON of chain parameters that differ from the defaults.',
      },
      'epoch-length': { value: 'BLOCKS', help: 'Blocks per epoch.' },
      main: { help: 'A main network; a test network unless told.' },
      out: out('Document to write.'),
    },
    examples: [
      'mxd genesis document member.json --network-id 7 --time 2026-01-31T12:00:00Z --allocations allocations.txt --out document.mxd',
    ],
    load: async () => (await genesis()).document,
  },
  {
    path: ['genesis', 'show'],
    summary: 'Show a document or a signed genesis, and its hash.',
    arguments: [{ name: 'file', help: 'Document or genesis.' }],
    examples: ['mxd genesis show document.mxd', 'mxd genesis show genesis.mxd'],
    load: async () => (await genesis()).show,
  },
  {
    path: ['genesis', 'sign'],
    summary: 'Sign a document as its member; never two documents of one attempt.',
    arguments: [{ name: 'document', help: 'Document.' }],
    options: { ...keyOptions, out: out('Signature file to write.'), ...changeOptions },
    examples: ['mxd genesis sign document.mxd --key consensus.key --out member.sig --yes'],
    load: async () => (await genesis()).sign,
  },
  {
    path: ['genesis', 'assemble'],
    summary: "Join a document and all members' signatures into the genesis.",
    arguments: [
      { name: 'document', help: 'Document.' },
      { name: 'signature', rest: true, help: 'Signature files of all members.' },
    ],
    options: { out: out('Genesis to write.') },
    examples: ['mxd genesis assemble document.mxd member.sig --out signed.mxd'],
    load: async () => (await genesis()).assemble,
  },
  {
    path: ['bench'],
    summary: 'Measure the time from sending to proven finality with payments to oneself.',
    options: {
      ...walletOptions,
      ...nodeOptions,
      count: { value: 'N', help: 'Payments; 10 unless told.' },
    },
    examples: ['mxd bench --wallet alice --count 3'],
    load: async () => (await import('../commands/bench.ts')).bench,
  },
];
