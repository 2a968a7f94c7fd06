import type { PluginEntry } from '@mxd/config';
import type { Logger } from '@mxd/logging';
import { PluginError, type CapabilityId } from '@mxd/plugin';
import {
  checkOperations,
  checkRange,
  errorOf,
  failureOf,
  keyBytes,
  type FromPlugin,
  type Manifest,
  type MetricSample,
  type PluginCall,
} from '@mxd/plugin/host';
import { limits as contractLimits } from '@mxd/plugin/limits';

import type { Boot } from './boot.ts';
import { externalLimitBytes, localLink, threadLink, type Link } from './link.ts';
import { limits } from './limits.ts';
import { parseManifest, parseSamples } from './manifest.ts';

/** Numbers that tests make small; the defaults are in `limits`. */
export interface SlotTiming {
  readonly heartbeatMs: number;
  readonly heartbeatsMissed: number;
  readonly heapMegabytes: number;
  readonly externalMegabytes: number;
  readonly backOffMs: number;
  readonly backOffMaxMs: number;
  readonly steadyMs: number;
}

export const defaultTiming: SlotTiming = {
  heartbeatMs: limits.heartbeatMs.value,
  heartbeatsMissed: limits.heartbeatsMissed.value,
  heapMegabytes: limits.heapMegabytes.value,
  externalMegabytes: limits.externalMegabytes.value,
  backOffMs: limits.backOffMs.value,
  backOffMaxMs: limits.backOffMaxMs.value,
  steadyMs: limits.steadyMs.value,
};

export interface SlotParts {
  readonly entry: PluginEntry;
  readonly boot: Boot;
  readonly timing: SlotTiming;
  readonly logger: Logger;
  /** Serves what the plugin asks for; capabilities have been checked. */
  readonly serve: (
    manifest: Manifest,
    service: CapabilityId,
    method: string,
    args: readonly unknown[],
  ) => Promise<unknown>;
  /** The private storage of a plugin's name. */
  readonly storage: (name: string) => {
    get(key: Uint8Array): Promise<unknown>;
    range(range: ReturnType<typeof checkRange>): Promise<unknown>;
    write(operations: ReturnType<typeof checkOperations>): Promise<void>;
  };
  readonly onCall: (outcome: 'ok' | 'error' | 'timeout') => void;
  readonly onRunning: (slot: PluginSlot) => void;
}

export type SlotState = 'starting' | 'running' | 'waiting' | 'stopped';

/** Plain numbers of one plugin, for metrics and operators. */
export interface SlotCounters {
  readonly ok: number;
  readonly errors: number;
  readonly timeouts: number;
  readonly refusedBusy: number;
  /** Deliveries to observers that were dropped. */
  readonly missed: number;
  readonly restarts: number;
  readonly linesDropped: number;
}

/** Text from a plugin's thread, whatever it really is. */
const textOf = (value: unknown): string => String(value);

interface OpenCall {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: PluginError) => void;
  readonly timer: NodeJS.Timeout;
}

type Started = PromiseWithResolvers<Manifest>;

/**
 * One plugin: its thread, what is asked of it, what it asks, and its restarts. Nothing that the
 * plugin does reaches further than this class.
 */
export class PluginSlot {
  readonly entry: PluginEntry;
  readonly #parts: SlotParts;
  readonly #calls = new Map<number, OpenCall>();
  readonly #counts = {
    ok: 0,
    errors: 0,
    timeouts: 0,
    refusedBusy: 0,
    missed: 0,
    restarts: 0,
    linesDropped: 0,
  };
  #state: SlotState = 'starting';
  #manifest: Manifest | undefined;
  #metrics: readonly MetricSample[] = [];
  #link: Link | undefined;
  #started: Started | undefined;
  #heartbeat: NodeJS.Timeout | undefined;
  #restartTimer: NodeJS.Timeout | undefined;
  #lastFailure: string | undefined;
  #nextId = 1;
  #nextPing = 1;
  #beatsMissed = 0;
  #suspect = false;
  #attempts = 0;
  #runningSinceMs = 0;
  #openRequests = 0;
  #messages = 0;
  #lines = 0;
  #ending: Promise<void> = Promise.resolve();

  constructor(parts: SlotParts) {
    this.entry = parts.entry;
    this.#parts = parts;
  }

  get state(): SlotState {
    return this.#state;
  }

  /** Known from the first successful start. */
  get manifest(): Manifest | undefined {
    return this.#manifest;
  }

  get name(): string {
    return this.#manifest?.name ?? this.entry.module;
  }

  get counters(): SlotCounters {
    return { ...this.#counts };
  }

  get metrics(): readonly MetricSample[] {
    return this.#metrics;
  }

  get lastFailure(): string | undefined {
    return this.#lastFailure;
  }

  get openCalls(): number {
    return this.#calls.size;
  }

  /** Starts the plugin for the first time. @throws PluginError if it cannot be set up or started. */
  async start(): Promise<Manifest> {
    try {
      return await this.#launch();
    } catch (error) {
      this.#state = 'stopped';
      await this.#drop();
      throw error;
    }
  }

  async #launch(): Promise<Manifest> {
    const { boot, entry, timing } = this.#parts;
    this.#state = 'starting';
    this.#started = Promise.withResolvers();
    this.#beatsMissed = 0;
    this.#suspect = false;
    this.#openRequests = 0;
    const events = {
      onMessage: (message: FromPlugin) => this.#guarded(link, message),
      onEnd: (reason: string) => this.#ended(link, reason),
      onOutput: (text: string) => this.#log('info', text.trimEnd().slice(0, 4_096), {}),
    };
    const link: Link = entry.trusted ? localLink(boot, events) : threadLink(boot, events, timing);
    this.#link = link;
    this.#beat();
    const { promise, reject } = this.#started;
    const timer = setTimeout(() => {
      reject(new PluginError('PLUGIN_TIMEOUT', `${this.name} did not finish its setup in time`));
    }, limits.setupMs.value);
    try {
      const manifest = await promise;
      await this.#ask({ kind: 'start' }, limits.setupMs.value);
      this.#running(manifest);
      return manifest;
    } finally {
      clearTimeout(timer);
      this.#started = undefined;
    }
  }

  #running(manifest: Manifest): void {
    this.#manifest = manifest;
    this.#state = 'running';
    this.#runningSinceMs = performance.now();
    this.#parts.onRunning(this);
  }

  /**
   * Asks the plugin something.
   * @throws PluginError PLUGIN_DOWN, PLUGIN_BUSY, PLUGIN_TIMEOUT, or what the plugin answered.
   */
  async call(call: PluginCall, budgetMs: number): Promise<unknown> {
    if (this.#state !== 'running' || this.#suspect) {
      throw new PluginError('PLUGIN_DOWN', `${this.name} is not running (${this.#state})`);
    }
    return this.#ask(call, budgetMs);
  }

  /** Tells an observer, without waiting. What does not fit is dropped and counted. */
  notify(call: PluginCall): void {
    // Half of the room is kept for what decides and for final blocks.
    if (this.#state !== 'running' || this.#calls.size >= contractLimits.callsOpen.value / 2) {
      this.#counts.missed++;
      return;
    }
    this.#ask(call, limits.observerMs.value).catch((error: unknown) => this.#note(error));
  }

  #note(error: unknown): void {
    const text = error instanceof Error ? error.message : String(error);
    if (this.#lastFailure !== text) this.#parts.logger.warn('a plugin failed', { reason: text });
    this.#lastFailure = text;
  }

  async #ask(call: PluginCall, budgetMs: number): Promise<unknown> {
    const { onCall } = this.#parts;
    if (this.#calls.size >= contractLimits.callsOpen.value) {
      this.#counts.refusedBusy++;
      onCall('error');
      throw new PluginError('PLUGIN_BUSY', `${this.name} has ${this.#calls.size} calls to answer`);
    }
    try {
      const value = await this.#send(call, budgetMs);
      this.#counts.ok++;
      onCall('ok');
      return value;
    } catch (error) {
      const isLate = error instanceof PluginError && error.code === 'PLUGIN_TIMEOUT';
      if (isLate) this.#counts.timeouts++;
      else this.#counts.errors++;
      onCall(isLate ? 'timeout' : 'error');
      if (error instanceof Error) this.#lastFailure = error.message;
      throw error;
    }
  }

  #send(call: PluginCall, budgetMs: number): Promise<unknown> {
    const link = this.#link;
    if (link === undefined) {
      return Promise.reject(new PluginError('PLUGIN_DOWN', `${this.name} is not running`));
    }
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#calls.delete(id);
        // Until it gives a sign of life, nothing more waits for it.
        this.#suspect = !this.entry.trusted;
        reject(new PluginError('PLUGIN_TIMEOUT', `${this.name} took over ${budgetMs} ms`));
      }, budgetMs);
      this.#calls.set(id, { resolve, reject, timer });
      try {
        link.post({ type: 'call', id, call });
      } catch (error) {
        this.#take(id)?.reject(new PluginError('PLUGIN_REQUEST', String(error)));
      }
    });
  }

  #take(id: number): OpenCall | undefined {
    const call = this.#calls.get(id);
    if (call === undefined) return undefined;
    clearTimeout(call.timer);
    this.#calls.delete(id);
    return call;
  }

  /** Messages come from code that may be broken: what cannot be read ends the instance. */
  #guarded(link: Link, message: FromPlugin): void {
    if (link !== this.#link) return;
    this.#messages++;
    try {
      this.#heard(link, message);
    } catch (error) {
      this.#ended(link, `sent nonsense: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #heard(link: Link, message: FromPlugin): void {
    this.#suspect = false;
    switch (message.type) {
      case 'pong':
        this.#beatsMissed = 0;
        this.#metrics = parseSamples(message.metrics) ?? this.#metrics;
        return;
      case 'ready':
        this.#ready(parseManifest(message.manifest));
        return;
      case 'failed':
        this.#started?.reject(errorOf(message.failure));
        return;
      case 'result': {
        const call = this.#take(message.id);
        if (message.ok) call?.resolve(message.value);
        else call?.reject(errorOf(message.failure));
        return;
      }
      case 'request':
        void this.#request(link, message);
        return;
      case 'log':
        this.#log(message.level, textOf(message.message), message.fields);
        return;
      default:
        message satisfies never;
    }
  }

  #ready(manifest: Manifest): void {
    const before = this.#manifest;
    if (before !== undefined && before.name !== manifest.name) {
      const reason = `was ${before.name} and is now ${manifest.name}`;
      this.#started?.reject(new PluginError('PLUGIN_DEFINITION', reason));
      return;
    }
    this.#manifest = manifest;
    this.#started?.resolve(manifest);
  }

  #log(level: string, message: string, fields: unknown): void {
    this.#lines++;
    const perBeat = contractLimits.logLinesPerSecond.value;
    if (this.#lines > Math.max(1, (perBeat * this.#parts.timing.heartbeatMs) / 1_000)) {
      this.#counts.linesDropped++;
      return;
    }
    const { logger } = this.#parts;
    const given = { plugin: this.name, fields };
    if (level === 'error') logger.error(message, given);
    else if (level === 'warn') logger.warn(message, given);
    else if (level === 'info') logger.info(message, given);
    else logger.debug(message, given);
  }

  async #request(
    link: Link,
    message: Extract<FromPlugin, { readonly type: 'request' }>,
  ): Promise<void> {
    const { id } = message;
    const answer = (outcome: Parameters<Link['post']>[0]): void => {
      if (link === this.#link) link.post(outcome);
    };
    if (this.#openRequests >= contractLimits.requestsOpen.value) {
      const failure = { code: 'PLUGIN_BUSY' as const, message: 'too many open requests' };
      return answer({ type: 'answer', id, ok: false, failure });
    }
    this.#openRequests++;
    try {
      const value = await this.#serve(message);
      answer({ type: 'answer', id, ok: true, value });
    } catch (error) {
      const failure = failureOf(error);
      const code = failure.code === 'PLUGIN_FAILED' ? 'PLUGIN_SERVICE' : failure.code;
      answer({ type: 'answer', id, ok: false, failure: { ...failure, code } });
    } finally {
      this.#openRequests--;
    }
  }

  #serve({
    service,
    method,
    args,
  }: Extract<FromPlugin, { readonly type: 'request' }>): Promise<unknown> {
    const manifest = this.#manifest;
    if (manifest === undefined) {
      const reason = 'services and storage are there from start on, not in setup';
      return Promise.reject(new PluginError('PLUGIN_CAPABILITY', reason));
    }
    if (service === 'storage') return this.#store(manifest.name, method, args[0]);
    const granted = this.#parts.boot.setup.granted.includes(service);
    if (!granted || !manifest.requires.includes(service)) {
      const { name } = manifest;
      this.#parts.logger.security('plugin.refused', { plugin: name, reason: textOf(service) });
      const reason = `${name} may not use ${textOf(service)}`;
      return Promise.reject(new PluginError('PLUGIN_CAPABILITY', reason));
    }
    return this.#parts.serve(manifest, service, method, args);
  }

  async #store(name: string, method: string, argument: unknown): Promise<unknown> {
    const bucket = this.#parts.storage(name);
    if (method === 'get') return bucket.get(keyBytes(argument));
    if (method === 'range') return bucket.range(checkRange(argument));
    if (method === 'batch') return bucket.write(checkOperations(argument));
    throw new PluginError('PLUGIN_SERVICE', `the storage has no ${method}`);
  }

  #beat(): void {
    clearInterval(this.#heartbeat);
    const { timing } = this.#parts;
    this.#heartbeat = setInterval(() => this.#look(), timing.heartbeatMs);
    this.#heartbeat.unref();
  }

  /** Counts beats, not time: when this thread itself stood still, the plugin is not to blame. */
  #look(): void {
    const link = this.#link;
    if (link === undefined) return;
    const { timing } = this.#parts;
    const flood = (contractLimits.messagesPerSecond.value * timing.heartbeatMs) / 1_000;
    const { trusted } = this.entry;
    if (!trusted && this.#messages > Math.max(1_000, flood)) return this.#ended(link, 'flooded');
    this.#messages = 0;
    this.#lines = 0;
    if (!trusted && this.#beatsMissed >= timing.heartbeatsMissed) {
      return this.#ended(link, 'does not respond');
    }
    // Loading and setup have a time of their own.
    if (this.#state === 'running') this.#beatsMissed++;
    link.post({ type: 'ping', id: this.#nextPing++ });
    link.externalBytes().then(
      (bytes) => {
        const isOver = bytes > externalLimitBytes(timing.externalMegabytes);
        return isOver ? this.#ended(link, `out of memory: ${bytes} bytes of buffers`) : undefined;
      },
      () => undefined, // it is ending, which its own event tells
    );
    return undefined;
  }

  /** An instance is over, by itself or for good reason. */
  #ended(link: Link, reason: string): void {
    if (link !== this.#link || this.#state === 'stopped') return;
    const { logger, timing } = this.#parts;
    const wasRunning = this.#state === 'running';
    this.#lastFailure = reason;
    this.#started?.reject(new PluginError('PLUGIN_FAILED', `${this.name}: ${reason}`));
    this.#ending = this.#drop();
    if (!wasRunning) return;
    if (performance.now() - this.#runningSinceMs >= timing.steadyMs) this.#attempts = 0;
    logger.error('a plugin is restarted', { plugin: this.name, reason });
    this.#restartLater();
  }

  #restartLater(): void {
    const { backOffMs, backOffMaxMs } = this.#parts.timing;
    this.#state = 'waiting';
    const waitMs = Math.min(backOffMaxMs, backOffMs * 2 ** Math.min(this.#attempts, 20));
    this.#attempts++;
    this.#restartTimer = setTimeout(() => void this.#restart(), waitMs);
    this.#restartTimer.unref();
  }

  async #restart(): Promise<void> {
    await this.#ending;
    if (this.#state !== 'waiting') return;
    this.#counts.restarts++;
    try {
      await this.#launch();
    } catch (error) {
      await this.#drop();
      if (this.#is('stopped')) return;
      this.#note(error);
      this.#restartLater();
    }
  }

  #is(state: SlotState): boolean {
    return this.#state === state;
  }

  /** Lets go of the instance and of everything that waits for it. */
  async #drop(): Promise<void> {
    const link = this.#link;
    this.#link = undefined;
    clearInterval(this.#heartbeat);
    for (const id of this.#calls.keys()) {
      this.#take(id)?.reject(new PluginError('PLUGIN_DOWN', `${this.name} has ended`));
    }
    await link?.close();
  }

  /** Stops it for good: its own `stop` first, within its time. */
  async stop(): Promise<void> {
    const wasRunning = this.#state === 'running';
    if (wasRunning && !this.#suspect) {
      await this.#ask({ kind: 'stop' }, limits.stopMs.value).catch((error: unknown) => {
        this.#note(error);
      });
    }
    this.#state = 'stopped';
    clearTimeout(this.#restartTimer);
    this.#started?.reject(new PluginError('PLUGIN_DOWN', `${this.name} is being stopped`));
    await this.#drop();
    await this.#ending;
  }
}
