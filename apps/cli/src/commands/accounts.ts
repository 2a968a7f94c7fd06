import { decodeAddress, formatAddress, policyVersion, versionOfSuite } from '@mxd/crypto/address';
import type { SuiteId } from '@mxd/crypto/suites';
import { toHex } from '@mxd/codec';
import { sameOwner, type Account } from '@mxd/wallet';

import { openChain } from '../chain.ts';
import { Shown } from '../output.ts';
import { listTable } from '../table.ts';
import { isDryRun, type Context } from '../context.ts';
import {
  accountView,
  chosenPlace,
  readBook,
  suiteName,
  writeBook,
  type WalletBook,
} from '../wallet-book.ts';
import { openNamed } from '../wallet-store.ts';
import { labelsOf } from './labels.ts';
import { jointView } from './policy.ts';
import { suiteFrom } from './wallet.ts';

export async function listAddresses(context: Context): Promise<unknown> {
  const book = await readBook(chosenPlace(context, context.parsed.word(0)));
  const { network } = context.settings;
  const { policy } = book;
  const rows: readonly Readonly<Record<string, string>>[] = [
    ...(policy === undefined ? [] : [jointView(policy, network)]),
    ...book.accounts.map((account) => accountView(account, network)),
    ...(book.watched ?? []).map((owner) => ({ address: formatAddress(owner, network) })),
  ];
  const labels = await labelsOf(context);
  const shown = rows.map((row) => {
    const label = labels.get('addr', row['address'] ?? '');
    return label === undefined ? row : { ...row, label };
  });
  const table = listTable(shown, 0);
  const isWide = table.split('\n').every((line) => line.length <= context.out.width);
  if (shown.length === 0 || context.out.width === 0 || isWide) return shown;
  // Addresses are there to be copied: they stay whole, and the rest moves below.
  const text = shown.map(({ address = '', ...rest }) => {
    const parts = Object.values(rest);
    return parts.length === 0 ? address : `${address}\n  ${parts.join('  ')}`;
  });
  return new Shown(shown, text.join('\n'));
}

/** The index after the last one of a branch. */
export function nextIndex(book: WalletBook, suite: SuiteId, change: number): number {
  const used = book.accounts
    .filter((account) => account.suite === suite && account.path?.change === change)
    .map(({ path }) => path?.index ?? 0);
  return used.length === 0 ? 0 : Math.max(...used) + 1;
}

/** The suite of a wallet's first address, unless one is asked for. */
function suiteIn(context: Context, book: WalletBook): SuiteId {
  const first = book.accounts[0]?.suite;
  return context.parsed.text('suite') === undefined && first !== undefined
    ? first
    : suiteFrom(context);
}

export async function newAddress(context: Context): Promise<unknown> {
  using wallet = await openNamed(context, context.parsed.word(0));
  const { book, place } = wallet;
  const suite = suiteIn(context, book);
  const path = { account: 0, change: 0, index: nextIndex(book, suite, 0) };
  const account = wallet.derive(suite, path);
  const view = accountView(account, context.settings.network);
  if (isDryRun(context)) {
    return new Shown({ dryRun: true, ...view }, `would add\n${view['address'] ?? ''}`);
  }
  await writeBook(place, { ...book, accounts: [...book.accounts, account] });
  return view;
}

export function checkAddress(context: Context): Promise<unknown> {
  const text = context.parsed.word(0);
  const { address, network } = decodeAddress(text);
  const suites = Object.entries(versionOfSuite);
  const suite = suites.find(([, version]) => version === address.version)?.[0];
  return Promise.resolve({
    address: text,
    valid: true,
    network,
    owner: address.version === policyVersion ? 'policy' : suiteName(Number(suite ?? 1) as SuiteId),
    hash: toHex(address.hash),
  });
}

/** Adds every used address to the book of a wallet. */
export async function discover(context: Context): Promise<unknown> {
  const { discoverWallet } = await import('@mxd/wallet/discovery');
  const { chain, connection } = await openChain(context);
  using wallet = await openNamed(context, context.parsed.word(0));
  const suite = suiteIn(context, wallet.book);
  const isUsed = async (account: Account): Promise<boolean> => {
    const address = formatAddress(account.owner, chain.network);
    const query = { limit: 1 };
    const { value } = await connection.request('history', { params: { address }, query });
    if (value.items.length > 0) return true;
    const held = await connection.request('unspent', { params: { address }, query });
    return held.value.items.length > 0;
  };
  const found = await discoverWallet({
    derive: (path) => wallet.derive(suite, path),
    isUsed: (accounts) => Promise.all(accounts.map(isUsed)),
    gapLimit: context.parsed.whole('gap', 1, 1_000) ?? 20,
    onProgress: ({ asked, used }) => context.out.progress('looking', used, Math.max(asked, 1)),
  });
  const used = found.flatMap(({ receive, change }) => [...receive.used, ...change.used]);
  const fresh = used.filter(
    ({ owner }) => !wallet.book.accounts.some((known) => sameOwner(known.owner, owner)),
  );
  const accounts = [...wallet.book.accounts, ...fresh];
  const outcome = { name: wallet.place.name, used: used.length, added: fresh.length };
  if (isDryRun(context)) {
    const text = `${used.length} addresses are used; would add ${fresh.length}`;
    return new Shown({ dryRun: true, ...outcome }, text);
  }
  await writeBook(wallet.place, { ...wallet.book, accounts });
  return outcome;
}
