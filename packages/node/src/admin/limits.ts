/** Bounds of the admin API and of tokens. */
export const limits = {
  tokens: { value: 1_000, unit: 'tokens', why: 'tokens of one node' },
  tokenFileBytes: { value: 4_194_304, unit: 'bytes', why: 'size of the tokens file' },
  tokenLifeMs: { value: 315_360_000_000, unit: 'ms', why: 'longest life of a token: ten years' },
  tokenDefaultMs: { value: 7_776_000_000, unit: 'ms', why: 'life of a token unless told: 90 days' },
  rotationGraceMs: { value: 604_800_000, unit: 'ms', why: 'how long a rotated token still works' },
  fileCheckMs: { value: 1_000, unit: 'ms', why: 'time between two looks at the tokens file' },
  bodyBytes: { value: 65_536, unit: 'bytes', why: 'body of an admin request' },
  requestsPerMinute: { value: 600, unit: 'requests', why: 'admin requests of one address' },
  failuresPerMinute: { value: 10, unit: 'failures', why: 'bad tokens of one address in a minute' },
  failureSources: { value: 10_000, unit: 'addresses', why: 'addresses whose failures are counted' },
  connections: { value: 64, unit: 'connections', why: 'open connections of the admin API' },
  banMs: { value: 2_592_000_000, unit: 'ms', why: 'longest ban of a peer: 30 days' },
} as const;
