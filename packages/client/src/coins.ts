import { equalBytes, toHex } from '@mxd/codec';
import { formatAddress, parseAddress } from '@mxd/crypto/address';
import type { AddressBalance, Page, UnspentOutput } from '@mxd/api/types';
import { type Outpoint, type Owner } from '@mxd/protocol/transaction';

import { type Connection, type RequestOptions, type Unverified } from './connection.ts';
import { ClientError } from './errors.ts';
import { type FinalTransaction } from './header-proof.ts';
import { amountOf, bytesOf, numberOf } from './hex.ts';
import { type LightClient } from './light.ts';
import { type Input, type Output, type RouteId } from './routes.ts';

/** An unspent output as a node reports it, in the form that `@mxd/wallet` takes. */
export interface ReportedCoin {
  readonly outpoint: Outpoint;
  readonly owner: Owner;
  readonly amount: bigint;
  readonly createdHeight: number;
  readonly lock:
    | { readonly kind: 'plain' }
    | { readonly kind: 'bonded'; readonly validatorId: Uint8Array }
    | {
        readonly kind: 'unbonding';
        readonly validatorId: Uint8Array;
        readonly spendableFrom: number;
      };
  readonly spentBy?: Uint8Array;
}

/** A balance as a node reports it, in base units. Nothing on the chain can prove a balance. */
export interface ReportedBalance {
  readonly available: bigint;
  readonly bonded: bigint;
  readonly unbonding: bigint;
  readonly pending: bigint;
  readonly height: number;
}

type Options = Pick<RequestOptions, 'signal' | 'endpoint'>;

/** What one node says an address holds. Ask several with `crossCheck` where it matters. */
export async function balance(
  connection: Connection,
  address: string,
  options: Options = {},
): Promise<Unverified<ReportedBalance>> {
  const answer = await connection.request('balance', { params: { address } }, options);
  return { ...answer, value: parseBalance(answer.value) };
}

function parseBalance(value: AddressBalance): ReportedBalance {
  return {
    available: amountOf(value.available, 'available'),
    bonded: amountOf(value.bonded, 'bonded'),
    unbonding: amountOf(value.unbonding, 'unbonding'),
    pending: amountOf(value.pending, 'pending'),
    height: numberOf(value.height, 'height'),
  };
}

function parseLock(value: UnspentOutput): ReportedCoin['lock'] {
  if (value.lock === 'plain') return { kind: 'plain' };
  const validatorId = bytesOf(value.validatorId, 'validatorId', 20);
  if (value.lock === 'bonded') return { kind: 'bonded', validatorId };
  if (value.lock !== 'unbonding') {
    throw new ClientError('CLIENT_MALFORMED', 'a coin has an unknown lock');
  }
  const spendableFrom = numberOf(value.spendableFrom, 'spendableFrom');
  return { kind: 'unbonding', validatorId, spendableFrom };
}

function parseCoin(value: UnspentOutput, owner: Owner): ReportedCoin {
  return {
    outpoint: {
      txid: bytesOf(value.txid, 'txid', 64),
      index: numberOf(value.index, 'index'),
    },
    owner,
    amount: amountOf(value.amount, 'amount'),
    createdHeight: numberOf(value.createdHeight, 'createdHeight'),
    lock: parseLock(value),
    ...(value.spentBy === undefined ? {} : { spentBy: bytesOf(value.spentBy, 'spentBy', 64) }),
  };
}

/**
 * All unspent outputs of an address as one node reports them, page by page. `most` bounds the list;
 * 10,000 unless told.
 */
export async function coins(
  connection: Connection,
  address: string,
  network: 'main' | 'test',
  options: Options & { readonly most?: number } = {},
): Promise<Unverified<readonly ReportedCoin[]>> {
  const owner = parseAddress(address, network);
  const found: ReportedCoin[] = [];
  const { most = 10_000, signal } = options;
  let cursor: string | undefined;
  let endpoint = options.endpoint;
  do {
    const query = { limit: 1000, ...(cursor === undefined ? {} : { cursor }) };
    const input = { params: { address }, query };
    const answer = await connection.request('unspent', input, { signal, endpoint });
    // A cursor is this node's: the pages after it come from there too.
    ({ endpoint } = answer);
    const page: Page<UnspentOutput> = answer.value;
    if (!Array.isArray(page.items)) {
      throw new ClientError('CLIENT_MALFORMED', 'a page has no items');
    }
    for (const item of page.items) found.push(parseCoin(item, owner));
    if (page.next !== undefined && (page.next === cursor || page.items.length === 0)) {
      throw new ClientError('CLIENT_MALFORMED', 'a list of pages does not end');
    }
    cursor = page.next;
  } while (cursor !== undefined && found.length < most);
  return { verified: false, value: found.slice(0, most), endpoint };
}

/**
 * Proves that a reported coin was paid to its owner by a final transaction. That it is still unspent
 * cannot be proven; a node that invents coins, owners or amounts is found out.
 * Coins of genesis and of tips come from no transaction and have no such proof (CLIENT_NOT_FOUND).
 * @throws ClientError CLIENT_LIE, CLIENT_UNPROVEN, CLIENT_NOT_FOUND.
 */
export async function proveCoin(
  light: LightClient,
  coin: ReportedCoin,
  options: { readonly signal?: AbortSignal } = {},
): Promise<FinalTransaction> {
  const { outpoint, owner, amount } = coin;
  const proven = await light.transaction(outpoint.txid, options);
  const output = proven.transaction.body.outputs[outpoint.index];
  const same =
    output !== undefined &&
    output.amount === amount &&
    output.owner.version === owner.version &&
    equalBytes(output.owner.hash, owner.hash);
  if (same) return proven;
  const { network } = light.epochs.checkpoint;
  const address = formatAddress(owner, network);
  throw new ClientError('CLIENT_LIE', `the coin was not paid to ${address} like this`, {
    txid: toHex(outpoint.txid),
    index: outpoint.index,
  });
}

/** What several nodes say to one question. */
export interface CrossChecked<Value> {
  readonly verified: false;
  readonly value: Value;
  readonly agreeing: number;
  readonly asked: number;
}

/**
 * Asks every endpoint the same question and takes the answer only if all that answer agree, and at
 * least `atLeast` do (2 unless told, or all if there are fewer). For what no proof can settle.
 * `select` picks what must agree: heights and times differ between honest nodes.
 * @throws ClientError CLIENT_DISAGREEMENT, and the last failure if too few answer.
 */
export async function crossCheck<Id extends RouteId, Value>(
  connection: Connection,
  id: Id,
  input: Input<Id>,
  select: (answer: Output<Id>) => Value,
  options: { readonly signal?: AbortSignal; readonly atLeast?: number } = {},
): Promise<CrossChecked<Value>> {
  const { endpoints } = connection;
  const { signal, atLeast = Math.min(2, endpoints.length) } = options;
  const answers = await Promise.allSettled(
    endpoints.map((endpoint) => connection.request(id, input, { signal, endpoint })),
  );
  const values = answers
    .filter((answer) => answer.status === 'fulfilled')
    .map(({ value }) => select(value.value));
  const [first] = values;
  if (first === undefined || values.length < atLeast) {
    const failed = answers.find((answer) => answer.status === 'rejected');
    throw (
      (failed?.reason as unknown) ??
      new ClientError('CLIENT_UNREACHABLE', `only ${values.length} nodes answered`)
    );
  }
  const text = (value: Value): string =>
    JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? `${inner}n` : inner));
  if (values.some((value) => text(value) !== text(first))) {
    throw new ClientError('CLIENT_DISAGREEMENT', `${values.length} nodes give different answers`, {
      asked: endpoints.length,
    });
  }
  return { verified: false, value: first, agreeing: values.length, asked: endpoints.length };
}
