import { formatAmount, fromHex, toHex } from '@mxd/codec';
import { createConsensusKey, openConsensusKey } from '@mxd/node';
import { validatorIdOf } from '@mxd/protocol/genesis';
import { signTransaction, spendableCoins, type Account, type Unsigned } from '@mxd/wallet';
import {
  buildBond,
  buildUnbond,
  joinRecord,
  leaveRecord,
  rotateRecord,
  type RecordSigner,
} from '@mxd/wallet/stake';

import { usage } from '../arguments.ts';
import { openChain, type OpenChain } from '../chain.ts';
import { agree, isDryRun, type Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { keystoreCosts } from '../keystore-costs.ts';
import { Shown } from '../output.ts';
import { readSecret } from '../secret-input.ts';
import { accountsOf, chosenPlace, readBook } from '../wallet-book.ts';
import { openNamed, type OpenWallet } from '../wallet-store.ts';
import { amountOf, gatherCoins } from './payment.ts';
import { deliver, describe } from './send.ts';

/** A validator's account is the first one of its wallet. */
function accountOf(accounts: readonly Account[], name: string): Account {
  const [first] = accounts;
  if (first !== undefined) return first;
  throw new CliError('CLI_WALLET_KIND', `${name} has no account`, { name });
}

const idOf = (account: Account): Uint8Array => validatorIdOf(account.suite, account.publicKey);

function chosenId(context: Context, account: Account): Uint8Array {
  const told = context.parsed.text('validator');
  if (told === undefined) return idOf(account);
  if (/^[0-9a-f]{40}$/i.test(told)) return fromHex(told.toLowerCase());
  throw usage(`"${told}" is no validator id: it has 40 hexadecimal digits`);
}

export async function id(context: Context): Promise<unknown> {
  const place = chosenPlace(context);
  const account = accountOf((await readBook(place)).accounts, place.name);
  const hex = toHex(idOf(account));
  return new Shown({ wallet: place.name, validatorId: hex }, hex);
}

/** Signs and delivers a transaction that moves stake, after asking. */
async function moveStake(
  context: Context,
  open: OpenChain,
  wallet: OpenWallet,
  unsigned: Unsigned,
  what: string,
): Promise<unknown> {
  if (isDryRun(context)) {
    const data = { dryRun: true, txid: toHex(unsigned.txid) };
    return new Shown(data, `would ${what}\n${describe(unsigned)}`);
  }
  await agree(context, `${what[0]?.toUpperCase() ?? ''}${what.slice(1)}?`);
  const spent = unsigned.spent.map(({ owner }) => owner);
  const signers = wallet.signers(accountsOf(wallet.book, spent));
  const signed = signTransaction(unsigned, signers);
  for (const signer of signers) signer[Symbol.dispose]();
  return deliver(context, open, signed, unsigned.body.expiresAt);
}

export async function bond(context: Context): Promise<unknown> {
  const amount = amountOf(context.parsed.word(0));
  const open = await openChain(context);
  using wallet = await openNamed(context);
  const account = accountOf(wallet.book.accounts, wallet.place.name);
  const validatorId = chosenId(context, account);
  const owners = wallet.book.accounts.map(({ owner }) => owner);
  const { value: status } = await open.connection.request('status', {});
  const coins = await gatherCoins(open.connection, owners, open.chain.network);
  const unsigned = buildBond(open.chain, {
    coins: spendableCoins(coins, status.height),
    validatorId,
    amount,
    owner: account.owner,
    change: account.owner,
  });
  const what = `bond ${formatAmount(amount)} MXD to ${toHex(validatorId)}`;
  return await moveStake(context, open, wallet, unsigned, what);
}

export async function unbond(context: Context): Promise<unknown> {
  const open = await openChain(context);
  using wallet = await openNamed(context);
  const account = accountOf(wallet.book.accounts, wallet.place.name);
  const hex = toHex(chosenId(context, account));
  const owners = wallet.book.accounts.map(({ owner }) => owner);
  const all = await gatherCoins(open.connection, owners, open.chain.network);
  const coins = all.filter(({ lock }) => lock.kind === 'bonded' && toHex(lock.validatorId) === hex);
  const unsigned = buildUnbond(open.chain, { coins, to: account.owner });
  const total = coins.reduce((sum, coin) => sum + coin.amount, 0n);
  const what = `take back ${formatAmount(total)} MXD from ${hex}`;
  return await moveStake(context, open, wallet, unsigned, what);
}

/** The consensus key that `--key` names, opened. */
async function consensusSigner(context: Context): Promise<RecordSigner & Disposable> {
  const file = context.parsed.text('key');
  if (file === undefined) throw usage('--key FILE names the keystore of the consensus key');
  using passphrase = await keyPassphrase(context, false);
  const key = await openConsensusKey(file, passphrase);
  return {
    suite: 1,
    publicKey: key.publicKey,
    sign: (message) => key.sign(message),
    [Symbol.dispose]: () => key[Symbol.dispose](),
  };
}

export const keyPassphrase = (context: Context, repeat: boolean): ReturnType<typeof readSecret> =>
  readSecret({
    what: 'passphrase of the consensus key',
    file: context.parsed.text('key-passphrase-file'),
    option: 'key-passphrase-file',
    variable: 'MXD_KEY_PASSPHRASE',
    repeat,
  });

interface RecordPlan {
  readonly open: OpenChain;
  readonly account: RecordSigner;
  readonly seq: number;
  readonly expiryEpoch: number;
  readonly height: number;
  readonly hash: Uint8Array;
}

/** Makes a record, shows or submits it. Sending one again changes nothing: its number is used. */
async function submitRecord(
  context: Context,
  name: string,
  make: (plan: RecordPlan) => Promise<{ readonly bytes: Uint8Array }>,
): Promise<unknown> {
  const { parsed } = context;
  const open = await openChain(context);
  using wallet = await openNamed(context);
  const account = accountOf(wallet.book.accounts, wallet.place.name);
  const [signer] = wallet.signers([account]);
  if (signer === undefined) throw new CliError('CLI_WALLET_KIND', 'the account cannot sign');
  using own = signer;
  const { value: status } = await open.connection.request('status', {});
  const seq = parsed.whole('seq', 1, 0xffff_ffff) ?? Math.floor(Date.now() / 1_000);
  const expiryEpoch = status.epoch + (parsed.whole('epochs', 1, 10_000) ?? 8);
  const { bytes } = await make({
    open,
    account: own,
    seq,
    expiryEpoch,
    height: status.height,
    hash: fromHex(status.headHash),
  });
  const validatorId = toHex(idOf(account));
  const data = { record: name, validatorId, seq, expiryEpoch };
  const text = `${name} of ${validatorId}, number ${seq}, good up to epoch ${expiryEpoch}`;
  if (isDryRun(context)) {
    return new Shown({ dryRun: true, ...data, bytes: toHex(bytes) }, `would send ${text}`);
  }
  await agree(context, `Send ${text}?`);
  const body = { record: toHex(bytes) };
  const { value } = await open.connection.request('submitRecord', { body });
  return new Shown({ ...data, fresh: value.fresh }, `${text}: taken`);
}

export async function join(context: Context): Promise<unknown> {
  using consensus = await consensusSigner(context);
  return await submitRecord(context, 'join', ({ open, account, seq, expiryEpoch, height, hash }) =>
    joinRecord(open.chain.chainTag, {
      account,
      consensus,
      seq,
      expiryEpoch,
      recentHeight: height,
      recentHash: hash,
    }),
  );
}

export const leave = (context: Context): Promise<unknown> =>
  submitRecord(context, 'leave', ({ open, account, seq, expiryEpoch }) =>
    leaveRecord(open.chain.chainTag, { account, seq, expiryEpoch }),
  );

export async function rotate(context: Context): Promise<unknown> {
  using consensus = await consensusSigner(context);
  return await submitRecord(context, 'rotate', ({ open, account, seq, expiryEpoch }) =>
    rotateRecord(open.chain.chainTag, { account, consensus, seq, expiryEpoch }),
  );
}

/** Key and journal are made together, so that a missing journal never looks like a new one. */
export async function makeKey(context: Context): Promise<unknown> {
  const file = context.parsed.word(0);
  using passphrase = await keyPassphrase(context, true);
  const publicKey = toHex(await createConsensusKey(file, passphrase, keystoreCosts().parameters));
  return new Shown({ file, publicKey }, publicKey);
}
