import type { Status } from '@mxd/api';
import { balance as balanceOf, coins as coinsOf, ClientError } from '@mxd/client';
import { formatAmount, toHex } from '@mxd/codec';
import { decodeAddress, formatAddress } from '@mxd/crypto/address';

import { usage } from '../arguments.ts';
import { connect, openChain, openLight, saveLight, txidOf } from '../chain.ts';
import type { Context } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { Shown } from '../output.ts';
import { wrapParts } from '../wrap.ts';
import { labelsOf } from './labels.ts';
import { chosenPlace, ownersOf, readBook } from '../wallet-book.ts';

const amount = (units: string | bigint): string => formatAmount(BigInt(units));
const time = (ms: number): string => new Date(ms).toISOString();

/** One line that says everything about a node. */
export function statusLine(endpoint: string, status: Status, width = 0): string {
  const { clockOffsetMs: clock } = status;
  const state = status.ready ? (status.syncing ? 'syncing' : 'ready') : 'not ready';
  const parts = [
    endpoint,
    `${status.role} ${state}`,
    `height ${status.height}`,
    `epoch ${status.epoch}`,
    `last block ${status.finalityLagMs} ms ago`,
    `peers ${status.peers}`,
    `waiting ${status.mempoolTransactions}`,
    `clock ${clock === null ? 'unmeasured' : `${clock.toFixed(1)} ms`}`,
  ];
  return wrapParts(parts, width);
}

/** Every endpoint by itself; the exit code is 0 if all answer, 3 if none does, else 1. */
export async function status(context: Context): Promise<unknown> {
  const connection = connect(context);
  const answers = await Promise.all(
    connection.endpoints.map(async (endpoint) => {
      try {
        const { value } = await connection.request('status', {}, { endpoint, attempts: 1 });
        return { endpoint, status: value };
      } catch (error) {
        if (!(error instanceof ClientError)) throw error;
        return { endpoint, error };
      }
    }),
  );
  const failed = answers.filter((answer) => answer.error !== undefined);
  const [first] = failed;
  if (failed.length === answers.length && first?.error !== undefined) throw first.error;
  const data = answers.map(({ endpoint, status: value, error }) =>
    error === undefined ? { endpoint, ...value } : { endpoint, error: error.code },
  );
  const lines = answers.map(({ endpoint, status: value, error }) =>
    value === undefined
      ? `${endpoint}  ${error?.code ?? ''}`
      : statusLine(endpoint, value, context.out.width),
  );
  return new Shown(data, lines.join('\n'), failed.length > 0 ? exitCodes.failure : exitCodes.ok);
}

/** The addresses that a command is about, as text. */
async function addressesFrom(context: Context, argument: string): Promise<readonly string[]> {
  if (argument !== '') {
    decodeAddress(argument);
    return [argument];
  }
  const { value } = await connect(context).request('status', {});
  const network = value.network.test ? 'test' : 'main';
  const owners = ownersOf(await readBook(chosenPlace(context)));
  return owners.map((owner) => formatAddress(owner, network));
}

export async function balance(context: Context): Promise<unknown> {
  const connection = connect(context);
  const addresses = await addressesFrom(context, context.parsed.word(0));
  if (context.parsed.flag('coins')) {
    const lists = await Promise.all(
      addresses.map(async (address) => {
        const { network } = decodeAddress(address);
        return (await coinsOf(connection, address, network)).value.map((coin) => ({
          txid: toHex(coin.outpoint.txid),
          index: coin.outpoint.index,
          amount: amount(coin.amount),
          height: coin.createdHeight,
          lock: coin.lock.kind,
          address,
        }));
      }),
    );
    return lists.flat();
  }
  const found = await Promise.all(
    addresses.map(async (address) => {
      const { value } = await balanceOf(connection, address);
      return { address, ...value };
    }),
  );
  const sum = (name: 'available' | 'bonded' | 'unbonding' | 'pending'): string =>
    amount(found.reduce((total, one) => total + one[name], 0n));
  const labels = await labelsOf(context);
  const perAddress = found.map((one) => {
    const label = labels.get('addr', one.address);
    return {
      address: one.address,
      available: amount(one.available),
      pending: amount(one.pending),
      ...(label === undefined ? {} : { label }),
    };
  });
  return {
    available: sum('available'),
    pending: sum('pending'),
    bonded: sum('bonded'),
    unbonding: sum('unbonding'),
    height: Math.max(0, ...found.map(({ height }) => height)),
    addresses: perAddress,
  };
}

const limitOf = (context: Context): number => context.parsed.whole('limit', 1, 1_000) ?? 20;

export async function history(context: Context): Promise<unknown> {
  const address = context.parsed.word(0);
  decodeAddress(address);
  const query = { limit: limitOf(context) };
  const { value } = await connect(context).request('history', { params: { address }, query });
  const labels = await labelsOf(context);
  return value.items.map((entry) => {
    const label = labels.get('tx', entry.txid);
    return {
      height: entry.height,
      time: time(entry.timeMs),
      received: amount(entry.received),
      sent: amount(entry.sent),
      txid: entry.txid,
      ...(label === undefined ? {} : { label }),
    };
  });
}

export async function transaction(context: Context): Promise<unknown> {
  const txid = toHex(txidOf(context.parsed.word(0)));
  const { value } = await connect(context).request('transaction', { params: { txid } });
  return {
    ...value,
    tip: amount(value.tip),
    time: value.timeMs === undefined ? undefined : time(value.timeMs),
    timeMs: undefined,
    inputs: value.inputs.map((input) => ({
      ...input,
      amount: input.amount === undefined ? undefined : amount(input.amount),
    })),
    outputs: value.outputs.map((output) => ({ ...output, amount: amount(output.amount) })),
  };
}

export async function block(context: Context): Promise<unknown> {
  const { parsed } = context;
  const word = parsed.word(0);
  if (word !== '' && word !== 'latest' && !/^(\d{1,10}|[0-9a-f]{128})$/.test(word)) {
    throw usage(`"${word}" is no height and no hash`);
  }
  const open = parsed.flag('prove') ? await openChain(context) : undefined;
  const connection = open?.connection ?? connect(context);
  const newest = word === '' || word === 'latest';
  const id = newest ? String((await connection.request('status', {})).value.height) : word;
  const { value } = await connection.request('block', { params: { id } });
  const shown = {
    ...value,
    tipTotal: amount(value.tipTotal),
    totalSupply: amount(value.totalSupply),
    time: time(value.timeMs),
  };
  if (open === undefined) return shown;
  const light = await openLight(context, open);
  const proven = await light.header(value.height);
  await saveLight(context, light);
  const hash = toHex(proven.hash);
  if (hash === value.hash) return { ...shown, proven: true };
  throw new ClientError('CLIENT_LIE', `the block that was shown is not the final one, ${hash}`);
}

export async function blocks(context: Context): Promise<unknown> {
  const query = { limit: limitOf(context) };
  const { value } = await connect(context).request('blocks', { query });
  return value.items.map((one) => ({
    height: one.height,
    time: time(one.timeMs),
    txs: one.txCount,
    bytes: one.bytes,
    epoch: one.epoch,
    view: one.view,
    hash: one.hash,
  }));
}

export async function epoch(context: Context): Promise<unknown> {
  const word = context.parsed.word(0);
  if (word !== '' && !/^\d{1,10}$/.test(word)) throw usage(`"${word}" is no epoch`);
  const connection = connect(context);
  const { value } =
    word === ''
      ? await connection.request('validators', {})
      : await connection.request('epoch', { params: { epoch: Number(word) } });
  const validators = value.validators.map((one) => ({
    rank: one.rank,
    id: one.id,
    power: one.power,
    stake: amount(one.stake),
    score: one.score,
    latencyMs: one.latencyMs,
    participation: `${(one.participationBp / 100).toFixed(2)} %`,
    proposed: one.proposed,
    missed: one.missed,
    connected: one.connected ? 'yes' : 'no',
    // Too wide for a table.
    ...(context.out.format === 'text' ? {} : { consensusKey: one.consensusKey }),
  }));
  return { ...value, validators };
}

export async function validators(context: Context): Promise<unknown> {
  const shown = (await epoch(context)) as { readonly validators: unknown };
  return shown.validators;
}

export async function mempool(context: Context): Promise<unknown> {
  const { value } = await connect(context).request('mempool', {});
  const { counters, ...rest } = value;
  if (context.out.format !== 'text') return value;
  const counted = Object.entries(counters).map(([name, count]) => ({ name, count }));
  return { ...rest, counters: counted };
}

export async function peers(context: Context): Promise<unknown> {
  const { value } = await connect(context).request('peers', {});
  return value.items.map((peer) => ({
    peerId: peer.peerId,
    validator: peer.validatorId,
    direction: peer.direction,
    roundTripMs: peer.roundTripMs === null ? undefined : Number(peer.roundTripMs.toFixed(2)),
    seconds: Math.round(peer.connectedMs / 1_000),
    score: peer.score,
    bytesIn: peer.bytesIn,
    bytesOut: peer.bytesOut,
    addresses: context.out.format === 'text' ? peer.addresses[0] : peer.addresses,
  }));
}

export async function snapshots(context: Context): Promise<unknown> {
  const { value } = await connect(context).request('snapshots', {});
  return value.items;
}
