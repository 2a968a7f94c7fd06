import { type Effect, type Target } from '@mxd/consensus';
import {
  blockHashOf,
  leaderOf,
  messageCodec,
  validatorSet,
  wtxidOfBytes,
  type Block,
  type ChainParameters,
  type SystemRecord,
  type Table,
  type ValidatorSet,
} from '@mxd/protocol';
import { keyOf } from '@mxd/protocol/primitives';

import { Agenda, type Happening } from './agenda.ts';
import { type Application } from './application.ts';
import { ByzantineActor } from './byzantine/actor.ts';
import { behaviourOf } from './byzantine/index.ts';
import { CheapApplication, cheapId, type ExecutionMemo } from './cheap-application.ts';
import { ChainStore, type StoredBlock } from './chain-store.ts';
import { type RunConfig } from './config.ts';
import { EventDigest, fingerprint } from './digest.ts';
import { applyFault } from './faults.ts';
import { genesisOf, genesisTimeMs, networkId, parametersOf, type SimGenesis } from './genesis.ts';
import {
  fakeSignatures,
  identityOf,
  realSignatures,
  type Identity,
  type SignatureScheme,
} from './keys.ts';
import { type PreparedLedgers } from './ledger-application.ts';
import { Load } from './load.ts';
import { Network } from './network.ts';
import { SimNode } from './node.ts';
import { Observer } from './observer.ts';
import { Random } from './random.ts';
import { type Trace } from './trace.ts';

/** More than any run needs: a hundred nodes have some 20,000 messages on their way. */
const mostPending = 2_000_000;
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** One run: nodes, network and time, all decided by the configuration. */
export class World {
  readonly config: RunConfig;
  readonly agenda: Agenda = new Agenda();
  readonly digest: EventDigest = new EventDigest();
  readonly scheme: SignatureScheme;
  readonly identities: readonly Identity[];
  readonly genesis: SimGenesis;
  readonly chainTag: Uint8Array;
  readonly networkId: number = networkId;
  readonly parameters: ChainParameters;
  readonly wallBaseMs: number = genesisTimeMs + 200_000;
  readonly random: {
    readonly disk: Random;
    readonly faults: Random;
    readonly load: Random;
    readonly byzantine: Random;
    readonly host: Random;
  };
  readonly network: Network;
  readonly nodes: readonly SimNode[];
  readonly observer: Observer;
  readonly referenceStore: ChainStore;
  readonly load: Load;
  /** Ledgers of the nodes, where the real one is the application. */
  readonly prepared: PreparedLedgers | undefined;
  /** Asynchronous work of applications: time stands still for it. */
  readonly pending: Promise<void>[] = [];
  /** A journal has something to do: its promises run before the next event. */
  touched = false;
  healedAtUs = -1;
  #reference: Application;
  #stopped = false;
  #salts = 0;
  readonly #owners = new Map<string, number[]>();
  #membersCache = new WeakMap<Table, readonly number[]>();
  readonly #memo: ExecutionMemo | undefined;
  readonly #visit: readonly number[];
  /** Height that every correct node has to reach after healing. */
  goal: number = Number.POSITIVE_INFINITY;
  stalls: string[] = [];
  /** Nullified views that a correct node led. */
  nullifiedCorrect = 0;
  readonly #sets = new Map<number, ValidatorSet>();
  readonly #nullified = new Set<string>();
  /** From proposal to finalization, per correct node and block. */
  readonly finalityUs: number[] = [];
  readonly #proposedAtUs = new Map<string, number>();
  /** Hashes of the blocks that correct nodes built. */
  readonly proposed: Set<string> = new Set();
  /** Set when the drawn faults went beyond what the protocol tolerates: nothing is judged. */
  beyondModel: string | undefined;

  constructor(config: RunConfig, trace?: Trace, prepared?: PreparedLedgers) {
    this.prepared = prepared;
    this.config = config;
    const { seed } = config;
    this.random = {
      disk: new Random(seed, 'disk'),
      faults: new Random(seed, 'faults'),
      load: new Random(seed, 'load'),
      byzantine: new Random(seed, 'byzantine'),
      host: new Random(seed, 'host'),
    };
    this.scheme = config.signatures === 'real' ? realSignatures() : fakeSignatures;
    this.identities = config.stakes.map((_, i) => {
      const twin = config.plan.find((one) => one.kind === 'twin' && one.node === i);
      return identityOf(this.scheme, seed, i, twin?.kind === 'twin' ? twin.of : i);
    });
    this.genesis = prepared?.genesis ?? genesisOf(config, this.identities);
    this.chainTag = this.genesis.chainTag;
    this.parameters = parametersOf(config);
    const size = config.stakes.length;
    this.network = new Network(
      config,
      size,
      new Random(seed, 'network'),
      new Random(seed, 'links'),
    );
    this.#memo = size >= 16 ? new Map() : undefined;
    this.#reference = this.#newApplication();
    this.referenceStore = new ChainStore(
      this.genesis.header,
      this.genesis.table,
      config.epochLength,
    );
    this.#visit =
      config.order === 'up'
        ? this.identities.map((_, i) => i)
        : this.identities.map((_, i) => size - 1 - i);
    this.observer = new Observer(this);
    this.observer.trace = trace;
    this.nodes = this.identities.map(
      (identity, i) =>
        new SimNode(this, i, identity, prepared?.applications[i] ?? this.#newApplication()),
    );
    for (const node of this.nodes) node.addKey(node.identity.firstKey);
    for (const { node, behaviour } of config.byzantine) {
      const liar = this.nodes[node];
      if (liar === undefined) continue;
      liar.byzantine = new ByzantineActor(this, liar, behaviourOf(behaviour));
    }
    this.load = new Load(this);
  }

  #newApplication(): Application {
    return new CheapApplication(this.genesis, this.scheme.verify, this.#memo);
  }

  /** Whether a consensus key is that of a Byzantine node. */
  isLiar(key: Uint8Array): boolean {
    const owners = this.#owners.get(keyOf(key)) ?? [];
    return owners.some((index) => this.nodes[index]?.byzantine !== undefined);
  }

  /** Ends the run if the faulty hold a third of a table: nothing is promised then. */
  checkModel(table: Table): void {
    let total = 0;
    let faulty = 0;
    for (const { consensusKey, power } of table.entries) {
      total += power;
      const owners = this.#owners.get(keyOf(consensusKey)) ?? [];
      if (owners.some((index) => this.nodes[index]?.honest !== true)) faulty += power;
    }
    if (3 * faulty < total) return;
    this.beyondModel ??= `faulty power ${faulty} of ${total} in epoch ${table.epoch}`;
    this.stop();
  }

  /** A correct node has built a block. */
  noteProposed(block: Block): void {
    const key = keyOf(blockHashOf(block.header));
    this.proposed.add(key);
    this.#proposedAtUs.set(key, this.agenda.nowUs);
  }

  /** The validators of an epoch by the reference chain; undefined before that is known. */
  setOf(epoch: number): ValidatorSet | undefined {
    const known = this.#sets.get(epoch);
    const height = (epoch - 1) * this.config.epochLength;
    if (known !== undefined || this.referenceStore.height < height) return known;
    const anchor = this.referenceStore.hashAt(height);
    const table = this.referenceStore.tableOf(epoch);
    const set = validatorSet(this.chainTag, table, this.parameters, anchor);
    this.#sets.set(epoch, set);
    return set;
  }

  /** A correct node holds the nullification of a view. */
  noteNullified(epoch: number, view: number): void {
    const set = this.setOf(epoch);
    const name = `${epoch} ${view}`;
    if (set === undefined || this.#nullified.has(name)) return;
    this.#nullified.add(name);
    const leader = set.table.entries[leaderOf(set, view)];
    const owners = leader === undefined ? [] : (this.#owners.get(keyOf(leader.consensusKey)) ?? []);
    if (owners.every((index) => this.nodes[index]?.honest === true)) this.nullifiedCorrect++;
  }

  /** A node holds the finalization of a block. */
  noteFinal(node: SimNode, hash: Uint8Array): void {
    const atUs = this.#proposedAtUs.get(keyOf(hash));
    if (atUs === undefined || node.byzantine !== undefined) return;
    this.finalityUs.push(this.agenda.nowUs - atUs);
  }

  stop(): void {
    this.#stopped = true;
  }
  get stopped(): boolean {
    return this.#stopped;
  }

  /** What names a transaction in a mempool. */
  idOf(transaction: Uint8Array): string {
    return this.prepared === undefined ? cheapId(transaction) : keyOf(wtxidOfBytes(transaction));
  }

  salt(): Uint8Array {
    return new Random(this.config.seed, `salt ${this.#salts++}`).bytes(16);
  }

  register(key: Uint8Array, index: number): void {
    const owners = this.#owners.get(keyOf(key)) ?? [];
    owners.push(index);
    this.#owners.set(keyOf(key), owners);
    this.#membersCache = new WeakMap();
  }

  /** Nodes that hold the keys of a table, in the order of visits. */
  membersOf(table: Table): readonly number[] {
    let members = this.#membersCache.get(table);
    if (members === undefined) {
      const found = new Set(
        table.entries.flatMap((entry) => this.#owners.get(keyOf(entry.consensusKey)) ?? []),
      );
      members = this.#visit.filter((index) => found.has(index));
      this.#membersCache.set(table, members);
    }
    return members;
  }

  afterTouching(us: number, run: () => void): void {
    this.agenda.after(us, () => {
      this.touched = true;
      run();
    });
  }

  syncDelayUs(node: SimNode): number {
    const [min, max] = this.config.syncMs;
    const us = this.random.disk.between(min * 1_000, max * 1_000);
    return us + node.slowSyncMs * 1_000;
  }

  storeDelayMs(): number {
    if (this.prepared !== undefined) return -1;
    return this.random.host.chance(20_000) ? this.random.host.between(50, 600) : 10;
  }

  /** Delivery of one message of a node to others; Byzantine nodes may see to it themselves. */
  send(from: SimNode, to: Target, bytes: Uint8Array): void {
    const targets: SimNode[] = [];
    if ('peers' in to) {
      for (const peer of to.peers) {
        const node = this.nodes[Number(peer.slice(1))];
        if (node !== undefined) targets.push(node);
      }
    } else {
      const table = from.table?.epoch === to.validatorsOf ? from.table : undefined;
      const members = table === undefined ? this.#visit : this.membersOf(table);
      for (const index of members) {
        if (index !== from.index) targets.push(this.nodes[index] as SimNode);
      }
    }
    if (from.byzantine?.outgoing(targets, bytes) === true) return;
    this.transmit(from, targets, bytes);
  }

  transmit(from: SimNode, targets: readonly SimNode[], bytes: Uint8Array): void {
    const print = fingerprint(bytes.length > 400 ? bytes.subarray(0, 400) : bytes);
    const { nowUs } = this.agenda;
    for (const target of targets) {
      if (target === from) continue;
      this.observer.sent(from.index, target.index, print);
      const slow = target.slowed.size > 0 && (target.slowed.get(from.index) ?? 0) > nowUs;
      this.network.route(from.index, target.index, (us) => {
        this.agenda.deliver(nowUs + us + (slow ? 20_000 : 0), target.index, from.index, bytes);
      });
    }
  }

  #deliver(item: Happening): void {
    const node = this.nodes[item.to] as SimNode;
    const { bytes } = item;
    if (bytes === undefined || !node.ready) return;
    if (node.refused.size > 0 && (node.refused.get(item.from) ?? 0) > this.agenda.nowUs) return;
    this.observer.delivered(item.from, item.to, bytes.length);
    if (node.byzantine?.incoming(item.from, bytes) === false) return;
    node.input({ type: 'message', from: `n${item.from}`, bytes });
  }

  #meet(a: SimNode, b: SimNode): void {
    if ((a.refused.get(b.index) ?? 0) > this.agenda.nowUs) return;
    a.input({ type: 'connected', peer: b.name, consensusKey: b.shownKey.publicKey });
  }

  /** A node that has just started meets everybody who is there. */
  connect(node: SimNode): void {
    for (const index of this.#visit) {
      const other = this.nodes[index] as SimNode;
      if (other === node || !other.ready) continue;
      other.input({ type: 'disconnected', peer: node.name });
      this.#meet(other, node);
      this.#meet(node, other);
    }
  }

  disconnect(node: SimNode): void {
    for (const other of this.nodes) {
      if (other !== node && other.ready) other.input({ type: 'disconnected', peer: node.name });
    }
  }

  reconnect(node: SimNode): void {
    for (const index of this.#visit) {
      const other = this.nodes[index] as SimNode;
      if (other === node || !other.ready || !node.ready) continue;
      other.input({ type: 'disconnected', peer: node.name });
      node.input({ type: 'disconnected', peer: other.name });
      this.#meet(other, node);
      this.#meet(node, other);
    }
  }

  /** A8 as a host carries it out. */
  penalize(node: SimNode, effect: Extract<Effect, { type: 'penalize' }>): void {
    const peer = this.nodes[Number(effect.peer.slice(1))];
    if (peer === undefined) return;
    const untilUs = this.agenda.nowUs + effect.forMs * 1_000;
    if (effect.action === 'slow') {
      node.slowed.set(peer.index, untilUs);
      return;
    }
    node.refused.set(peer.index, untilUs);
    peer.refused.set(node.index, untilUs);
    node.later(0, () => void node.input({ type: 'disconnected', peer: peer.name }));
    peer.later(0, () => void peer.input({ type: 'disconnected', peer: node.name }));
    this.agenda.at(untilUs, () => {
      node.refused.delete(peer.index);
      peer.refused.delete(node.index);
      if (!node.ready || !peer.ready) return;
      this.#meet(node, peer);
      this.#meet(peer, node);
    });
  }

  /** SYS_RECORD from a node to all others. */
  gossip(from: SimNode, record: SystemRecord): void {
    const bytes = messageCodec.encode({ type: 0x1c, record });
    const targets = this.#visit
      .filter((index) => index !== from.index)
      .map((index) => this.nodes[index] as SimNode);
    this.transmit(from, targets, bytes);
  }

  /** A second process with the same key and a copy of its journal, elsewhere (S19). */
  startTwin(node: SimNode, of: SimNode): void {
    const [original] = of.keys;
    const [slot] = node.keys;
    if (original === undefined || slot === undefined) return;
    slot.disk.restore(original.disk.copy());
    node.start();
  }

  /** The host's own sync, from a node that can be reached and has the height. */
  async sync(node: SimNode, height: number): Promise<void> {
    const sources = this.nodes.filter(
      (other) =>
        other !== node &&
        other.ready &&
        other.byzantine === undefined &&
        other.height >= height &&
        !this.network.isCut(other.index, node.index),
    );
    const source = this.random.host.pick(sources);
    if (source === undefined) return;
    this.observer.counts.add('host', 'sync');
    await node.syncFrom(source, height);
  }

  /** The reference verifier: executes each committed block once, in order. Undefined: all is well. */
  judge(stored: StoredBlock): string | undefined {
    if (this.prepared !== undefined) {
      // Every node has executed it on a ledger of its own; states are compared by I6.
      this.referenceStore.push(stored);
      return undefined;
    }
    const answer = this.#reference.verify(stored.block);
    if (answer instanceof Promise) return undefined;
    if (answer.verdict !== 'valid') return `the reference says ${answer.reason ?? answer.verdict}`;
    void this.#reference.commit(stored.hash, stored.finalization);
    const nextTable = answer.nextTable;
    this.referenceStore.push({ ...stored, nextTable });
    this.referenceStore.durableHeight = this.referenceStore.height;
    return undefined;
  }

  get reference(): Application {
    return this.#reference;
  }

  /** Correct nodes that can be expected to take part now. */
  get correct(): readonly SimNode[] {
    return this.nodes.filter((node) => node.honest);
  }

  /** Runs to its end. */
  async run(): Promise<void> {
    const { config } = this;
    const late = new Set(config.plan.flatMap((one) => (one.kind === 'twin' ? [one.node] : [])));
    for (const index of this.#visit) {
      if (!late.has(index)) (this.nodes[index] as SimNode).start();
    }
    for (const planned of config.plan) {
      this.agenda.at(planned.at * 1_000, () => applyFault(this, planned));
    }
    this.agenda.at(config.safetyMs * 1_000, () => this.#heal());
    this.load.start();
    this.#watch();
    await settle();
    const endUs = (config.safetyMs + config.stallMs) * 1_000;
    while (!this.#stopped) {
      if (this.agenda.size > mostPending) {
        throw new RangeError(`${this.agenda.size} events are waiting: something multiplies`);
      }
      const item = this.agenda.next(endUs);
      if (item === undefined) break;
      if (item.run === undefined) this.#deliver(item);
      else {
        const done = item.run();
        if (done !== undefined) await done;
      }
      if (this.touched) {
        this.touched = false;
        await settle();
      }
      if (this.pending.length > 0) await Promise.all(this.pending.splice(0));
    }
    if (this.violations.length === 0 && this.beyondModel === undefined) this.#judgeProgress();
    this.observer.finished();
  }

  get violations(): Observer['violations'] {
    return this.observer.violations;
  }

  /** Every fault ends; correct nodes that are down come back. */
  #heal(): void {
    this.healedAtUs = this.agenda.nowUs;
    this.observer.fault('heal', '');
    this.network.healed = true;
    this.network.groups = undefined;
    this.network.blocked.clear();
    this.network.lagMs = 0;
    for (const node of this.nodes) {
      node.slowSyncMs = 0;
      node.slowVerifyMs = 0;
      node.jumpMs = 0;
      if (!node.alive && node.faulty === undefined) node.start();
    }
    this.goal = this.maxHeight + 3;
  }

  get maxHeight(): number {
    return Math.max(0, ...this.correct.map((node) => node.height));
  }
  get minHeight(): number {
    return Math.min(...this.correct.map((node) => node.height));
  }

  #watch(): void {
    this.agenda.after(100_000, () => {
      this.observer.periodic();
      const { healedMs, safetyMs } = this.config;
      const isOver = this.agenda.nowUs >= (safetyMs + healedMs) * 1_000;
      if (isOver && this.minHeight >= this.goal) this.#stopped = true;
      else this.#watch();
    });
  }

  #judgeProgress(): void {
    if (this.healedAtUs < 0) return;
    for (const node of this.correct) {
      if (node.height >= this.goal) continue;
      const status = node.core?.status();
      this.stalls.push(
        `${node.name} at height ${node.height}, epoch ${status?.epoch ?? 0}, view ${
          status?.view ?? 0
        }; every correct node should have reached ${this.goal}`,
      );
    }
  }
}
