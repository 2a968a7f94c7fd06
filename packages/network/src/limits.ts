import type { Lane, Offence, RequestKind } from './contract.ts';

/** One limit as the generated docs/limits.md shows it. */
export interface Limit {
  readonly value: number;
  readonly unit: 'bytes' | 'ms' | 'count' | 'per second' | 'bytes per second' | 'points' | 'bits';
  readonly why: string;
}

const KiB = 1024;
const MiB = 1024 * 1024;

/** Every limit of this package. Operators override the ones that `NetworkOptions` names. */
export const limits = {
  connections: {
    value: 400,
    unit: 'count',
    why: 'Sessions and handshakes at once; above it inbound is refused.',
  },
  connectionsPerIp: {
    value: 8,
    unit: 'count',
    why: 'From one public address: a few nodes behind one NAT.',
  },
  connectionsPerSubnet: { value: 32, unit: 'count', why: 'From one public IPv4 /24 or IPv6 /48.' },
  connectionsPerPrivateIp: {
    value: 512,
    unit: 'count',
    why: 'Private and loopback ranges: test clusters.',
  },
  attemptsPerIp: {
    value: 10,
    unit: 'per second',
    why: 'Inbound attempts per public address, burst of 4 x this.',
  },
  attemptsPerPrivateIp: {
    value: 1_000,
    unit: 'per second',
    why: 'The same for private and loopback ranges.',
  },
  attempts: { value: 500, unit: 'per second', why: 'Inbound attempts of all addresses together.' },
  pendingHandshakes: {
    value: 64,
    unit: 'count',
    why: 'Inbound connections that have not finished Noise.',
  },
  trackedAddresses: {
    value: 20_000,
    unit: 'count',
    why: 'Addresses with an attempt bucket; oldest forgotten.',
  },
  upgradeTimeoutMs: {
    value: 5_000,
    unit: 'ms',
    why: 'Noise and yamux negotiation of an inbound connection.',
  },
  helloTimeoutMs: {
    value: 5_000,
    unit: 'ms',
    why: 'From connection to a finished session handshake.',
  },
  streamsPerPeer: { value: 64, unit: 'count', why: 'Inbound streams of one connection.' },
  frameTimeoutMs: {
    value: 20_000,
    unit: 'ms',
    why: 'From the first to the last byte of one frame.',
  },
  slowReaderMs: {
    value: 30_000,
    unit: 'ms',
    why: 'An outbox that does not move for this long ends the session.',
  },
  livenessPingMs: { value: 5_000, unit: 'ms', why: 'Silence after which a peer is pinged.' },
  livenessTimeoutMs: {
    value: 10_000,
    unit: 'ms',
    why: 'Silence after a ping that ends a session: TCP would need a quarter of an hour to notice.',
  },
  writeSliceBytes: {
    value: 65_536,
    unit: 'bytes',
    why: 'Written at once per lane, so that votes get between.',
  },
  gossipBytes: { value: 65_536, unit: 'bytes', why: 'One gossiped payload.' },
  gossipPerPeer: {
    value: 200,
    unit: 'per second',
    why: 'Gossiped payloads judged per peer; beyond: ignored.',
  },
  gossipPending: { value: 256, unit: 'count', why: 'Gossiped payloads being judged at once.' },
  requestBytes: { value: 16_384, unit: 'bytes', why: 'One request.' },
  requestsServed: { value: 128, unit: 'count', why: 'Requests served at once, all peers.' },
  requestIdleMs: {
    value: 10_000,
    unit: 'ms',
    why: 'A served request whose asker reads nothing for this long.',
  },
  relayBatchBytes: {
    value: 65_536,
    unit: 'bytes',
    why: 'One batch of transactions; one larger one alone.',
  },
  relayTransactionBytes: { value: 1_048_576, unit: 'bytes', why: 'One transaction.' },
  relayEntries: {
    value: 100_000,
    unit: 'count',
    why: 'Ids remembered with who has them; oldest forgotten.',
  },
  relayHeldBytes: {
    value: 67_108_864,
    unit: 'bytes',
    why: 'Transaction bytes kept to answer fetches.',
  },
  relayAnnounceIds: { value: 2_000, unit: 'count', why: 'Ids in one announcement or fetch.' },
  relayDelayMs: {
    value: 16,
    unit: 'ms',
    why: 'Batching of pushes and announcements; none after a quiet period.',
  },
  relayLazyDelayMs: {
    value: 600,
    unit: 'ms',
    why: 'Announcing pushed transactions to other validators.',
  },
  relayFetchTimeoutMs: { value: 1_500, unit: 'ms', why: 'Then the next announcer is asked.' },
  relayWantedIds: {
    value: 20_000,
    unit: 'count',
    why: 'Announced ids that wait for their transaction.',
  },
  relayPendingBatches: { value: 64, unit: 'count', why: 'Received batches being judged per peer.' },
  addressBookEntries: {
    value: 4_096,
    unit: 'count',
    why: 'Known peers; worst and oldest evicted first.',
  },
  addressesPerPeer: { value: 8, unit: 'count', why: 'Addresses kept per peer.' },
  addressBookPerSubnet: {
    value: 64,
    unit: 'count',
    why: 'Known peers per public /24 or /48: eclipse resistance.',
  },
  addressesPerSource: {
    value: 256,
    unit: 'count',
    why: 'Known peers that one peer may have told us of.',
  },
  exchangePeers: { value: 64, unit: 'count', why: 'Peers in one peer exchange answer.' },
  outboundPeers: {
    value: 12,
    unit: 'count',
    why: 'Sessions that this node opens to non-static peers.',
  },
  outboundPerSubnet: { value: 1, unit: 'count', why: 'Of those, per public /16 or /32.' },
  anchors: {
    value: 4,
    unit: 'count',
    why: 'Longest-lived outbound peers, dialled first after a restart.',
  },
  parallelDials: { value: 16, unit: 'count', why: 'Dials under way.' },
  dialTimeoutMs: {
    value: 6_000,
    unit: 'ms',
    why: 'One dial, Noise and handshake of libp2p included.',
  },
  reconnectMinMs: {
    value: 200,
    unit: 'ms',
    why: 'First wait before dialling a static peer again, jittered.',
  },
  reconnectMaxMs: {
    value: 15_000,
    unit: 'ms',
    why: 'Longest wait before dialling a static peer again, jittered.',
  },
  bans: {
    value: 10_000,
    unit: 'count',
    why: 'Remembered bans; earliest to expire forgotten first.',
  },
  banMs: {
    value: 3_600_000,
    unit: 'ms',
    why: 'A ban by score; doubles with each repetition up to 24 h.',
  },
  banMaxMs: { value: 86_400_000, unit: 'ms', why: 'Longest automatic ban.' },
  scoreDisconnect: {
    value: 100,
    unit: 'points',
    why: 'Penalty at which a peer is disconnected and banned.',
  },
  scoreHalfLifeMs: { value: 600_000, unit: 'ms', why: 'A penalty halves in this time.' },
  clockSamples: { value: 9, unit: 'count', why: 'Samples kept per peer for the clock offset.' },
  clockWarnMs: {
    value: 2_000,
    unit: 'ms',
    why: 'Offset of the median peer that raises the warning.',
  },
  clockIntervalMs: { value: 30_000, unit: 'ms', why: 'Between two measurements of one peer.' },
  clockTrimMs: { value: 86_400_000, unit: 'ms', why: 'Offsets beyond it are discarded as lies.' },
  ntpTimeoutMs: { value: 2_000, unit: 'ms', why: 'One NTP query.' },
  syncAhead: {
    value: 64,
    unit: 'count',
    why: 'Body ranges fetched ahead of the one being applied.',
  },
  syncHeldBytes: {
    value: 134_217_728,
    unit: 'bytes',
    why: 'Fetched bodies that wait for their turn.',
  },
  syncPerPeer: { value: 2, unit: 'count', why: 'Requests under way per serving peer.' },
  syncStallMs: {
    value: 10_000,
    unit: 'ms',
    why: 'Without a new item a range is taken from its peer.',
  },
  syncRetries: { value: 20, unit: 'count', why: 'Attempts of one range before the sync gives up.' },
} as const;

/** Limits of one lane of a link. */
export interface LaneLimits {
  readonly messageBytes: number;
  readonly outboxBytes: number;
  readonly outboxMessages: number;
  /** What gives way when the outbox is full: the oldest waiting message or the new one. */
  readonly whenFull: 'drop-oldest' | 'refuse-new';
  readonly messagesPerSecond: number;
  readonly bytesPerSecond: number;
  readonly why: string;
}

/** The lanes of a link, most urgent first. `transactions` belongs to the relay. */
export const laneLimits: Readonly<Record<Lane | 'transactions', LaneLimits>> = {
  vote: {
    messageBytes: 16 * KiB,
    outboxBytes: 1 * MiB,
    outboxMessages: 4_096,
    whenFull: 'drop-oldest',
    messagesPerSecond: 2_000,
    bytesPerSecond: 2 * MiB,
    why: 'Newer votes make older ones needless; a certificate of 100 signatures is 7.3 KiB.',
  },
  proposal: {
    messageBytes: 6 * MiB,
    outboxBytes: 32 * MiB,
    outboxMessages: 16,
    whenFull: 'drop-oldest',
    messagesPerSecond: 100,
    bytesPerSecond: 64 * MiB,
    why: 'MAX_BODY_BYTES of 4 MiB plus 17 certificates and system records.',
  },
  rest: {
    messageBytes: 9 * MiB,
    outboxBytes: 24 * MiB,
    outboxMessages: 1_024,
    whenFull: 'refuse-new',
    messagesPerSecond: 500,
    bytesPerSecond: 64 * MiB,
    why: 'A BLOCK_RESP is at most 8 MiB; askers repeat elsewhere.',
  },
  transactions: {
    messageBytes: 1 * MiB + 4 * KiB,
    outboxBytes: 6 * MiB,
    outboxMessages: 1_024,
    whenFull: 'refuse-new',
    messagesPerSecond: 1_000,
    bytesPerSecond: 32 * MiB,
    why: 'What does not fit is announced instead and fetched later.',
  },
};

/** Limits of one request protocol. */
export interface RequestLimits {
  readonly answerBytes: number;
  readonly itemBytes: number;
  readonly deadlineMs: number;
  /** Requests of one peer served at once. */
  readonly perPeer: number;
  /** Requests per second of one peer, with a burst of twice this. */
  readonly perSecond: number;
}

/** The request protocols. */
export const requestLimits: Readonly<Record<RequestKind, RequestLimits>> = {
  'blocks-by-hash': {
    answerBytes: 16 * MiB,
    itemBytes: 6 * MiB,
    deadlineMs: 10_000,
    perPeer: 4,
    perSecond: 50,
  },
  'blocks-by-range': {
    answerBytes: 64 * MiB,
    itemBytes: 6 * MiB,
    deadlineMs: 60_000,
    perPeer: 4,
    perSecond: 50,
  },
  headers: {
    answerBytes: 4 * MiB,
    itemBytes: 16 * KiB,
    deadlineMs: 10_000,
    perPeer: 4,
    perSecond: 50,
  },
  certificates: {
    answerBytes: 2 * MiB,
    itemBytes: 16 * KiB,
    deadlineMs: 5_000,
    perPeer: 4,
    perSecond: 50,
  },
  'epoch-proofs': {
    answerBytes: 4 * MiB,
    itemBytes: 128 * KiB,
    deadlineMs: 10_000,
    perPeer: 2,
    perSecond: 20,
  },
  'snapshot-manifest': {
    answerBytes: 8 * MiB,
    itemBytes: 8 * MiB,
    deadlineMs: 20_000,
    perPeer: 1,
    perSecond: 5,
  },
  'snapshot-chunk': {
    answerBytes: 8 * MiB,
    itemBytes: 8 * MiB,
    deadlineMs: 30_000,
    perPeer: 4,
    perSecond: 50,
  },
  'mempool-ids': {
    answerBytes: 1 * MiB,
    itemBytes: 64 * KiB,
    deadlineMs: 5_000,
    perPeer: 1,
    perSecond: 2,
  },
  transactions: {
    answerBytes: 4 * MiB,
    itemBytes: 1 * MiB,
    deadlineMs: 5_000,
    perPeer: 8,
    perSecond: 200,
  },
  consensus: {
    answerBytes: 9 * MiB,
    itemBytes: 9 * MiB,
    deadlineMs: 5_000,
    perPeer: 4,
    perSecond: 50,
  },
  peers: { answerBytes: 32 * KiB, itemBytes: 1 * KiB, deadlineMs: 5_000, perPeer: 1, perSecond: 2 },
};

/** Points that an offence costs; `limits.scoreDisconnect` is the end. */
export const offencePoints: Readonly<Record<Offence, number>> = {
  malformed: 60,
  oversized: 60,
  invalid: 20,
  flood: 5,
  unsolicited: 5,
};
