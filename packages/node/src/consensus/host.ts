import {
  drive,
  type Core,
  type Effect,
  type Input,
  type PeerId as ConsensusPeer,
  type Resume,
  type Target,
} from '@mxd/consensus';
import type { Ledger, Mempool } from '@mxd/ledger';
import type { Network, Lane, PeerId } from '@mxd/network';
import { type Block, type BlockHash, type SystemRecord, type Table } from '@mxd/protocol';
import { messageType } from '@mxd/protocol/messages';

import { limits } from '../limits.ts';
import { Outbox } from '@mxd/consensus/outbox';

import type { BlockSize } from './block-size.ts';
import { DurableEffects, type JournalPort } from './outbox.ts';
import type { RecordPool } from './record-pool.ts';
import { serveRequest } from './serving.ts';
import { Timers } from './timers.ts';

/** Signs by the guard's own memory; refusals are values. */
export interface SignerPort {
  sign(effect: Extract<Effect, { readonly type: 'sign' | 'signLatency' }>): Resume;
  floor(epoch: number, view: number): void;
}

/** What the node does when consensus says so. */
export interface HostEvents {
  /** A block is final: commit it and tell everybody. Calls follow each other. */
  onFinal(
    block: Block,
    hash: BlockHash,
    finalization: Uint8Array,
    nextTable: Table | undefined,
  ): Promise<void>;
  onEpoch(epoch: number, table: Table): void;
  onStatus(effect: Extract<Effect, { readonly type: 'notify' }>): void;
  onRecord(record: SystemRecord, from: ConsensusPeer | undefined): void;
  onBehind(effect: Extract<Effect, { readonly type: 'behind' }>): void;
  onRetain(effect: Extract<Effect, { readonly type: 'retain' }>): void;
  onRelay(hash: BlockHash): void;
  onWarning(code: string, details: Readonly<Record<string, string | number>>): void;
  /** Going on would be unsafe, or a part broke: the node stops. */
  onHalt(code: string, reason: string): void;
  onRejected(peer: string | undefined, code: string): void;
  onJournalSynced(durationMs: number): void;
}

export interface HostParts {
  readonly core: Core;
  readonly ledger: Ledger;
  readonly mempool: Mempool;
  readonly records: RecordPool;
  readonly network: Pick<Network, 'links' | 'peers'>;
  readonly journal: JournalPort | undefined;
  readonly signer: SignerPort | undefined;
  readonly events: HostEvents;
  /** How many transactions a block should have. */
  readonly blockSize: BlockSize;
  /** Plugins may leave transactions out of a block. */
  readonly leaveOut?: (txids: readonly Uint8Array[]) => Promise<ReadonlySet<string>>;
  /** Transactions by short id, from the mempool. */
  readonly resolve: (salt: bigint, shortIds: Uint8Array) => readonly (Uint8Array | undefined)[];
}

/** Views whose start is remembered. */
const keptViews = 64;

/** Longest that new payments make room for a block. */
const longestWaitMs = 250;

const lanes: Readonly<Record<number, Lane>> = {
  [messageType.vote]: 'vote',
  [messageType.certificate]: 'vote',
  [messageType.status]: 'vote',
  [messageType.proposal]: 'proposal',
};

/** The lane that an encoded consensus message travels in. */
export const laneOf = (bytes: Uint8Array): Lane => lanes[bytes[0] ?? 0] ?? 'rest';

/**
 * Runs the consensus core against the real world: one input at a time, to completion. What takes
 * time (building, executing, committing) runs beside it and comes back as an input.
 */
export class ConsensusHost {
  readonly #parts: HostParts;
  readonly #durable: DurableEffects;
  readonly #timers: Timers;
  readonly #queue: Input[] = [];
  readonly #slow = new Map<ConsensusPeer, number>();
  #commits: Promise<void> = Promise.resolve();
  #running = false;
  #stopped = false;
  /** Blocks that are being built or executed, and who waits for that to end. */
  #working = 0;
  readonly #waiting: (() => void)[] = [];
  /** When work on the block of a view began, by epoch and view. */
  readonly #begunAtMs = new Map<string, number>();
  /** How often something to include has arrived. */
  #arrivals = 0;
  queueDropped = 0;

  constructor(parts: HostParts) {
    this.#parts = parts;
    this.#timers = new Timers((input) => this.feed(input));
    this.#durable = new DurableEffects({
      journal: parts.journal,
      perform: (effect) => this.#perform(effect),
      onFailure: (error) => this.#fail('journal', error),
      onSynced: (durationMs) => parts.events.onJournalSynced(durationMs),
    });
  }

  get core(): Core {
    return this.#parts.core;
  }

  /** Inputs and visible effects that wait. */
  get backlog(): number {
    return this.#queue.length + this.#durable.waiting;
  }

  /** Hands an input to the core, at once unless it is busy. */
  feed(input: Input): void {
    if (this.#stopped) return;
    if (input.type === 'workArrived') this.#arrivals++;
    if (this.#queue.length >= limits.consensusQueue.value && input.type === 'message') {
      this.queueDropped++; // peers repeat; own inputs are never dropped
      return;
    }
    this.#queue.push(input);
    if (!this.#running) this.#drain();
  }

  /** A peer's message; one that sent garbage waits behind everybody else. */
  message(from: ConsensusPeer, bytes: Uint8Array): void {
    const until = this.#slow.get(from);
    if (until === undefined) return this.feed({ type: 'message', from, bytes });
    if (performance.now() >= until) {
      this.#slow.delete(from);
      return this.feed({ type: 'message', from, bytes });
    }
    setImmediate(() => this.feed({ type: 'message', from, bytes }));
  }

  #drain(): void {
    this.#running = true;
    try {
      for (let input = this.#queue.shift(); input !== undefined; input = this.#queue.shift()) {
        const steps = this.#parts.core.step(input, Math.floor(performance.now()), Date.now());
        const outcome = drive(steps, (effect) => this.#handle(effect));
        if (!outcome.ok) {
          const from = input.type === 'message' ? input.from : undefined;
          this.#parts.events.onRejected(from, outcome.code);
        }
        if (this.#stopped) return;
      }
    } catch (error) {
      this.#fail('core', error);
    } finally {
      this.#running = false;
    }
  }

  #fail(part: string, error: unknown): void {
    if (this.#stopped) return;
    this.close();
    const reason = error instanceof Error ? error.message : String(error);
    this.#parts.events.onHalt(`NODE_${part.toUpperCase()}`, `${part}: ${reason}`);
  }

  #handle(effect: Effect): Resume {
    if (effect.type === 'sign' || effect.type === 'signLatency') {
      return this.#parts.signer?.sign(effect) ?? { ok: false, code: 'GUARD_KEY' };
    }
    if (Outbox.isGated(effect)) this.#durable.submit(effect);
    else this.#local(effect);
    return undefined;
  }

  /** Effects that stay in this process and wait for nothing. */
  #local(effect: Effect): void {
    const { events, signer } = this.#parts;
    switch (effect.type) {
      case 'append':
        return this.#durable.append(effect.record);
      case 'setTimer':
        return this.#timers.set(effect);
      case 'build':
        return this.#build(effect);
      case 'verify':
        return this.#verify(effect);
      case 'resolve':
        return this.#resolve(effect);
      case 'floor':
        return signer?.floor(effect.epoch, effect.view);
      case 'retain':
        return events.onRetain(effect);
      case 'behind':
        return events.onBehind(effect);
      case 'penalize':
        return this.#penalize(effect);
      case 'warn':
        return events.onWarning(effect.code, effect.details);
      case 'halt':
        this.close();
        return events.onHalt(effect.code, effect.reason);
      default:
        return undefined;
    }
  }

  /** Effects that others can see, once nothing can make this node forget why. */
  #perform(effect: Effect): void {
    const { events, ledger, network } = this.#parts;
    switch (effect.type) {
      case 'send':
        return this.#send(effect.to, effect.bytes);
      case 'commit':
        return this.#commit(effect);
      case 'notify':
        return events.onStatus(effect);
      case 'relay':
        return events.onRelay(effect.hash);
      case 'epoch':
        return events.onEpoch(effect.epoch, effect.table);
      case 'evidence':
        return events.onRecord(effect.record, undefined);
      case 'systemRecord':
        return events.onRecord(effect.record, effect.from);
      case 'serve':
        serveRequest(ledger, effect.request)
          .then((bytes) => {
            if (bytes !== undefined) network.links.sendToPeer(effect.to as PeerId, 'rest', bytes);
          })
          .catch((error: unknown) => this.#fail('store', error));
        return undefined;
      default:
        return undefined;
    }
  }

  #send(to: Target, bytes: Uint8Array): void {
    const { links } = this.#parts.network;
    const lane = laneOf(bytes);
    if ('validatorsOf' in to) links.broadcast(lane, bytes);
    else for (const peer of to.peers) links.sendToPeer(peer as PeerId, lane, bytes);
  }

  #commit(effect: Extract<Effect, { readonly type: 'commit' }>): void {
    const { events } = this.#parts;
    const { block, hash, finalization, nextTable } = effect;
    this.#commits = this.#commits
      .then(() => events.onFinal(block, hash, finalization, nextTable))
      .then(() => this.#measured(block))
      .catch((error: unknown) => this.#fail('store', error));
  }

  /** Work on the block of a view begins. */
  #begun({ epoch, view }: Pick<Block['header'], 'epoch' | 'view'>): void {
    this.#begunAtMs.set(`${epoch}.${view}`, performance.now());
    if (this.#begunAtMs.size <= keptViews) return;
    const [oldest] = this.#begunAtMs.keys();
    if (oldest !== undefined) this.#begunAtMs.delete(oldest);
  }

  #measured({ header }: Block): void {
    const beganMs = this.#begunAtMs.get(`${header.epoch}.${header.view}`);
    if (beganMs === undefined) return;
    this.#parts.blockSize.final(header.txCount, performance.now() - beganMs);
  }

  /** Counts work on blocks, which others make room for. */
  #during<T>(work: Promise<T>): Promise<T> {
    this.#working++;
    return work.finally(() => {
      this.#working--;
      if (this.#working > 0) return;
      for (const wake of this.#waiting.splice(0)) wake();
    });
  }

  /**
   * Resolves when no block is being built or executed, or after a while: new payments wait, so that
   * those which are in blocks become final however many more arrive.
   */
  quiet(): Promise<void> {
    if (this.#working === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, longestWaitMs);
      this.#waiting.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #build(effect: Extract<Effect, { readonly type: 'build' }>): void {
    const { reqId } = effect;
    const before = this.#arrivals;
    this.#begun(effect.header);
    this.#during(this.#buildBlock(effect)).then(
      (result) => {
        // What arrived meanwhile woke nobody: the core was not waiting yet.
        if (result === 'empty' && this.#arrivals !== before && !this.#stopped) {
          return this.#build(effect);
        }
        return this.feed({ type: 'built', reqId, result });
      },
      (error: unknown) => this.#fail('ledger', error),
    );
  }

  async #buildBlock(
    effect: Extract<Effect, { readonly type: 'build' }>,
  ): Promise<Extract<Input, { readonly type: 'built' }>['result']> {
    const { blockSize, core, ledger, mempool, records, leaveOut } = this.#parts;
    // A disk that is slower than consensus holds the leader back, before no candidate fits any more.
    if (ledger.counters.candidates >= limits.candidatesAhead.value) await this.settled();
    const systemRecords = records.all();
    blockSize.nullified(core.counters.nullifications);
    if (!effect.allowEmpty && mempool.size === 0 && systemRecords.length === 0) return 'empty';
    const { timestampMs, epoch, view, parentView, proposerId } = effect.header;
    const { parentCertificate } = effect;
    const built = await ledger.buildBlock({
      parent: effect.parent,
      context: { timestampMs, epoch, view, parentView, proposerId, parentCertificate },
      mempool,
      maxTransactions: blockSize.limit,
      systemRecords,
      ...(leaveOut === undefined ? {} : { leaveOut }),
    });
    if (!built.ok) return 'failed';
    const { block, nextTable, refusedRecords } = built;
    if (refusedRecords.length > 0) {
      // What the state refuses now is refused for good, or comes back with the next gossip.
      records.remove(refusedRecords.map(({ record }) => record));
    }
    const isEmpty = block.header.txCount === 0 && block.systemRecords.length <= 2;
    if (isEmpty && !effect.allowEmpty) return 'empty';
    built.executed.catch((error: unknown) => this.#fail('ledger', error));
    const salt = crypto.getRandomValues(new BigUint64Array(1))[0] ?? 0n;
    return nextTable === undefined ? { block, salt } : { block, salt, nextTable };
  }

  #verify({ reqId, block }: Extract<Effect, { readonly type: 'verify' }>): void {
    this.#begun(block.header);
    this.#during(this.#parts.ledger.executeBlock(block)).then(
      (result) => {
        if (!result.ok) {
          const verdict = result.verdict === 'invalid' ? 'invalid' : 'missing';
          if (verdict === 'invalid') {
            this.#parts.events.onWarning('BLOCK_INVALID', {
              code: result.code,
              reason: result.reason,
            });
          }
          return this.feed({ type: 'verified', reqId, verdict });
        }
        const { nextTable } = result;
        const verdict = 'valid' as const;
        return this.feed(
          nextTable === undefined
            ? { type: 'verified', reqId, verdict }
            : { type: 'verified', reqId, verdict, nextTable },
        );
      },
      (error: unknown) => this.#fail('ledger', error),
    );
  }

  #resolve({ reqId, salt, shortIds }: Extract<Effect, { readonly type: 'resolve' }>): void {
    const transactions = this.#parts.resolve(salt, shortIds);
    queueMicrotask(() => this.feed({ type: 'resolved', reqId, transactions }));
  }

  #penalize({ peer, action, forMs, code }: Extract<Effect, { readonly type: 'penalize' }>): void {
    const { peers } = this.#parts.network;
    if (action === 'slow') {
      if (this.#slow.size < 4_096) this.#slow.set(peer, performance.now() + forMs);
      return;
    }
    peers.ban(peer as PeerId, forMs, code);
  }

  /** Waits until everything that was final has been committed. */
  async settled(): Promise<void> {
    await this.#commits;
  }

  /** Takes no more inputs; running commits go on. */
  close(): void {
    this.#stopped = true;
    this.#queue.length = 0;
    this.#timers.close();
  }
}
