import { coins as coinsOf, type Connection } from '@mxd/client';
import { fromHex, parseAmount } from '@mxd/codec';
import { formatAddress, parseAddress } from '@mxd/crypto/address';
import type { Owner } from '@mxd/protocol/transaction';
import {
  buildPayment,
  spendableCoins,
  type BuiltPayment,
  type Chain,
  type Coin,
  type PolicyBook,
} from '@mxd/wallet';
import { checkExpiry, parsePaymentUri, type PaymentUri } from '@mxd/wallet/payment-request';

import { usage } from '../arguments.ts';
import type { OpenChain } from '../chain.ts';
import type { Context } from '../context.ts';

/** Who is paid, how much, and what binds it. */
export interface Wanted {
  readonly to: Owner;
  readonly amount: bigint;
  readonly commitment: Uint8Array | undefined;
  readonly label: string | undefined;
}

/** 32 bytes of hexadecimal. @throws CliError CLI_USAGE. */
export function commitmentOf(text: string | undefined): Uint8Array | undefined {
  if (text === undefined) return undefined;
  if (/^[0-9a-f]{64}$/i.test(text)) return fromHex(text.toLowerCase());
  throw usage('--commitment has 64 hexadecimal digits');
}

/** An amount of MXD that is typed. @throws CodecError AMOUNT_*; CliError CLI_USAGE for none. */
export function amountOf(text: string): bigint {
  const amount = parseAmount(text);
  if (amount > 0n) return amount;
  throw usage('the amount is nothing');
}

/** The payment that the words ask for: an address and an amount, or a payment request. */
export function wantedPayment(context: Context, network: Chain['network']): Wanted {
  const { parsed } = context;
  const [to = '', typed] = parsed.words;
  const commitment = commitmentOf(parsed.text('commitment'));
  if (!/^mxd:/i.test(to)) {
    if (typed === undefined) throw usage('say how much: mxd send <to> <amount>');
    const owner = parseAddress(to, network);
    return { to: owner, amount: amountOf(typed), commitment, label: undefined };
  }
  const request: PaymentUri = parsePaymentUri(to, network);
  checkExpiry(request, Date.now());
  const told = typed === undefined ? undefined : amountOf(typed);
  if (request.amount !== undefined && told !== undefined && told !== request.amount) {
    throw usage('the amount is not the one that the request names');
  }
  const amount = request.amount ?? told;
  if (amount === undefined) throw usage('the request names no amount: say how much');
  return {
    to: request.to,
    amount,
    commitment: commitment ?? request.commitment,
    label: request.label,
  };
}

/** Coins of several addresses as nodes report them. A wrong report can only fail to be spent. */
export async function gatherCoins(
  connection: Connection,
  owners: readonly Owner[],
  network: Chain['network'],
): Promise<readonly Coin[]> {
  const all: Coin[] = [];
  for (const owner of owners) {
    const { value } = await coinsOf(connection, formatAddress(owner, network), network);
    all.push(...value);
  }
  return all;
}

/** Builds the payment that the options describe. */
export async function buildWanted(
  context: Context,
  open: OpenChain,
  wanted: Wanted,
  owners: readonly Owner[],
  change: Owner,
  policies?: PolicyBook,
): Promise<BuiltPayment> {
  const { parsed } = context;
  const { chain, connection } = open;
  const { value: status } = await connection.request('status', {});
  const coins = await gatherCoins(connection, owners, chain.network);
  const tip = parsed.text('tip');
  const expires = parsed.whole('expires', 1, 1_000_000);
  const strategy = parsed.text('select') as 'fewest' | 'oldest' | 'smallest' | undefined;
  return buildPayment(chain, {
    coins: spendableCoins(coins, status.height),
    payments: [{ to: wanted.to, amount: wanted.amount }],
    change,
    ...(tip === undefined ? {} : { tip: amountOf(tip) }),
    ...(expires === undefined ? {} : { expiresAt: status.height + expires }),
    ...(wanted.commitment === undefined ? {} : { commitment: wanted.commitment }),
    ...(strategy === undefined ? {} : { strategy }),
    ...(policies === undefined ? {} : { policies }),
  });
}
