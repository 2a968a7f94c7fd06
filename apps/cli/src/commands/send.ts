import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { ClientError, send as submit, waitForFinal, type Sendable } from '@mxd/client';
import { formatAmount, fromHex, toHex } from '@mxd/codec';
import { formatAddress, parseAddress } from '@mxd/crypto/address';
import { transactionCodec, txidOf, type Owner } from '@mxd/protocol/transaction';
import { privacyNotes, signTransaction, type Unsigned } from '@mxd/wallet';
import type { LabelStore } from '@mxd/wallet/labels';
import { finishSigning, parseSigningFile, summarize } from '@mxd/wallet/signing-file';

import { caughtUp } from '../caught-up.ts';
import { openChain, openLight, saveLight, type OpenChain } from '../chain.ts';
import { agree, isDryRun, type Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { Shown } from '../output.ts';
import { wrapIndented } from '../wrap.ts';
import { accountsOf, writeBook } from '../wallet-book.ts';
import { openNamed, type OpenWallet } from '../wallet-store.ts';
import { nextIndex } from './accounts.ts';
import { readText, writeText } from './files.ts';
import { labelsOf } from './labels.ts';
import { buildWanted, wantedPayment } from './payment.ts';

/** Where change goes: back to the first address that pays, or where the option says. */
async function changeOwner(
  context: Context,
  wallet: OpenWallet,
  fallback: Owner,
  network: 'main' | 'test',
): Promise<Owner> {
  const told = context.parsed.text('change');
  if (told === undefined) return fallback;
  if (told !== 'new') return parseAddress(told, network);
  const { book, place } = wallet;
  const suite = book.accounts[0]?.suite ?? 3;
  const path = { account: 0, change: 1, index: nextIndex(book, suite, 1) };
  const account = wallet.derive(suite, path);
  // Known before it holds anything: a crash in between must not hide the money.
  if (!isDryRun(context)) {
    await writeBook(place, { ...book, accounts: [...book.accounts, account] });
  }
  return account.owner;
}

type Labels = Pick<LabelStore, 'get'>;
const noLabels: Labels = { get: () => undefined };

/** What a transaction does, as lines for people. */
export function describe(unsigned: Unsigned, labels: Labels = noLabels): string {
  const { pays, spends, tip, expiresAt } = summarize(unsigned);
  const own = new Set(spends.map(({ address }) => address));
  return [
    ...pays.map(({ address, amount }) => {
      const label = labels.get('addr', address);
      const named = label === undefined ? '' : `  (${label})`;
      return `${own.has(address) ? 'back to' : 'pays   '} ${address}  ${amount} MXD${named}`;
    }),
    `tip     ${tip} MXD`,
    ...(expiresAt === 0 ? [] : [`valid up to height ${expiresAt}`]),
  ].join('\n');
}

/** Keeps a signed transaction before it is sent: sending it again can never pay twice. */
async function keepSent(context: Context, signed: Sendable): Promise<string> {
  const folder = join(context.settings.home, 'sent');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const txid = toHex(signed.txid);
  const path = join(folder, `${txid.slice(0, 32)}.json`);
  const file = { format: 'mxd-transaction', version: 1, txid, transaction: toHex(signed.bytes) };
  await writeText(path, `${JSON.stringify(file)}\n`, 0o600);
  return path;
}

/** Sends, and waits for proven finality unless told otherwise. */
export async function deliver(
  context: Context,
  open: OpenChain,
  signed: Sendable,
  expiresAt: number,
): Promise<unknown> {
  const txid = toHex(signed.txid);
  const path = await keepSent(context, signed);
  const startedMs = performance.now();
  let state: string;
  try {
    ({ state } = (await submit(open.connection, signed)).value);
  } catch (error) {
    if (error instanceof ClientError && error.code !== 'CLIENT_REJECTED') {
      context.out.note(`it may have arrived; this is safe at any time: mxd tx send ${path}`);
    }
    throw error;
  }
  if (context.parsed.flag('no-wait')) {
    return new Shown({ txid, state }, `${txid}\n${state}; mxd wait ${txid.slice(0, 8)}...`);
  }
  const light = await openLight(context, open);
  try {
    const proven = await waitForFinal(light, signed.txid, {
      timeoutMs: context.settings.timeout * 1_000,
      resend: signed,
      expiresAt,
    });
    const finalMs = Math.round(performance.now() - startedMs);
    const { height } = proven.block.header;
    await caughtUp(open.connection, height);
    return new Shown(
      { txid, state: 'final', height, finalMs },
      `${txid}\nfinal at height ${height}, proven after ${finalMs} ms`,
    );
  } catch (error) {
    if (error instanceof ClientError && error.code === 'CLIENT_PENDING') {
      context.out.note(`it may still become final: mxd wait ${txid}`);
    }
    throw error;
  } finally {
    await saveLight(context, light);
  }
}

/** Sends several transactions and waits for all; gives the height at which the last is final. */
export async function deliverAll(
  context: Context,
  open: OpenChain,
  all: readonly Sendable[],
): Promise<number> {
  for (const signed of all) await keepSent(context, signed);
  const light = await openLight(context, open);
  let height = 0;
  try {
    for (const [done, signed] of all.entries()) {
      context.out.progress('sending', done, all.length);
      await submit(open.connection, signed);
    }
    for (const [done, signed] of all.entries()) {
      context.out.progress('proving', done, all.length);
      const proven = await waitForFinal(light, signed.txid, {
        timeoutMs: context.settings.timeout * 1_000,
        resend: signed,
      });
      height = Math.max(height, proven.block.header.height);
    }
    await caughtUp(open.connection, height);
    return height;
  } finally {
    context.out.clearProgress();
    await saveLight(context, light);
  }
}

export async function send(context: Context): Promise<unknown> {
  const open = await openChain(context);
  const { chain } = open;
  const wanted = wantedPayment(context, chain.network);
  using wallet = await openNamed(context);
  const from = context.parsed.text('from');
  const only = from === undefined ? undefined : parseAddress(from, chain.network);
  const all = wallet.book.accounts.map(({ owner }) => owner);
  const owners = only === undefined ? all : [only];
  const fallback = owners[0];
  if (fallback === undefined) {
    throw new CliError('CLI_WALLET_KIND', `${wallet.place.name} has no address`);
  }
  const change = await changeOwner(context, wallet, fallback, chain.network);
  const unsigned = await buildWanted(context, open, wanted, owners, change);
  const amount = formatAmount(wanted.amount);
  const target = `${amount} MXD to ${formatAddress(wanted.to, chain.network)}`;
  if (isDryRun(context)) {
    const summary = summarize(unsigned);
    const privacy = privacyNotes(unsigned, unsigned.changeIndex, 100n * chain.dustLimit);
    const lines = [
      `would send ${target}`,
      describe(unsigned, await labelsOf(context)),
      ...privacy.map(({ text }) => wrapIndented(`privacy: ${text}`, context.out.width, 9)),
    ];
    return new Shown({ dryRun: true, ...summary, privacy }, lines.join('\n'));
  }
  if (!context.parsed.flag('yes')) context.out.note(describe(unsigned, await labelsOf(context)));
  await agree(context, `Send ${target}?`);
  const spent = unsigned.spent.map(({ owner }) => owner);
  const signers = wallet.signers(accountsOf(wallet.book, spent));
  const signed = signTransaction(unsigned, signers);
  for (const signer of signers) signer[Symbol.dispose]();
  return deliver(context, open, signed, unsigned.body.expiresAt);
}

interface Ready extends Sendable {
  readonly expiresAt: number;
  readonly text: string;
}

/** A file of `sent`, or a signing file with all its signatures. */
function readReady(text: string, open: OpenChain): Ready {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new CliError('CLI_FILE', 'the file is no JSON', {}, { cause });
  }
  const { format, transaction } = json as {
    readonly format?: unknown;
    readonly transaction?: unknown;
  };
  if (format === 'mxd-transaction' && typeof transaction === 'string') {
    const bytes = fromHex(transaction);
    const { body } = transactionCodec.decode(bytes);
    return { txid: txidOf(body), bytes, expiresAt: body.expiresAt, text: toHex(txidOf(body)) };
  }
  const { set } = parseSigningFile(text, open.chain);
  const { unsigned } = set;
  const { txid, bytes } = finishSigning(set);
  return { txid, bytes, expiresAt: unsigned.body.expiresAt, text: describe(unsigned) };
}

export async function sendFile(context: Context): Promise<unknown> {
  const open = await openChain(context);
  const ready = readReady(await readText(context.parsed.word(0)), open);
  if (isDryRun(context)) {
    return new Shown({ dryRun: true, txid: toHex(ready.txid) }, `would send\n${ready.text}`);
  }
  if (!context.parsed.flag('yes')) context.out.note(ready.text);
  await agree(context, 'Send it?');
  return deliver(context, open, ready, ready.expiresAt);
}
