import {
  changeOptions,
  nodeOptions,
  walletOption,
  walletOptions,
  type CommandSpec,
  type GroupSpec,
  type OptionSpec,
  type OptionSpecs,
} from '../spec.ts';

const validator = () => import('../commands/validator.ts');

const recordOptions: OptionSpecs = {
  seq: { value: 'N', help: 'Above the last one used; seconds since 1970 unless told.' },
  epochs: { value: 'N', help: 'Epochs for which the record may be taken in; 8 unless told.' },
};

const keyPassphrase: OptionSpec = {
  value: 'FILE',
  help: 'File with its passphrase (MXD_KEY_PASSPHRASE_FILE, MXD_KEY_PASSPHRASE).',
};

const keyOptions: OptionSpecs = {
  key: { value: 'FILE', help: 'Keystore of the consensus key (validator/consensus.key).' },
  'key-passphrase-file': keyPassphrase,
};

const shared: OptionSpecs = { ...walletOptions, ...nodeOptions };

export const validatorGroups: readonly GroupSpec[] = [
  { name: 'validator', aliases: ['val'], summary: 'Validators: stake, join, leave, rotate keys.' },
];

export const validatorCommands: readonly CommandSpec[] = [
  {
    path: ['validator', 'list'],
    aliases: ['ls'],
    summary: 'Validators in force, ranked.',
    arguments: [{ name: 'epoch', optional: true, help: 'Epoch; the current one unless given.' }],
    options: nodeOptions,
    examples: ['mxd validator list', 'mxd validator list 1 --json'],
    load: async () => (await import('../commands/look.ts')).validators,
  },
  {
    path: ['validator', 'id'],
    summary: 'The validator id of an account.',
    options: { wallet: walletOption },
    examples: ['mxd validator id --wallet operator'],
    load: async () => (await validator()).id,
  },
  {
    path: ['validator', 'key'],
    summary: 'Make a consensus key and its journal; prints the public key.',
    arguments: [{ name: 'file', help: 'New keystore file.' }],
    options: { 'key-passphrase-file': keyPassphrase },
    examples: ['mxd validator key consensus.key'],
    load: async () => (await validator()).makeKey,
  },
  {
    path: ['validator', 'bond'],
    aliases: ['stake'],
    summary: 'Bond coins to a validator.',
    arguments: [{ name: 'amount', help: 'Amount in MXD.' }],
    options: {
      validator: { value: 'ID', help: "Validator; the wallet's own unless told." },
      ...shared,
      ...changeOptions,
      'no-wait': { help: 'Return once a node has taken it.' },
    },
    examples: ['mxd validator bond 100 --wallet alice --yes'],
    load: async () => (await validator()).bond,
  },
  {
    path: ['validator', 'unbond'],
    summary: 'Take stake back; it can be spent some epochs later.',
    options: {
      validator: { value: 'ID', help: "Validator; the wallet's own unless told." },
      ...shared,
      ...changeOptions,
      'no-wait': { help: 'Return once a node has taken it.' },
    },
    examples: ['mxd validator unbond --wallet alice --yes'],
    load: async () => (await validator()).unbond,
  },
  {
    path: ['validator', 'join'],
    summary: 'Ask for a seat from the next epoch on; bond stake first.',
    options: { ...keyOptions, ...recordOptions, ...shared, ...changeOptions },
    examples: ['mxd validator join --wallet operator --key consensus.key --dry-run'],
    load: async () => (await validator()).join,
  },
  {
    path: ['validator', 'leave'],
    summary: 'Give the seat up from the next epoch on.',
    options: { ...recordOptions, ...shared, ...changeOptions },
    examples: ['mxd validator leave --wallet operator --yes'],
    load: async () => (await validator()).leave,
  },
  {
    path: ['validator', 'rotate'],
    summary: 'Replace the consensus key from the next epoch on.',
    options: { ...keyOptions, ...recordOptions, ...shared, ...changeOptions },
    examples: ['mxd validator rotate --wallet operator --key consensus.key --dry-run'],
    load: async () => (await validator()).rotate,
  },
];
