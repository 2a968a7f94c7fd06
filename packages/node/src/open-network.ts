import { join } from 'node:path';

import type { NodeConfig } from '@mxd/config';
import { fromHex, toHex } from '@mxd/codec';
import type { Logger } from '@mxd/logging';
import {
  createNetwork,
  filePeerStore,
  type SocketNetwork,
  type ValidatorId,
  type ValidatorIdentity,
} from '@mxd/network';
import { chainTagOf, type Genesis, type TableEntry } from '@mxd/protocol';
import { wtxidOfBytes } from '@mxd/protocol/transaction';

import { verifyConsensusSignature, type Chain } from './chain.ts';
import { NodeError } from './errors.ts';
import { loadNodeKey } from './node-key.ts';
import type { Validator } from './validator.ts';

export interface OpenNetworkOptions {
  readonly config: NodeConfig;
  readonly chain: Pick<Chain, 'ledger'>;
  readonly validator: Validator | undefined;
  readonly genesis: Genesis;
  readonly logger: Logger;
}

/** Table entries of the epoch in force, and of the next one once its table is fixed. */
function currentEntries(chain: Pick<Chain, 'ledger'>): readonly TableEntry[] {
  const { ledger } = chain;
  const state = ledger.state(ledger.head.hash);
  if (state === undefined) return [];
  const epochs = [state.childEpoch - 1, state.childEpoch];
  return epochs.flatMap((epoch) => state.table(epoch)?.table.entries ?? []);
}

/** The id under which this node's consensus key stands in the tables in force; else undefined. */
export function validatorIdOfKey(
  chain: Pick<Chain, 'ledger'>,
  publicKey: Uint8Array,
): Uint8Array | undefined {
  const entries = currentEntries(chain).toReversed();
  return entries.find(({ consensusKey }) => Buffer.compare(consensusKey, publicKey) === 0)?.id;
}

/** How this node proves to peers that it is a validator; undefined while its key has no seat. */
export function validatorIdentity(
  chain: Pick<Chain, 'ledger'>,
  validator: Validator | undefined,
): ValidatorIdentity | undefined {
  const id = validator === undefined ? undefined : validatorIdOfKey(chain, validator.publicKey);
  if (validator === undefined || id === undefined) return undefined;
  return {
    id: toHex(id) as ValidatorId,
    signPeerProof(payload) {
      const signed = validator.guard.signPeerProof(payload);
      return signed.ok
        ? Promise.resolve(signed.signature)
        : Promise.reject(new NodeError('NODE_KEY', `the sign guard refused: ${signed.code}`));
    },
  };
}

/** A network over sockets, as the configuration says; not started yet. */
export async function openNetwork(options: OpenNetworkOptions): Promise<SocketNetwork> {
  const { config, chain, genesis, logger, validator } = options;
  const identity = validatorIdentity(chain, validator);
  const { network } = config;
  const validatorIds = network.allowPeers.filter((id) => /^[0-9a-f]{40}$/.test(id));
  const peerIds = network.allowPeers.filter((id) => !/^[0-9a-f]{40}$/.test(id));
  return createNetwork({
    nodeKey: await loadNodeKey(join(config.dataDir, 'node.key')),
    networkId: genesis.document.networkId,
    chainTag: chainTagOf(genesis.document),
    listen: network.listen,
    announce: network.announce,
    ...(identity === undefined ? {} : { validator: identity }),
    authority: {
      consensusKeyOf: (id) => {
        const bytes = fromHex(id);
        const entry = currentEntries(chain)
          .toReversed()
          .find((candidate) => Buffer.compare(candidate.id, bytes) === 0);
        return entry?.consensusKey;
      },
      verify: verifyConsensusSignature,
    },
    transactionId: (bytes) => wtxidOfBytes(bytes),
    staticPeers: network.bootstrap,
    bootstrap: network.bootstrap,
    // Without discovery only peers that are named here are dialled.
    ...(network.discovery ? {} : { outboundPeers: 0 }),
    access: {
      ...(validatorIds.length === 0 ? {} : { allowedValidators: validatorIds }),
      ...(peerIds.length === 0 ? {} : { allowedPeers: peerIds }),
      ...(network.allowAddresses.length === 0 ? {} : { allowedRanges: network.allowAddresses }),
      ...(network.sentries.length === 0 ? {} : { sentries: network.sentries }),
      privatePeers: network.privatePeers,
    },
    features: { dht: network.discovery, upnp: network.upnp, relay: config.role === 'sentry' },
    keepPrivateAddresses: genesis.document.testNetwork === 1,
    store: filePeerStore(join(config.dataDir, 'peers.json'), (error) =>
      logger.warn('the address book cannot be used', { code: error.code, reason: error.message }),
    ),
    ntpServers: network.ntpServers,
    gate: {
      connections: network.maxPeers,
      // Private addresses, as of test clusters and company networks, have a limit of their own.
      connectionsPerIp: network.maxPeersPerAddress,
    },
  });
}
