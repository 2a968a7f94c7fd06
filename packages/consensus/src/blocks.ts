import { equalBytes, isZeroBytes } from '@mxd/codec';
import { merkleRoot } from '@mxd/crypto/merkle';
import { leaderOf, tableHash, type Header } from '@mxd/protocol';
import { sysRootOf, validationRootOf } from '@mxd/protocol/block';
import { keyOf } from '@mxd/protocol/primitives';

import { checkCertificate, decodeCertificate } from './certificates.ts';
import { halt } from './effects.ts';
import {
  blockOf,
  F,
  headerOf,
  isExecuted,
  N,
  type BlockEntry,
  type EpochState,
  type RunningState,
} from './state.ts';
import { type Input, type Steps } from './types.ts';

/** Parts of a block as somebody sent them: none is trusted before it matches the hash (V0a). */
export interface Parts {
  readonly parentCertificate?: Uint8Array;
  readonly systemRecords?: Uint8Array;
  readonly transactions?: readonly Uint8Array[];
}

/** Takes a header that is known to have the entry's hash. */
export function setHeader(s: RunningState, entry: BlockEntry, header: Header): void {
  if (entry.header !== undefined) return;
  entry.header = header;
  entry.parentKey = keyOf(header.parentHash);
  entry.knownAtMs = s.monoMs;
}

export function txRoot(s: RunningState, transactions: readonly Uint8Array[]): Uint8Array {
  return merkleRoot(transactions.map((transaction) => s.wtxidOf(transaction)));
}

/**
 * V0a: keeps each part that matches the header on its own; the rest is discarded. False if a part
 * did not match: the sender's fault, never the leader's, and no reason to NULLIFY.
 */
export function absorb(s: RunningState, entry: BlockEntry, parts: Parts): boolean {
  const { header } = entry;
  if (header === undefined) return false;
  let isClean = true;
  const { parentCertificate, systemRecords, transactions } = parts;
  if (parentCertificate !== undefined && entry.parentCertificate === undefined) {
    if (equalBytes(validationRootOf(parentCertificate), header.validationRoot)) {
      entry.parentCertificate = parentCertificate;
    } else isClean = false;
  }
  if (systemRecords !== undefined && entry.systemRecords === undefined) {
    if (equalBytes(sysRootOf(systemRecords), header.sysRoot)) entry.systemRecords = systemRecords;
    else isClean = false;
  }
  if (transactions !== undefined && entry.transactions === undefined) {
    const isMatch =
      transactions.length === header.txCount && equalBytes(txRoot(s, transactions), header.txRoot);
    if (isMatch) {
      entry.transactions = transactions;
      entry.draft = undefined;
    } else isClean = false;
  }
  if (entry.state === 'partial' && blockOf(entry) !== undefined) entry.state = 'complete';
  return isClean;
}

/** B1: the parent certificate is part of the block's validity, whatever is held of the parent. */
export function isParentProven(s: RunningState, entry: BlockEntry): boolean {
  if (entry.parentProven) return true;
  const e = s.epoch;
  const { header, parentCertificate: bytes } = entry;
  if (header === undefined || bytes === undefined) return false;
  const isOnAnchor = header.parentView === 0;
  if (isOnAnchor && e.epoch === 1) {
    entry.parentProven = bytes.length === 0 && equalBytes(header.parentHash, e.anchor.hash);
    return entry.parentProven;
  }
  const held = decodeCertificate(bytes);
  if (held === undefined) return false;
  const c = held.certificate;
  if (!equalBytes(c.blockHash, header.parentHash)) return false;
  if (isOnAnchor) {
    const isShaped =
      c.kind === F && c.epoch === e.epoch - 1 && equalBytes(header.parentHash, e.anchor.hash);
    // Right after a checkpoint the table before is unknown: the anchor is trusted by its hash (A6).
    entry.parentProven =
      isShaped && (e.previous === undefined || checkCertificate(s, e.previous, c));
    return entry.parentProven;
  }
  const isShaped =
    (c.kind === N || c.kind === F) && c.epoch === e.epoch && c.view === header.parentView;
  entry.parentProven = isShaped && checkCertificate(s, e.set, c);
  return entry.parentProven;
}

/** N6, X1: the checks of a header that need no application state. Undefined: nothing is wrong. */
export function headerProblem(
  s: RunningState,
  e: EpochState,
  header: Header,
  parent: Header,
): string | undefined {
  const { config } = s;
  const version = config.versionOf?.(e.epoch) ?? 1;
  if (header.version !== version) return `version ${header.version}, not ${version}`;
  if (header.networkId !== config.networkId) return `network ${header.networkId}`;
  if (header.epoch !== e.epoch) return `epoch ${header.epoch}, not ${e.epoch}`;
  if (header.view < 1 || header.parentView >= header.view) return 'views do not grow';
  const leader = e.set.table.entries[leaderOf(e.set, header.view)];
  if (leader === undefined || !equalBytes(leader.id, header.proposerId)) return 'another proposer';
  if (header.height !== parent.height + 1) return `height ${header.height}`;
  if (header.height > e.lastHeight) return 'a block above the end of the epoch';
  const isLast = header.height === e.lastHeight;
  if (isLast === isZeroBytes(header.nextTableHash)) return 'nextTableHash is at the wrong height';
  return undefined;
}

/** Hands a complete block on an executed parent to the host, unless its header already fails. */
export function* considerBlock(s: RunningState, entry: BlockEntry): Steps {
  if (entry.state !== 'complete') return;
  const { header } = entry;
  const block = blockOf(entry);
  if (header === undefined || block === undefined) return;
  if (!isExecuted(s, entry.parentKey)) return;
  const parent = headerOf(s, entry.parentKey);
  if (parent === undefined) return;
  if (headerProblem(s, s.epoch, header, parent) !== undefined || !isParentProven(s, entry)) {
    entry.state = 'invalid';
    return;
  }
  entry.state = 'verifying';
  const reqId = s.nextReqId++;
  s.requests.set(reqId, { type: 'verify', key: entry.key });
  yield { type: 'verify', reqId, hash: entry.hash, block };
}

/** Blocks that waited for this one to be executed. */
export function* considerChildren(s: RunningState, key: string): Steps {
  for (const entry of s.tree.values()) {
    if (entry.state === 'complete' && entry.parentKey === key) yield* considerBlock(s, entry);
  }
}

/**
 * Remembers the table that the last block of an epoch leads to. False: the host contradicts itself.
 */
export function* takeNextTable(
  s: RunningState,
  entry: BlockEntry,
  nextTable: Extract<Input, { type: 'verified' }>['nextTable'],
): Steps<boolean> {
  const { header } = entry;
  if (header === undefined || header.height !== s.epoch.lastHeight) return true;
  const isRight =
    nextTable !== undefined &&
    nextTable.epoch === s.epoch.epoch + 1 &&
    equalBytes(tableHash(nextTable), header.nextTableHash);
  if (!isRight) {
    yield* halt(s, 'CONSENSUS_HALT_HOST', 'the next table is not the one that the header names');
    return false;
  }
  entry.nextTable = nextTable;
  return true;
}
