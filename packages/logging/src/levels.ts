/** The levels, from the most to the least talkative; `silent` writes nothing. */
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** A level of a logger. */
export type LogLevel = (typeof logLevels)[number];

/** Higher is more severe. */
export const severityOf = (level: LogLevel): number => logLevels.indexOf(level);

/** Whether `text` names a level. */
export const isLogLevel = (text: unknown): text is LogLevel =>
  (logLevels as readonly unknown[]).includes(text);
