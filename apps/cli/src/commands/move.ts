import { formatAmount, toHex } from '@mxd/codec';
import { formatAddress, parseAddress, versionOfSuite } from '@mxd/crypto/address';
import type { Owner } from '@mxd/protocol/transaction';
import { ownerKey, signTransaction, type Account, type Coin } from '@mxd/wallet';
import { planConsolidation, planHybridMove, planSweep, type SweepPlan } from '@mxd/wallet/move';

import { usage } from '../arguments.ts';
import { openChain, type OpenChain } from '../chain.ts';
import { agree, isDryRun, type Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { Shown } from '../output.ts';
import { accountsOf, chosenPlace, readBook, writeBook } from '../wallet-book.ts';
import { openNamed, type OpenWallet } from '../wallet-store.ts';
import { nextIndex } from './accounts.ts';
import { gatherCoins } from './payment.ts';
import { deliverAll } from './send.ts';

/** What a wallet holds, and the height at which that was so. */
async function holdings(
  open: OpenChain,
  wallet: OpenWallet,
): Promise<{ readonly coins: readonly Coin[]; readonly height: number }> {
  const owners = wallet.book.accounts.map(({ owner }) => owner);
  const { value } = await open.connection.request('status', {});
  const coins = await gatherCoins(open.connection, owners, open.chain.network);
  return { coins, height: value.height };
}

const sumOf = (coins: readonly Coin[]): string =>
  formatAmount(coins.reduce((sum, { amount }) => sum + amount, 0n));

const leftWords = {
  bonded: 'bonded to a validator: mxd validator unbond frees it',
  unbonding: 'on its way out of a bond: move it when it is free',
  pending: 'spent by a transaction that is not final yet',
  dust: 'too small to be moved alone',
  later: 'more than one plan holds: run this again',
} as const;

/** What stays, by reason. */
function leftLines({ left }: SweepPlan): readonly string[] {
  return [...Map.groupBy(left, ({ reason }) => reason)].map(([reason, ones]) => {
    const amount = sumOf(ones.map(({ coin }) => coin));
    return `stays   ${amount} MXD, ${leftWords[reason]}`;
  });
}

function planView(plan: SweepPlan, network: 'main' | 'test', extra: object = {}): Shown {
  const coins = plan.transactions.reduce((sum, { spent }) => sum + spent.length, 0);
  const from = new Map(
    plan.transactions.flatMap(({ spent }) =>
      spent.map(({ owner }) => [ownerKey(owner), formatAddress(owner, network)] as const),
    ),
  );
  const to = formatAddress(plan.to, network);
  const total = formatAmount(plan.total);
  const { length } = plan.transactions;
  const txids = plan.transactions.map(({ txid }) => toHex(txid));
  const left = plan.left.map(({ coin, reason }) => ({ amount: formatAmount(coin.amount), reason }));
  const text = [
    ...[...from.values()].map((address) => `from    ${address}`),
    `to      ${to}`,
    `moves   ${total} MXD: ${coins} coins in ${length} transaction${length === 1 ? '' : 's'}`,
    ...(from.size > 1 ? ['note    everybody can see that these addresses have one owner'] : []),
    ...leftLines(plan),
  ].join('\n');
  return new Shown({ to, total, coins, from: [...from.values()], txids, left, ...extra }, text);
}

/** Shows a plan, asks, signs, sends, and waits until all of it is final. */
async function carryOut(
  context: Context,
  open: OpenChain,
  wallet: OpenWallet,
  plan: SweepPlan,
  before: () => Promise<void>,
): Promise<unknown> {
  const { network } = open.chain;
  const shown = planView(plan, network);
  if (isDryRun(context)) {
    return new Shown({ dryRun: true, ...(shown.data as object) }, `would move\n${shown.text}`);
  }
  if (!context.parsed.flag('yes')) context.out.note(shown.text);
  await agree(context, `Move ${formatAmount(plan.total)} MXD?`);
  // The wallet knows the address before it holds anything: a crash must not hide the money.
  await before();
  const owners = plan.transactions.flatMap(({ spent }) => spent.map(({ owner }) => owner));
  const signers = wallet.signers(accountsOf(wallet.book, owners));
  const signed = plan.transactions.map((unsigned) => signTransaction(unsigned, signers));
  for (const signer of signers) signer[Symbol.dispose]();
  const height = await deliverAll(context, open, signed);
  const data = { ...(shown.data as object), state: 'final', height };
  return new Shown(data, `${shown.text}\nfinal at height ${height}`);
}

/** The hybrid account that `--into` names, or the next one of the wallet itself. */
async function hybridTarget(
  context: Context,
  wallet: OpenWallet,
): Promise<{ readonly account: Account; readonly isNew: boolean }> {
  const into = context.parsed.text('into');
  if (into !== undefined) {
    const { accounts } = await readBook(chosenPlace(context, into));
    const account = accounts.find(({ suite }) => suite === 3);
    if (account !== undefined) return { account, isNew: false };
    const text = `${into} has no hybrid address: mxd address new ${into} --suite hybrid`;
    throw new CliError('CLI_WALLET_KIND', text, { name: into });
  }
  if (wallet.book.kind === 'key') {
    const text =
      `${wallet.place.name} holds a single key: say where to with --into WALLET ` +
      '(mxd wallet new WALLET makes one)';
    throw new CliError('CLI_WALLET_KIND', text, { name: wallet.place.name });
  }
  const path = { account: 0, change: 0, index: nextIndex(wallet.book, 3, 0) };
  return { account: wallet.derive(3, path), isNew: true };
}

/** Everything under classical keys goes to a hybrid one, which is the wallet's first from then on. */
export async function toHybrid(context: Context): Promise<unknown> {
  const open = await openChain(context);
  using wallet = await openNamed(context, context.parsed.word(0));
  const { account, isNew } = await hybridTarget(context, wallet);
  const held = await holdings(open, wallet);
  if (
    held.coins.length > 0 &&
    held.coins.every(({ owner }) => owner.version === versionOfSuite[3])
  ) {
    const text = `nothing to move: ${sumOf(held.coins)} MXD are under hybrid keys already`;
    return new Shown({ total: '0', safe: sumOf(held.coins), txids: [] }, text);
  }
  const plan = planHybridMove(open.chain, account, held);
  const { book, place } = wallet;
  // Stake is bonded to the first account's id: that account stays first while there is any.
  const hasStake = plan.left.some(({ reason }) => reason === 'bonded');
  return await carryOut(context, open, wallet, plan, async () => {
    // Payments and change go to the first address: that must be the safe one.
    const accounts = hasStake ? [...book.accounts, account] : [account, ...book.accounts];
    if (isNew) await writeBook(place, { ...book, accounts });
  });
}

/** Everything that may be spent goes to one address of anybody. */
export async function sweep(context: Context): Promise<unknown> {
  const open = await openChain(context);
  const [name = '', address = ''] = context.parsed.words;
  const to = parseAddress(address, open.chain.network);
  using wallet = await openNamed(context, name);
  const plan = planSweep(open.chain, { ...(await holdings(open, wallet)), to });
  return await carryOut(context, open, wallet, plan, () => Promise.resolve());
}

/** Joins small coins of one address, so that later payments need fewer. */
export async function join(context: Context): Promise<unknown> {
  const open = await openChain(context);
  using wallet = await openNamed(context, context.parsed.word(0));
  const { coins, height } = await holdings(open, wallet);
  const told = context.parsed.text('address');
  const only = told === undefined ? undefined : ownerKey(parseAddress(told, open.chain.network));
  const among = only === undefined ? coins : coins.filter(({ owner }) => ownerKey(owner) === only);
  const count = context.parsed.whole('count', 2, 256) ?? 100;
  const to = (owner: Owner): SweepPlan =>
    planConsolidation(open.chain, { coins: among, height, count, to: owner });
  // Which address has most coins only the plan says: it is planned once to learn, then for good.
  const [first] = wallet.book.accounts;
  if (first === undefined) throw usage(`${wallet.place.name} has no address`);
  const owner = to(first.owner).transactions[0]?.spent[0]?.owner ?? first.owner;
  return await carryOut(context, open, wallet, to(owner), () => Promise.resolve());
}
