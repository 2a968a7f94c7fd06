/** Payment requests: the `mxd:` URI that a payee shows and a payer scans. */
import { CodecError, formatAmount, fromHex, parseAmount, toHex } from '@mxd/codec';
import { formatAddress, parseAddress, type AddressNetwork } from '@mxd/crypto/address';
import { type Amount } from '@mxd/protocol/primitives';
import { type Owner } from '@mxd/protocol/transaction';

import { WalletError } from './errors.ts';
import * as bounds from './bounds.ts';

/** Who asks to be paid, and on what terms. */
export interface PaymentUri {
  readonly to: Owner;
  /** Base units; the payer chooses if absent. */
  readonly amount?: Amount;
  /** Milliseconds since 1970, whole seconds in the text. */
  readonly expiresMs?: number;
  /** 32 bytes that bind the payment to an invoice. */
  readonly commitment?: Uint8Array;
  /** Who asks. */
  readonly label?: string;
  /** What for. */
  readonly message?: string;
}

const scheme = 'mxd:';

/** `2026-01-31T12:00:00Z` of a time. */
const timeText = (timeMs: number): string => `${new Date(timeMs).toISOString().slice(0, 19)}Z`;

/**
 * `mxd:<address>?amount=12.5&expires=2026-01-31T12:00:00Z&commitment=<hex>&label=&message=`.
 * @throws WalletError WALLET_URI, WALLET_COMMITMENT, WALLET_URI_PARAMETER.
 */
export function formatPaymentUri(request: PaymentUri, network: AddressNetwork): string {
  const { amount, expiresMs, commitment, label, message } = request;
  if (commitment !== undefined && commitment.length !== 32) {
    throw new WalletError('WALLET_COMMITMENT', `the commitment has ${commitment.length} bytes`);
  }
  if (expiresMs !== undefined && !(expiresMs >= 0 && expiresMs < 253_402_300_800_000)) {
    throw new WalletError('WALLET_URI_PARAMETER', `${expiresMs} is no time`, { name: 'expires' });
  }
  const parameters = [
    amount === undefined ? '' : `amount=${formatAmount(amount)}`,
    expiresMs === undefined ? '' : `expires=${timeText(expiresMs)}`,
    commitment === undefined ? '' : `commitment=${toHex(commitment)}`,
    label === undefined ? '' : `label=${encodeURIComponent(label)}`,
    message === undefined ? '' : `message=${encodeURIComponent(message)}`,
  ].filter((parameter) => parameter !== '');
  const query = parameters.length === 0 ? '' : `?${parameters.join('&')}`;
  const text = `${scheme}${formatAddress(request.to, network)}${query}`;
  if (text.length > bounds.uriChars) {
    throw new WalletError('WALLET_URI', `the request has ${text.length} characters, too many`, {
      characters: text.length,
    });
  }
  return text;
}

const badParameter = (name: string, rule: string): WalletError =>
  new WalletError('WALLET_URI_PARAMETER', `${name} ${rule}`, { name, rule });

function parseTime(text: string): number {
  const timeMs = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/.test(text) ? Date.parse(text) : NaN;
  // Date.parse takes 31 February for a day in March: the text must come back as it was.
  if (Number.isNaN(timeMs) || timeText(timeMs) !== text) {
    throw badParameter('expires', 'is no time such as 2026-01-31T12:00:00Z');
  }
  return timeMs;
}

function parseUriAmount(text: string): Amount {
  try {
    return parseAmount(text);
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    throw new WalletError('WALLET_URI_AMOUNT', error.message, error.details, { cause: error });
  }
}

function parseCommitment(text: string): Uint8Array {
  if (!/^[0-9a-fA-F]{64}$/.test(text)) throw badParameter('commitment', 'is not 32 bytes in hex');
  return fromHex(text);
}

function decodeText(name: string, text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw badParameter(name, 'is not percent-encoded as it should be');
  }
}

function readParameters(query: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const part of query === '' ? [] : query.split('&')) {
    const at = part.indexOf('=');
    const name = decodeText('a name', at < 0 ? part : part.slice(0, at));
    if (found.has(name)) throw badParameter(name, 'is given twice');
    found.set(name, decodeText(name, at < 0 ? '' : part.slice(at + 1)));
  }
  return found;
}

const known = new Set(['amount', 'expires', 'commitment', 'label', 'message']);

/**
 * Reads a payment request for one kind of network. Parameters that are unknown are skipped, unless
 * their name starts with `req-` (as in BIP-21). Whether it has expired, `checkExpiry` says.
 * @throws WalletError WALLET_URI, WALLET_URI_AMOUNT, WALLET_URI_PARAMETER.
 * @throws CryptoError ADDRESS_* with the rule that the address breaks.
 */
export function parsePaymentUri(text: string, network: AddressNetwork): PaymentUri {
  const trimmed = text.trim();
  if (trimmed.length > bounds.uriChars || !/^mxd:/i.test(trimmed)) {
    throw new WalletError('WALLET_URI', 'a payment request starts with "mxd:"');
  }
  const rest = trimmed.slice(scheme.length);
  const at = rest.indexOf('?');
  const to = parseAddress(at < 0 ? rest : rest.slice(0, at), network);
  const parameters = readParameters(at < 0 ? '' : rest.slice(at + 1));
  for (const name of parameters.keys()) {
    if (!known.has(name) && name.startsWith('req-')) {
      throw badParameter(name, 'is required by the payee and not known here');
    }
  }
  const amount = parameters.get('amount');
  const expires = parameters.get('expires');
  const commitment = parameters.get('commitment');
  const label = parameters.get('label');
  const message = parameters.get('message');
  return {
    to,
    ...(amount === undefined ? {} : { amount: parseUriAmount(amount) }),
    ...(expires === undefined ? {} : { expiresMs: parseTime(expires) }),
    ...(commitment === undefined ? {} : { commitment: parseCommitment(commitment) }),
    ...(label === undefined ? {} : { label }),
    ...(message === undefined ? {} : { message }),
  };
}

/** @throws WalletError WALLET_REQUEST_EXPIRED once the request may not be paid any more. */
export function checkExpiry(request: PaymentUri, nowMs: number): void {
  const { expiresMs } = request;
  if (expiresMs === undefined || nowMs < expiresMs) return;
  throw new WalletError(
    'WALLET_REQUEST_EXPIRED',
    `the payment request expired on ${timeText(expiresMs)}`,
    { expiresMs },
  );
}
