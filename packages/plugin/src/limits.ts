/** Bounds of what one plugin may register, send, keep and take. */
export const limits = {
  hookHandlers: { value: 16, unit: 'handlers', why: 'handlers that one plugin has for one hook' },
  routes: { value: 64, unit: 'routes', why: 'routes that one plugin registers' },
  commands: { value: 32, unit: 'commands', why: 'commands that one plugin registers' },
  metrics: { value: 64, unit: 'metrics', why: 'metrics that one plugin registers' },
  metricSeries: { value: 64, unit: 'series', why: 'combinations of label values of one metric' },
  storageKeyBytes: { value: 256, unit: 'bytes', why: 'key in the private storage' },
  storageValueBytes: { value: 1_048_576, unit: 'bytes', why: 'value in the private storage' },
  storageBatch: { value: 10_000, unit: 'operations', why: 'operations in one batch' },
  storagePage: { value: 1_000, unit: 'entries', why: 'entries that one range answers' },
  storageBytes: { value: 1_073_741_824, unit: 'bytes', why: 'private storage of one plugin' },
  responseBytes: { value: 1_048_576, unit: 'bytes', why: 'answer of a route or command' },
  requestsOpen: { value: 256, unit: 'requests', why: 'questions of a plugin that are unanswered' },
  callsOpen: { value: 64, unit: 'calls', why: 'calls of the node that a plugin has not answered' },
  logLinesPerSecond: {
    value: 100,
    unit: 'lines',
    why: 'log lines of one plugin; more are counted',
  },
  messagesPerSecond: {
    value: 50_000,
    unit: 'messages',
    why: 'messages of a plugin; one that sends more is restarted',
  },
  reasonLength: { value: 256, unit: 'characters', why: 'reason of a refusal; longer ones are cut' },
} as const;
