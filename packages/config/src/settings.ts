import { z } from 'zod';

/** How a setting's text, from environment or flag, becomes a value. */
export type SettingForm = 'text' | 'number' | 'flag' | 'list' | 'json';

/** One setting: where it stands, what it may be, what it is unless set. */
export interface Setting {
  /** Dotted path: `api.port`. */
  readonly path: string;
  readonly form: SettingForm;
  readonly schema: z.ZodType;
  readonly fallback: unknown;
  readonly help: string;
  /** Whether a reload (SIGHUP) applies it without a restart. */
  readonly reloadable: boolean;
  /** Shown as [redacted] and may be encrypted in files. */
  readonly secret: boolean;
}

interface Options {
  readonly reloadable?: boolean;
  readonly secret?: boolean;
}

function setting(
  path: string,
  form: SettingForm,
  schema: z.ZodType,
  fallback: unknown,
  help: string,
  { reloadable = false, secret = false }: Options = {},
): Setting {
  return { path, form, schema, fallback, help, reloadable, secret };
}

const port = z.int('a port is a whole number').min(0).max(65_535);
const host = z.string().min(1).max(253);
const file = z.string().max(4_096);
const texts = z.array(z.string().min(1).max(1_024)).max(1_024);
const flag = z.boolean();
const between = (min: number, max: number): z.ZodType => z.int().min(min).max(max);
const reloadable = { reloadable: true } as const;

const mebibyte = 1_048_576;

/** Every setting of a node, in one place: defaults, rules and words. */
export const settings: readonly Setting[] = [
  setting(
    'role',
    'text',
    z.enum(['validator', 'full', 'archive', 'sentry']),
    'full',
    'What this node is: validator, full, archive (keeps every body) or sentry (shields validators).',
  ),
  setting('dataDir', 'text', file.min(1), './data', 'Folder of everything the node writes.'),
  setting(
    'genesisFile',
    'text',
    file,
    'genesis.mxd',
    'Genesis with all signatures; relative to dataDir.',
  ),
  setting(
    'expectedGenesisHash',
    'text',
    z.string().regex(/^([0-9a-f]{128})?$/, '64 bytes of lower-case hexadecimal, or empty'),
    '',
    'Hash of the genesis document that must be found; production networks set it.',
  ),

  setting(
    'validator.keyFile',
    'text',
    file,
    'validator/consensus.key',
    'Keystore of the consensus key; relative to dataDir. Its journal lies beside it.',
  ),
  setting(
    'validator.passphraseSecret',
    'text',
    z.string().max(128),
    'validator-passphrase',
    'Name of the secret that opens the keystore.',
  ),
  setting(
    'validator.acceptEquivocationRisk',
    'flag',
    flag,
    false,
    'Sign again, above a floor, with a key whose journal is lost: the last way out.',
  ),

  setting(
    'network.listen',
    'list',
    texts,
    ['/ip4/0.0.0.0/tcp/26656'],
    'Multiaddresses to listen on.',
  ),
  setting(
    'network.announce',
    'list',
    texts,
    [],
    'Multiaddresses told to others instead of the ones listened on.',
  ),
  setting(
    'network.bootstrap',
    'list',
    texts,
    [],
    'Peers to dial first: multiaddresses with /p2p/ ids.',
  ),
  setting('network.maxPeers', 'number', between(1, 10_000), 200, 'Most connections.'),
  setting(
    'network.maxPeersPerAddress',
    'number',
    between(1, 10_000),
    16,
    'Most connections of one public IP address.',
  ),
  setting(
    'network.allowPeers',
    'list',
    texts,
    [],
    'If not empty, only these peer or validator ids may connect.',
  ),
  setting(
    'network.allowAddresses',
    'list',
    texts,
    [],
    'If not empty, only these CIDR ranges may connect.',
  ),
  setting(
    'network.sentries',
    'list',
    texts,
    [],
    'If not empty, this validator talks to these sentries only.',
  ),
  setting('network.privatePeers', 'list', texts, [], 'Peer ids that are never told to others.'),
  setting(
    'network.discovery',
    'flag',
    flag,
    true,
    'Find peers by exchange and DHT; without, only named ones are dialled.',
  ),
  setting('network.upnp', 'flag', flag, false, 'Ask the router to open the port.'),
  setting(
    'network.ntpServers',
    'list',
    texts,
    [],
    'Time servers to compare the clock with; never used to set it.',
  ),

  setting(
    'consensus.deltaMs',
    'number',
    between(10, 10_000),
    300,
    'Expected delay between validators; scales all timers.',
  ),
  setting(
    'consensus.minBlockMs',
    'number',
    between(0, 60_000),
    100,
    'Shortest time between blocks.',
  ),
  setting(
    'consensus.emptyDelayMs',
    'number',
    between(0, 60_000),
    1_000,
    'How long a leader with nothing to include waits.',
  ),

  setting(
    'storage.cacheBytes',
    'number',
    between(mebibyte, 2 ** 40),
    64 * mebibyte,
    'Cache of the store.',
  ),
  setting(
    'storage.outputCacheBytes',
    'number',
    between(0, 2 ** 40),
    64 * mebibyte,
    'Cache of hot unspent outputs.',
  ),
  setting(
    'storage.keepBodies',
    'number',
    between(0, Number.MAX_SAFE_INTEGER),
    0,
    'Newest bodies to keep; 0 keeps all.',
  ),
  setting(
    'storage.indexAddresses',
    'flag',
    flag,
    true,
    'Keep history and unspent outputs by address.',
  ),
  setting('storage.indexTransactions', 'flag', flag, true, 'Keep the place of every transaction.'),
  setting(
    'storage.snapshotInterval',
    'number',
    between(0, 2 ** 31),
    10_000,
    'Blocks between snapshots that peers can take; 0 for none.',
  ),

  setting(
    'sync.mode',
    'text',
    z.enum(['history', 'snapshot']),
    'history',
    'How an empty node begins: by replaying all blocks, or with a snapshot of the state.',
  ),
  setting(
    'sync.checkpoint',
    'text',
    z
      .string()
      .regex(
        /^([1-9][0-9]{0,8}:[0-9a-f]{128}:[0-9a-f]{128})?$/,
        'epoch:anchorHash:tableHash, hashes of 64 bytes in lower-case hexadecimal, or empty',
      ),
    '',
    'What a snapshot must build on, from a source that you trust: epoch:anchorHash:tableHash.',
  ),

  setting(
    'mempool.maxBytes',
    'number',
    between(mebibyte, 2 ** 36),
    128 * mebibyte,
    'Bytes of waiting transactions.',
  ),
  setting(
    'mempool.maxTransactions',
    'number',
    between(100, 10_000_000),
    200_000,
    'Waiting transactions.',
  ),

  setting(
    'verification.workers',
    'number',
    between(0, 256),
    0,
    'Threads that check signatures; 0 picks by the number of processors.',
  ),

  setting('api.enabled', 'flag', flag, true, 'Serve the public HTTP API.'),
  setting('api.host', 'text', host, '127.0.0.1', 'Address that the public API listens on.'),
  setting('api.port', 'number', port, 26_680, 'Port of the public API; 0 picks one.'),
  setting('api.cors', 'list', texts, [], 'Origins that browsers may call from; empty for none.'),
  setting(
    'api.tokenForWrites',
    'flag',
    flag,
    false,
    'Submitting needs a token with the scope `submit`.',
    reloadable,
  ),
  setting(
    'api.bodyLimitBytes',
    'number',
    between(1_024, 64 * mebibyte),
    mebibyte,
    'Largest request body.',
  ),
  setting(
    'api.requestsPerSecond',
    'number',
    between(1, 10_000_000),
    200,
    'Sustained requests of one client address.',
  ),
  setting(
    'api.requestBurst',
    'number',
    between(1, 10_000_000),
    1_000,
    'Requests of one client address at once.',
  ),
  setting('api.maxConnections', 'number', between(1, 1_000_000), 2_000, 'Open connections.'),
  setting('api.maxStreams', 'number', between(0, 100_000), 500, 'Open event streams.'),
  setting(
    'api.tlsCertificateFile',
    'text',
    file,
    '',
    'PEM certificate chain; empty serves plain HTTP.',
  ),
  setting('api.tlsKeyFile', 'text', file, '', 'PEM private key of the certificate.'),

  setting('admin.enabled', 'flag', flag, false, 'Serve the admin API, on a listener of its own.'),
  setting('admin.host', 'text', host, '127.0.0.1', 'Address that the admin API listens on.'),
  setting('admin.port', 'number', port, 26_681, 'Port of the admin API; 0 picks one.'),
  setting(
    'admin.tokensFile',
    'text',
    file,
    'tokens.json',
    'Hashes of API tokens with scopes and expiry; relative to dataDir.',
  ),

  setting('metrics.enabled', 'flag', flag, true, 'Serve metrics and health.'),
  setting('metrics.host', 'text', host, '127.0.0.1', 'Address that metrics listen on.'),
  setting('metrics.port', 'number', port, 26_660, 'Port of metrics and health; 0 picks one.'),

  setting(
    'log.level',
    'text',
    z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal']),
    'info',
    'Least severe level that is written.',
    reloadable,
  ),
  setting(
    'log.format',
    'text',
    z.enum(['json', 'ecs', 'text']),
    'json',
    'One JSON object per line, the same with ECS names, or text for people.',
  ),
  setting(
    'log.file',
    'text',
    file,
    '',
    'File to log to, relative to dataDir; empty logs to standard output.',
  ),
  setting(
    'log.maxFileBytes',
    'number',
    between(65_536, 2 ** 40),
    64 * mebibyte,
    'Size at which a log file is rotated.',
  ),
  setting('log.maxFiles', 'number', between(1, 10_000), 10, 'Rotated log files to keep.'),

  setting(
    'secrets.directory',
    'text',
    file,
    '',
    'Folder with one file per secret, as Kubernetes mounts them.',
  ),

  setting(
    'plugins',
    'json',
    z
      .array(
        z.strictObject({
          module: z.string().min(1).max(4_096),
          config: z.record(z.string(), z.unknown()).default({}),
          trusted: z.boolean().default(false),
          budgetMs: z.int().min(1).max(60_000).default(250),
        }),
      )
      .max(64),
    [],
    'Plugins in order; a trusted one runs on the main thread.',
  ),
];

/** `MXD_API_PORT` for `api.port`. */
export function environmentName(path: string): string {
  return `MXD_${path
    .replaceAll('.', '_')
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toUpperCase()}`;
}

/** `--api-port` for `api.port`. */
export function flagName(path: string): string {
  return `--${path
    .replaceAll('.', '-')
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()}`;
}
