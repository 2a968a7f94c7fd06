import { join } from 'node:path';

import type { NodeConfig } from '@mxd/config';
import { activeSuites } from '@mxd/crypto/suites';
import { VerificationPool } from '@mxd/crypto/pool';
import { Ledger, ledgerSchema, Mempool, poolChainOf, type MempoolOptions } from '@mxd/ledger';
import { type Genesis, type VerifySignature } from '@mxd/protocol';
import { genesisDocumentHash } from '@mxd/protocol/genesis';
import { openDatabase, type KeyValueStore } from '@mxd/storage';

import { NodeError } from './errors.ts';
import { slicePace } from './pace.ts';
import { SignatureChecks } from './signature-checks.ts';

/** Checks a consensus signature with the suite in use. Ed25519: 52 us with libsodium. */
export const verifyConsensusSignature: VerifySignature = (key, message, signature) =>
  activeSuites()[1].verify(key, message, signature);

/** Store, ledger and mempool of a node, and the threads that check signatures for them. */
export interface Chain extends AsyncDisposable {
  readonly store: KeyValueStore;
  readonly ledger: Ledger;
  readonly mempool: Mempool;
  readonly pool: VerificationPool;
  readonly checks: SignatureChecks;
}

export interface ChainOptions {
  readonly config: NodeConfig;
  readonly genesis: Genesis;
  readonly policy?: MempoolOptions['policy'];
}

/** Folder of a node's chain store. */
export const chainLocation = ({ dataDir }: NodeConfig): string => join(dataDir, 'chain');

/** Opens a node's chain store. @throws NodeError NODE_STORE. */
export async function openChainStore(config: NodeConfig, genesis: Genesis): Promise<KeyValueStore> {
  const location = chainLocation(config);
  const { networkId } = genesis.document;
  try {
    return await openDatabase({
      directory: location,
      schema: ledgerSchema,
      network: { id: networkId, genesisHash: genesisDocumentHash(genesis.document) },
      cacheBytes: config.storage.cacheBytes,
    });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : 'unknown';
    throw new NodeError('NODE_STORE', `${location}: ${why}`, { location }, { cause });
  }
}

/** Opens a node's chain. @throws NodeError NODE_STORE. */
export async function openChain({ config, genesis, policy }: ChainOptions): Promise<Chain> {
  const { storage, mempool: pooled, verification } = config;
  const store = await openChainStore(config, genesis);
  const pool = new VerificationPool(
    verification.workers === 0 ? {} : { workers: verification.workers },
  );
  const checks = new SignatureChecks(pool);
  try {
    const ledger = await Ledger.open({
      store,
      genesis: genesis.document,
      verifySignatures: checks.verify,
      verifyConsensusSignature,
      pace: slicePace(),
      indexes: {
        transactions: storage.indexTransactions,
        history: storage.indexAddresses,
        owners: storage.indexAddresses,
      },
      outputCacheBytes: storage.outputCacheBytes,
      ...(storage.keepBodies === 0 ? {} : { keepBodies: storage.keepBodies }),
    });
    const mempool = new Mempool({
      chain: poolChainOf(ledger),
      verifySignatures: checks.verify,
      ...(policy === undefined ? {} : { policy }),
      maxBytes: pooled.maxBytes,
      maxTransactions: pooled.maxTransactions,
    });
    return {
      store,
      ledger,
      mempool,
      pool,
      checks,
      async [Symbol.asyncDispose]() {
        await ledger.close();
        await pool.close({ drain: false });
        await store.close();
      },
    };
  } catch (error) {
    await pool.close({ drain: false });
    await store.close();
    throw error;
  }
}
