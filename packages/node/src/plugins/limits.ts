/** Bounds of the plugin host; those of the contract are in `@mxd/plugin/limits`. */
export const limits = {
  setupMs: { value: 30_000, unit: 'ms', why: 'time that a plugin has to set up and to start' },
  stopMs: { value: 5_000, unit: 'ms', why: 'time that a plugin has to stop' },
  observerMs: { value: 35_000, unit: 'ms', why: 'time that an observer has for one delivery' },
  routeMs: { value: 10_000, unit: 'ms', why: 'time that a route or command has to answer' },
  heartbeatMs: { value: 500, unit: 'ms', why: 'time between two looks at a plugin thread' },
  heartbeatsMissed: {
    value: 6,
    unit: 'beats',
    why: 'beats without a sign of life before a restart',
  },
  heapMegabytes: { value: 128, unit: 'MiB', why: 'heap of a plugin thread' },
  externalMegabytes: { value: 128, unit: 'MiB', why: 'buffers of a plugin thread' },
  backOffMs: { value: 1_000, unit: 'ms', why: 'first wait before a restart; doubles each time' },
  backOffMaxMs: { value: 60_000, unit: 'ms', why: 'longest wait before a restart or a repeat' },
  steadyMs: { value: 60_000, unit: 'ms', why: 'running this long forgets earlier restarts' },
  policyBatch: { value: 512, unit: 'questions', why: 'questions in one call of a gate' },
  recentBlocks: { value: 32, unit: 'blocks', why: 'blocks kept for the next plugin' },
  acceptedQueue: { value: 4_096, unit: 'transactions', why: 'accepted ones waiting for observers' },
} as const;
