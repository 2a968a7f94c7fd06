import {
  changeOptions,
  nodeOptions,
  signFileSpec,
  walletOption,
  walletOptions,
  type CommandSpec,
  type GroupSpec,
  type OptionSpecs,
} from '../spec.ts';

const files = () => import('../commands/transaction-files.ts');
const send = () => import('../commands/send.ts');
const requests = () => import('../commands/requests.ts');
const receipts = () => import('../commands/receipts.ts');

const paymentOptions: OptionSpecs = {
  from: { value: 'ADDRESS', help: 'Spend from this address alone.' },
  change: { value: 'ADDRESS', help: 'Where the rest goes, or new for a fresh address.' },
  tip: { value: 'AMOUNT', help: 'Tip in MXD; none unless told, and none is needed.' },
  expires: { value: 'BLOCKS', help: 'Give up if not final within so many blocks.' },
  commitment: { value: 'HEX', help: '32 bytes that bind the payment to an invoice.' },
  select: {
    value: 'HOW',
    choices: ['fewest', 'oldest', 'smallest'],
    help: 'Which coins to spend.',
  },
};

const to = { name: 'to', help: 'Address, or a payment request (mxd:...).' } as const;
const amount = {
  name: 'amount',
  optional: true,
  help: 'Amount in MXD, up to 8 decimals; a payment request may name it.',
} as const;

const waitOptions: OptionSpecs = {
  'no-wait': { help: 'Return once a node has taken it.' },
};

export const paymentGroups: readonly GroupSpec[] = [
  {
    name: 'tx',
    aliases: ['transaction'],
    summary: 'Transactions: look up, and build, sign, send as separate steps.',
  },
  { name: 'request', aliases: ['req'], summary: 'Payment requests: make, check, watch.' },
  { name: 'receipt', aliases: ['rcpt'], summary: 'Receipts: one file that proves a payment.' },
];

export const paymentCommands: readonly CommandSpec[] = [
  {
    path: ['send'],
    aliases: ['pay'],
    summary: 'Pay: build, sign, send, and wait until it is proven final.',
    about:
      'A lost connection never means paying twice: the signed transaction is kept in the folder ' +
      '`sent`, and sending it again gives its state.',
    arguments: [to, amount],
    options: {
      ...paymentOptions,
      ...walletOptions,
      ...nodeOptions,
      ...waitOptions,
      ...changeOptions,
    },
    examples: [
      'mxd send $ADDRESS 12.5 --wallet alice --dry-run',
      'mxd send $ADDRESS 12.5 --wallet alice --yes',
      'mxd send $ADDRESS 0.5 --wallet alice --yes --no-wait --json',
    ],
    load: async () => (await send()).send,
  },
  {
    path: ['tx'],
    summary: 'Show a transaction and where it stands.',
    arguments: [{ name: 'txid', help: 'Transaction id.' }],
    options: nodeOptions,
    examples: ['mxd tx $TXID'],
    load: async () => (await import('../commands/look.ts')).transaction,
  },
  {
    path: ['tx', 'build'],
    summary: 'Build a payment into a signing file, without any key.',
    arguments: [to, amount],
    options: {
      ...paymentOptions,
      wallet: walletOption,
      ...nodeOptions,
      note: { value: 'TEXT', help: 'A text for the signers.' },
      out: {
        value: 'FILE',
        short: 'o',
        help: 'Signing file to write; standard output unless told.',
      },
    },
    examples: ['mxd tx build $ADDRESS 3 --wallet alice --out payment.json'],
    load: async () => (await files()).buildFile,
  },
  {
    path: ['tx', 'sign'],
    summary: 'Sign a transaction file; no network is needed.',
    examples: ['mxd tx sign payment.json --wallet alice --genesis genesis.mxd --yes'],
    ...signFileSpec,
  },
  {
    path: ['tx', 'inspect'],
    summary: 'Show what a signing file does and who has signed.',
    arguments: [{ name: 'file', help: 'Signing file.' }],
    examples: ['mxd tx inspect payment.json'],
    load: async () => (await files()).inspectFile,
  },
  {
    path: ['tx', 'merge'],
    summary: 'Join the signatures of several files of one transaction.',
    arguments: [{ name: 'file', rest: true, help: 'Signing files of the same transaction.' }],
    options: {
      out: { value: 'FILE', short: 'o', help: 'Where to write; standard output unless told.' },
    },
    examples: ['mxd tx merge payment.json payment.json --out merged.json'],
    load: async () => (await files()).mergeFiles,
  },
  {
    path: ['tx', 'send'],
    summary: 'Send a signed file and wait until it is proven final.',
    arguments: [{ name: 'file', help: 'Signing file with all signatures, or one of `sent`.' }],
    options: { ...nodeOptions, ...waitOptions, ...changeOptions },
    examples: ['mxd tx send payment.json --yes'],
    load: async () => (await send()).sendFile,
  },
  {
    path: ['request', 'new'],
    summary: 'Make a payment request, as text and as QR code.',
    arguments: [
      { name: 'amount', optional: true, help: 'Amount in MXD; the payer chooses without.' },
    ],
    options: {
      wallet: walletOption,
      to: { value: 'ADDRESS', help: "Address to be paid at; the wallet's first unless told." },
      expires: { value: 'MINUTES', help: 'When the request ends.' },
      commitment: { value: 'HEX', help: '32 bytes that bind the payment to an invoice.' },
      label: { value: 'TEXT', help: 'Who asks.' },
      message: { value: 'TEXT', help: 'What for.' },
      qr: { help: 'Draw the QR code.' },
      svg: { value: 'FILE', help: 'Write the QR code as an SVG image.' },
    },
    examples: [
      'mxd request new 4.2 --wallet bob --message "two coffees" --expires 15',
      'mxd request new 4.2 --wallet bob --qr',
    ],
    load: async () => (await requests()).newRequest,
  },
  {
    path: ['request', 'check'],
    summary: 'Show what a payment request asks for and whether it still holds.',
    arguments: [{ name: 'uri', help: 'Payment request.' }],
    examples: ['mxd request check $REQUEST'],
    load: async () => (await requests()).checkRequest,
  },
  {
    path: ['request', 'watch'],
    summary: 'Wait until a payment request is paid by final transactions.',
    arguments: [{ name: 'uri', help: 'Payment request with an amount.' }],
    options: {
      ...nodeOptions,
      since: { value: 'HEIGHT', help: 'Count payments from this height on; from now unless told.' },
    },
    examples: ['mxd request watch $REQUEST --since 1'],
    load: async () => (await requests()).watchRequest,
  },
  {
    path: ['receipt', 'make'],
    aliases: ['new'],
    summary: 'Make the receipt of a final transaction: a file that proves it by itself.',
    arguments: [{ name: 'txid', help: 'Transaction id.' }],
    options: {
      ...nodeOptions,
      out: { value: 'FILE', short: 'o', help: 'File to write; standard output unless told.' },
    },
    examples: ['mxd receipt make $TXID --out receipt.json'],
    load: async () => (await receipts()).make,
  },
  {
    path: ['receipt', 'checkpoint'],
    summary: 'Write the checkpoint at the start of the chain, to verify receipts with.',
    options: {
      ...nodeOptions,
      out: { value: 'FILE', short: 'o', help: 'File to write; standard output unless told.' },
    },
    examples: ['mxd receipt checkpoint --genesis genesis.mxd --out checkpoint.json'],
    load: async () => (await receipts()).checkpoint,
  },
  {
    path: ['receipt', 'verify'],
    aliases: ['check'],
    summary: 'Verify a receipt against a checkpoint, offline.',
    arguments: [{ name: 'file', help: 'Receipt.' }],
    options: { checkpoint: { value: 'FILE', help: 'Checkpoint to trust.' } },
    examples: ['mxd receipt verify receipt.json --checkpoint checkpoint.json'],
    load: async () => (await receipts()).verify,
  },
];
