import { pino, type Logger as Pino } from 'pino';

import { LoggingError } from './errors.ts';
import {
  checkEventFields,
  securityEvents,
  type SecurityEventFields,
  type SecurityEventName,
} from './events.ts';
import { isLogLevel, severityOf, type LogLevel } from './levels.ts';
import type { Destination } from './output/destination.ts';
import { ecsVersion, toEcs } from './output/ecs.ts';
import { formatText, wantsColour } from './output/text.ts';
import { Sanitiser, type CleanObject, type SanitiserCounts } from './sanitise/sanitiser.ts';
import { SecretRegistry } from './secrets/registry.ts';

/** Fields of a line: anything at all; the sanitiser makes it safe. */
export type LogFields = Readonly<Record<string, unknown>>;

/** `json`: one object a line; `ecs`: the same under Elastic's names; `text`: for people. */
export type LogFormat = 'json' | 'ecs' | 'text';

/** One place that lines go to. */
export interface LogOutput {
  readonly destination: Destination;
  readonly format: LogFormat;
  /** Least level of this output; default the logger's. */
  readonly level?: LogLevel;
  /** Colours of the text format; default by NO_COLOR, FORCE_COLOR and the terminal. */
  readonly colour?: boolean;
}

/** Options of a logger. */
export interface LoggerOptions {
  readonly outputs: readonly LogOutput[];
  /** Least level; default `info`. */
  readonly level?: LogLevel;
  /** Least levels of components, which hold for the components under them too. */
  readonly levels?: Readonly<Record<string, LogLevel>>;
  /** The live secrets of the process; default an empty registry. */
  readonly registry?: SecretRegistry;
  /** Fields of every line. */
  readonly fields?: LogFields;
  /** The clock, in milliseconds since 1970. */
  readonly now?: () => number;
}

/** What a logger counted; plain numbers for metrics. */
export interface LogCounts extends SanitiserCounts {
  readonly lines: number;
  /** Lines replaced because a secret was found in the finished line. */
  readonly withheld: number;
  /** Lines lost because a destination threw. */
  readonly failed: number;
}

/** Writes lines of one component. No method throws. */
export interface Logger {
  readonly component: string;
  readonly registry: SecretRegistry;
  readonly counts: LogCounts;
  trace(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  fatal(message: string, fields?: LogFields): void;
  /** Writes an event of the catalogue; its level and message are the catalogue's. */
  security<Name extends SecurityEventName>(event: Name, fields: SecurityEventFields<Name>): void;
  /** A logger of a part of this component, `node` to `node.consensus`, with fields of its own. */
  child(component: string, fields?: LogFields): Logger;
  /** Whether a line of that level would be written: to spare work on fields. */
  isEnabled(level: LogLevel): boolean;
  /** Writes out what waits; for the way out of a process. */
  flush(): void;
}

interface Sink {
  readonly root: Pino;
  readonly severity: number;
  readonly isEcs: boolean;
}

interface Counters {
  lines: number;
  withheld: number;
  failed: number;
}

const jsonNames: ReadonlySet<string> = new Set(['level', 'time', 'component', 'msg', 'event']);
const fallbackLine = (time: string, reason: string): string =>
  `{"level":"error","time":"${time}","component":"logging","msg":"${reason}"}\n`;

/** What all loggers of one `createLogger` share. */
class LogCore {
  readonly registry: SecretRegistry;
  readonly sanitiser: Sanitiser;
  readonly sinks: readonly Sink[];
  readonly counters: Counters = { lines: 0, withheld: 0, failed: 0 };
  readonly #options: LoggerOptions;
  #timeMs = -1;
  #time = '';

  constructor(options: LoggerOptions) {
    for (const level of [options.level ?? 'info', ...Object.values(options.levels ?? {})]) {
      checkLevel(level);
    }
    this.#options = options;
    this.registry = options.registry ?? new SecretRegistry();
    this.sanitiser = new Sanitiser(this.registry);
    this.sinks = options.outputs.map((output) => this.#sink(output));
  }

  /** The least severity of a component: that of its longest configured prefix. */
  severityFor(component: string): number {
    const levels = this.#options.levels ?? {};
    for (let name = component; name !== ''; name = name.slice(0, name.lastIndexOf('.'))) {
      const level = Object.hasOwn(levels, name) ? levels[name] : undefined;
      if (level !== undefined) return severityOf(level);
      if (!name.includes('.')) break;
    }
    return severityOf(this.#options.level ?? 'info');
  }

  /** ISO 8601 in UTC with milliseconds; lines of one millisecond share the text. */
  time(): string {
    const nowMs = (this.#options.now ?? Date.now)();
    if (nowMs !== this.#timeMs) {
      this.#timeMs = nowMs;
      this.#time = new Date(nowMs).toISOString();
    }
    return this.#time;
  }

  flush(): void {
    for (const output of this.#options.outputs) {
      try {
        output.destination.flush();
      } catch {
        this.counters.failed++;
      }
    }
  }

  #sink(output: LogOutput): Sink {
    if (output.level !== undefined) checkLevel(output.level);
    const isEcs = output.format === 'ecs';
    const levelName = isEcs ? 'log.level' : 'level';
    const timeName = isEcs ? '@timestamp' : 'time';
    const root = pino(
      {
        level: 'trace',
        base: isEcs ? { 'ecs.version': ecsVersion } : null,
        messageKey: isEcs ? 'message' : 'msg',
        timestamp: () => `,"${timeName}":"${this.time()}"`,
        formatters: { level: (label) => ({ [levelName]: label }) },
      },
      { write: this.#writer(output) },
    );
    const severity = output.level === undefined ? 0 : severityOf(output.level);
    return { root, severity, isEcs };
  }

  /** The last step: a finished line meets the registry once more, then its destination. */
  #writer(output: LogOutput): (line: string) => void {
    const { destination, format } = output;
    const colour = output.colour ?? wantsColour(process.env, destination.isTerminal);
    return (line) => {
      let safe = line;
      // A secret can still arise where clean parts meet, or as a number.
      if (this.registry.find(line) !== undefined) {
        this.counters.withheld++;
        safe = fallbackLine(this.time(), 'line withheld: it contained a registered secret');
      }
      destination.write(format === 'text' ? `${formatText(safe, colour)}\n` : safe);
      this.counters.lines++;
    };
  }
}

function checkLevel(level: unknown): void {
  if (isLogLevel(level)) return;
  throw new LoggingError('LOGGING_OPTION', `there is no log level ${String(level)}`, {
    level: String(level),
  });
}

/** A pino child per sink, made from bindings that were clean at a version of the registry. */
class ComponentLogger implements Logger {
  readonly component: string;
  readonly #core: LogCore;
  readonly #fields: LogFields;
  readonly #severity: number;
  #children: readonly Pino[] = [];
  #reserved: ReadonlySet<string> = jsonNames;
  #version = -1;

  constructor(core: LogCore, component: string, fields: LogFields) {
    this.#core = core;
    this.component = core.sanitiser.text(component);
    this.#fields = core.sanitiser.fields(fields);
    this.#severity = core.severityFor(component);
    this.#bind();
  }

  get registry(): SecretRegistry {
    return this.#core.registry;
  }

  get counts(): LogCounts {
    return { ...this.#core.counters, ...this.#core.sanitiser.counts };
  }

  /** Pino writes bindings out once, so they are made anew when a secret was registered since. */
  #bind(): void {
    const { sanitiser, registry, sinks } = this.#core;
    const fields = sanitiser.fields(this.#fields, jsonNames);
    const component = sanitiser.text(this.component);
    const named = component === '' ? {} : { component };
    const ecsNamed = component === '' ? {} : { 'log.logger': component };
    this.#version = registry.version;
    this.#reserved = new Set([...jsonNames, ...Object.keys(fields)]);
    const labels = Object.keys(fields).length > 0 ? { labels: fields } : {};
    this.#children = sinks.map(({ root, isEcs }) =>
      root.child(isEcs ? { ...ecsNamed, ...labels } : { ...named, ...fields }),
    );
  }

  #log(level: Exclude<LogLevel, 'silent'>, message: unknown, fields: unknown): void {
    if (severityOf(level) < this.#severity) return;
    try {
      this.#write(level, message, this.#clean(fields, this.#reserved));
    } catch {
      this.#core.counters.failed++;
    }
  }

  #clean(fields: unknown, reserved: ReadonlySet<string>): CleanObject {
    if (this.#version !== this.#core.registry.version) this.#bind();
    return fields === undefined ? {} : this.#core.sanitiser.fields(fields, reserved);
  }

  #write(level: Exclude<LogLevel, 'silent'>, message: unknown, clean: CleanObject): void {
    const { sanitiser, sinks } = this.#core;
    const text =
      typeof message === 'string' ? sanitiser.text(message) : shownMessage(sanitiser, message);
    const severity = severityOf(level);
    for (let i = 0; i < sinks.length; i++) {
      const sink = sinks[i] as Sink;
      if (severity < sink.severity) continue;
      try {
        (this.#children[i] as Pino)[level](sink.isEcs ? toEcs(clean) : clean, text);
      } catch {
        this.#core.counters.failed++;
      }
    }
  }

  trace(message: string, fields?: LogFields): void {
    this.#log('trace', message, fields);
  }

  debug(message: string, fields?: LogFields): void {
    this.#log('debug', message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#log('info', message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#log('warn', message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.#log('error', message, fields);
  }

  fatal(message: string, fields?: LogFields): void {
    this.#log('fatal', message, fields);
  }

  security<Name extends SecurityEventName>(event: Name, fields: SecurityEventFields<Name>): void {
    try {
      const definition = securityEvents[event];
      if (severityOf(definition.level) < this.#severity) return;
      const clean = this.#clean(fields, noReserved);
      const problems = checkEventFields(definition, fields);
      const own: CleanObject = { event };
      for (const [name, value] of Object.entries(clean)) {
        own[
          jsonNames.has(name) || (this.#reserved.has(name) && name !== 'event') ? `${name}_` : name
        ] = value;
      }
      // An incomplete event still matters more than its form.
      if (problems.length > 0)
        own['event_problems'] = problems.map((text) => this.#core.sanitiser.text(text));
      this.#write(definition.level, definition.meaning, own);
    } catch {
      this.#core.counters.failed++;
    }
  }

  child(component: string, fields: LogFields = {}): Logger {
    const name = this.component === '' ? component : `${this.component}.${component}`;
    return new ComponentLogger(this.#core, name, { ...this.#fields, ...fieldsOf(fields) });
  }

  isEnabled(level: LogLevel): boolean {
    if (level === 'silent') return false;
    const severity = severityOf(level);
    return severity >= this.#severity && this.#core.sinks.some((sink) => severity >= sink.severity);
  }

  flush(): void {
    this.#core.flush();
  }
}

const noReserved: ReadonlySet<string> = new Set();

function shownMessage(sanitiser: Sanitiser, message: unknown): string {
  const clean = sanitiser.value(message);
  return typeof clean === 'string' ? clean : JSON.stringify(clean);
}

/** Reads bindings once, behind a guard: spreading foreign objects runs their getters. */
function fieldsOf(fields: LogFields): LogFields {
  try {
    return { ...fields };
  } catch {
    return { fields: '[unreadable]' };
  }
}

/**
 * A logger over pino whose every value passes the sanitiser first.
 * @throws LoggingError LOGGING_OPTION for a level that does not exist.
 */
export function createLogger(options: LoggerOptions): Logger {
  return new ComponentLogger(new LogCore(options), '', options.fields ?? {});
}
