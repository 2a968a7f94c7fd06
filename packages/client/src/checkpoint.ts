/** Where trust starts: a point of the chain that the user takes from somebody they trust. */
import { equalBytes, fromHex, toHex } from '@mxd/codec';
import { verifySignature } from '@mxd/crypto/suites';
import { type VerifySignature } from '@mxd/protocol/checks';
import { type BlockHash, type ChainTag } from '@mxd/protocol/primitives';
import { leaderMode, type LeaderMode } from '@mxd/protocol/schedule';
import { tableCodec, tableHash, type Table } from '@mxd/protocol/table';

import { ClientError } from './errors.ts';

/** Checks an Ed25519 signature of a validator with the backend in use. */
export const verifyConsensus: VerifySignature = (publicKey, message, signature) =>
  verifySignature(1, publicKey, message, signature);

/**
 * The start of an epoch: its validators, and the last block before it (docs/protocol/rsc.md, A6).
 * Everything a light client accepts is proven from here on.
 */
export interface Checkpoint {
  readonly chainTag: ChainTag;
  readonly networkId: number;
  readonly network: 'main' | 'test';
  readonly epochLength: number;
  readonly leaderMode: LeaderMode;
  /** Hash of the last block of the epoch before; of genesis for epoch 1. */
  readonly anchorHash: BlockHash;
  /** The validators of the checkpoint's epoch. */
  readonly table: Table;
}

const format = 'mxd-checkpoint';
const version = 1;

/** A checkpoint as JSON, version 1. */
export function formatCheckpoint(checkpoint: Checkpoint): string {
  const { chainTag, networkId, network, epochLength, anchorHash, table } = checkpoint;
  const file = {
    format,
    version,
    chainTag: toHex(chainTag),
    networkId,
    network,
    epochLength,
    leaderMode: checkpoint.leaderMode,
    epoch: table.epoch,
    anchorHash: toHex(anchorHash),
    tableHash: toHex(tableHash(table)),
    table: toHex(tableCodec.encode(table)),
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}

export const badCheckpoint = (rule: string): ClientError =>
  new ClientError('CLIENT_CHECKPOINT', `no usable checkpoint: ${rule}`, { rule });

function whole(value: unknown, name: string, most: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most) {
    return value;
  }
  throw badCheckpoint(`${name} is out of range`);
}

function hex(value: unknown, name: string, length?: number): Uint8Array {
  if (typeof value !== 'string' || !/^([0-9a-f]{2})*$/.test(value))
    throw badCheckpoint(`${name} is no hex`);
  const bytes = fromHex(value);
  if (length !== undefined && bytes.length !== length)
    throw badCheckpoint(`${name} has a wrong length`);
  return bytes;
}

/** @throws ClientError CLIENT_CHECKPOINT. */
export function parseCheckpoint(text: string): Checkpoint {
  let file: Readonly<Record<string, unknown>>;
  try {
    file = JSON.parse(text) as typeof file;
  } catch {
    throw badCheckpoint('it is no JSON');
  }
  if (typeof file !== 'object' || file === null || file['format'] !== format) {
    throw badCheckpoint(`its format is not "${format}"`);
  }
  if (file['version'] !== version) throw badCheckpoint('its version is not known here');
  const { network } = file;
  if (network !== 'main' && network !== 'test')
    throw badCheckpoint('network is neither main nor test');
  const decoded = tableCodec.tryDecode(hex(file['table'], 'table'));
  if (!decoded.ok) throw badCheckpoint(`table: ${decoded.error.message}`);
  const table = decoded.value;
  if (table.epoch !== file['epoch']) throw badCheckpoint('the table is of another epoch');
  if (!equalBytes(tableHash(table), hex(file['tableHash'], 'tableHash', 64))) {
    throw badCheckpoint('the table has another hash');
  }
  const mode = file['leaderMode'];
  if (mode !== leaderMode.rankRoundRobin && mode !== leaderMode.weightedShuffle) {
    throw badCheckpoint('leaderMode is unknown');
  }
  const epochLength = whole(file['epochLength'], 'epochLength', 65_536);
  if (epochLength < 16) throw badCheckpoint('epochLength is out of range');
  return {
    chainTag: hex(file['chainTag'], 'chainTag', 32),
    networkId: whole(file['networkId'], 'networkId', 0xffff_ffff),
    network,
    epochLength,
    leaderMode: mode,
    anchorHash: hex(file['anchorHash'], 'anchorHash', 64),
    table,
  };
}
