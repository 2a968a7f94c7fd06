import type { PluginEntry } from '@mxd/config';
import { toHex } from '@mxd/codec';
import type { MempoolOptions } from '@mxd/ledger';
import type { Logger } from '@mxd/logging';
import type { Metrics } from '@mxd/metrics';
import type { CapabilityId, ConfigChanged, EvidenceFound } from '@mxd/plugin';
import type { HookInput, Manifest } from '@mxd/plugin/host';
import { chainTagOf } from '@mxd/protocol';
import { genesisDocumentHash } from '@mxd/protocol/genesis';
import type { KeyValueStore } from '@mxd/storage';

import { NodeError } from '../errors.ts';
import { FinalDelivery } from './delivery.ts';
import { Gates } from './gates.ts';
import { limits } from './limits.ts';
import { pluginMetricsText } from './metrics-text.ts';
import { resolveModule } from './resolve.ts';
import {
  blockLoader,
  callService,
  peerFacts,
  servicesOf,
  type LoadBlock,
  type PluginWorld,
} from './services.ts';
import { defaultTiming, PluginSlot, type SlotCounters, type SlotTiming } from './slot.ts';
import { openPluginStore, PluginBucket } from './store.ts';
import { wireTransaction } from './wire.ts';

export interface PluginHostOptions {
  /** In the order in which gates are asked. */
  readonly entries: readonly PluginEntry[];
  /** Where relative modules and packages are looked for. */
  readonly directory: string;
  /** The node's data; the plugins' store goes into `plugins` there. */
  readonly dataDir: string;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'increment'>;
  /** By module: what a plugin is given of what it asks for. Not named: everything. */
  readonly grants?: Readonly<Record<string, readonly CapabilityId[]>>;
  readonly timing?: Partial<SlotTiming>;
}

/** What operators see of one plugin. */
export interface PluginStatus {
  readonly module: string;
  readonly name: string;
  readonly version: string;
  readonly trusted: boolean;
  readonly state: string;
  readonly requires: readonly string[];
  readonly hooks: readonly string[];
  readonly commands: Manifest['commands'];
  readonly counters: SlotCounters;
  readonly storageBytes: number;
  /** Last final block that it took, and how many wait; undefined if it does not observe them. */
  readonly final:
    | { readonly cursor: number; readonly lag: number; readonly missedBlocks: number }
    | undefined;
  readonly lastFailure: string | undefined;
}

const everything: readonly CapabilityId[] = [
  'ledger:read',
  'mempool:read',
  'peers:read',
  'transactions:submit',
  'secrets:read',
];

/**
 * Runs the plugins of a node. Made before the chain, since the mempool asks its gate; until
 * `start` has run that gate is closed.
 */
export class PluginHost implements AsyncDisposable {
  readonly #options: PluginHostOptions;
  readonly #timing: SlotTiming;
  readonly #slots: PluginSlot[] = [];
  readonly #deliveries = new Map<PluginSlot, FinalDelivery>();
  readonly #buckets = new Map<string, PluginBucket>();
  readonly #gates: Gates;
  #world: PluginWorld | undefined;
  #store: KeyValueStore | undefined;
  #load: LoadBlock | undefined;
  #started = false;
  #unlisten: (() => void) | undefined;
  #accepted: { readonly bytes: Uint8Array }[] = [];
  #stopping: Promise<void> | undefined;
  /** Accepted transactions that observers were not told of because too many waited. */
  acceptedDropped = 0;

  constructor(options: PluginHostOptions) {
    this.#options = options;
    this.#timing = { ...defaultTiming, ...options.timing };
    this.#gates = new Gates(() => (this.#started ? this.#slots : undefined), options.entries);
  }

  /** For the mempool: closed until the plugins run. */
  get policy(): NonNullable<MempoolOptions['policy']> {
    return (questions) => this.#gates.admit(questions);
  }

  /** For block building; undefined when no plugin wants to be asked. */
  get leaveOut(): ((txids: readonly Uint8Array[]) => Promise<ReadonlySet<string>>) | undefined {
    const isAsked = this.#slots.some(({ manifest }) => manifest?.hooks.includes('block:proposing'));
    if (!isAsked) return undefined;
    const { mempool } = this.#world as PluginWorld;
    return (txids) => this.#gates.leaveOut(txids, (txid) => mempool.get(txid)?.bytes);
  }

  /**
   * Opens the plugins' store and starts every plugin in its order. A plugin that cannot start
   * keeps the node from starting: an operator who configured a gate wants it.
   * @throws NodeError NODE_PLUGIN; StorageError.
   */
  async start(world: PluginWorld): Promise<void> {
    this.#world = world;
    const { entries, dataDir } = this.#options;
    if (entries.length > 0) {
      const { document } = world.genesis;
      const genesisHash = genesisDocumentHash(document);
      this.#store = await openPluginStore(dataDir, { id: document.networkId, genesisHash });
      this.#load = blockLoader(world);
      try {
        for (const entry of entries) await this.#startOne(entry);
      } catch (error) {
        await this.stop();
        throw error;
      }
      this.#unlisten = world.peers.on((event) => {
        if (event.type === 'up') this.emit('peer:connected', peerFacts(event.inspection));
        else {
          const { peerId, validatorId } = event.peer;
          this.emit('peer:disconnected', { peerId, validatorId, reason: event.reason });
        }
      });
    }
    this.#started = true;
    for (const delivery of this.#deliveries.values()) delivery.wake();
  }

  async #startOne(entry: PluginEntry): Promise<void> {
    const { logger, metrics, directory, grants = {} } = this.#options;
    const { genesis, addressNetwork } = this.#world as PluginWorld;
    const { document } = genesis;
    const log = logger.child('plugin');
    const slot = new PluginSlot({
      entry,
      boot: {
        module: resolveModule(entry.module, directory),
        addressNetwork,
        setup: {
          config: entry.config,
          granted: grants[entry.module] ?? everything,
          network: {
            id: document.networkId,
            chainTag: toHex(chainTagOf(document)),
            genesisHash: toHex(genesisDocumentHash(document)),
            test: document.testNetwork === 1,
          },
        },
      },
      timing: this.#timing,
      logger: log,
      serve: (manifest, service, method, args) => {
        const { world, load } = this.#ready();
        return callService(servicesOf(manifest.name, world, load), service, method, args);
      },
      storage: (name) => this.#bucketOf(name),
      onCall: (outcome) => metrics.increment('pluginCalls', { outcome }),
      onRunning: (running) => this.#deliveries.get(running)?.restarted(),
    });
    let manifest: Manifest;
    try {
      manifest = await slot.start();
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      const { module } = entry;
      throw new NodeError('NODE_PLUGIN', `${module}: ${why}`, { module }, { cause });
    }
    if (this.#slots.some(({ name }) => name === manifest.name)) {
      await slot.stop();
      throw new NodeError('NODE_PLUGIN', `two plugins are called ${manifest.name}`);
    }
    this.#slots.push(slot);
    if (manifest.hooks.includes('block:final')) await this.#observeFinal(slot, manifest);
    const { name, version, requires, hooks } = manifest;
    const { trusted } = entry;
    log.info('a plugin runs', { plugin: name, version, trusted, requires, hooks });
  }

  async #observeFinal(slot: PluginSlot, manifest: Manifest): Promise<void> {
    const { world, load } = this.#ready();
    const { ledger } = world;
    const delivery = new FinalDelivery({
      slot,
      bucket: this.#bucketOf(manifest.name),
      load,
      head: () => ledger.head.height,
      firstBody: () => ledger.reader.firstBody,
      logger: this.#options.logger.child('plugin'),
      backOffMs: this.#timing.backOffMs,
      backOffMaxMs: this.#timing.backOffMaxMs,
    });
    await delivery.begin(manifest.finalFrom);
    this.#deliveries.set(slot, delivery);
  }

  #ready(): {
    readonly world: PluginWorld;
    readonly store: KeyValueStore;
    readonly load: LoadBlock;
  } {
    const [world, store, load] = [this.#world, this.#store, this.#load];
    if (world === undefined || store === undefined || load === undefined) {
      throw new NodeError('NODE_PLUGIN', 'the plugin host has not been started');
    }
    return { world, store, load };
  }

  #bucketOf(name: string): PluginBucket {
    const known = this.#buckets.get(name);
    if (known !== undefined) return known;
    const bucket = new PluginBucket(this.#ready().store, name);
    this.#buckets.set(name, bucket);
    return bucket;
  }

  /** A block has become final. */
  blockFinal(): void {
    for (const delivery of this.#deliveries.values()) delivery.wake();
  }

  /** Transactions have been accepted. Observers hear of them in batches. */
  accepted(transactions: readonly { readonly bytes: Uint8Array }[]): void {
    const isHeard = this.#slots.some((slot) => observes(slot, 'transaction:accepted'));
    if (!isHeard) return;
    const room = limits.acceptedQueue.value - this.#accepted.length;
    this.acceptedDropped += Math.max(0, transactions.length - room);
    if (this.#accepted.length === 0) setImmediate(() => this.#tellAccepted());
    this.#accepted.push(...transactions.slice(0, Math.max(0, room)));
  }

  #tellAccepted(): void {
    const batch = this.#accepted.splice(0);
    const inputs = batch.map(({ bytes }) => wireTransaction(bytes, []));
    for (const slot of this.#slots) {
      if (!observes(slot, 'transaction:accepted')) continue;
      slot.notify({ kind: 'hook', hook: 'transaction:accepted', inputs });
    }
  }

  /** Tells the observers of a hook. */
  emit<
    Hook extends 'peer:connected' | 'peer:disconnected' | 'consensus:evidence' | 'config:changed',
  >(hook: Hook, input: HookInput<Hook>): void {
    for (const slot of this.#slots) {
      if (observes(slot, hook)) slot.notify({ kind: 'hook', hook, inputs: [input] });
    }
  }

  evidence(found: EvidenceFound): void {
    this.emit('consensus:evidence', found);
  }

  configChanged(changed: ConfigChanged['changed']): void {
    this.emit('config:changed', { changed });
  }

  /** In declared order. */
  get plugins(): readonly PluginSlot[] {
    return this.#slots;
  }

  find(name: string): PluginSlot | undefined {
    return this.#slots.find((slot) => slot.name === name);
  }

  status(): readonly PluginStatus[] {
    return this.#slots.map((slot) => {
      const delivery = this.#deliveries.get(slot);
      const { manifest } = slot;
      return {
        module: slot.entry.module,
        name: slot.name,
        version: manifest?.version ?? '',
        trusted: slot.entry.trusted,
        state: slot.state,
        requires: manifest?.requires ?? [],
        hooks: manifest?.hooks ?? [],
        commands: manifest?.commands ?? [],
        counters: slot.counters,
        storageBytes: this.#bucketOf(slot.name).sizeBytes,
        final:
          delivery === undefined
            ? undefined
            : { cursor: delivery.cursor, lag: delivery.lag, missedBlocks: delivery.missedBlocks },
        lastFailure: slot.lastFailure,
      };
    });
  }

  /** The plugins' own metrics and the host's about them, as Prometheus text. */
  metricsText(): string {
    return pluginMetricsText(this.#slots, this.#deliveries);
  }

  /** Stops all plugins, the last first, and closes their store. Idempotent. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#started = false;
    this.#unlisten?.();
    // Deliveries end when their plugin does.
    const ends = [...this.#deliveries.values()].map((delivery) => delivery.stop());
    for (const slot of this.#slots.toReversed()) await slot.stop();
    await Promise.all(ends);
    await this.#store?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

const observes = (slot: PluginSlot, hook: Manifest['hooks'][number]): boolean =>
  slot.manifest?.hooks.includes(hook) === true;
