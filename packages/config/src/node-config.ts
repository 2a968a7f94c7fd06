/** What a plugin entry of the configuration holds. */
export interface PluginEntry {
  readonly module: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly trusted: boolean;
  readonly budgetMs: number;
}

/** A complete, checked configuration. The settings' table says what each value means. */
export interface NodeConfig {
  readonly role: 'validator' | 'full' | 'archive' | 'sentry';
  readonly dataDir: string;
  readonly genesisFile: string;
  readonly expectedGenesisHash: string;
  readonly validator: {
    readonly keyFile: string;
    readonly passphraseSecret: string;
    readonly acceptEquivocationRisk: boolean;
  };
  readonly network: {
    readonly listen: readonly string[];
    readonly announce: readonly string[];
    readonly bootstrap: readonly string[];
    readonly maxPeers: number;
    readonly maxPeersPerAddress: number;
    readonly allowPeers: readonly string[];
    readonly allowAddresses: readonly string[];
    readonly sentries: readonly string[];
    readonly privatePeers: readonly string[];
    readonly discovery: boolean;
    readonly upnp: boolean;
    readonly ntpServers: readonly string[];
  };
  readonly consensus: {
    readonly deltaMs: number;
    readonly minBlockMs: number;
    readonly emptyDelayMs: number;
  };
  readonly storage: {
    readonly cacheBytes: number;
    readonly outputCacheBytes: number;
    readonly keepBodies: number;
    readonly indexAddresses: boolean;
    readonly indexTransactions: boolean;
    readonly snapshotInterval: number;
  };
  readonly sync: { readonly mode: 'history' | 'snapshot'; readonly checkpoint: string };
  readonly mempool: { readonly maxBytes: number; readonly maxTransactions: number };
  readonly verification: { readonly workers: number };
  readonly api: {
    readonly enabled: boolean;
    readonly host: string;
    readonly port: number;
    readonly cors: readonly string[];
    readonly tokenForWrites: boolean;
    readonly bodyLimitBytes: number;
    readonly requestsPerSecond: number;
    readonly requestBurst: number;
    readonly maxConnections: number;
    readonly maxStreams: number;
    readonly tlsCertificateFile: string;
    readonly tlsKeyFile: string;
  };
  readonly admin: {
    readonly enabled: boolean;
    readonly host: string;
    readonly port: number;
    readonly tokensFile: string;
  };
  readonly metrics: { readonly enabled: boolean; readonly host: string; readonly port: number };
  readonly log: {
    readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';
    readonly format: 'json' | 'ecs' | 'text';
    readonly file: string;
    readonly maxFileBytes: number;
    readonly maxFiles: number;
  };
  readonly secrets: { readonly directory: string };
  readonly plugins: readonly PluginEntry[];
}
