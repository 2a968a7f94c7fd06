import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';

import type { SnapshotView, Status } from '@mxd/api';
import { toHex } from '@mxd/codec';
import type { LoadedConfig, NodeConfig } from '@mxd/config';
import { createCore, policyFor, type Core, type Effect } from '@mxd/consensus';
import type { AddressNetwork } from '@mxd/crypto/address';
import { outpointKeyOf, type CommittedBlock } from '@mxd/ledger';
import type { Logger } from '@mxd/logging';
import type { Health, Metrics } from '@mxd/metrics';
import type { PeerId, PeerInspection, SocketNetwork } from '@mxd/network';
import {
  chainTagOf,
  messageCodec,
  transactionCodec,
  type Block,
  type BlockHash,
  type ChainParameters,
  type Genesis,
  type SystemRecord,
  type Table,
} from '@mxd/protocol';
import { certificateCodec } from '@mxd/protocol/certificate';
import { messageType } from '@mxd/protocol/messages';
import type { Secrets } from '@mxd/secrets';
import { keyOf } from '@mxd/protocol/primitives';
import { systemRecordCodec, systemRecordListCodec } from '@mxd/protocol/system-records';
import type { Owner } from '@mxd/protocol/transaction';

import type { LogLevelControl } from './admin/log-level.ts';
import { openAdmin } from './admin/open-admin.ts';
import { ConfigControl } from './admin/reload.ts';
import type { TokenStore } from './admin/tokens.ts';
import { TransactionAdmission } from './admission.ts';
import { verifyConsensusSignature, type Chain } from './chain.ts';
import { BlockSize } from './consensus/block-size.ts';
import { chainStateOf } from './consensus/chain-start.ts';
import { ConsensusHost, type HostEvents } from './consensus/host.ts';
import { Justifications } from './consensus/justifications.ts';
import { RecordPool } from './consensus/record-pool.ts';
import { NodeError } from './errors.ts';
import { AddressTexts } from './events/address-texts.ts';
import { BlockEvents } from './events/blocks.ts';
import { EventFeed } from './events/feed.ts';
import { startMetricsServer } from './http/metrics-server.ts';
import { startHttpServer, type HttpListener } from './http/server.ts';
import { slicePace } from './pace.ts';
import { bindMetrics, loopSampleMs } from './measure.ts';
import { MempoolFile } from './mempool-file.ts';
import { validatorIdentity } from './open-network.ts';
import type { PluginHost } from './plugins/host.ts';
import { registerPluginRoutes } from './plugins/routes.ts';
import { resolveShortIds } from './short-ids.ts';
import type { SnapshotFolder } from './snapshots/folder.ts';
import { SnapshotMaker } from './snapshots/maker.ts';
import { serveSnapshots } from './snapshots/serve.ts';
import { HistorySync } from './sync/history.ts';
import { serveHistory } from './sync/serve.ts';
import type { Validator } from './validator.ts';
import type {
  MempoolView,
  NodeView,
  PendingDelta,
  PendingTransaction,
  SubmissionOutcome,
  SubmissionRefusal,
} from './view.ts';

export interface NodeParts {
  readonly loaded: LoadedConfig;
  readonly load?: () => Promise<LoadedConfig>;
  readonly genesis: Genesis;
  readonly chain: Chain;
  readonly validator: Validator | undefined;
  readonly network: SocketNetwork;
  readonly logger: Logger;
  readonly logLevel: LogLevelControl;
  readonly metrics: Metrics;
  readonly health: Health;
  readonly plugins: PluginHost;
  readonly tokens: TokenStore;
  readonly snapshots: SnapshotFolder;
  readonly secrets: Secrets;
  readonly version: string;
}

type Notice = Extract<Effect, { readonly type: 'notify' }>;

/** Listeners that a running node has opened. */
export interface NodeListeners {
  readonly api: HttpListener | undefined;
  readonly admin: HttpListener | undefined;
  readonly metrics: HttpListener | undefined;
}

/** A running node: see `createNode`. */
export class MxdNode implements NodeView, AsyncDisposable {
  readonly config: NodeConfig;
  readonly genesis: Genesis;
  readonly addressNetwork: AddressNetwork;
  readonly network: SocketNetwork;
  readonly metrics: Metrics;
  readonly health: Health;
  readonly feed: EventFeed;
  readonly admission: TransactionAdmission;
  readonly mempoolFile: MempoolFile;
  readonly plugins: PluginHost;
  /** Settings in force, where each came from, and their reload. */
  readonly settings: ConfigControl;
  readonly eventLoop: ReturnType<typeof monitorEventLoopDelay>;
  readonly #chain: Chain;
  readonly #logger: Logger;
  readonly #logLevel: LogLevelControl;
  readonly #secrets: Secrets;
  readonly #tokens: TokenStore;
  #tokenForWrites: boolean;
  readonly #version: string;
  readonly #core: Core;
  readonly #host: ConsensusHost;
  readonly #records = new RecordPool();
  readonly #justifications: Justifications;
  readonly #blockEvents: BlockEvents;
  readonly #sync: HistorySync;
  readonly #snapshots: SnapshotMaker;
  readonly #snapshotFolder: SnapshotFolder;
  readonly #validator: Validator | undefined;
  #validatorId: string | undefined;
  readonly #startedMs = performance.now();
  readonly #seen = new Map<string, number>();
  readonly #stages = new Map<string, Notice>();
  readonly #stopped = Promise.withResolvers<NodeError | undefined>();
  #lastCommitMs = performance.now();
  #blacklist = '';
  #syncTarget = 0;
  #halted: NodeError | undefined;
  #stopping: Promise<void> | undefined;
  #owned: AsyncDisposableStack | undefined;
  #listeners: NodeListeners = { api: undefined, admin: undefined, metrics: undefined };
  #housekeeping: NodeJS.Timeout | undefined;

  constructor(parts: NodeParts) {
    const { genesis, chain, validator, network, plugins, tokens } = parts;
    const { config } = parts.loaded;
    this.config = config;
    this.genesis = genesis;
    this.network = network;
    this.metrics = parts.metrics;
    this.health = parts.health;
    this.addressNetwork = genesis.document.testNetwork === 1 ? 'test' : 'main';
    this.#chain = chain;
    this.#validator = validator;
    this.#logger = parts.logger;
    this.#logLevel = parts.logLevel;
    this.#secrets = parts.secrets;
    this.#justifications = new Justifications(join(config.dataDir, 'justifications'), (error) =>
      this.#logger.error('certificates behind own votes could not be kept', { error }),
    );
    this.plugins = plugins;
    this.#tokens = tokens;
    this.#tokenForWrites = config.api.tokenForWrites;
    this.settings = new ConfigControl({
      loaded: parts.loaded,
      ...(parts.load === undefined ? {} : { load: parts.load }),
      apply: {
        'log.level': ({ log }) => parts.logLevel.set(log.level),
        'api.tokenForWrites': ({ api }) => {
          this.#tokenForWrites = api.tokenForWrites;
        },
      },
      renew: async () => this.#listeners.api?.renewCertificate?.(),
      onChanged: (changed) => plugins.configChanged(changed),
    });
    this.#version = parts.version;
    const { ledger, mempool } = chain;
    this.#validatorId = validatorIdentity(chain, validator)?.id;
    this.#blockEvents = new BlockEvents(new AddressTexts(this.addressNetwork), slicePace());
    this.feed = new EventFeed(
      (height) => this.#blockEvents.load(ledger, height),
      ledger.head.height,
    );
    this.#core = createCore({
      chainTag: chainTagOf(genesis.document),
      networkId: genesis.document.networkId,
      parameters: genesis.document.parameters,
      genesisTimeMs: genesis.document.genesisTimeMs,
      consensusKeys: validator === undefined ? [] : [validator.publicKey],
      signing: validator?.signing ?? false,
      acceptEquivocationRisk: validator?.acceptsRisk ?? false,
      policy: {
        ...policyFor(config.consensus.deltaMs),
        minBlockMs: config.consensus.minBlockMs,
        emptyDelayMs: config.consensus.emptyDelayMs,
      },
      seed: crypto.getRandomValues(new Uint32Array(1))[0] ?? 0,
      verify: verifyConsensusSignature,
      wtxidOf: (bytes) => ledger.environment.names.wtxidOf(bytes),
      versionOf: () => ledger.state(ledger.head.hash)?.protocolVersion ?? 1,
    });
    this.#host = new ConsensusHost({
      core: this.#core,
      ledger,
      mempool,
      records: this.#records,
      network,
      journal: validator?.journal,
      signer: validator?.signer,
      blockSize: new BlockSize(config.consensus.deltaMs, () => this.parameters().maxTransactions),
      events: this.#hostEvents(),
      resolve: (salt, shortIds) => {
        const { names } = ledger.environment;
        return resolveShortIds(mempool, (bytes) => names.wtxidOf(bytes), salt, shortIds);
      },
      leaveOut: (txids) => plugins.leaveOut?.(txids) ?? Promise.resolve(new Set()),
    });
    this.admission = new TransactionAdmission({
      mempool,
      network,
      quiet: () => this.#host.quiet(),
      onAccepted: (transactions) => this.#accepted(transactions),
      onRefused: (code) => {
        if (code === 'POOL_POLICY') this.metrics.increment('policyRejects');
      },
    });
    this.mempoolFile = new MempoolFile({
      path: join(config.dataDir, 'mempool.bin'),
      mempool,
      admission: this.admission,
      logger: parts.logger,
    });
    this.#sync = new HistorySync({
      ledger,
      requests: network.requests,
      peers: () => this.#syncPeers(),
      verify: verifyConsensusSignature,
      onFinal: (block, hash, finalization) => this.#final(block, hash, finalization),
      onProgress: (height, target) =>
        this.#logger.info('syncing', { height, target, peers: network.peers.list().length }),
      onLie: (peer, reason) => {
        this.#logger.warn('a peer sent history that is wrong', { peer, reason });
        network.peers.penalize(peer, 'invalid');
      },
    });
    this.#snapshotFolder = parts.snapshots;
    this.#snapshots = new SnapshotMaker({
      ledger,
      folder: parts.snapshots,
      interval: config.storage.snapshotInterval,
      isWanted: () => !this.#sync.active,
      logger: parts.logger,
    });
    this.eventLoop = monitorEventLoopDelay({ resolution: loopSampleMs });
  }

  /** Resolves when the node has stopped: with the reason if it stopped itself. */
  get stopped(): Promise<NodeError | undefined> {
    return this.#stopped.promise;
  }

  get ledger(): Chain['ledger'] {
    return this.#chain.ledger;
  }

  get chain(): Chain {
    return this.#chain;
  }

  get host(): ConsensusHost {
    return this.#host;
  }

  get listeners(): NodeListeners {
    return this.#listeners;
  }

  get syncTarget(): number {
    return this.#sync.active ? this.#syncTarget : 0;
  }

  /** Parts that the node closes when it stops. */
  adopt(owned: AsyncDisposableStack): void {
    this.#owned = owned;
  }

  /** Starts network, consensus and interfaces. */
  async start(): Promise<void> {
    const { ledger } = this.#chain;
    this.eventLoop.enable();
    this.#registerHealth();
    bindMetrics(this, this.#core);
    serveHistory(ledger, this.network.requests);
    serveSnapshots(this.#snapshotFolder, this.network.requests);
    this.#connectNetwork();
    await this.plugins.start({
      ledger,
      chainStore: this.#chain.store,
      mempool: this.#chain.mempool,
      genesis: this.genesis,
      addressNetwork: this.addressNetwork,
      peers: this.network.peers,
      secrets: this.#secrets,
      submit: (bytes, source) => this.submit(bytes, source),
    });
    await this.network.start();
    const chain = await chainStateOf(ledger);
    const recovered = this.#validator?.recovered;
    this.#host.feed(
      recovered === undefined
        ? { type: 'start', chain }
        : { type: 'start', chain, journal: recovered },
    );
    this.mempoolFile.start();
    await this.#openListeners();
    this.#housekeeping = setInterval(() => this.#tidy(), 1_000);
    if (this.#validator?.lost !== undefined) {
      this.#logger.error(
        'the journal of the consensus key is lost: this node follows and does not vote; rotate the key',
        {
          reason: this.#validator.lost,
        },
      );
    }
    if (this.#validator?.acceptsRisk === true) {
      this.#logger.error(
        'a new journal replaces a lost one: votes begin above what others have shown by then',
      );
    } else if (this.config.validator.acceptEquivocationRisk) {
      this.#logger.warn('validator.acceptEquivocationRisk is set and not needed: unset it');
    }
    this.#logger.info('the node runs', {
      role: this.config.role,
      validator: this.#validatorId,
      height: ledger.head.height,
      peerId: this.network.self.peerId,
      api: this.#listeners.api?.url,
      admin: this.#listeners.admin?.url,
      metrics: this.#listeners.metrics?.url,
    });
  }

  async #openListeners(): Promise<void> {
    const { config } = this;
    const api = config.api.enabled
      ? await startHttpServer({
          config: config.api,
          view: this,
          feed: this.feed,
          version: this.#version,
          needsTokenForWrites: () => this.#tokenForWrites,
          authorize: (token, scope) => this.#tokens.authorize(token, scope),
          extend: async (app) =>
            registerPluginRoutes(app, {
              host: this.plugins,
              authorize: (token, scope) => this.#tokens.authorize(token, scope),
              onUnauthorized: () => this.metrics.increment('authFailures'),
            }),
          onAnswered: ({ status, durationMs }) => {
            this.metrics.increment('httpRequests', { status: `${Math.floor(status / 100)}xx` });
            this.metrics.observe('httpDuration', durationMs / 1_000);
          },
          onFailure: (error, requestId) =>
            this.#logger.error('a request failed', { error, requestId }),
          onRateLimited: () => this.metrics.increment('rateLimited', { source: 'api' }),
          onUnauthorized: () => this.metrics.increment('authFailures'),
        })
      : undefined;
    this.#listeners = { api, admin: undefined, metrics: undefined };
    const admin = config.admin.enabled
      ? await openAdmin({
          config,
          tokens: this.#tokens,
          settings: this.settings,
          log: this.#logLevel,
          chain: this.#chain,
          chainTag: this.#chain.ledger.chain.chainTag,
          peers: this.network.peers,
          plugins: this.plugins,
          logger: this.#logger,
          metrics: this.metrics,
          snapshot: () => this.#snapshots.create(),
          stop: () => void this.stop(),
        })
      : undefined;
    this.#listeners = { api, admin, metrics: undefined };
    const metrics = config.metrics.enabled
      ? await startMetricsServer({
          ...config.metrics,
          metrics: this.metrics,
          health: this.health,
          more: () => this.plugins.metricsText(),
        })
      : undefined;
    this.#listeners = { api, admin, metrics };
  }

  #registerHealth(): void {
    const { ledger } = this.#chain;
    this.health.register('consensus', 'live', () =>
      this.#halted === undefined
        ? { ok: true, reason: `view ${this.#core.status().view}` }
        : { ok: false, reason: this.#halted.message },
    );
    this.health.register('store', 'live', () => {
      const { status } = this.#chain.store;
      return { ok: status === 'open', reason: status };
    });
    this.health.register('sync', 'ready', () =>
      this.#sync.active
        ? { ok: false, reason: `at height ${ledger.head.height} of ${this.#syncTarget}` }
        : { ok: true, reason: `following at height ${ledger.head.height}` },
    );
    this.health.register('finality', 'ready', () => {
      const lagMs = this.finalityLagMs;
      return { ok: lagMs < 30_000, reason: `last final block ${Math.round(lagMs / 1_000)} s ago` };
    });
  }

  get finalityLagMs(): number {
    return performance.now() - this.#lastCommitMs;
  }

  #connectNetwork(): void {
    const { network } = this;
    network.links.onMessage((from, _lane, bytes) => this.#host.message(from.peerId, bytes));
    network.peers.on(({ type, peer }) => {
      if (type === 'down') return this.#host.feed({ type: 'disconnected', peer: peer.peerId });
      const consensusKey = this.#consensusKeyOf(peer.validatorId);
      return this.#host.feed(
        consensusKey === undefined
          ? { type: 'connected', peer: peer.peerId }
          : { type: 'connected', peer: peer.peerId, consensusKey },
      );
    });
    network.gossip.onMessage((from, topic, bytes) => {
      if (topic !== 'certificates' || bytes[0] !== messageType.certificate) return 'ignore';
      if (!messageCodec.tryDecode(bytes).ok) return 'invalid';
      this.#host.message(from, bytes);
      return 'accept';
    });
  }

  #consensusKeyOf(validatorId: string | undefined): Uint8Array | undefined {
    if (validatorId === undefined) return undefined;
    const { ledger } = this.#chain;
    const state = ledger.state(ledger.head.hash);
    if (state === undefined) return undefined;
    for (const epoch of [state.childEpoch, state.childEpoch - 1]) {
      const entries = state.table(epoch)?.table.entries ?? [];
      const entry = entries.find(({ id }) => toHex(id) === validatorId);
      if (entry !== undefined) return entry.consensusKey;
    }
    return undefined;
  }

  #hostEvents(): HostEvents {
    return {
      onFinal: (block, hash, finalization) => this.#final(block, hash, finalization),
      onEpoch: (epoch: number, table: Table) => {
        this.#logger.info('a new epoch begins', { epoch, validators: table.entries.length });
        this.#tableChanged();
      },
      onStatus: (notice) => this.#noticed(notice),
      onRecord: (record, from) => this.#recordArrived(record, from),
      onBehind: ({ header }) => this.#behind(header.height),
      onRetain: ({ epoch, view, certificates }) => {
        this.#justifications.keep(epoch, view, certificates);
        this.#justifications.prune(epoch - this.parameters().evidenceMaxEpochs - 1);
      },
      // Who does not vote is told by certificate and fetches the block: bodies are not pushed.
      onRelay: () => {},
      onWarning: (code, details) => this.#logger.warn('consensus warns', { code, ...details }),
      onHalt: (code, reason) => this.#halt(code, reason),
      onRejected: (peer, code) => {
        this.metrics.increment('consensusMessages', { verdict: 'ignored' });
        this.#logger.debug('an input was refused', { peer, code });
      },
      onJournalSynced: (durationMs) => this.metrics.observe('journalSync', durationMs / 1_000),
    };
  }

  /** A new table is in force: who is a validator, this node included, is judged again. */
  #tableChanged(): void {
    const work = async (): Promise<void> => {
      // The table is the committed state's, and the boundary block may still be on its way to disk.
      await this.#host.settled();
      const identity = validatorIdentity(this.#chain, this.#validator);
      if (identity?.id !== this.#validatorId) {
        this.#validatorId = identity?.id;
        this.#logger.info(
          identity === undefined ? 'this node has no seat any more' : 'this node has a seat now',
          { validator: this.#validatorId },
        );
        await this.network.setValidator(identity);
      }
      await this.network.validatorsChanged();
    };
    work().catch((error: unknown) => {
      this.#logger.error('validators could not be judged again', { error });
    });
  }

  #noticed(notice: Notice): void {
    const key = keyOf(notice.hash);
    if (!this.#seen.has(key)) {
      if (this.#seen.size > 1_024) this.#forgetOldest(this.#seen);
      this.#seen.set(key, performance.now());
    }
    if (notice.status === 'FINAL') this.#stages.delete(key);
    else {
      if (this.#stages.size > 64) this.#forgetOldest(this.#stages);
      this.#stages.set(key, notice);
    }
  }

  #forgetOldest(map: Map<string, unknown>): void {
    const [oldest] = map.keys();
    if (oldest !== undefined) map.delete(oldest);
  }

  /** Commits a final block, then tells everybody. */
  async #final(_block: Block, hash: BlockHash, finalization: Uint8Array): Promise<void> {
    const { ledger, mempool } = this.#chain;
    // A block that became final through a descendant has no finalization of its own: it is committed
    // with that descendant, which follows at once.
    const certificate = certificateCodec.decode(finalization);
    if (Buffer.compare(certificate.blockHash, hash) !== 0) return;
    const start = performance.now();
    const committed = await ledger.commit(hash, finalization);
    const now = performance.now();
    if (committed.length === 0) return;
    this.metrics.observe('commitDuration', (now - start) / 1_000);
    this.metrics.observe('blockInterval', (now - this.#lastCommitMs) / 1_000);
    this.#lastCommitMs = now;
    for (const one of committed) {
      this.#measure(one, now);
      await mempool.blockFinal(one, Date.now());
      this.#forgetIncluded(one);
      this.feed.final(one.height, () => this.#blockEvents.committed(one));
    }
    this.plugins.blockFinal();
    this.#validator?.journal?.committed(committed.at(-1)?.height ?? 0);
    this.#announce(finalization);
    this.#checkBlacklist();
  }

  #measure(one: CommittedBlock, now: number): void {
    const key = keyOf(one.hash);
    const seen = this.#seen.get(key);
    if (seen !== undefined) this.metrics.observe('blockFinality', (now - seen) / 1_000);
    this.#seen.delete(key);
    this.metrics.increment('finalBlocks');
    this.metrics.increment('finalTransactions', {}, one.txids.length);
  }

  #forgetIncluded({ block }: CommittedBlock): void {
    const { names } = this.#chain.ledger.environment;
    this.network.transactions.forget(block.transactions.map((bytes) => names.wtxidOf(bytes)));
    if (block.systemRecords.length <= 2) return;
    this.#records.remove(systemRecordListCodec.decode(block.systemRecords));
  }

  /** Tells those who do not vote: the certificate of a final block. */
  #announce(certificate: Uint8Array): void {
    if (this.#validatorId === undefined || certificate.length === 0) return;
    // Validators make certificates of their own.
    const isAlone = this.network.peers.list().every((peer) => peer.validatorId !== undefined);
    if (isAlone) return;
    const bytes = messageCodec.encode({ type: messageType.certificate, certificate });
    this.network.gossip.publish('certificates', bytes).catch((error: unknown) => {
      this.#logger.debug('nobody to gossip to', { error });
    });
  }

  #checkBlacklist(): void {
    const { ledger } = this.#chain;
    const state = ledger.state(ledger.head.hash);
    const table = state?.table(state.childEpoch)?.table;
    if (state === undefined || table === undefined) return;
    const ids = table.entries
      .map(({ id }) => id)
      .filter((id) => state.blacklistedUntil(id) >= ledger.head.height + 1);
    const key = ids.map(keyOf).join();
    if (key === this.#blacklist) return;
    this.#blacklist = key;
    this.#host.feed({ type: 'blacklist', ids });
  }

  #recordArrived(record: SystemRecord, from: string | undefined): void {
    if (!this.#records.add(record)) return;
    if (record.type === 4) {
      this.metrics.increment('equivocations');
      const { epoch, view } = record.voteA;
      this.plugins.evidence({ validatorId: toHex(record.signerId), epoch, view });
      this.#logger.security('consensus.equivocation', {
        validator: toHex(record.signerId),
        height: this.#chain.ledger.head.height,
        view: record.voteA.view,
        evidence: toHex(systemRecordCodec.encode(record)),
      });
    }
    // The own report and evidence found here go to all; what peers sent, its sender gossips.
    if (from === undefined) this.#gossipRecord(record);
    this.#host.feed({ type: 'workArrived' });
  }

  #gossipRecord(record: SystemRecord): void {
    const bytes = messageCodec.encode({ type: messageType.systemRecord, record });
    this.network.links.broadcast('rest', bytes);
  }

  #accepted(
    transactions: readonly { readonly txid: Uint8Array; readonly bytes: Uint8Array }[],
  ): void {
    this.#host.feed({ type: 'workArrived' });
    this.plugins.accepted(transactions);
    if (!this.feed.wants('transaction')) return;
    const { mempool } = this.#chain;
    for (const { txid } of transactions) {
      const name = toHex(txid);
      const owners = mempool.get(txid)?.owners;
      // One that a later one of its batch displaced waits no more.
      if (owners === undefined) continue;
      this.feed.transaction(name, 'pending', this.#blockEvents.pending(name, owners));
    }
  }

  #syncPeers(): readonly PeerId[] {
    return this.network.peers.list().map(({ peerId }) => peerId);
  }

  #behind(target: number): void {
    this.#syncTarget = Math.max(this.#syncTarget, target);
    if (this.#sync.active) return;
    this.#logger.info('catching up by history', { target, height: this.#chain.ledger.head.height });
    this.#catchUp(target).catch((error: unknown) => {
      this.#halt('NODE_STORE', error instanceof Error ? error.message : String(error));
    });
  }

  async #catchUp(target: number): Promise<void> {
    await this.#host.settled();
    await this.#sync.run(target);
    const chain = await chainStateOf(this.#chain.ledger);
    this.#host.feed({ type: 'synced', chain });
  }

  #halt(code: string, reason: string): void {
    if (this.#halted !== undefined) return;
    this.#halted = new NodeError('NODE_HALTED', `${code}: ${reason}`, { code });
    this.#logger.fatal('consensus has stopped; going on would be unsafe', { code, reason });
    void this.stop();
  }

  #tidy(): void {
    const { ledger, mempool } = this.#chain;
    mempool.expire(Date.now());
    const epoch = ledger.state(ledger.head.hash)?.childEpoch ?? 1;
    this.#records.prune((record) => {
      if (record.type === 5) return record.epoch < epoch;
      if (record.type === 4)
        return record.voteA.epoch + this.parameters().evidenceMaxEpochs < epoch;
      return record.expiryEpoch < epoch;
    });
  }

  /** Loads the configuration again (SIGHUP). @throws ConfigError: then nothing has changed. */
  async reload(): Promise<void> {
    const { applied, needRestart } = await this.settings.reload();
    this.#logger.info('the configuration was read again', { applied, needRestart });
  }

  /** Stops interfaces, then consensus, then the network and the store. Idempotent. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    clearInterval(this.#housekeeping);
    this.feed.close();
    this.#sync.stop();
    await this.#listeners.api?.close();
    await this.#listeners.admin?.close();
    await this.#listeners.metrics?.close();
    this.#host.close();
    await this.#host.settled();
    await this.#snapshots.stop();
    await this.#justifications.settled();
    await this.plugins.stop();
    await this.network.stop();
    await this.mempoolFile.stop();
    await this.#owned?.disposeAsync();
    this.eventLoop.disable();
    this.#logger.info('the node has stopped', { height: this.#chain.ledger.head.height });
    this.#logger.flush();
    this.#stopped.resolve(this.#halted);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  parameters(): ChainParameters {
    const { ledger } = this.#chain;
    return ledger.state(ledger.head.hash)?.parameters ?? this.genesis.document.parameters;
  }

  status(): Status {
    const { ledger, mempool } = this.#chain;
    const { head } = ledger;
    const core = this.#core.status();
    const peers = this.network.peers.list();
    const { peersOffsetMs } = this.network.clock();
    return {
      network: {
        id: this.genesis.document.networkId,
        chainTag: toHex(ledger.chain.chainTag),
        genesisHash: toHex(ledger.chain.genesisHash),
        test: this.addressNetwork === 'test',
      },
      software: this.#version,
      role: this.config.role,
      validatorId: this.#validatorId,
      ready: this.health.report('ready').ok,
      syncing: this.#sync.active,
      height: head.height,
      headHash: toHex(head.hash),
      headTimeMs: head.header.timestampMs,
      finalityLagMs: Math.round(this.finalityLagMs),
      epoch: core.epoch,
      view: core.view,
      peers: peers.length,
      validatorsConnected: this.network.links.validators().length,
      mempoolTransactions: mempool.size,
      mempoolBytes: mempool.bytes,
      clockOffsetMs: peersOffsetMs ?? null,
      uptimeMs: Math.round(performance.now() - this.#startedMs),
      totalSupply: head.header.totalSupply.toString(),
    };
  }

  submit(bytes: Uint8Array, source: string): Promise<SubmissionOutcome> {
    return this.admission.submit(bytes, source);
  }

  submitAll(
    transactions: readonly Uint8Array[],
    source: string,
  ): Promise<readonly SubmissionOutcome[]> {
    return this.admission.submitAll(transactions, source);
  }

  async submitRecord(
    record: SystemRecord,
  ): Promise<{ readonly ok: true; readonly fresh: boolean } | SubmissionRefusal> {
    const verdict = await this.#chain.ledger.checkSystemRecord(record);
    if (!verdict.ok) {
      return { ok: false, kind: 'rejected', code: verdict.code, reason: verdict.reason };
    }
    const fresh = this.#records.add(record);
    if (fresh) this.#gossipRecord(record);
    this.#host.feed({ type: 'workArrived' });
    return { ok: true, fresh };
  }

  pending(txid: Uint8Array): PendingTransaction | undefined {
    const waiting = this.#chain.mempool.get(txid);
    return waiting === undefined ? undefined : { bytes: waiting.bytes, state: 'pending' };
  }

  async pendingOf(owner: Owner): Promise<PendingDelta> {
    const { ledger, mempool } = this.#chain;
    const spentBy = new Map<string, string>();
    const waiting = mempool.ofOwner(owner);
    let delta = 0n;
    const inputs: string[] = [];
    const isOwner = (other: Owner): boolean =>
      other.version === owner.version && Buffer.compare(other.hash, owner.hash) === 0;
    for (const transaction of waiting) {
      const { body } = transactionCodec.decode(transaction.bytes);
      for (const input of body.inputs) {
        const key = outpointKeyOf(input);
        spentBy.set(key, transaction.txidHex());
        inputs.push(key);
      }
      for (const output of body.outputs) if (isOwner(output.owner)) delta += output.amount;
    }
    for (const output of (await ledger.outputs(inputs)).values()) {
      if (isOwner(output.owner)) delta -= output.amount;
    }
    return { delta, spentBy };
  }

  mempool(): MempoolView {
    const { mempool } = this.#chain;
    const { counters } = mempool;
    const { refused, floor, ...rest } = counters;
    return {
      transactions: counters.transactions,
      bytes: counters.bytes,
      maxBytes: this.config.mempool.maxBytes,
      tipLane: counters.tipBytes,
      freeLane: counters.freeBytes,
      orphans: counters.orphans,
      admissionFloor: Math.max(floor.tip, floor.free),
      counters: { ...rest, ...refused },
    };
  }

  peers(): readonly PeerInspection[] {
    return this.network.peers.list();
  }

  snapshots(): readonly SnapshotView[] {
    return this.#snapshots.list;
  }
}
