import { readFile } from 'node:fs/promises';

import { CodedError, toHex } from '@mxd/codec';
import { verifySignature } from '@mxd/crypto/suites';
import { verifyGenesis, type Genesis } from '@mxd/protocol';
import { decodeGenesis, genesisDocumentHash } from '@mxd/protocol/genesis';

import { NodeError } from './errors.ts';

/** Reads and checks a genesis file: form, members, all signatures, and the pinned hash if any. */
export async function readGenesis(path: string, expectedHash: string): Promise<Genesis> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new NodeError('NODE_GENESIS_MISSING', `no genesis file at ${path}`, { path }, { cause });
  }
  let genesis: Genesis;
  try {
    genesis = decodeGenesis(bytes);
  } catch (cause) {
    const why = cause instanceof CodedError ? cause.message : 'unknown';
    throw new NodeError(
      'NODE_GENESIS_INVALID',
      `${path} is no genesis file: ${why}`,
      { path },
      { cause },
    );
  }
  const verdict = verifyGenesis(genesis, (key, message, signature) =>
    verifySignature(1, key, message, signature),
  );
  if (!verdict.ok) {
    throw new NodeError('NODE_GENESIS_INVALID', `${path}: ${verdict.reason}`, { path });
  }
  const hash = toHex(genesisDocumentHash(genesis.document));
  if (expectedHash !== '' && hash !== expectedHash) {
    throw new NodeError(
      'NODE_GENESIS_MISMATCH',
      `${path} has hash ${hash.slice(0, 16)}..., the configuration expects ${expectedHash.slice(0, 16)}...`,
      { path, hash },
    );
  }
  return genesis;
}
