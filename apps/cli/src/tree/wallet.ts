import {
  changeOptions,
  dryRunOption,
  nodeOptions,
  passphraseOption,
  signFileSpec,
  type CommandSpec,
  type GroupSpec,
} from '../spec.ts';

const suite = {
  value: 'SUITE',
  choices: ['ed25519', 'ml-dsa-87', 'hybrid'],
  help: 'Signature suite of the key.',
} as const;

const passphrase = { 'passphrase-file': passphraseOption } as const;
const name = {
  name: 'name',
  optional: true,
  help: 'Name of the wallet, or the path of a keystore file.',
} as const;

const wallet = () => import('../commands/wallet.ts');
const move = () => import('../commands/move.ts');
const accounts = () => import('../commands/accounts.ts');

export const walletGroups: readonly GroupSpec[] = [
  {
    name: 'wallet',
    aliases: ['w'],
    summary: 'Wallets of 24 words: make, bring in, list, back up, sign.',
  },
  { name: 'key', aliases: ['k'], summary: 'Single keys: make, bring in, list, export, sign.' },
  { name: 'address', aliases: ['addr'], summary: 'Addresses of a wallet.' },
];

export const walletCommands: readonly CommandSpec[] = [
  {
    path: ['wallet', 'new'],
    aliases: ['create'],
    summary: 'Make a wallet; its words are shown once.',
    about:
      'The words go to the terminal, or to a new file of mode 0600 with --words-file; never to a pipe. ' +
      'Whoever has them has the money.',
    arguments: [name],
    options: {
      suite,
      ...dryRunOption,
      ...passphrase,
      'words-file': { value: 'FILE', help: 'Write the words into this new file.' },
      language: { value: 'NAME', choices: ['english', 'spanish'], help: 'Word list.' },
    },
    examples: ['mxd wallet new savings --suite hybrid --words-file savings.words'],
    load: async () => (await wallet()).newWallet,
  },
  {
    path: ['wallet', 'import'],
    summary: 'Make a wallet of words that you have.',
    arguments: [name],
    options: {
      suite,
      ...dryRunOption,
      ...passphrase,
      'words-file': { value: 'FILE', help: 'File with the words, - for standard input.' },
    },
    examples: ['mxd wallet import restored --words-file savings.words --suite hybrid'],
    load: async () => (await wallet()).importWallet,
  },
  {
    path: ['wallet', 'list'],
    aliases: ['ls'],
    summary: 'List wallets and keys of this machine.',
    examples: ['mxd wallet list', 'mxd wallet list --json'],
    load: async () => (await wallet()).listWallets,
  },
  {
    path: ['wallet', 'export'],
    summary: 'Write out public keys, or with --words the words.',
    arguments: [name],
    options: {
      ...passphrase,
      words: { help: 'The words instead of the public keys; needs the passphrase.' },
      out: { value: 'FILE', short: 'o', help: 'New file of mode 0600 to write to.' },
    },
    examples: [
      'mxd wallet export savings',
      'mxd wallet export savings --words --out savings-again.words',
    ],
    load: async () => (await wallet()).exportWallet,
  },
  {
    path: ['wallet', 'sign'],
    summary: 'Sign a transaction file with a wallet; no network is needed.',
    about: 'Shows what the file spends and pays before it asks. See mxd tx build.',
    examples: ['mxd wallet sign payment.json --wallet alice --genesis genesis.mxd --yes'],
    ...signFileSpec,
  },
  {
    path: ['wallet', 'watch'],
    summary: 'Make a wallet that sees and cannot sign, of addresses and exported public keys.',
    about:
      'It shows balances, makes payment requests and builds signing files for the machine that ' +
      'has the keys.',
    arguments: [
      { name: 'name', help: 'Name of the wallet.' },
      { name: 'what', rest: true, help: 'Addresses, and files of mxd wallet export.' },
    ],
    options: dryRunOption,
    examples: ['mxd wallet watch eyes $ADDRESS'],
    load: async () => (await import('../commands/watch.ts')).watch,
  },
  {
    path: ['wallet', 'move'],
    aliases: ['upgrade'],
    summary: 'Move everything from classical keys to a hybrid one: post-quantum in one step.',
    about:
      'Shows what moves, what stays and why, and asks. The wallet gets a new hybrid address, which ' +
      'is its first one from then on. Stake that is bonded stays until it is unbonded.',
    arguments: [name],
    options: {
      into: { value: 'WALLET', help: 'Another wallet instead, at its first hybrid address.' },
      ...passphrase,
      ...nodeOptions,
      ...changeOptions,
    },
    examples: ['mxd wallet move old --dry-run', 'mxd wallet move old --yes'],
    load: async () => (await move()).toHybrid,
  },
  {
    path: ['wallet', 'sweep'],
    summary: 'Pay everything that may be spent to one address.',
    arguments: [
      { name: 'name', help: 'Name of the wallet, or the path of a keystore file.' },
      { name: 'to', help: 'Address.' },
    ],
    options: { ...passphrase, ...nodeOptions, ...changeOptions },
    examples: ['mxd wallet sweep bob $ADDRESS --dry-run'],
    load: async () => (await move()).sweep,
  },
  {
    path: ['wallet', 'join'],
    aliases: ['consolidate'],
    summary: 'Join small coins of one address into one, so that payments need fewer.',
    about:
      'Takes the address that has most coins; coins of several addresses are never joined, that ' +
      'would show that they have one owner.',
    arguments: [name],
    options: {
      address: { value: 'ADDRESS', help: 'Join coins of this address.' },
      count: { value: 'N', help: 'Most coins to join; 100 unless told.' },
      ...passphrase,
      ...nodeOptions,
      ...changeOptions,
    },
    examples: ['mxd wallet join bob --dry-run'],
    load: async () => (await move()).join,
  },
  {
    path: ['wallet', 'discover'],
    summary: "Find a wallet's used addresses on the chain.",
    arguments: [name],
    options: {
      ...nodeOptions,
      ...dryRunOption,
      ...passphrase,
      suite,
      gap: { value: 'N', help: 'Unused addresses in a row that end the search; 20 unless told.' },
    },
    examples: ['mxd wallet discover restored --suite hybrid'],
    load: async () => (await accounts()).discover,
  },
  {
    path: ['key', 'new'],
    aliases: ['create'],
    summary: 'Make a single key in a keystore file.',
    arguments: [name],
    options: { suite, ...dryRunOption, ...passphrase },
    examples: ['mxd key new till --suite ml-dsa-87'],
    load: async () => (await wallet()).newKey,
  },
  {
    path: ['key', 'import'],
    summary: 'Make a keystore of a seed in hexadecimal.',
    arguments: [name],
    options: {
      suite,
      ...dryRunOption,
      ...passphrase,
      'seed-file': { value: 'FILE', help: 'File with the seed, - for standard input.' },
    },
    examples: ['mxd key import operator --seed-file account.seed'],
    load: async () => (await wallet()).importKey,
  },
  {
    path: ['key', 'list'],
    aliases: ['ls'],
    summary: 'List wallets and keys of this machine.',
    examples: ['mxd key list'],
    load: async () => (await wallet()).listWallets,
  },
  {
    path: ['key', 'export'],
    summary: 'Write out the public key, or with --seed the seed.',
    arguments: [name],
    options: {
      ...passphrase,
      seed: { help: 'The seed instead of the public key; needs the passphrase.' },
      out: { value: 'FILE', short: 'o', help: 'New file of mode 0600 to write to.' },
    },
    examples: ['mxd key export till', 'mxd key export till --seed --out till.seed'],
    load: async () => (await wallet()).exportWallet,
  },
  {
    path: ['key', 'sign'],
    summary: 'Sign a transaction file with a key; the same as mxd wallet sign.',
    examples: ['mxd key sign payment.json --wallet alice --genesis genesis.mxd --dry-run'],
    ...signFileSpec,
  },
  {
    path: ['address', 'list'],
    aliases: ['ls'],
    summary: "List a wallet's addresses.",
    arguments: [name],
    examples: ['mxd address list alice'],
    load: async () => (await accounts()).listAddresses,
  },
  {
    path: ['address', 'new'],
    summary: 'Derive the next address of a wallet.',
    arguments: [name],
    options: { suite, ...dryRunOption, ...passphrase },
    examples: ['mxd address new alice --suite hybrid'],
    load: async () => (await accounts()).newAddress,
  },
  {
    path: ['address', 'check'],
    summary: 'Say what an address is, or what is wrong with it.',
    arguments: [{ name: 'address', help: 'Address to look at.' }],
    examples: ['mxd address check $ADDRESS'],
    load: async () => (await accounts()).checkAddress,
  },
];
