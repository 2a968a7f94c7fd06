import { join } from 'node:path';

import type { NodeConfig } from '@mxd/config';
import type { Logger } from '@mxd/logging';
import type { Metrics } from '@mxd/metrics';
import type { Peers } from '@mxd/network';

import type { Chain } from '../chain.ts';
import type { HttpListener } from '../http/server.ts';
import type { PluginHost } from '../plugins/host.ts';
import { openNodeAudit } from './audit.ts';
import { ChainBackups } from './backup.ts';
import type { LogLevelControl } from './log-level.ts';
import type { ConfigControl } from './reload.ts';
import { startAdminServer } from './server.ts';
import { TokenStore } from './tokens.ts';

/** What of a running node its operators reach. */
export interface AdminParts {
  readonly config: NodeConfig;
  readonly tokens: TokenStore;
  readonly settings: ConfigControl;
  readonly log: LogLevelControl;
  readonly chain: Pick<Chain, 'store' | 'mempool'>;
  readonly chainTag: Uint8Array;
  readonly peers: Peers;
  readonly plugins: PluginHost;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'increment'>;
  readonly snapshot?: () => Promise<{ readonly height: number }>;
  readonly stop: () => void;
}

/** The tokens of a node: needed by the public API too, so opened whether there is an admin API. */
export const openTokens = ({ dataDir, admin }: NodeConfig): Promise<TokenStore> =>
  TokenStore.open(join(dataDir, admin.tokensFile));

/**
 * Opens the audit log and the admin API over it. Closing closes both.
 * @throws NodeError NODE_PORT, NODE_KEY; LoggingError AUDIT_*.
 */
export async function openAdmin(parts: AdminParts): Promise<HttpListener> {
  const { config, tokens, settings, log, chain, peers, plugins, metrics, stop } = parts;
  const logger = parts.logger.child('admin');
  const audit = await openNodeAudit(config.dataDir, parts.chainTag, logger);
  try {
    const listener = await startAdminServer({
      config: config.admin,
      controls: {
        tokens,
        peers,
        mempool: chain.mempool,
        plugins,
        log,
        config: settings,
        backups: new ChainBackups(chain.store, config.dataDir),
        snapshot: parts.snapshot,
        stop,
      },
      audit,
      logger,
      onUnauthorized: () => metrics.increment('authFailures'),
      onRateLimited: () => metrics.increment('rateLimited', { source: 'api' }),
    });
    return {
      ...listener,
      close: async () => {
        await listener.close();
        await audit.close();
      },
    };
  } catch (error) {
    await audit.close();
    throw error;
  }
}
