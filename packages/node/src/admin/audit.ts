import { join } from 'node:path';

import { nativeSuites } from '@mxd/crypto/native';
import type { Logger } from '@mxd/logging';
import { AuditLog } from '@mxd/logging/audit';

import { loadNodeKey } from '../node-key.ts';

/**
 * Opens the node's audit log, in `audit` of its data. Checkpoints are signed by a key of their own,
 * made at the first start: whoever keeps a checkpoint elsewhere can prove later changes.
 * @throws LoggingError AUDIT_*; NodeError NODE_KEY.
 */
export async function openNodeAudit(
  dataDir: string,
  chainTag: Uint8Array,
  logger: Logger,
): Promise<AuditLog> {
  const signer = nativeSuites()[1].signer(await loadNodeKey(join(dataDir, 'audit.key')));
  return AuditLog.open({
    directory: join(dataDir, 'audit'),
    signer: { suite: 1, publicKey: signer.publicKey, sign: (message) => signer.sign(message) },
    chainTag,
    registry: logger.registry,
  });
}
