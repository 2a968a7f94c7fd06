import { formatAmount, toHex } from '@mxd/codec';
import { decodeAddress, formatAddress, parseAddress } from '@mxd/crypto/address';
import { events, cursorBefore, type Connection } from '@mxd/client';
import {
  checkExpiry,
  formatPaymentUri,
  parsePaymentUri,
  type PaymentUri,
} from '@mxd/wallet/payment-request';

import { usage } from '../arguments.ts';
import { connect } from '../chain.ts';
import type { Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { Shown } from '../output.ts';
import { chosenPlace, ownersOf, readBook } from '../wallet-book.ts';
import { writeText } from './files.ts';
import { amountOf, commitmentOf } from './payment.ts';

export async function newRequest(context: Context): Promise<unknown> {
  const { parsed, settings } = context;
  const told = parsed.text('to');
  const own = told === undefined ? ownersOf(await readBook(chosenPlace(context)))[0] : undefined;
  const network = told === undefined ? settings.network : decodeAddress(told).network;
  const to = told === undefined ? own : parseAddress(told, network);
  if (to === undefined) throw usage('the wallet has no address');
  const amount = parsed.word(0);
  const minutes = parsed.whole('expires', 1, 5_256_000);
  const commitment = commitmentOf(parsed.text('commitment'));
  const label = parsed.text('label');
  const message = parsed.text('message');
  const request: PaymentUri = {
    to,
    ...(amount === '' ? {} : { amount: amountOf(amount) }),
    ...(minutes === undefined ? {} : { expiresMs: Date.now() + minutes * 60_000 }),
    ...(commitment === undefined ? {} : { commitment }),
    ...(label === undefined ? {} : { label }),
    ...(message === undefined ? {} : { message }),
  };
  const uri = formatPaymentUri(request, network);
  const svg = parsed.text('svg');
  const { qrSvg, qrText } = await import('@mxd/wallet/qr');
  if (svg !== undefined) await writeText(svg, `${qrSvg(uri)}\n`);
  const data = { uri, ...view(request, network), ...(svg === undefined ? {} : { svg }) };
  if (!parsed.flag('qr')) return new Shown(data, uri);
  const code = qrText(uri);
  const columns = code.indexOf('\n');
  const { width } = context.out;
  if (width === 0 || columns <= width) return new Shown(data, `${code}\n${uri}`);
  // Broken lines would be no code at all.
  const text = `the QR code needs ${columns} columns, this terminal has ${width}: --svg FILE draws it`;
  return new Shown(data, `${text}\n${uri}`);
}

function view(
  request: PaymentUri,
  network: 'main' | 'test',
): Readonly<Record<string, string | undefined>> {
  const { amount, expiresMs, commitment, label, message } = request;
  return {
    address: formatAddress(request.to, network),
    amount: amount === undefined ? undefined : formatAmount(amount),
    expires: expiresMs === undefined ? undefined : new Date(expiresMs).toISOString(),
    commitment: commitment === undefined ? undefined : toHex(commitment),
    label,
    message,
  };
}

/** A request for whatever network its address is of. */
function readRequest(text: string): {
  readonly request: PaymentUri;
  readonly network: 'main' | 'test';
} {
  const address = /^mxd:([^?]*)/i.exec(text.trim())?.[1];
  const network = address === undefined ? 'main' : decodeAddress(address).network;
  return { request: parsePaymentUri(text, network), network };
}

export function checkRequest(context: Context): Promise<unknown> {
  const { request, network } = readRequest(context.parsed.word(0));
  checkExpiry(request, Date.now());
  return Promise.resolve({ ...view(request, network), network });
}

/** What a final transaction pays to an address under a commitment, in base units. */
async function paidBy(
  connection: Connection,
  txid: string,
  address: string,
  commitment: string | undefined,
): Promise<bigint> {
  const { value } = await connection.request('transaction', { params: { txid } });
  if (value.state !== 'final') return 0n;
  if (commitment !== undefined && value.commitment !== commitment) return 0n;
  return value.outputs
    .filter((output) => output.address === address)
    .reduce((sum, output) => sum + BigInt(output.amount), 0n);
}

/** Follows the address until final payments reach the amount; ends with 6 when time is up. */
export async function watchRequest(context: Context): Promise<unknown> {
  const { request, network } = readRequest(context.parsed.word(0));
  const { amount } = request;
  if (amount === undefined) throw usage('the request names no amount to wait for');
  const connection = connect(context);
  const address = formatAddress(request.to, network);
  const commitment = request.commitment === undefined ? undefined : toHex(request.commitment);
  const since = context.parsed.whole('since', 0, 0xffff_ffff);
  const seconds = context.settings.timeout;
  const signal = AbortSignal.timeout(seconds * 1_000);
  const from = since ?? (await connection.request('status', {})).value.height + 1;
  let paid = 0n;
  try {
    const stream = events(connection, {
      topics: ['transaction'],
      address,
      cursor: cursorBefore(from),
      signal,
    });
    for await (const event of stream) {
      if (event.topic !== 'transaction' || event.data.state !== 'final') continue;
      const part = await paidBy(connection, event.data.txid, address, commitment);
      if (part === 0n) continue;
      paid += part;
      context.out.note(`${formatAmount(part)} MXD by ${event.data.txid}`);
      if (paid < amount) continue;
      const data = { paid: formatAmount(paid), txid: event.data.txid, height: event.data.height };
      return new Shown(data, `paid: ${formatAmount(paid)} MXD at height ${event.data.height ?? 0}`);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  const got = formatAmount(paid);
  throw new CliError('CLI_TIMEOUT', `${got} MXD came within ${seconds} s`, { paid, seconds });
}
