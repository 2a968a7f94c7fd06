import { equalBytes, toHex } from '@mxd/codec';
import {
  createCore,
  defaultPolicy,
  drive,
  type Core,
  type Effect,
  type Input,
  type Outcome,
  type RecoveredJournal,
  type Resume,
} from '@mxd/consensus';
import { Journal, encodeHeader } from '@mxd/consensus/journal';
import { Outbox } from '@mxd/consensus/outbox';
import { SignGuard } from '@mxd/consensus/sign-guard';
import { isBlacklisted, currentTable } from '@mxd/ledger/validators';
import {
  blockCodec,
  messageCodec,
  wtxidOfBytes,
  type BlockHash,
  type SystemRecord,
  type Table,
} from '@mxd/protocol';
import { shortIdOf } from '@mxd/protocol/messages';
import { keyOf } from '@mxd/protocol/primitives';
import { systemRecordCodec } from '@mxd/protocol/system-records';

import { type Application } from './application.ts';
import { type ByzantineActor } from './byzantine/actor.ts';
import { ChainStore } from './chain-store.ts';
import { SimDisk } from './disk.ts';
import { type Identity, type KeyPair } from './keys.ts';
import { type World } from './world.ts';

/** A consensus key with its own disk: key and journal are born together (J10). */
export interface KeySlot {
  readonly key: KeyPair;
  readonly disk: SimDisk;
  journal: Journal | undefined;
  guard: SignGuard | undefined;
  durable: number;
  /** J8: never signs again. */
  lost: boolean;
}

type EffectOf<T extends Effect['type']> = Extract<Effect, { type: T }>;
const maxPool = 200;
const noJournal: RecoveredJournal = { epochs: new Map(), newestEpoch: 0, floors: new Map() };

/** A node as a host runs it: core, guard, outbox, journal, chain store, application. */
export class SimNode {
  readonly world: World;
  readonly index: number;
  readonly name: string;
  readonly identity: Identity;
  readonly store: ChainStore;
  readonly app: Application;
  readonly pool: Map<string, SystemRecord> = new Map();
  readonly mempool: Map<string, Uint8Array> = new Map();
  keys: KeySlot[] = [];
  core: Core | undefined;
  byzantine: ByzantineActor | undefined;
  /** Named in the plan as one whose fault counts: lost journal, broken disk or application, twin. */
  faulty: string | undefined;
  alive = false;
  halted: string | undefined;
  generation = 0;
  table: Table | undefined;
  jumpMs = 0;
  /** Farthest that jumps have ever put its clock ahead. */
  farthestMs = 0;
  slowSyncMs = 0;
  slowVerifyMs = 0;
  starts = 0;
  /** Blocks committed since the start of the process. */
  commits = 0;
  /** Peers that this node refuses until a time, and those it handles late. */
  readonly refused: Map<number, number> = new Map();
  readonly slowed: Map<number, number> = new Map();
  lastActionUs = 0;
  #outbox = new Outbox();
  #appended = 0;
  readonly #tags = new WeakMap<Effect, number>();
  readonly #timers = new Map<string, number>();
  #timerSeq = 0;
  #blacklist = '';
  #seq = 0;

  constructor(world: World, index: number, identity: Identity, app: Application) {
    this.world = world;
    this.index = index;
    this.name = `n${index}`;
    this.identity = identity;
    this.app = app;
    const { header, table } = world.genesis;
    this.store = new ChainStore(header, table, world.config.epochLength);
  }

  /** A further consensus key, with a fresh journal. */
  addKey(key: KeyPair): void {
    const disk = new SimDisk(
      () => this.world.syncDelayUs(this),
      (us, run) => this.world.afterTouching(us, run),
    );
    const { chainTag } = this.world;
    const salt = this.world.salt();
    disk.put(
      '0-0.log',
      encodeHeader({ consensusKey: key.publicKey, chainTag, epoch: 0, floor: 0, salt }),
    );
    this.keys.push({ key, disk, journal: undefined, guard: undefined, durable: 0, lost: false });
    this.world.register(key.publicKey, this.index);
  }

  get height(): number {
    return this.store.height;
  }
  get honest(): boolean {
    return this.byzantine === undefined && this.faulty === undefined;
  }
  get ready(): boolean {
    return this.alive && this.core !== undefined && this.halted === undefined;
  }
  get monoMs(): number {
    return Math.floor(this.#localUs() / 1_000);
  }
  get wallMs(): number {
    const { clock } = this.world.config;
    const offset = clock[this.index]?.offsetMs ?? 0;
    return this.world.wallBaseMs + this.monoMs + offset + this.jumpMs;
  }
  #localUs(): number {
    const ppm = this.world.config.clock[this.index]?.driftPpm ?? 0;
    const now = this.world.agenda.nowUs;
    return now + Math.floor((now * ppm) / 1_000_000);
  }

  /** The key that peers see: the one in the table in force, else the newest. */
  get shownKey(): KeyPair {
    const table = this.table ?? this.world.genesis.table;
    const own = this.keys.find(({ key }) =>
      table.entries.some((entry) => sameKey(entry.consensusKey, key.publicKey)),
    );
    return (own ?? (this.keys.at(-1) as KeySlot)).key;
  }

  /** Starts the process: opens the journals, then the core. */
  start(): void {
    this.alive = true;
    this.generation++;
    this.starts++;
    this.commits = 0;
    const { generation } = this;
    this.halted = undefined;
    this.core = undefined;
    this.#outbox = new Outbox();
    this.#appended = 0;
    this.#blacklist = '';
    const opened = this.keys.map((slot) => this.#open(slot, generation));
    this.world.touched = true;
    const begin = async (): Promise<void> => {
      await Promise.all(opened);
      if (this.generation === generation && this.alive) this.#begin();
    };
    void begin();
  }

  async #open(slot: KeySlot, generation: number): Promise<void> {
    slot.durable = 0;
    slot.journal = undefined;
    slot.guard = undefined;
    const isMine = (): boolean => this.generation === generation && this.alive;
    try {
      const journal = await Journal.open({
        directory: this.name,
        consensusKey: slot.key.publicKey,
        chainTag: this.world.chainTag,
        files: slot.disk.files(),
        segmentBytes: this.world.config.segmentBytes,
        salt: () => this.world.salt(),
        onDurable: (upTo) => {
          if (!isMine()) return;
          slot.durable = upTo;
          this.#release();
        },
        onFailure: (error) => {
          if (isMine()) this.#halt('JOURNAL_FAILED', error.message);
        },
      });
      if (isMine()) slot.journal = journal;
    } catch (error) {
      if (!isMine()) return;
      slot.lost = true;
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
      this.world.observer.journalRefused(this, code);
    }
  }

  #begin(): void {
    const { world } = this;
    for (const slot of this.keys) {
      const journal = slot.lost ? undefined : (slot.journal?.recovered ?? undefined);
      slot.guard = new SignGuard({ key: slot.key, chainTag: world.chainTag, journal });
    }
    this.app.restart(this.store.hashAt(this.store.height));
    const usable = this.keys.filter((slot) => !slot.lost);
    const { config } = world;
    this.core = createCore({
      chainTag: world.chainTag,
      networkId: world.networkId,
      parameters: world.parameters,
      genesisTimeMs: world.genesis.header.timestampMs,
      consensusKeys: usable.map((slot) => slot.key.publicKey),
      signing: usable.length > 0,
      policy: { ...defaultPolicy, ...config.policy, ...this.byzantine?.policy },
      seed: config.seed + this.index,
      verify: world.scheme.verify,
    });
    const chain = this.store.state();
    this.table = chain.table;
    world.observer.started(this);
    world.connect(this);
    const recovered = this.#recovered();
    const base = { type: 'start', chain } as const;
    this.input(recovered === undefined ? base : { ...base, journal: recovered });
    this.#tellBlacklist();
    this.byzantine?.started();
  }

  /** What the journal of the key in the table holds; nothing for a Byzantine node that forgets. */
  #recovered(): RecoveredJournal | undefined {
    if (this.byzantine?.forgets === true) return noJournal;
    const shown = this.shownKey.publicKey;
    const usable = this.keys.filter((slot) => !slot.lost);
    const slot = usable.find((one) => sameKey(one.key.publicKey, shown)) ?? usable[0];
    return slot?.journal?.recovered;
  }

  /** Power loss. */
  crash(): void {
    if (!this.alive) return;
    this.alive = false;
    this.generation++;
    this.core = undefined;
    this.#timers.clear();
    for (const slot of this.keys) {
      slot.disk.crash(this.world.random.disk);
      slot.journal = undefined;
    }
    this.store.crash();
    this.world.disconnect(this);
  }

  #halt(code: string, reason: string): void {
    if (this.halted !== undefined) return;
    this.halted = code;
    this.world.observer.halted(this, code, reason);
    this.byzantine?.halted();
  }

  input(input: Input): Outcome | undefined {
    const { core } = this;
    if (core === undefined || this.halted !== undefined || !this.alive) return undefined;
    const outcome = drive(core.step(input, this.monoMs, this.wallMs), (effect) =>
      this.#take(effect),
    );
    this.world.observer.stepped(this, input, outcome);
    return outcome;
  }

  later(ms: number, run: () => void | Promise<void>): void {
    const { generation } = this;
    this.world.agenda.after(Math.ceil(ms * 1_000), () =>
      this.alive && this.generation === generation ? run() : undefined,
    );
  }

  #take(effect: Effect): Resume {
    this.world.observer.effect(this, effect);
    switch (effect.type) {
      case 'sign': {
        const slot = this.keys.find((one) => sameKey(one.key.publicKey, effect.key));
        const answer = slot?.guard?.signVote(effect.request);
        return answer ?? { ok: false, code: 'GUARD_KEY' };
      }
      case 'signLatency': {
        const slot = this.keys.find((one) => sameKey(one.key.publicKey, effect.key));
        const answer = slot?.guard?.signLatency(effect.record);
        return answer?.ok === true
          ? { ...answer, vote: undefined as never }
          : { ok: false, code: 'GUARD_KEY' };
      }
      case 'append':
        this.#append(effect);
        return undefined;
      default:
        if (Outbox.isGated(effect)) {
          this.#tags.set(effect, this.#appended);
          if (!this.#outbox.admit(effect)) {
            this.world.observer.heldBack(this);
            return undefined;
          }
        }
        this.#carryOut(effect);
        return undefined;
    }
  }

  #append(effect: EffectOf<'append'>): void {
    this.#appended++;
    this.#outbox.append();
    for (const slot of this.keys) {
      if (slot.journal === undefined || this.halted !== undefined) continue;
      slot.journal.append(effect.record);
      this.world.touched = true;
    }
    if (this.keys.every((slot) => slot.journal === undefined)) this.#release();
  }

  /** Records handed to the journal since the start. */
  get appended(): number {
    return this.#appended;
  }

  get durable(): number {
    let least = this.#appended;
    for (const slot of this.keys) {
      if (slot.journal !== undefined) least = Math.min(least, slot.durable);
    }
    return least;
  }

  #release(): void {
    for (const effect of this.#outbox.durable(this.durable)) {
      if (this.halted === undefined) this.#carryOut(effect);
    }
  }

  #carryOut(effect: Effect): void {
    const tag = this.#tags.get(effect);
    if (tag !== undefined) this.world.observer.released(this, effect, tag, this.durable);
    switch (effect.type) {
      case 'send':
        this.world.send(this, effect.to, effect.bytes);
        return;
      case 'setTimer':
        this.#setTimer(effect);
        return;
      case 'build':
        this.later(this.world.config.executeMs, () => this.#build(effect));
        return;
      case 'verify':
        this.later(this.world.config.executeMs + this.slowVerifyMs, () => this.#verify(effect));
        return;
      case 'resolve':
        this.later(0, () => {
          const transactions = this.#resolve(effect.salt, effect.shortIds);
          this.input({ type: 'resolved', reqId: effect.reqId, transactions });
        });
        return;
      case 'commit':
        this.#commit(effect);
        return;
      case 'epoch':
        this.#enterEpoch(effect.table);
        return;
      case 'floor':
        for (const slot of this.keys) {
          slot.guard?.raiseFloor(effect.epoch, effect.view);
          slot.journal?.raiseFloor(effect.epoch, effect.view);
        }
        return;
      case 'halt':
        this.#halt(effect.code, effect.reason);
        return;
      case 'serve':
        this.#serve(effect);
        return;
      case 'behind':
        this.later(20, () => this.world.sync(this, effect.header.height));
        return;
      case 'penalize':
        this.world.penalize(this, effect);
        return;
      case 'evidence':
      case 'systemRecord':
        this.addRecord(effect.record);
        if (effect.type === 'evidence') this.world.gossip(this, effect.record);
        return;
      default:
    }
  }

  addRecord(record: SystemRecord): void {
    if (this.pool.size >= maxPool) return;
    this.pool.set(toHex(systemRecordCodec.encode(record)), record);
    this.input({ type: 'workArrived' });
  }

  #setTimer(effect: EffectOf<'setTimer'>): void {
    const { name, epoch, view } = effect;
    const seq = ++this.#timerSeq;
    this.#timers.set(name, seq);
    const ppm = this.world.config.clock[this.index]?.driftPpm ?? 0;
    const afterMs =
      ppm === 0 ? effect.afterMs : (effect.afterMs * 1_000_000) / (1_000_000 + ppm) + 1;
    this.later(afterMs, () => {
      if (this.#timers.get(name) === seq) this.input({ type: 'timer', name, epoch, view });
    });
  }

  async #build(effect: EffectOf<'build'>): Promise<void> {
    const request = this.byzantine?.wishBuild(effect) ?? effect;
    const built = this.app.build(request, [...this.mempool.values()], [...this.pool.values()]);
    const result = built instanceof Promise ? await built : built;
    if (this.honest && typeof result !== 'string') this.world.noteProposed(result.block);
    this.input({ type: 'built', reqId: effect.reqId, result });
  }

  async #verify(effect: EffectOf<'verify'>): Promise<void> {
    const { generation } = this;
    const answer = this.app.verify(effect.block);
    const { verdict, nextTable, reason } = answer instanceof Promise ? await answer : answer;
    if (generation !== this.generation) return;
    if (verdict === 'invalid') this.world.observer.judgedInvalid(this, effect.block, reason ?? '');
    const base = { type: 'verified', reqId: effect.reqId, verdict } as const;
    this.input(nextTable === undefined ? base : { ...base, nextTable });
  }

  #resolve(salt: bigint, shortIds: Uint8Array): (Uint8Array | undefined)[] {
    const known = new Map<string, Uint8Array>();
    for (const tx of this.mempool.values()) known.set(keyOf(shortIdOf(salt, wtxidOfBytes(tx))), tx);
    const found: (Uint8Array | undefined)[] = [];
    for (let at = 0; at < shortIds.length; at += 8) {
      found.push(known.get(keyOf(shortIds.subarray(at, at + 8))));
    }
    return found;
  }

  #commit(effect: EffectOf<'commit'>): void {
    const { block, hash, finalization, nextTable } = effect;
    this.#keep({ block, hash, finalization, nextTable });
    this.#tellBlacklist();
  }

  #keep(stored: ChainStore['blocks'][number]): void {
    const { block, hash, finalization } = stored;
    this.store.push(stored);
    this.commits++;
    const done = this.app.commit(hash, finalization);
    if (done instanceof Promise) this.world.pending.push(done);
    for (const tx of block.transactions) this.mempool.delete(this.world.idOf(tx));
    if (block.systemRecords.length > 2) this.#dropRecords(block.header.epoch);
    const { height } = block.header;
    this.world.observer.committed(this, stored);
    const delayMs = this.world.storeDelayMs();
    const durable = (): void => {
      this.store.durableHeight = Math.max(this.store.durableHeight, Math.min(height, this.height));
      for (const slot of this.keys) slot.journal?.committed(this.store.durableHeight);
    };
    // A ledger takes all blocks that a finalization covers at once; time stands still for it.
    if (delayMs < 0) {
      if (finalizes(finalization, hash)) durable();
    } else this.later(delayMs, durable);
  }

  /** Records of the pool that will never be valid any more. */
  #dropRecords(epoch: number): void {
    for (const [key, record] of this.pool) {
      const expiry =
        record.type === 4
          ? record.voteA.epoch + 2
          : record.type === 5
            ? record.epoch
            : record.expiryEpoch;
      if (expiry < epoch) this.pool.delete(key);
    }
  }

  #tellBlacklist(): void {
    const state = this.app.stateAfter(this.store.hashAt(this.store.height));
    if (state === undefined) return;
    const ids = currentTable(state)
      .entries.map((entry) => entry.id)
      .filter((id) => isBlacklisted(state, id, this.store.height + 1));
    const text = ids.map((id) => toHex(id)).join();
    if (text === this.#blacklist) return;
    this.#blacklist = text;
    this.later(0, () => {
      this.input({ type: 'blacklist', ids });
    });
  }

  #enterEpoch(table: Table): void {
    const before = this.shownKey.publicKey;
    this.table = table;
    this.world.observer.epoch(this, table);
    if (sameKey(before, this.shownKey.publicKey)) return;
    this.later(0, () => this.world.reconnect(this));
  }

  #serve(effect: EffectOf<'serve'>): void {
    const { request, to } = effect;
    const reply = (bytes: Uint8Array): void => this.world.send(this, { peers: [to] }, bytes);
    if (request.type === 'blocks') {
      const at = this.store.find(request.hash);
      if (at < 0) return;
      const chosen = this.store.blocks.slice(Math.max(0, at - request.maxAncestors), at + 1);
      const blocks = chosen.reverse().map(({ block }) => blockCodec.encode(block));
      reply(messageCodec.encode({ type: 0x17, blocks }));
    } else if (request.type === 'transactions') {
      const stored = this.store.blocks[this.store.find(request.hash)];
      if (stored === undefined) return;
      const items = request.indices.flatMap((index) => {
        const transaction = stored.block.transactions[index];
        return transaction === undefined ? [] : [{ index, transaction }];
      });
      reply(messageCodec.encode({ type: 0x19, blockHash: request.hash, items }));
    } else {
      for (let i = 0; i < request.count; i++) {
        const bytes = this.epochProof(request.fromEpoch + i);
        if (bytes === undefined) return;
        reply(bytes);
      }
    }
  }

  /** EPOCH_PROOF of an epoch that has ended here. */
  epochProof(epoch: number): Uint8Array | undefined {
    const stored = this.store.blocks[epoch * this.world.config.epochLength - 1];
    if (stored?.nextTable === undefined) return undefined;
    const { finalization, nextTable } = stored;
    return messageCodec.encode({
      type: 0x1b,
      epoch,
      header: stored.block.header,
      finalization,
      nextTable,
    });
  }

  /** The host's own sync: blocks of another node, executed here, then told to the core. */
  async syncFrom(source: SimNode, height: number): Promise<void> {
    for (let h = this.height; h < Math.min(height, source.height); h++) {
      const stored = source.store.blocks[h] as ChainStore['blocks'][number];
      const answer = this.app.verify(stored.block);
      const { verdict } = answer instanceof Promise ? await answer : answer;
      if (verdict !== 'valid') return;
      this.#keep(stored);
    }
    const chain = this.store.state();
    this.table = chain.table;
    this.input({ type: 'synced', chain });
  }

  nextSeq(): number {
    return ++this.#seq;
  }

  committedHash(height: number): BlockHash {
    return this.store.hashAt(height);
  }
}

/** Whether a finalization is of this very block, not of a descendant. */
export function finalizes(finalization: Uint8Array, hash: BlockHash): boolean {
  return equalBytes(finalization.subarray(9, 73), hash);
}

export function sameKey(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < 32; i++) if (a[i] !== b[i]) return false;
  return true;
}
