/** Bounds of this package. Policy when full and the counter are named in `why`. */
export const limits = {
  voteAhead: {
    value: 2,
    unit: 'views',
    why: 'Votes and proposals up to this far ahead are kept; later ones are dropped (votesDropped).',
  },
  inlineNullifications: {
    value: 16,
    unit: 'certificates',
    why: 'Nullifications inside a proposal; the rest is fetched from the leader.',
  },
  proposalsPerView: {
    value: 2,
    unit: 'hashes',
    why: 'A third proposal of one view proves nothing that two do not; it is dropped.',
  },
  pendingPerSender: {
    value: 2,
    unit: 'votes',
    why: 'Unverified votes per sending peer, kind, view and signer; more are dropped (votesDropped).',
  },
  pendingFactor: {
    value: 12,
    unit: 'votes per validator',
    why: 'Unverified votes per sending peer, times the table size; more are dropped (votesDropped).',
  },
  bufferPerPeer: {
    value: 8,
    unit: 'messages',
    why: 'Messages of the next epoch per peer, one of them a PROPOSAL; oldest dropped (bufferedDropped).',
  },
  bufferFactor: {
    value: 4,
    unit: 'messages per validator',
    why: 'Messages of the next epoch in all; oldest dropped (bufferedDropped).',
  },
  bufferBytes: {
    value: 33_554_432,
    unit: 'bytes',
    why: 'Messages of the next epoch in all; oldest dropped (bufferedDropped).',
  },
  fetches: {
    value: 64,
    unit: 'requests',
    why: 'Outstanding fetches of a node; further needs wait for the next retry tick.',
  },
  fetchesPerPeer: { value: 4, unit: 'requests', why: 'Outstanding fetches at one peer.' },
  requestsPerSecond: {
    value: 64,
    unit: 'requests',
    why: 'Requests of one validator answered per second; more get CONSENSUS_RATE.',
  },
  observerRequestsPerSecond: {
    value: 16,
    unit: 'requests',
    why: 'Requests of one observer answered per second; more get CONSENSUS_RATE.',
  },
  catchUpBlocks: {
    value: 192,
    unit: 'blocks',
    why: 'Blocks fetched backwards into memory; a longer gap is left to the host (effect behind).',
  },
  recentBlocks: {
    value: 16,
    unit: 'blocks',
    why: 'Committed bodies kept to answer requests; older ones are served from the chain store.',
  },
  measuredViews: {
    value: 512,
    unit: 'views',
    why: 'Views inside the 5 s window of the participation measurement; the oldest is closed early.',
  },
  strikes: {
    value: 3,
    unit: 'faults',
    why: 'Proven faults of a peer before it is disconnected for a minute.',
  },
  guardViews: {
    value: 65_536,
    unit: 'views',
    why: 'Views above the floor that the sign guard remembers; when full it refuses (GUARD_FULL).',
  },
  recordBytes: {
    value: 33_554_432,
    unit: 'bytes',
    why: 'Payload of one journal record; more is refused (JOURNAL_RECORD).',
  },
  segmentBytes: {
    value: 67_108_864,
    unit: 'bytes',
    why: 'A journal segment that has grown past this is closed at the next batch.',
  },
} as const;
