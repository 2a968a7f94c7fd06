import { Writer } from '@mxd/codec';
import { type Block, type Header } from '@mxd/protocol';

import { considerBlock } from './blocks.ts';
import { append, halt } from './effects.ts';
import { switchEpoch } from './epochs.ts';
import { fetchBlock, signersOf } from './fetch.ts';
import { limits } from './limits.ts';
import { reportLatency } from './latency.ts';
import { blockOf, type BlockEntry, type HeldCertificate, type RunningState } from './state.ts';
import { recordType, type Steps } from './types.ts';
import { pruneSlots } from './views.ts';

/** Payload of a COMMIT record: height u64, hash. */
export function commitRecord(height: number, hash: Uint8Array): Uint8Array {
  const writer = new Writer(72);
  writer.u53(height);
  writer.bytes(hash);
  return writer.finish();
}

/**
 * The path from the committed head (left out) to the finalized block; undefined while parts lack.
 */
function* walk(s: RunningState, final: HeldCertificate): Steps<BlockEntry[] | undefined> {
  const path: BlockEntry[] = [];
  let key = final.key;
  let hash = final.certificate.blockHash;
  while (key !== s.head.key) {
    const entry = s.tree.get(key);
    const header = entry?.header;
    const isForeign = header !== undefined && header.epoch !== s.epoch.epoch;
    if (header !== undefined && (isForeign || header.height <= s.head.header.height)) {
      yield* halt(s, 'CONSENSUS_HALT_FORK', `height ${header.height} is committed otherwise`, [
        final.certificate,
      ]);
      return undefined;
    }
    if (path.length > limits.catchUpBlocks.value) {
      yield* leaveToHost(s, final);
      return undefined;
    }
    if (entry === undefined || header === undefined || entry.state === 'partial') {
      if (yield* isTooFar(s, final, header)) return undefined;
      const gap = header === undefined ? 63 : header.height - s.head.header.height - 1;
      yield* fetchBlock(s, hash, key, signersOf(s, final), Math.min(63, Math.max(0, gap)));
      return undefined;
    }
    path.push(entry);
    key = entry.parentKey;
    hash = header.parentHash;
  }
  return path.reverse();
}

function* isTooFar(
  s: RunningState,
  final: HeldCertificate,
  header: Header | undefined,
): Steps<boolean> {
  const top = s.tree.get(final.key)?.header ?? header;
  if (top === undefined) return false;
  if (top.height - s.head.header.height <= limits.catchUpBlocks.value) return false;
  yield* leaveToHost(s, final);
  return true;
}

/** The gap is larger than what is fetched into memory: the host syncs, then sends `synced`. */
function* leaveToHost(s: RunningState, final: HeldCertificate): Steps {
  const header = s.tree.get(final.key)?.header;
  if (header === undefined || s.behindKey === final.key) return;
  s.behindKey = final.key;
  yield { type: 'behind', header, finalization: final.bytes };
}

/** Rule Commit: from the finalized block down to the head, then up in height order, each once. */
export function* tryCommit(s: RunningState): Steps {
  const e = s.epoch;
  const final = e.pendingFinal;
  if (final === undefined || s.halted !== undefined) return;
  const path = yield* walk(s, final);
  if (path === undefined) return;
  for (const entry of path) {
    if (entry.state !== 'valid') yield* considerBlock(s, entry);
    if (entry.state === 'invalid') {
      yield* halt(s, 'CONSENSUS_HALT_FINAL_INVALID', 'a finalized block fails verification here', [
        final.certificate,
      ]);
      return;
    }
    const block = blockOf(entry);
    if (entry.state !== 'valid' || block === undefined) return;
    yield* commitOne(s, entry, block, final);
    if (s.halted !== undefined || s.epoch !== e) return;
  }
  e.pendingFinal = undefined;
  prune(s);
}

function* commitOne(
  s: RunningState,
  entry: BlockEntry,
  block: Block,
  final: HeldCertificate,
): Steps {
  const { header } = block;
  const { nextTable } = entry;
  yield append(recordType.commit, commitRecord(header.height, entry.hash));
  const base = { type: 'commit', hash: entry.hash, block, finalization: final.bytes } as const;
  yield nextTable === undefined ? base : { ...base, nextTable };
  s.head = { hash: entry.hash, key: entry.key, header };
  s.headKnownAtMs = entry.knownAtMs;
  remember(s, entry.key, block);
  yield* reportLatency(s, header.height);
  if (header.height !== s.epoch.lastHeight) return;
  if (nextTable === undefined) {
    yield* halt(s, 'CONSENSUS_HALT_HOST', 'the last block of the epoch has no next table');
    return;
  }
  yield* switchEpoch(s, final, header, nextTable);
}

/** A few committed bodies stay for those who ask. */
function remember(s: RunningState, key: string, block: Block): void {
  s.recent.set(key, block);
  for (const old of s.recent.keys()) {
    if (s.recent.size <= limits.recentBlocks.value) break;
    s.recent.delete(old);
  }
}

/**
 * Committed blocks and what the finalized chain excludes leave the tree; old views leave memory.
 */
function prune(s: RunningState): void {
  const { height } = s.head.header;
  for (const entry of s.tree.values()) {
    const isOld = entry.header !== undefined && entry.header.height <= height;
    const isUnknown = entry.header === undefined && entry.metInView < s.epoch.lastFinalView;
    if (isOld || isUnknown) s.tree.delete(entry.key);
  }
  pruneSlots(s);
}
