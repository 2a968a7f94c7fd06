import { fromHex, toHex } from '@mxd/codec';
import { formatAddress, parseAddress, type AddressNetwork } from '@mxd/crypto/address';
import { outpointKeyOf, type Ledger, type Mempool } from '@mxd/ledger';
import { buckets } from '@mxd/ledger/buckets';
import type { PeerInspection, Peers } from '@mxd/network';
import {
  PluginError,
  type CapabilityId,
  type LedgerReader,
  type MempoolReader,
  type PeerConnected,
  type PeersReader,
  type SecretReader,
  type TransactionSubmitter,
} from '@mxd/plugin';
import { isServiceMethod } from '@mxd/plugin/host';
import { blockCodec, type Genesis, type TxId } from '@mxd/protocol';
import type { Outpoint, TransactionOutput } from '@mxd/protocol/transaction';
import type { Secrets } from '@mxd/secrets';
import type { KeyValueStore } from '@mxd/storage';

import type { SubmissionOutcome } from '../view.ts';
import { limits } from './limits.ts';
import { blockFacts, ownBytes, type WireBlock } from './wire.ts';

/** What plugins may see and do of a node. */
export interface PluginWorld {
  readonly ledger: Ledger;
  /** The chain's store, for the outputs that old blocks spent. */
  readonly chainStore: KeyValueStore;
  readonly mempool: Mempool;
  readonly genesis: Genesis;
  readonly addressNetwork: AddressNetwork;
  readonly peers: Pick<Peers, 'list' | 'on'>;
  readonly secrets: Pick<Secrets, 'find'>;
  submit(bytes: Uint8Array, source: string): Promise<SubmissionOutcome>;
}

/** A final block as plugins get it, or undefined if it is not here (any more). */
export type LoadBlock = (height: number) => Promise<Omit<WireBlock, 'missedBefore'> | undefined>;

/** Reads blocks once for all plugins. */
export function blockLoader({ ledger, chainStore }: PluginWorld): LoadBlock {
  const recent = new Map<number, ReturnType<LoadBlock>>();
  const load: LoadBlock = async (height) => {
    if (height < 1 || height > ledger.head.height) return undefined;
    const [point, block, effects] = await Promise.all([
      ledger.reader.header(height),
      ledger.reader.block(height),
      buckets.effects.on(chainStore).get(height),
    ]);
    if (point === undefined || block === undefined) return undefined;
    const spent = (effects?.spent ?? []).map(({ owner, amount }): TransactionOutput => ({
      owner: { version: owner.version, hash: ownBytes(owner.hash) },
      amount,
    }));
    return { height, hash: ownBytes(point.hash), block: blockCodec.encode(block), spent };
  };
  return (height) => {
    const known = recent.get(height);
    if (known !== undefined) return known;
    const loading = load(height);
    recent.set(height, loading);
    // A block that is not there now may be there later.
    loading.then(
      (block) => block ?? recent.delete(height),
      () => recent.delete(height),
    );
    if (recent.size > limits.recentBlocks.value) {
      const [oldest] = recent.keys();
      if (oldest !== undefined) recent.delete(oldest);
    }
    return loading;
  };
}

export const peerFacts = (peer: PeerInspection): PeerConnected => ({
  peerId: peer.peerId,
  validatorId: peer.validatorId,
  address: peer.address,
  direction: peer.direction,
});

/** Ids that plugins name are theirs to get right. */
function idOf(text: string): TxId {
  const bytes = fromHex(text);
  if (bytes.length === 64) return bytes;
  throw new PluginError('PLUGIN_SERVICE', `a txid has 64 bytes, not ${bytes.length}`);
}

interface Services {
  readonly 'ledger:read': LedgerReader;
  readonly 'mempool:read': MempoolReader;
  readonly 'peers:read': PeersReader;
  readonly 'transactions:submit': TransactionSubmitter;
  readonly 'secrets:read': SecretReader;
}

/** The services of one plugin, over the node's own parts. */
export function servicesOf(plugin: string, world: PluginWorld, load: LoadBlock): Services {
  const { ledger, mempool, addressNetwork } = world;
  return {
    'ledger:read': {
      head: () => Promise.resolve({ height: ledger.head.height, hash: toHex(ledger.head.hash) }),
      async block(height) {
        const block = await load(height);
        if (block === undefined) return undefined;
        return blockFacts({ ...block, missedBefore: 0 }, addressNetwork);
      },
      async locate(txid) {
        const found = await ledger.reader.location(idOf(txid));
        return found === undefined ? undefined : { height: found.height, position: found.position };
      },
      async output(txid, index) {
        const outpoint: Outpoint = { txid: idOf(txid), index };
        const key = outpointKeyOf(outpoint);
        const found = (await ledger.outputs([key])).get(key);
        if (found === undefined) return undefined;
        return { address: formatAddress(found.owner, addressNetwork), amount: found.amount };
      },
      async balance(address) {
        const sums = await ledger.reader.balance(parseAddress(address, addressNetwork));
        return { amount: sums.plain, outputs: sums.outputs };
      },
    },
    'mempool:read': {
      size: () => Promise.resolve({ transactions: mempool.size, bytes: mempool.bytes }),
      has: (txid) => Promise.resolve(mempool.get(idOf(txid)) !== undefined),
    },
    'peers:read': {
      list: () => Promise.resolve(world.peers.list().map(peerFacts)),
    },
    'transactions:submit': {
      async submit(bytes) {
        const outcome = await world.submit(new Uint8Array(bytes), `plugin:${plugin}`);
        if (!outcome.ok) return { ok: false, code: outcome.code, reason: outcome.reason };
        const { txid, state, fresh } = outcome;
        return { ok: true, txid, state, fresh };
      },
    },
    'secrets:read': {
      async get(name) {
        const secret = await world.secrets.find(`plugin-${plugin}-${name}`);
        if (secret === undefined) return undefined;
        using own = secret;
        return own.expose();
      },
    },
  };
}

/** Calls one method of a plugin's services, if there is such a method. */
export async function callService(
  services: Services,
  service: CapabilityId,
  method: string,
  args: readonly unknown[],
): Promise<unknown> {
  if (!isServiceMethod(service, method)) {
    throw new PluginError('PLUGIN_SERVICE', `there is no ${service} ${method}`);
  }
  const part = services[service] as unknown as Readonly<
    Record<string, (...all: readonly unknown[]) => Promise<unknown>>
  >;
  const serve = part[method] as (...all: readonly unknown[]) => Promise<unknown>;
  return serve(...args);
}
