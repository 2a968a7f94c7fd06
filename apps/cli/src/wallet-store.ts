import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';

import { fromHex, toHex } from '@mxd/codec';
import { formatAddress } from '@mxd/crypto/address';
import type { KeyPath } from '@mxd/crypto/derivation';
import type { SuiteId } from '@mxd/crypto/suites';
import { ownerKey, watchOnly, type Account, type SigningAccount } from '@mxd/wallet';

import { CliError } from './errors.ts';
import { readSecret } from './secret-input.ts';
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

/** What is known of a wallet without its passphrase. */
export interface WalletBook {
  readonly kind: 'wallet' | 'key';
  readonly accounts: readonly Account[];
}

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
  if (existsSync(place.keystore)) {
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

export async function writeBook(place: WalletPlace, book: WalletBook): Promise<void> {
  const accounts = book.accounts.map(({ suite, publicKey, path }): StoredAccount => ({
    suite,
    publicKey: toHex(publicKey),
    ...(path === undefined ? {} : { path }),
  }));
  const text = JSON.stringify({ format: 'mxd-accounts', version: 1, kind: book.kind, accounts });
  await writeFile(`${place.accounts}.new`, `${text}\n`, { mode: 0o600 });
  await rename(`${place.accounts}.new`, place.accounts);
}

const missing = (name: string): CliError =>
  new CliError('CLI_WALLET_MISSING', `there is no wallet ${name}: mxd wallet new ${name}`, {
    name,
  });

/** @throws CliError CLI_WALLET_MISSING, CLI_FILE. */
export async function readBook(place: WalletPlace): Promise<WalletBook> {
  if (!existsSync(place.accounts)) throw missing(place.name);
  try {
    const stored = JSON.parse(await readFile(place.accounts, 'utf8')) as {
      readonly kind: 'wallet' | 'key';
      readonly accounts: readonly StoredAccount[];
    };
    const accounts = stored.accounts.map(({ suite, publicKey, path }) =>
      watchOnly(suite, fromHex(publicKey), path),
    );
    return { kind: stored.kind, accounts };
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
  const names = await readdir(folder(context)).catch(() => []);
  return names
    .filter((name) => name.endsWith('.key'))
    .toSorted()
    .map((name) => placeOf(context, name.slice(0, -'.key'.length)));
}

/** The passphrase of a wallet. */
export const walletPassphrase = (
  context: Context,
  place: WalletPlace,
  isNew = false,
): ReturnType<typeof readSecret> =>
  readSecret({
    what: `passphrase of ${place.name}`,
    file: context.parsed.text('passphrase-file'),
    option: 'passphrase-file',
    variable: 'MXD_PASSPHRASE',
    repeat: isNew,
  });

/** An opened wallet: signs for the accounts of its book. */
export interface OpenWallet extends Disposable {
  readonly place: WalletPlace;
  readonly book: WalletBook;
  /** The signing form of accounts of the book. */
  signers(accounts: readonly Account[]): readonly SigningAccount[];
  /** Public part of a key that the book does not have yet. @throws CliError CLI_WALLET_KIND. */
  derive(suite: SuiteId, path: KeyPath): Account;
}

/** Opens a wallet with its passphrase. @throws CryptoError KEYSTORE_PASSPHRASE, CliError. */
export async function openNamed(context: Context, name = ''): Promise<OpenWallet> {
  const place = chosenPlace(context, name);
  if (!existsSync(place.keystore)) throw missing(place.name);
  const { mode } = await stat(place.keystore);
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    context.out.warn(`others can read ${place.keystore}: chmod 600 it`);
  }
  const [{ openWallet }, { installNative }, passphrase] = await Promise.all([
    import('@mxd/wallet/keystore'),
    import('@mxd/crypto/native'),
    walletPassphrase(context, place),
  ]);
  installNative();
  using secret = passphrase;
  const opened = await openWallet(place.keystore, secret);
  const book = await readBook(place);
  return {
    place,
    book,
    signers: (accounts) =>
      opened.kind === 'key'
        ? [opened.account]
        : accounts.flatMap(({ suite, path }) =>
            path === undefined ? [] : [opened.master.account(suite, path)],
          ),
    derive(suite, path) {
      if (opened.kind === 'wallet') return opened.master.watch(suite, path);
      throw new CliError('CLI_WALLET_KIND', `${place.name} holds a single key`);
    },
    [Symbol.dispose]() {
      if (opened.kind === 'key') opened.account[Symbol.dispose]();
      else opened.master[Symbol.dispose]();
    },
  };
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
export function accountsOf(
  book: WalletBook,
  owners: readonly Account['owner'][],
): readonly Account[] {
  const keys = new Set(owners.map(ownerKey));
  return book.accounts.filter((account) => keys.has(ownerKey(account.owner)));
}
