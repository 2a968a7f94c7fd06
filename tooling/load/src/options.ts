import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { LoadError } from './errors.ts';

export type SuiteId = 1 | 2 | 3;

/** How payments are sent: at fixed times, or as many at once as are not final yet. */
export type Loop =
  | { readonly kind: 'open'; readonly rate: number }
  | { readonly kind: 'closed'; readonly outstanding: number };

/** Unwanted traffic beside the payments that are measured. */
export interface Spam {
  /** Per second, half of it from coins that were just made, half from coins that rested. */
  readonly rate: number;
}

/** One run. */
export interface Profile {
  readonly name: string;
  readonly loop: Loop;
  readonly seconds: number;
  readonly spam: Spam | undefined;
}

export interface LoadOptions {
  readonly profile: Profile;
  readonly suite: SuiteId;
  /** Most payments of one request; 1 uses the route for single payments. */
  readonly batch: number;
  /** Outputs of a payment: 1 pays a coin on whole, 2 leaves change. */
  readonly outputs: 1 | 2;
  /** One payment in so many is proven by a light client. */
  readonly proveEvery: number;
  /** How long payments may take after the last was sent. */
  readonly drainSeconds: number;
  readonly workers: number;
  readonly isJson: boolean;
  /** Folder of a local network; else `endpoints` and a file of words. */
  readonly directory: string;
  readonly endpoints: readonly string[];
  readonly wordsFile: string | undefined;
  readonly account: number | undefined;
}

const profiles: Readonly<Record<string, Profile>> = {
  light: { name: 'light', loop: { kind: 'open', rate: 40 }, seconds: 30, spam: undefined },
  sustained: {
    name: 'sustained',
    loop: { kind: 'open', rate: 1_000 },
    seconds: 60,
    spam: undefined,
  },
  burst: {
    name: 'burst',
    loop: { kind: 'closed', outstanding: 2_000 },
    seconds: 20,
    spam: undefined,
  },
  soak: {
    name: 'soak',
    loop: { kind: 'open', rate: 100 },
    seconds: 600,
    spam: undefined,
  },
  flood: {
    name: 'flood',
    loop: { kind: 'open', rate: 20 },
    seconds: 30,
    spam: { rate: 10_000 },
  },
};

export const helpText = `Usage: npm run -s load -- [light|sustained|burst|soak|flood] [options]

  light      40 payments a second for 30 s: how fast is a payment final (the default)
  sustained  1,000 a second for 60 s
  burst      2,000 on their way at any time for 20 s: as fast as it goes
  soak       100 a second for 10 minutes: does memory stay flat
  flood      20 payments a second beside 10,000 a second of spam for 30 s

Where to:
  --dir DIR          folder of a local network (default .devnet in the repository)
  --api URL,URL,...  nodes of another network; needs --words
  --words FILE       file with the mnemonic that funds the run
  --account N        account index under the mnemonic (default 0; the one named "load" with --dir)

How:
  --rate N           payments a second, at fixed times
  --closed N         payments on their way at any time, in place of --rate
  --seconds N        duration
  --spam-rate N      spam a second
  --suite N          1 Ed25519, 2 ML-DSA-87, 3 both (default 1; 2 and 3 move funds first)
  --batch N          payments of one request, at most (default 64; 1: one request each)
  --outputs N        1 or 2: without or with change (default 2)
  --prove-every N    prove one payment in N by a light client (default 50)
  --drain N          seconds to wait for what is not final at the end (default 30)
  --workers N        threads that sign (default 1)
  --json             one JSON object

Examples:
  npm start -- up --detach --load-outputs 60000 && npm run -s load -- sustained
  npm start -- up --detach --reset --load-outputs 60000 && npm run -s load -- soak
  npm run -s load -- --rate 200 --seconds 10 --suite 3 --json
`;

function whole(
  name: string,
  text: string | undefined,
  min: number,
  max: number,
): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new LoadError(`--${name} ${text}: a whole number from ${min} to ${max} is wanted`);
  }
  return value;
}

const flags = {
  dir: { type: 'string' },
  api: { type: 'string' },
  words: { type: 'string' },
  account: { type: 'string' },
  rate: { type: 'string' },
  closed: { type: 'string' },
  seconds: { type: 'string' },
  'spam-rate': { type: 'string' },
  suite: { type: 'string' },
  batch: { type: 'string' },
  outputs: { type: 'string' },
  'prove-every': { type: 'string' },
  drain: { type: 'string' },
  workers: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

type Values = { readonly [name in keyof typeof flags]?: string | boolean | undefined };

function profileOf(name: string, values: Values): Profile {
  const base = profiles[name];
  if (base === undefined) {
    throw new LoadError(`there is no profile "${name}": ${Object.keys(profiles).join(', ')}`);
  }
  const of = (flag: keyof Values, max: number): number | undefined =>
    whole(flag, values[flag] as string | undefined, 1, max);
  const rate = of('rate', 100_000);
  const outstanding = of('closed', 100_000);
  if (rate !== undefined && outstanding !== undefined) {
    throw new LoadError('--rate and --closed exclude each other');
  }
  const spamRate = of('spam-rate', 100_000);
  const isChanged = rate !== undefined || outstanding !== undefined;
  let { loop } = base;
  if (rate !== undefined) loop = { kind: 'open', rate };
  if (outstanding !== undefined) loop = { kind: 'closed', outstanding };
  return {
    name: isChanged ? 'custom' : base.name,
    loop,
    seconds: of('seconds', 86_400) ?? base.seconds,
    spam: spamRate === undefined ? base.spam : { rate: spamRate },
  };
}

/** Options of a command line; undefined when help is asked for. @throws LoadError, TypeError. */
export function parseOptions(words: readonly string[]): LoadOptions | undefined {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: flags,
  });
  if (values.help) return undefined;
  if (positionals.length > 1) throw new LoadError(`"${positionals.join(' ')}" is no profile`);
  const endpoints = (values.api ?? '').split(',').filter((url) => url !== '');
  if (endpoints.length > 0 && values.words === undefined) {
    throw new LoadError('--api needs --words: the file of the mnemonic that pays');
  }
  return {
    profile: profileOf(positionals[0] ?? 'light', values),
    suite: (whole('suite', values.suite, 1, 3) ?? 1) as SuiteId,
    batch: whole('batch', values.batch, 1, 256) ?? 64,
    outputs: (whole('outputs', values.outputs, 1, 2) ?? 2) as 1 | 2,
    proveEvery: whole('prove-every', values['prove-every'], 1, 1_000_000) ?? 50,
    drainSeconds: whole('drain', values.drain, 1, 3_600) ?? 30,
    workers: whole('workers', values.workers, 1, 64) ?? 1,
    isJson: values.json,
    directory: values.dir ?? fileURLToPath(new URL('../../../.devnet', import.meta.url)),
    endpoints,
    wordsFile: values.words,
    account: whole('account', values.account, 0, 0x7fff_ffff),
  };
}
