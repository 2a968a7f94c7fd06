import { join } from 'node:path';

import type { LoadedConfig, NodeConfig } from '@mxd/config';
import { installNative } from '@mxd/crypto/native';
import type { Logger } from '@mxd/logging';
import { Health, Metrics } from '@mxd/metrics';
import { chainTagOf } from '@mxd/protocol';
import type { Secrets } from '@mxd/secrets';

import { adjustable } from './admin/log-level.ts';
import { openTokens } from './admin/open-admin.ts';
import { openChain } from './chain.ts';
import { NodeError } from './errors.ts';
import { readGenesis } from './genesis-file.ts';
import { limits } from './limits.ts';
import { nodeLogger } from './log.ts';
import { MxdNode } from './node.ts';
import { openNetwork } from './open-network.ts';
import { PluginHost } from './plugins/host.ts';
import { beginFromSnapshot } from './snapshots/begin.ts';
import { SnapshotFolder } from './snapshots/folder.ts';
import { openValidator } from './validator.ts';

export interface CreateNodeOptions {
  readonly config: NodeConfig;
  readonly secrets: Secrets;
  /** Where each value of `config` came from, for operators to see. */
  readonly origins?: LoadedConfig['origins'];
  /** Loads all layers again, for a reload; without it there is none. */
  readonly load?: () => Promise<LoadedConfig>;
  /** Made from the configuration unless given; must write everything (level `trace`). */
  readonly logger?: Logger;
  /** Version shown by the API. */
  readonly version?: string;
  /** Where plugins named by a relative path are looked for; the working directory unless told. */
  readonly pluginDirectory?: string;
}

/**
 * Puts a node together and starts it: store, validator key, network, plugins, consensus, interfaces,
 * in this order. A part that fails to start stops those before it and its error is thrown.
 * @throws NodeError, ConfigError, SecretsError, NetworkError.
 */
export async function createNode(options: CreateNodeOptions): Promise<MxdNode> {
  const { config, secrets } = options;
  installNative();
  const { logger, control } = adjustable(options.logger ?? nodeLogger(config), config.log.level);
  await using parts = new AsyncDisposableStack();
  const genesis = await readGenesis(
    join(config.dataDir, config.genesisFile),
    config.expectedGenesisHash,
  );
  const chainTag = chainTagOf(genesis.document);
  const metrics = new Metrics();
  const plugins = new PluginHost({
    entries: config.plugins,
    directory: options.pluginDirectory ?? process.cwd(),
    dataDir: config.dataDir,
    logger,
    metrics,
  });
  // Without plugins nobody is asked, so that admission does not pay for it.
  const policy = config.plugins.length === 0 ? {} : { policy: plugins.policy };
  if (config.sync.mode === 'snapshot') await beginFromSnapshot({ config, genesis, logger });
  const chain = parts.use(await openChain({ config, genesis, ...policy }));
  const validator =
    config.role === 'validator'
      ? parts.use(await openValidator(config, secrets, chainTag))
      : undefined;
  const network = await openNetwork({ config, chain, validator, genesis, logger });
  parts.defer(() => network.stop());
  const node = new MxdNode({
    loaded: { config, origins: options.origins ?? new Map() },
    ...(options.load === undefined ? {} : { load: options.load }),
    genesis,
    chain,
    validator,
    network,
    logger,
    logLevel: control,
    metrics,
    health: new Health(),
    plugins,
    tokens: await openTokens(config),
    snapshots: await SnapshotFolder.open(join(config.dataDir, 'snapshots'), limits.snapshots.value),
    secrets,
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
