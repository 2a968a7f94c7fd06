import { join } from 'node:path';

import type { NodeConfig } from '@mxd/config';
import { installNative } from '@mxd/crypto/native';
import type { Logger } from '@mxd/logging';
import { Health, Metrics } from '@mxd/metrics';
import { chainTagOf } from '@mxd/protocol';
import type { Secrets } from '@mxd/secrets';

import { openChain } from './chain.ts';
import { NodeError } from './errors.ts';
import { readGenesis } from './genesis-file.ts';
import { nodeLogger } from './log.ts';
import { MxdNode } from './node.ts';
import { openNetwork } from './open-network.ts';
import { openValidator } from './validator.ts';

export interface CreateNodeOptions {
  readonly config: NodeConfig;
  readonly secrets: Secrets;
  /** Made from the configuration unless given. */
  readonly logger?: Logger;
  /** Version shown by the API. */
  readonly version?: string;
}

/**
 * Puts a node together and starts it: store, validator key, network, consensus, interfaces, in this
 * order. A part that fails to start stops those before it and its error is thrown.
 * @throws NodeError, ConfigError, SecretsError, NetworkError.
 */
export async function createNode(options: CreateNodeOptions): Promise<MxdNode> {
  const { config, secrets } = options;
  installNative();
  const logger = options.logger ?? nodeLogger(config);
  await using parts = new AsyncDisposableStack();
  const genesis = await readGenesis(
    join(config.dataDir, config.genesisFile),
    config.expectedGenesisHash,
  );
  const chainTag = chainTagOf(genesis.document);
  const chain = parts.use(await openChain({ config, genesis }));
  const validator =
    config.role === 'validator'
      ? parts.use(await openValidator(config, secrets, chainTag))
      : undefined;
  const network = await openNetwork({ config, chain, validator, genesis, logger });
  parts.defer(() => network.stop());
  const node = new MxdNode({
    config,
    genesis,
    chain,
    validator,
    network,
    logger,
    metrics: new Metrics(),
    health: new Health(),
    version: options.version ?? '0.1.0',
  });
  try {
    await node.start();
  } catch (error) {
    await node.stop();
    throw error instanceof Error ? error : new NodeError('NODE_STOPPED', String(error));
  }
  node.adopt(parts.move());
  return node;
}
