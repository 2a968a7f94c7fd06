import { type PeerId, type RequestKind } from '../contract.ts';
import { chunkCodec, rangeCodec } from '../wire/requests.ts';
import { limits } from '../limits.ts';
import { PieceFetcher, type PieceJob, type SyncPort } from './pieces.ts';

export { type SyncPort } from './pieces.ts';

/**
 * Proves the chain forward from a trusted checkpoint: epoch proofs, then headers with certificates.
 * The functions hold the state of the proof; what they accept is proven for good (rsc 2.9 A6).
 */
export interface ChainStage {
  /** The request for what follows what is proven. */
  next(): { readonly kind: RequestKind; readonly payload: Uint8Array };
  /** Checks and adopts one item. `stale`: true, but nothing new. */
  accept(
    item: Uint8Array,
  ): Promise<'accepted' | 'stale' | 'invalid'> | 'accepted' | 'stale' | 'invalid';
  /** Greatest height that is proven. */
  provenHeight(): number;
}

/** Bodies of proven blocks, applied in order. */
export interface BodyStage {
  /** Greatest height that is applied, durably: where a run after a restart goes on. */
  appliedHeight(): number;
  /** Whether the bytes are the block of that proven height. */
  check(height: number, item: Uint8Array): boolean | Promise<boolean>;
  /** Applies one block; returns when it is durable. A throw ends the synchronisation. */
  apply(height: number, item: Uint8Array): Promise<void>;
  /** Blocks per request; 64 unless told. */
  readonly perRequest?: number;
}

/** An adopted snapshot. */
export interface SnapshotHandle {
  /** 64 bytes that name it in requests for chunks. */
  readonly id: Uint8Array;
  readonly chunks: number;
}

/** State at a proven height by chunks, instead of replaying all bodies before it. */
export interface SnapshotStage {
  /** Whether it is worth it: the proven height is far ahead, or there is no state at all. */
  wanted(provenHeight: number): boolean;
  /**
   * Checks a manifest against the proven chain and adopts it. `unusable`: it may be honest, but this
   * node can not use it (of a height that it has not proven); `invalid`: provably wrong.
   */
  adopt(manifest: Uint8Array): Promise<SnapshotHandle | 'unusable' | 'invalid'>;
  /** The snapshot adopted before a restart. */
  resume(): SnapshotHandle | undefined;
  has(chunk: number): boolean;
  check(chunk: number, item: Uint8Array): boolean | Promise<boolean>;
  store(chunk: number, item: Uint8Array): Promise<void>;
  /** All chunks are here: makes them the state; `appliedHeight` jumps. */
  finish(): Promise<void>;
}

export interface SyncStages {
  readonly chain: ChainStage;
  readonly bodies: BodyStage;
  readonly snapshot?: SnapshotStage;
}

/** Where a synchronisation stands. */
export interface SyncProgress {
  readonly stage: 'chain' | 'snapshot' | 'bodies';
  /** Blocks applied, or chunks stored. */
  readonly done: number;
  readonly target: number;
}

export interface SyncOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: SyncProgress) => void;
}

/** How a synchronisation ended. `caught-up`: applied is proven, and nobody proves more. */
export type SyncEnd =
  | { readonly end: 'caught-up'; readonly height: number }
  | { readonly end: 'no-peers' | 'cancelled'; readonly height: number };

const defaultPerRequest = 64;
// So many peers must have nothing more to prove before the chain counts as known.
const witnesses = 3;

/**
 * Brings a node from what it has to the head of the chain. Heights that peers claim play no part:
 * the target is what has been proven. Throws what the stages' own functions throw.
 */
export async function synchronise(
  port: SyncPort,
  stages: SyncStages,
  options: SyncOptions = {},
): Promise<SyncEnd> {
  const signal = options.signal ?? new AbortController().signal;
  const report = options.onProgress ?? ((): void => undefined);
  const height = (): number => stages.bodies.appliedHeight();
  for (;;) {
    const chain = await proveChain(port, stages.chain, signal, report);
    if (chain !== 'done') return { end: chain, height: height() };
    const proven = stages.chain.provenHeight();
    if (height() >= proven) return { end: 'caught-up', height: height() };
    if (stages.snapshot?.wanted(proven) === true) {
      const end = await fetchSnapshot(port, stages.snapshot, signal, report);
      // Without a snapshot the bodies do, only slower.
      if (end === 'cancelled') return { end, height: height() };
    }
    const bodies = await fetchBodies(port, stages.bodies, proven, signal, report);
    if (bodies !== 'done') return { end: bodies, height: height() };
    // New blocks have come meanwhile: prove them before saying that this node follows.
  }
}

type StageEnd = 'done' | 'no-peers' | 'cancelled';

async function proveChain(
  port: SyncPort,
  chain: ChainStage,
  signal: AbortSignal,
  report: (progress: SyncProgress) => void,
): Promise<StageEnd> {
  const failed = new Map<PeerId, number>();
  let exhausted = new Set<PeerId>();
  for (let turn = 0; ; turn++) {
    if (signal.aborted) return 'cancelled';
    const peers = port.peers();
    const able = peers.filter((peer) => (failed.get(peer) ?? 0) < 3);
    const open = able.filter((peer) => !exhausted.has(peer));
    if (exhausted.size >= Math.min(witnesses, able.length) && exhausted.size > 0) return 'done';
    const peer = open[turn % Math.max(1, open.length)];
    if (peer === undefined) return exhausted.size > 0 ? 'done' : 'no-peers';
    const before = chain.provenHeight();
    const outcome = await askChain(port, chain, peer, signal);
    const proven = chain.provenHeight();
    if (proven > before) {
      exhausted = new Set();
      report({ stage: 'chain', done: proven, target: proven });
    }
    if (outcome === 'nothing-more' && proven === before) exhausted.add(peer);
    if (outcome === 'failed') failed.set(peer, (failed.get(peer) ?? 0) + 1);
    if (outcome === 'lied') failed.set(peer, 3);
  }
}

async function askChain(
  port: SyncPort,
  chain: ChainStage,
  peer: PeerId,
  signal: AbortSignal,
): Promise<'nothing-more' | 'more' | 'failed' | 'lied'> {
  const { kind, payload } = chain.next();
  const stop = new AbortController();
  const onAbort = (): void => stop.abort();
  signal.addEventListener('abort', onAbort, { once: true });
  let lastItemMs = port.nowMs();
  let running = true;
  const watch = (): void => {
    if (!running) return;
    const idleMs = port.nowMs() - lastItemMs;
    if (idleMs >= limits.syncStallMs.value) stop.abort();
    else port.schedule(limits.syncStallMs.value - idleMs, watch);
  };
  port.schedule(limits.syncStallMs.value, watch);
  const result = await port.requests.request(peer, kind, payload, {
    signal: stop.signal,
    onItem: async (item) => {
      lastItemMs = port.nowMs();
      return (await chain.accept(item)) !== 'invalid';
    },
  });
  running = false;
  signal.removeEventListener('abort', onAbort);
  if (!result.ok) {
    port.counters.add(`sync_failed_${result.code}`);
    return result.code === 'NETWORK_REQUEST_REJECTED' ? 'lied' : 'failed';
  }
  if (result.end === 'complete') return 'nothing-more';
  return result.end === 'partial' ? 'more' : 'failed';
}

async function fetchBodies(
  port: SyncPort,
  bodies: BodyStage,
  proven: number,
  signal: AbortSignal,
  report: (progress: SyncProgress) => void,
): Promise<StageEnd> {
  const first = bodies.appliedHeight() + 1;
  const perRequest = bodies.perRequest ?? defaultPerRequest;
  const startOf = (piece: number): number => first + piece * perRequest;
  const job: PieceJob = {
    kind: 'blocks-by-range',
    ordered: true,
    count: Math.ceil((proven - first + 1) / perRequest),
    has: () => false,
    itemsOf: (piece) => Math.min(perRequest, proven - startOf(piece) + 1),
    payload(piece, offset) {
      return rangeCodec.encode({
        from: startOf(piece) + offset,
        count: this.itemsOf(piece) - offset,
      });
    },
    check: (piece, index, item) => bodies.check(startOf(piece) + index, item),
    async deliver(piece, items) {
      for (const [index, item] of items.entries()) {
        if (signal.aborted) return;
        await bodies.apply(startOf(piece) + index, item);
      }
      report({ stage: 'bodies', done: bodies.appliedHeight(), target: proven });
    },
  };
  return new PieceFetcher(port, job, signal).run();
}

async function fetchSnapshot(
  port: SyncPort,
  stage: SnapshotStage,
  signal: AbortSignal,
  report: (progress: SyncProgress) => void,
): Promise<StageEnd> {
  const manifest = stage.resume() ?? (await findManifest(port, stage, signal));
  if (manifest === undefined) return signal.aborted ? 'cancelled' : 'no-peers';
  let done = 0;
  for (let chunk = 0; chunk < manifest.chunks; chunk++) if (stage.has(chunk)) done += 1;
  const job: PieceJob = {
    kind: 'snapshot-chunk',
    ordered: false,
    count: manifest.chunks,
    has: (chunk) => stage.has(chunk),
    itemsOf: () => 1,
    payload: (chunk) => chunkCodec.encode({ snapshot: manifest.id, chunk }),
    check: (chunk, _index, item) => stage.check(chunk, item),
    async deliver(chunk, items) {
      const item = items[0];
      if (item === undefined) return;
      await stage.store(chunk, item);
      done += 1;
      report({ stage: 'snapshot', done, target: manifest.chunks });
    },
  };
  const end = await new PieceFetcher(port, job, signal).run();
  if (end === 'done') await stage.finish();
  return end;
}

async function findManifest(
  port: SyncPort,
  stage: SnapshotStage,
  signal: AbortSignal,
): Promise<SnapshotHandle | undefined> {
  for (const peer of port.peers()) {
    if (signal.aborted) return undefined;
    let found: SnapshotHandle | undefined;
    await port.requests.request(peer, 'snapshot-manifest', new Uint8Array(0), {
      signal,
      onItem: async (item) => {
        const adopted = await stage.adopt(item);
        if (typeof adopted !== 'string') found = adopted;
        return adopted !== 'invalid';
      },
    });
    if (found !== undefined) return found;
  }
  return undefined;
}
