import {
  blockCodec,
  blockHashOf,
  messageCodec,
  type Block,
  type Header,
  type Table,
} from '@mxd/protocol';
import { wtxidOfBytes } from '@mxd/protocol';
import { shortIdOf } from '@mxd/protocol/messages';
import { keyOf } from '@mxd/protocol/primitives';

import { createCore } from '../../src/core.ts';
import { drive } from '../../src/drive.ts';
import { Outbox } from '../../src/outbox.ts';
import { defaultPolicy } from '../../src/policy.ts';
import { SignGuard } from '../../src/sign-guard.ts';
import {
  type ChainState,
  type Core,
  type Effect,
  type Input,
  type JournalRecord,
  type Outcome,
  type Policy,
  type RecoveredJournal,
  type Resume,
} from '../../src/types.ts';
import {
  chainTag,
  FakeApp,
  fakeKey,
  fakeVerify,
  genesisHeader,
  networkId,
  parametersFor,
  tableFor,
} from './chain.ts';

interface Event {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** Binary heap by (time, order): one thread of virtual time. */
class Agenda {
  readonly #heap: Event[] = [];
  #order = 0;
  now = 0;

  get size(): number {
    return this.#heap.length;
  }

  add(at: number, run: () => void): void {
    const heap = this.#heap;
    heap.push({ at, order: this.#order++, run });
    let i = heap.length - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (this.#before(heap[parent]!, heap[i]!)) break;
      [heap[parent], heap[i]] = [heap[i]!, heap[parent]!];
      i = parent;
    }
  }

  #before(a: Event, b: Event): boolean {
    return a.at < b.at || (a.at === b.at && a.order < b.order);
  }

  runUntil(end: number): void {
    while (this.#heap.length > 0 && this.#heap[0]!.at <= end) {
      const event = this.#take();
      this.now = Math.max(this.now, event.at);
      event.run();
    }
    this.now = end;
  }

  #take(): Event {
    const heap = this.#heap;
    const top = heap[0]!;
    const last = heap.pop()!;
    if (heap.length > 0) {
      heap[0] = last;
      let i = 0;
      for (;;) {
        const left = 2 * i + 1;
        if (left >= heap.length) break;
        const right = left + 1;
        const child = right < heap.length && this.#before(heap[right]!, heap[left]!) ? right : left;
        if (this.#before(heap[i]!, heap[child]!)) break;
        [heap[i], heap[child]] = [heap[child]!, heap[i]!];
        i = child;
      }
    }
    return top;
  }
}

export interface ClusterOptions {
  readonly seeds: readonly number[];
  readonly powers?: readonly number[];
  readonly epochLength?: number;
  readonly delayMs?: number;
  readonly syncMs?: number;
  readonly policy?: Partial<Policy>;
  /** Table of each epoch; the members of `seeds` by default. */
  readonly tableOf?: (epoch: number) => Table;
  /** Extra nodes that hold no key of the tables. */
  readonly observers?: number;
  readonly genesisTimeMs?: number;
  readonly real?: {
    readonly verify: (k: Uint8Array, m: Uint8Array, s: Uint8Array) => boolean;
  };
}

/** What a host would carry out, as a filter: false swallows the message. */
export type Link = (from: SimNode, to: SimNode, bytes: Uint8Array) => boolean | Uint8Array;

/** One node: core, guard, journal in memory with a synced prefix, application. */
export class SimNode {
  readonly cluster: Cluster;
  readonly seed: number;
  readonly name: string;
  app: FakeApp;
  core: Core;
  guard: SignGuard;
  outbox = new Outbox();
  records: JournalRecord[] = [];
  synced = 0;
  alive = true;
  canSign: boolean;
  wallOffsetMs = 0;
  generation = 0;
  effects: Effect[] = [];
  committed: Block[] = [];
  finalizations: Uint8Array[] = [];
  tables = new Map<number, Table>();
  halted: string | undefined;
  #timers = new Map<string, number>();
  #timerSeq = 0;
  #syncing = false;

  constructor(cluster: Cluster, seed: number, canSign: boolean) {
    this.cluster = cluster;
    this.seed = seed;
    this.name = `n${seed}`;
    this.canSign = canSign;
    this.app = cluster.newApp();
    this.core = this.#newCore();
    this.guard = this.#newGuard(emptyJournal());
    this.tables.set(1, cluster.tableOf(1));
  }

  #newCore(): Core {
    const { cluster } = this;
    return createCore({
      chainTag,
      networkId,
      parameters: parametersFor(cluster.epochLength),
      genesisTimeMs: cluster.options.genesisTimeMs ?? 0,
      consensusKeys: [fakeKey(this.seed).publicKey],
      signing: this.canSign,
      policy: { ...defaultPolicy, ...cluster.options.policy },
      seed: this.seed,
      verify: fakeVerify,
    });
  }

  #newGuard(journal: RecoveredJournal): SignGuard {
    return new SignGuard({
      key: fakeKey(this.seed),
      chainTag,
      journal: this.canSign ? journal : undefined,
    });
  }

  get wallMs(): number {
    return this.cluster.agenda.now + 1_000_000 + this.wallOffsetMs;
  }

  head(): ChainState {
    const { cluster } = this;
    const top = this.committed.at(-1);
    const height = top?.header.height ?? 0;
    const epoch = Math.floor(height / cluster.epochLength) + 1;
    const anchorHeight = (epoch - 1) * cluster.epochLength;
    const anchor = anchorHeight === 0 ? cluster.genesis : this.committed[anchorHeight - 1]!.header;
    const certificate =
      anchorHeight === 0 ? new Uint8Array(0) : this.finalizations[anchorHeight - 1]!;
    const base = {
      table: cluster.tableOf(epoch),
      anchor: { header: anchor, certificate },
      head: {
        header: top?.header ?? cluster.genesis,
        finalization: top === undefined ? new Uint8Array(0) : this.finalizations.at(-1)!,
      },
    };
    if (epoch === 1) return base;
    const before =
      anchorHeight - cluster.epochLength === 0
        ? cluster.genesis
        : this.committed[anchorHeight - cluster.epochLength - 1]!.header;
    return {
      ...base,
      previous: { table: cluster.tableOf(epoch - 1), anchorHash: blockHashOf(before) },
    };
  }

  start(): void {
    for (const other of this.cluster.nodes) if (other !== this && other.alive) this.meet(other);
    const journal = recover(this.records.slice(0, this.synced));
    this.input({ type: 'start', chain: this.head(), journal });
  }

  meet(other: SimNode): void {
    this.input({
      type: 'connected',
      peer: other.name,
      consensusKey: fakeKey(other.seed).publicKey,
    });
  }

  /**
   * Loses everything that was not synced, and a random amount of the rest is kept by the caller.
   */
  crash(): void {
    this.alive = false;
    this.generation++;
    this.records = this.records.slice(0, this.synced);
    this.#timers.clear();
    this.#syncing = false;
  }

  restart(): void {
    this.alive = true;
    this.outbox = new Outbox();
    this.synced = this.records.length;
    this.core = this.#newCore();
    this.guard = this.#newGuard(recover(this.records));
    this.start();
    for (const other of this.cluster.nodes) {
      if (other === this || !other.alive) continue;
      other.input({ type: 'disconnected', peer: this.name });
      other.meet(this);
    }
  }

  input(input: Input): Outcome {
    if (!this.alive) return { ok: false, code: 'CONSENSUS_NOT_STARTED' };
    const { now } = this.cluster.agenda;
    const outcome = drive(this.core.step(input, now, this.wallMs), (effect) => this.#take(effect));
    this.#sync();
    return outcome;
  }

  #sync(): void {
    if (this.#syncing || this.synced >= this.records.length) return;
    this.#syncing = true;
    const upTo = this.records.length;
    const appended = this.outbox.appended;
    const done = (): void => {
      this.#syncing = false;
      this.synced = upTo;
      for (const effect of this.outbox.durable(appended)) this.#carryOut(effect);
      this.#sync();
    };
    this.later(this.cluster.options.syncMs ?? 1, done);
  }

  later(ms: number, run: () => void): void {
    const { generation } = this;
    this.cluster.agenda.add(this.cluster.agenda.now + ms, () => {
      if (this.alive && this.generation === generation) run();
    });
  }

  #take(effect: Effect): Resume {
    this.effects.push(effect);
    switch (effect.type) {
      case 'sign':
        return this.guard.signVote(effect.request);
      case 'signLatency': {
        const answer = this.guard.signLatency(effect.record);
        return answer.ok ? { ...answer, vote: undefined as never } : answer;
      }
      case 'append':
        this.records.push(effect.record);
        this.outbox.append();
        return undefined;
      default:
        if (Outbox.isGated(effect) && !this.outbox.admit(effect)) return undefined;
        this.#carryOut(effect);
        return undefined;
    }
  }

  #carryOut(effect: Effect): void {
    switch (effect.type) {
      case 'send':
        this.cluster.send(this, effect);
        return;
      case 'setTimer': {
        const { name, epoch, view } = effect;
        const seq = ++this.#timerSeq;
        this.#timers.set(name, seq);
        this.later(effect.afterMs, () => {
          if (this.#timers.get(name) === seq) this.input({ type: 'timer', name, epoch, view });
        });
        return;
      }
      case 'build':
        this.later(1, () => {
          this.input({ type: 'built', reqId: effect.reqId, result: this.app.build(effect) });
        });
        return;
      case 'verify':
        this.later(1, () => {
          this.input({ type: 'verified', reqId: effect.reqId, ...this.app.verify(effect.block) });
        });
        return;
      case 'resolve':
        this.later(0, () => {
          const transactions = this.resolve(effect.salt, effect.shortIds);
          this.input({ type: 'resolved', reqId: effect.reqId, transactions });
        });
        return;
      case 'commit':
        this.app.commit(effect.block);
        this.committed.push(effect.block);
        this.finalizations.push(effect.finalization);
        if (effect.nextTable !== undefined) {
          this.tables.set(effect.nextTable.epoch, effect.nextTable);
        }
        return;
      case 'floor':
        this.guard.raiseFloor(effect.epoch, effect.view);
        return;
      case 'halt':
        this.halted = effect.code;
        return;
      case 'serve':
        this.serve(effect);
        return;
      case 'behind':
        this.later(20, () => this.syncTo(effect.header.height));
        return;
      default:
    }
  }

  resolve(salt: bigint, shortIds: Uint8Array): (Uint8Array | undefined)[] {
    const known = new Map<string, Uint8Array>();
    for (const tx of this.app.mempool) known.set(keyOf(shortIdOf(salt, wtxidOfBytes(tx))), tx);
    const count = shortIds.length / 8;
    return Array.from({ length: count }, (_, i) =>
      known.get(keyOf(shortIds.subarray(8 * i, 8 * i + 8))),
    );
  }

  serve(effect: Extract<Effect, { type: 'serve' }>): void {
    const { request } = effect;
    const reply = (bytes: Uint8Array): void =>
      this.cluster.send(this, { type: 'send', to: { peers: [effect.to] }, bytes });
    if (request.type === 'blocks') {
      const at = this.committed.findIndex(
        (block) => keyOf(blockHashOf(block.header)) === keyOf(request.hash),
      );
      if (at < 0) return;
      const first = Math.max(0, at - request.maxAncestors);
      const blocks = this.committed.slice(first, at + 1).reverse();
      reply(messageCodec.encode({ type: 0x17, blocks: blocks.map((b) => blockCodec.encode(b)) }));
    } else if (request.type === 'epochProofs') {
      const { fromEpoch, count } = request;
      for (let epoch = fromEpoch; epoch < fromEpoch + count; epoch++) {
        const at = epoch * this.cluster.epochLength - 1;
        const block = this.committed[at];
        const nextTable = this.tables.get(epoch + 1);
        if (block === undefined || nextTable === undefined) return;
        const { header } = block;
        const finalization = this.finalizations[at]!;
        reply(messageCodec.encode({ type: 0x1b, epoch, header, finalization, nextTable }));
      }
    }
  }

  /** The host's own sync: blocks from whoever has them, executed, stored, then told to the core. */
  syncTo(height: number): void {
    const source = this.cluster.nodes.find((node) => node.height >= height);
    if (source === undefined) return;
    for (let h = this.height; h < height; h++) {
      const block = source.committed[h]!;
      const { verdict, nextTable } = this.app.verify(block);
      if (verdict !== 'valid') return;
      this.app.commit(block);
      this.committed.push(block);
      this.finalizations.push(source.finalizations[h]!);
      if (nextTable !== undefined) this.tables.set(nextTable.epoch, nextTable);
    }
    this.input({ type: 'synced', chain: this.head() });
  }

  get height(): number {
    return this.committed.length;
  }
}

export function emptyJournal(): RecoveredJournal {
  return { epochs: new Map(), newestEpoch: 0, floors: new Map() };
}

/** Records in memory, cut into epochs as the journal does. */
export function recover(records: readonly JournalRecord[]): RecoveredJournal {
  const epochs = new Map<number, JournalRecord[]>();
  let epoch = 1;
  for (const record of records) {
    if (record.type === 5)
      epoch = new DataView(record.payload.buffer, record.payload.byteOffset).getUint32(0);
    const list = epochs.get(epoch) ?? [];
    list.push(record);
    epochs.set(epoch, list);
  }
  return { epochs, newestEpoch: epochs.size === 0 ? 0 : epoch, floors: new Map() };
}

/** Nodes on one virtual clock and network. */
export class Cluster {
  readonly agenda = new Agenda();
  readonly options: ClusterOptions;
  readonly epochLength: number;
  readonly tableOf: (epoch: number) => Table;
  readonly genesis: Header;
  readonly nodes: SimNode[] = [];
  link: Link = () => true;
  delay: (from: SimNode, to: SimNode) => number;
  sent = 0;
  readonly #membersOf = new Map<number, ReadonlySet<number>>();

  constructor(options: ClusterOptions) {
    this.options = options;
    this.epochLength = options.epochLength ?? 256;
    this.tableOf = options.tableOf ?? ((epoch) => tableFor(epoch, options.seeds, options.powers));
    this.genesis = genesisHeader(this.tableOf(1));
    this.delay = () => options.delayMs ?? 10;
    for (const seed of options.seeds) this.nodes.push(new SimNode(this, seed, true));
    for (let i = 0; i < (options.observers ?? 0); i++) {
      this.nodes.push(new SimNode(this, 60_000 + i, false));
    }
  }

  newApp(): FakeApp {
    return new FakeApp(this.tableOf, this.epochLength, this.genesis);
  }

  start(): this {
    for (const node of this.nodes) node.start();
    return this;
  }

  run(ms: number): this {
    this.agenda.runUntil(this.agenda.now + ms);
    return this;
  }

  addTransactions(count: number, salt = 0): void {
    for (const node of this.nodes) {
      for (let i = 0; i < count; i++) node.app.mempool.push(transaction(i, salt));
    }
    for (const node of this.nodes) node.input({ type: 'workArrived' });
  }

  send(from: SimNode, effect: Extract<Effect, { type: 'send' }>): void {
    const { to, bytes } = effect;
    const isTarget = (node: SimNode): boolean => {
      if (node === from) return false;
      if ('peers' in to) return to.peers.includes(node.name);
      return this.#members(to.validatorsOf).has(node.seed);
    };
    for (const node of this.nodes) if (isTarget(node)) this.deliver(from, node, bytes);
  }

  #members(epoch: number): ReadonlySet<number> {
    let members = this.#membersOf.get(epoch);
    if (members === undefined) {
      const keys = new Set(this.tableOf(epoch).entries.map((e) => keyOf(e.consensusKey)));
      const isMember = (node: SimNode): boolean => keys.has(keyOf(fakeKey(node.seed).publicKey));
      members = new Set(this.nodes.filter(isMember).map((node) => node.seed));
      this.#membersOf.set(epoch, members);
    }
    return members;
  }

  deliver(from: SimNode, node: SimNode, bytes: Uint8Array): void {
    const verdict = this.link(from, node, bytes);
    if (verdict === false) return;
    this.sent++;
    const payload = verdict === true ? bytes : verdict;
    node.later(this.delay(from, node), () => {
      node.input({ type: 'message', from: from.name, bytes: payload });
    });
  }

  /** Every pair of nodes agrees on every height that both have. */
  agree(): boolean {
    const byHeight = new Map<number, string>();
    for (const node of this.nodes) {
      for (const block of node.committed) {
        const key = keyOf(blockHashOf(block.header));
        const known = byHeight.get(block.header.height);
        if (known !== undefined && known !== key) return false;
        byHeight.set(block.header.height, key);
      }
    }
    return true;
  }

  get alive(): readonly SimNode[] {
    return this.nodes.filter((node) => node.alive);
  }

  get minHeight(): number {
    return Math.min(...this.alive.map((node) => node.height));
  }
}

export function transaction(i: number, salt = 0): Uint8Array {
  const bytes = new Uint8Array(120).fill(1);
  new DataView(bytes.buffer).setUint32(4, i);
  new DataView(bytes.buffer).setUint32(8, salt);
  return bytes;
}
