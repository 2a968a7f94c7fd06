import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';

import { fromHex, toHex } from '@mxd/codec';
import { decodeAddress, formatAddress } from '@mxd/crypto/address';
import type { KeyPath } from '@mxd/crypto/derivation';
import type { SuiteId } from '@mxd/crypto/suites';
import type { Owner } from '@mxd/protocol/transaction';
import { ownerKey, watchOnly, type Account } from '@mxd/wallet';
import { formatPolicyFile, parsePolicyFile, type NamedPolicy } from '@mxd/wallet/policy';

import { CliError } from './errors.ts';
import type { Context } from './context.ts';

/** Names of suites as people type them. */
export const suiteNames = { ed25519: 1, 'ml-dsa-87': 2, hybrid: 3 } as const;
export type SuiteName = keyof typeof suiteNames;

export const suiteName = (suite: SuiteId): string =>
  Object.entries(suiteNames).find(([, id]) => id === suite)?.[0] ?? String(suite);

/** Where a wallet's files are. */
export interface WalletPlace {
  readonly name: string;
  readonly keystore: string;
  /** Public keys, readable without the passphrase. */
  readonly accounts: string;
}

/**
 * What is known of a wallet without its passphrase. `wallet` and `key` have a keystore beside them,
 * `watch` and `policy` have none: they see and cannot sign.
 */
export interface WalletBook {
  readonly kind: 'wallet' | 'key' | 'watch' | 'policy';
  readonly accounts: readonly Account[];
  /** Watched addresses whose keys are not known. */
  readonly watched?: readonly Owner[];
  readonly policy?: NamedPolicy;
}

/** Every address of a wallet; the first one is where it is paid. */
export const ownersOf = ({ accounts, watched = [], policy }: WalletBook): readonly Owner[] => [
  ...(policy === undefined ? [] : [policy.owner]),
  ...accounts.map(({ owner }) => owner),
  ...watched,
];

const folder = (context: Context): string => join(context.settings.home, 'wallets');

/** The files of a wallet: a name in the folder of wallets, or the path of a keystore. */
export function placeOf(context: Context, name: string): WalletPlace {
  if (name.includes('/') || name.includes('\\') || name.endsWith('.key')) {
    const keystore = resolve(name);
    const accounts = keystore.replace(/(\.key)?$/, '.accounts.json');
    return { name: basename(keystore, '.key'), keystore, accounts };
  }
  if (!/^[\w.-]{1,64}$/.test(name) || name.startsWith('.')) {
    throw new CliError('CLI_WALLET_NAME', `"${name}" is no name for a wallet`, { name });
  }
  const base = join(folder(context), name);
  return { name, keystore: `${base}.key`, accounts: `${base}.accounts.json` };
}

/** Refuses to put a wallet where one is. @throws CliError CLI_WALLET_EXISTS. */
export async function newPlace(context: Context, name: string): Promise<WalletPlace> {
  const place = placeOf(context, name);
  if (existsSync(place.keystore) || existsSync(place.accounts)) {
    throw new CliError('CLI_WALLET_EXISTS', `a wallet ${name} is there already`, { name });
  }
  await mkdir(resolve(place.keystore, '..'), { recursive: true, mode: 0o700 });
  return place;
}

interface StoredAccount {
  readonly suite: SuiteId;
  readonly publicKey: string;
  readonly path?: KeyPath;
}

interface StoredBook {
  readonly kind: WalletBook['kind'];
  readonly accounts: readonly StoredAccount[];
  /** Addresses in the form of main networks. */
  readonly watched?: readonly string[];
  readonly policy?: object;
}

export async function writeBook(place: WalletPlace, book: WalletBook): Promise<void> {
  const { kind, watched, policy } = book;
  const stored: StoredBook = {
    kind,
    accounts: book.accounts.map(({ suite, publicKey, path }) => ({
      suite,
      publicKey: toHex(publicKey),
      ...(path === undefined ? {} : { path }),
    })),
    ...(watched === undefined ? {} : { watched: watched.map((one) => formatAddress(one, 'main')) }),
    ...(policy === undefined
      ? {}
      : { policy: JSON.parse(formatPolicyFile(policy, 'main')) as object }),
  };
  const text = JSON.stringify({ format: 'mxd-accounts', version: 1, ...stored });
  await writeFile(`${place.accounts}.new`, `${text}\n`, { mode: 0o600 });
  await rename(`${place.accounts}.new`, place.accounts);
}

export const missing = (name: string): CliError =>
  new CliError('CLI_WALLET_MISSING', `there is no wallet ${name}: mxd wallet new ${name}`, {
    name,
  });

/** @throws CliError CLI_WALLET_MISSING, CLI_FILE. */
export async function readBook(place: WalletPlace): Promise<WalletBook> {
  if (!existsSync(place.accounts)) throw missing(place.name);
  try {
    const stored = JSON.parse(await readFile(place.accounts, 'utf8')) as StoredBook;
    const { kind, watched, policy } = stored;
    return {
      kind,
      accounts: stored.accounts.map(({ suite, publicKey, path }) =>
        watchOnly(suite, fromHex(publicKey), path),
      ),
      ...(watched === undefined
        ? {}
        : { watched: watched.map((text) => decodeAddress(text).address) }),
      ...(policy === undefined ? {} : { policy: parsePolicyFile(JSON.stringify(policy)) }),
    };
  } catch (cause) {
    const text = `${place.accounts} is damaged; mxd wallet discover makes it anew`;
    throw new CliError('CLI_FILE', text, {}, { cause });
  }
}

/** The wallet that a command is told to use. */
export const chosenPlace = (context: Context, argument = ''): WalletPlace =>
  placeOf(context, argument === '' ? context.settings.wallet : argument);

/** Every wallet in the folder. */
export async function allPlaces(context: Context): Promise<readonly WalletPlace[]> {
  const files = await readdir(folder(context)).catch(() => []);
  const names = files.flatMap((file) => /^(.+?)(?:\.key|\.accounts\.json)$/.exec(file)?.[1] ?? []);
  return [...new Set(names)].toSorted().map((name) => placeOf(context, name));
}

/** Books of all wallets that can be read. */
export async function allBooks(
  context: Context,
): Promise<readonly { readonly place: WalletPlace; readonly book: WalletBook | undefined }[]> {
  return Promise.all(
    (await allPlaces(context)).map(async (place) => {
      const book = await readBook(place).catch((error: unknown) => {
        if (error instanceof CliError) return undefined;
        throw error;
      });
      return { place, book };
    }),
  );
}

/** An account as it is shown. */
export function accountView(
  account: Account,
  network: 'main' | 'test',
): Readonly<Record<string, string>> {
  const { path } = account;
  return {
    address: formatAddress(account.owner, network),
    suite: suiteName(account.suite),
    ...(path === undefined ? {} : { path: `${path.account}/${path.change}/${path.index}` }),
  };
}

/** Accounts of a book that own any of the owners. */
export function accountsOf(book: WalletBook, owners: readonly Owner[]): readonly Account[] {
  const keys = new Set(owners.map(ownerKey));
  return book.accounts.filter((account) => keys.has(ownerKey(account.owner)));
}
