/** Counter: only rises. Gauge: rises and falls. Histogram: counts by size. */
export type MetricType = 'counter' | 'gauge' | 'histogram';

/** Which endpoint shows it: `/metrics`, or `/security-metrics` as well. */
export type MetricGroup = 'node' | 'security';

/** One metric: its name is for ever, its labels have a closed list of values. */
export interface MetricDefinition {
  readonly name: string;
  readonly type: MetricType;
  readonly group: MetricGroup;
  readonly help: string;
  /** Label to its allowed values; another value is counted as `other`. */
  readonly labels: Readonly<Record<string, readonly string[]>>;
  readonly buckets: readonly number[];
}

interface Options {
  readonly labels?: Readonly<Record<string, readonly string[]>>;
  readonly buckets?: readonly number[];
  readonly group?: MetricGroup;
}

function define(type: MetricType, name: string, help: string, options: Options): MetricDefinition {
  const { labels = {}, buckets = [], group = 'node' } = options;
  return { name, type, group, help, labels, buckets };
}

const counter = (name: string, help: string, options: Options = {}): MetricDefinition =>
  define('counter', name, help, options);
const gauge = (name: string, help: string, options: Options = {}): MetricDefinition =>
  define('gauge', name, help, options);
const histogram = (name: string, help: string, options: Options = {}): MetricDefinition =>
  define('histogram', name, help, options);

/** 5 ms to 10 s: what people feel. */
const seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 2, 5, 10] as const;
const security: Options = { group: 'security' };

/** How code names a metric. */
export type MetricKey =
  | 'buildInfo'
  | 'finalHeight'
  | 'finalBlocks'
  | 'finalTransactions'
  | 'blockFinality'
  | 'blockInterval'
  | 'finalityLag'
  | 'epoch'
  | 'view'
  | 'nullifiedViews'
  | 'votesSent'
  | 'consensusMessages'
  | 'isValidator'
  | 'validatorRank'
  | 'mempoolTransactions'
  | 'mempoolBytes'
  | 'mempoolAdmissions'
  | 'mempoolEvictions'
  | 'unspentOutputs'
  | 'totalSupply'
  | 'peers'
  | 'networkBytes'
  | 'networkDropped'
  | 'roundTrip'
  | 'clockOffset'
  | 'syncTarget'
  | 'storageBytes'
  | 'commitDuration'
  | 'journalSync'
  | 'eventLoopDelay'
  | 'verifications'
  | 'verificationQueue'
  | 'httpRequests'
  | 'httpDuration'
  | 'streamSubscribers'
  | 'streamMissed'
  | 'pluginCalls'
  | 'authFailures'
  | 'rateLimited'
  | 'invalidMessages'
  | 'handshakeFailures'
  | 'equivocations'
  | 'blacklisted'
  | 'bans'
  | 'policyRejects'
  | 'redactions';

/** Every metric of a node, in one place. Names end in _total, _seconds, _bytes, _info or a noun. */
export const catalogue: Readonly<Record<MetricKey, MetricDefinition>> = {
  buildInfo: gauge('mxd_build_info', 'Version of the software; always 1.', {
    labels: { role: ['validator', 'full', 'archive', 'sentry'] },
  }),
  finalHeight: gauge('mxd_final_height', 'Height of the newest final block.'),
  finalBlocks: counter('mxd_final_blocks_total', 'Blocks committed since the start.'),
  finalTransactions: counter('mxd_final_transactions_total', 'Transactions in committed blocks.'),
  blockFinality: histogram(
    'mxd_block_finality_seconds',
    'From first sight of a proposal to its finality.',
    { buckets: seconds },
  ),
  blockInterval: histogram('mxd_block_interval_seconds', 'Between two commits.', {
    buckets: seconds,
  }),
  finalityLag: gauge('mxd_finality_lag_seconds', 'Age of the newest commit.'),
  epoch: gauge('mxd_epoch', 'Epoch of consensus.'),
  view: gauge('mxd_view', 'View of consensus in its epoch.'),
  nullifiedViews: counter('mxd_nullified_views_total', 'Views that ended without a block.'),
  votesSent: counter('mxd_votes_sent_total', 'Votes signed and sent.', {
    labels: { kind: ['notarize', 'nullify', 'finalize'] },
  }),
  consensusMessages: counter('mxd_consensus_messages_total', 'Consensus messages by verdict.', {
    labels: { verdict: ['accepted', 'ignored', 'invalid'] },
  }),
  isValidator: gauge('mxd_validator_active', '1 while this node is in the table in force.'),
  validatorRank: gauge('mxd_validator_rank', 'Rank of this node in the table; 0 outside of it.'),
  mempoolTransactions: gauge('mxd_mempool_transactions', 'Transactions waiting.', {
    labels: { lane: ['tip', 'free', 'orphan'] },
  }),
  mempoolBytes: gauge('mxd_mempool_bytes', 'Bytes of transactions waiting.'),
  mempoolAdmissions: counter('mxd_mempool_admissions_total', 'Submissions by verdict.', {
    labels: { verdict: ['accepted', 'known', 'rejected', 'deferred', 'orphaned'] },
  }),
  mempoolEvictions: counter('mxd_mempool_evictions_total', 'Transactions dropped for room.'),
  unspentOutputs: gauge('mxd_unspent_outputs', 'Size of the unspent set.'),
  totalSupply: gauge('mxd_total_supply', 'Supply in MXD, rounded down.'),
  peers: gauge('mxd_peers', 'Connected peers.', { labels: { kind: ['validator', 'full'] } }),
  networkBytes: counter('mxd_network_bytes_total', 'Payload bytes by direction and channel.', {
    labels: {
      direction: ['in', 'out'],
      channel: ['consensus', 'transactions', 'requests', 'gossip'],
    },
  }),
  networkDropped: counter('mxd_network_dropped_total', 'Frames dropped because a queue was full.'),
  roundTrip: gauge('mxd_peer_round_trip_seconds', 'Median round trip over all peers.'),
  clockOffset: gauge('mxd_clock_offset_seconds', 'Own clock minus the median of the peers.'),
  syncTarget: gauge('mxd_sync_target_height', 'Height that sync runs to; 0 when following.'),
  storageBytes: gauge('mxd_storage_bytes', 'Approximate size of the store on disk.'),
  commitDuration: histogram('mxd_commit_seconds', 'Writing and syncing a final block.', {
    buckets: seconds,
  }),
  journalSync: histogram('mxd_journal_sync_seconds', 'Syncing the consensus journal.', {
    buckets: [0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1],
  }),
  eventLoopDelay: gauge('mxd_event_loop_delay_seconds', 'Delay of the main thread, last 10 s.', {
    labels: { quantile: ['p50', 'p99', 'max'] },
  }),
  verifications: counter('mxd_signature_checks_total', 'Signatures checked.', {
    labels: { verdict: ['valid', 'invalid'] },
  }),
  verificationQueue: gauge('mxd_signature_queue', 'Signatures waiting for a worker.'),
  httpRequests: counter('mxd_http_requests_total', 'API requests by class of status.', {
    labels: { status: ['2xx', '3xx', '4xx', '5xx'] },
  }),
  httpDuration: histogram('mxd_http_request_seconds', 'API requests.', { buckets: seconds }),
  streamSubscribers: gauge('mxd_stream_subscribers', 'Open event streams.'),
  streamMissed: counter('mxd_stream_missed_events_total', 'Events that slow readers missed.'),
  pluginCalls: counter('mxd_plugin_calls_total', 'Hook calls by outcome.', {
    labels: { outcome: ['ok', 'error', 'timeout'] },
  }),

  authFailures: counter(
    'mxd_auth_failures_total',
    'Requests with a bad or missing token.',
    security,
  ),
  rateLimited: counter('mxd_rate_limited_total', 'Requests and messages over a rate limit.', {
    ...security,
    labels: { source: ['api', 'peer'] },
  }),
  invalidMessages: counter(
    'mxd_invalid_messages_total',
    'Messages of peers that broke a rule.',
    security,
  ),
  handshakeFailures: counter(
    'mxd_handshake_failures_total',
    'Peers that failed authentication.',
    security,
  ),
  equivocations: counter('mxd_equivocations_total', 'Double signs detected here.', security),
  blacklisted: gauge('mxd_blacklisted_validators', 'Validators under punishment.', security),
  bans: gauge('mxd_banned_peers', 'Peers that are banned now.', security),
  policyRejects: counter(
    'mxd_policy_rejects_total',
    "Transactions refused by this node's policy.",
    security,
  ),
  redactions: counter(
    'mxd_log_redactions_total',
    'Secrets that the log sanitiser removed.',
    security,
  ),
};
