import { logLevels, type LogFields, type Logger, type LogLevel } from '@mxd/logging';

/** The level of a running node's log. */
export interface LogLevelControl {
  get(): LogLevel;
  set(level: LogLevel): void;
}

const severity = (level: LogLevel): number => logLevels.indexOf(level);

/**
 * A logger whose least level can be changed while it runs, for it and for all of its children. The
 * logger under it must write everything (level `trace`).
 */
export function adjustable(
  logger: Logger,
  level: LogLevel,
): { readonly logger: Logger; readonly control: LogLevelControl } {
  let least = level;
  const isOn = (one: LogLevel): boolean => severity(one) >= severity(least);
  const wrap = (inner: Logger): Logger => {
    const line =
      (one: Exclude<LogLevel, 'silent'>) =>
      (message: string, fields?: LogFields): void => {
        if (isOn(one)) inner[one](message, fields);
      };
    return {
      component: inner.component,
      registry: inner.registry,
      get counts() {
        return inner.counts;
      },
      trace: line('trace'),
      debug: line('debug'),
      info: line('info'),
      warn: line('warn'),
      error: line('error'),
      fatal: line('fatal'),
      // Security events are always of interest: the level is for what helps debugging.
      security: (event, fields) => inner.security(event, fields),
      child: (component, fields) => wrap(inner.child(component, fields)),
      isEnabled: (one) => one !== 'silent' && isOn(one) && inner.isEnabled(one),
      flush: () => inner.flush(),
    };
  };
  return {
    logger: wrap(logger),
    control: {
      get: () => least,
      set: (next) => {
        least = next;
      },
    },
  };
}
