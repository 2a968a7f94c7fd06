import { rm } from 'node:fs/promises';

import type { NodeConfig } from '@mxd/config';
import { toHex } from '@mxd/codec';
import { Ledger, LedgerError } from '@mxd/ledger';
import { buckets, metaKey } from '@mxd/ledger/buckets';
import {
  manifestCodec,
  snapshotId,
  StateImport,
  type SnapshotManifest,
} from '@mxd/ledger/snapshot';
import type { Logger } from '@mxd/logging';
import type { PeerId, SocketNetwork } from '@mxd/network';
import type { Genesis } from '@mxd/protocol';
import { blockHashOf } from '@mxd/protocol/block';
import { validatorSet, type ValidatorSet } from '@mxd/protocol/checks';
import { openMemoryStore, type KeyValueStore } from '@mxd/storage';

import { chainLocation, openChainStore, verifyConsensusSignature } from '../chain.ts';
import { NodeError } from '../errors.ts';
import { limits } from '../limits.ts';
import { openNetwork } from '../open-network.ts';
import { slicePace } from '../pace.ts';
import { TrustedEpochs } from './epochs.ts';
import { collectOffers, fetchChunks, followPeer, type Offer } from './fetch.ts';

export interface BeginOptions {
  readonly config: NodeConfig;
  readonly genesis: Genesis;
  readonly logger: Logger;
}

/** How a round of asking ended. `nothing`: peers answered, and none has a usable snapshot. */
type Round = 'done' | 'nothing' | 'again';

const roundMs = 1_000;
/** Rounds in which peers may come up before "nobody has one" is believed. */
const patientRounds = 5;

/**
 * Fills an empty store from a snapshot of peers (`sync.mode` snapshot). A store with a chain is left
 * alone; one with an import under way goes on with it. If connected peers have none to offer, the
 * store stays empty and history is replayed, unless there is a checkpoint to build on.
 * @throws NodeError NODE_SNAPSHOT when nothing arrives for long, NODE_STORE; StorageError.
 */
export async function beginFromSnapshot(options: BeginOptions): Promise<void> {
  const store = await openChainStore(options.config, options.genesis);
  const isBegun = buckets.meta.on(store).getSync(metaKey.identity) !== undefined;
  if (isBegun) return store.close();
  let beginning;
  try {
    beginning = await Beginning.open(options, store);
  } catch (error) {
    await store.close();
    throw error;
  }
  await using running = beginning;
  await running.run();
}

class Beginning implements AsyncDisposable {
  readonly #options: BeginOptions;
  readonly #epochs: TrustedEpochs;
  readonly #network: SocketNetwork;
  readonly #refused = new Set<string>();
  readonly #liars = new Set<PeerId>();
  #store: KeyValueStore;
  #chunks = 0;

  private constructor(
    options: BeginOptions,
    epochs: TrustedEpochs,
    network: SocketNetwork,
    store: KeyValueStore,
  ) {
    this.#options = options;
    this.#epochs = epochs;
    this.#network = network;
    this.#store = store;
  }

  static async open(options: BeginOptions, store: KeyValueStore): Promise<Beginning> {
    const { config, genesis, logger } = options;
    const { document } = genesis;
    // Trust begins with genesis, whose table execution makes: in memory, since the store stays empty.
    const memory = openMemoryStore();
    const ledger = await Ledger.open({
      store: memory,
      genesis: document,
      verifySignatures: () => Promise.resolve(new Uint8Array(0)),
      pace: slicePace(),
    });
    const first = ledger.state(ledger.head.hash)?.table(1);
    if (first === undefined) throw new NodeError('NODE_STORE', 'genesis has no table');
    const { chainTag } = ledger.chain;
    const epochs = new TrustedEpochs(
      validatorSet(chainTag, first.table, document.parameters, first.anchorHash),
      document.parameters,
      config.sync.checkpoint,
      verifyConsensusSignature,
    );
    const network = await openNetwork({
      config,
      chain: { ledger },
      validator: undefined,
      genesis,
      logger,
    });
    return new Beginning(options, epochs, network, store);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#network.stop();
    await this.#store.close();
  }

  async run(): Promise<void> {
    await this.#network.start();
    let progressAt = performance.now();
    let idle = 0;
    for (;;) {
      const before = this.#progress();
      const round = await this.#round();
      if (round === 'done') return;
      if (this.#progress() !== before) progressAt = performance.now();
      const isUnderWay = buckets.meta.on(this.#store).getSync(metaKey.importing) !== undefined;
      idle = round === 'nothing' && !isUnderWay ? idle + 1 : 0;
      if (idle >= patientRounds) return this.#giveUp();
      if (performance.now() - progressAt > limits.snapshotPatience.value) {
        throw new NodeError('NODE_SNAPSHOT', 'no peer serves a snapshot, or goes on to');
      }
      await new Promise((resolve) => setTimeout(resolve, roundMs));
    }
  }

  /** History proves itself from genesis, but it does not know of a checkpoint. */
  #giveUp(): void {
    const { config, logger } = this.#options;
    if (config.sync.checkpoint !== '') {
      throw new NodeError(
        'NODE_SNAPSHOT',
        'no peer has a snapshot that builds on sync.checkpoint: wrong checkpoint, or wrong peers',
      );
    }
    logger.warn('no peer has a snapshot that can be used: history is replayed instead');
  }

  readonly #progress = (): string => `${this.#epochs.newest}:${this.#chunks}`;

  readonly #accuse = (peer: PeerId, reason: string): void => {
    this.#options.logger.warn('a peer served a snapshot that is wrong', { peer, reason });
    this.#liars.add(peer);
    this.#network.peers.penalize(peer, 'invalid');
  };

  /** Asks everybody once, and imports the best of what they offer. */
  async #round(): Promise<Round> {
    const offers = new Map<string, Offer>();
    const peers = this.#network.peers.list().map(({ peerId }) => peerId);
    for (const peer of peers.filter((candidate) => !this.#liars.has(candidate))) {
      const isHonest = await followPeer(this.#network, peer, this.#epochs, this.#accuse);
      if (isHonest) await collectOffers(this.#network, peer, offers, this.#accuse);
    }
    if (peers.length === 0) return 'again';
    for (const offer of offers.values()) this.#dropUnproven(offer);
    const usable = [...offers.values()].filter(
      ({ id, manifests }) => manifests.size > 0 && !this.#refused.has(id),
    );
    const begun = this.#begun();
    if (begun !== undefined && !usable.some(({ id }) => id === begun)) {
      // Peers keep the newest only: what they have dropped cannot be completed.
      if (usable.length === 0) return 'again';
      await this.#reset();
    }
    const best = usable
      .toSorted(
        (a, b) =>
          Number(b.id === begun) - Number(a.id === begun) ||
          b.height - a.height ||
          b.manifests.size - a.manifests.size,
      )
      .at(0);
    return best === undefined ? 'nothing' : this.#import(best);
  }

  #begun(): string | undefined {
    const bytes = buckets.meta.on(this.#store).getSync(metaKey.importing);
    return bytes === undefined ? undefined : toHex(snapshotId(manifestCodec.decode(bytes).content));
  }

  /** Manifests of epochs that no proof leads to, or that lie before the checkpoint, are of no use. */
  #dropUnproven({ manifests }: Offer): void {
    for (const [peer, manifest] of manifests) {
      if (!this.#epochs.isAnchored || this.#validatorsOf(manifest) === undefined) {
        manifests.delete(peer);
      }
    }
  }

  #validatorsOf({ headers }: SnapshotManifest): ValidatorSet | undefined {
    return this.#epochs.set(headers.at(-1)?.epoch ?? 0);
  }

  /** Begins with the first manifest that proves itself. */
  async #beginImport({ manifests }: Offer): Promise<StateImport | undefined> {
    const { config, genesis } = this.#options;
    for (const [peer, manifest] of manifests) {
      const validators = this.#validatorsOf(manifest);
      if (validators === undefined) continue;
      try {
        return await StateImport.begin({
          store: this.#store,
          genesis: genesis.document,
          manifest,
          validators,
          verify: verifyConsensusSignature,
          owners: config.storage.indexAddresses,
          pace: slicePace(),
        });
      } catch (error) {
        if (!(error instanceof LedgerError)) throw error;
        manifests.delete(peer);
        this.#accuse(peer, `${error.code}: ${error.message}`);
      }
    }
    return undefined;
  }

  async #import(offer: Offer): Promise<Round> {
    const { logger } = this.#options;
    const { height } = offer;
    const importing = await this.#beginImport(offer);
    if (importing === undefined) return 'again';
    const missing = importing.missing.length;
    logger.info('a snapshot is fetched', { height, chunks: missing, peers: offer.manifests.size });
    await fetchChunks(this.#network, offer, importing, this.#accuse, new AbortController().signal);
    this.#chunks += missing - importing.missing.length;
    if (importing.missing.length > 0) return 'again';
    await this.#keepAnchor(height);
    const verdict = await importing.finish();
    if (!verdict.ok) return this.#refuse(offer, `${verdict.code}: ${verdict.reason}`);
    logger.info('the chain begins with a snapshot', { height });
    return 'done';
  }

  /** Consensus needs the block that the state's epoch follows, and why it is final. */
  async #keepAnchor(height: number): Promise<void> {
    const { epochLength } = this.#options.genesis.document.parameters;
    const proof = this.#epochs.proof(Math.floor(height / epochLength));
    if (proof === undefined) return;
    const { header, finalization } = proof;
    const hash = blockHashOf(header);
    await this.#store.batch(
      [
        buckets.headers.put(header.height, { hash, header }),
        buckets.heights.put(hash, header.height),
        buckets.certificates.put(header.height, finalization),
      ],
      { sync: true },
    );
  }

  /** What cannot be true is not tried again, whoever offers it. */
  async #refuse(offer: Offer, reason: string): Promise<Round> {
    this.#refused.add(offer.id);
    for (const peer of offer.manifests.keys()) this.#accuse(peer, reason);
    await this.#reset();
    return 'again';
  }

  /** Empties the store. */
  async #reset(): Promise<void> {
    const { config, genesis } = this.#options;
    await this.#store.close();
    await rm(chainLocation(config), { recursive: true, force: true });
    this.#store = await openChainStore(config, genesis);
  }
}
