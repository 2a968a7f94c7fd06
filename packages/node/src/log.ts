import { join } from 'node:path';

import type { NodeConfig } from '@mxd/config';
import { consoleDestination, createLogger, FileDestination, type Logger } from '@mxd/logging';

/** The node's logger, as the configuration says but for its level: `adjustable` holds that. */
export function nodeLogger(config: NodeConfig): Logger {
  const { format, file, maxFileBytes, maxFiles } = config.log;
  const destination =
    file === ''
      ? consoleDestination()
      : new FileDestination({
          path: join(config.dataDir, file),
          maxSizeBytes: maxFileBytes,
          keepFiles: maxFiles,
        });
  return createLogger({ level: 'trace', outputs: [{ destination, format }], fields: {} });
}
