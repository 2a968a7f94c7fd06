import { type Counters } from '../counters.ts';
import { limits } from '../limits.ts';
import { type Sessions } from '../session/sessions.ts';
import { queryNtp } from './ntp.ts';
import { clockReport, medianOffsetMs, type ClockReport } from './offset.ts';

/** Measures this node's clock against its peers and, where configured, time servers. */
export class ClockWatch {
  readonly #sessions: Sessions;
  readonly #ntpServers: readonly string[];
  readonly #counters: Counters;
  readonly #ntpOffsets = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #first: NodeJS.Timeout | undefined;

  constructor(options: { sessions: Sessions; ntpServers: readonly string[]; counters: Counters }) {
    this.#sessions = options.sessions;
    this.#ntpServers = options.ntpServers;
    this.#counters = options.counters;
  }

  start(): void {
    this.#timer = setInterval(() => this.#measure(), limits.clockIntervalMs.value);
    this.#timer.unref();
    this.#first = setTimeout(() => this.#measure(), 1_000);
    this.#first.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#first);
  }

  #measure(): void {
    this.#sessions.pingAll();
    for (const server of this.#ntpServers) void this.#measureNtp(server);
  }

  async #measureNtp(server: string): Promise<void> {
    const result = await queryNtp(server, limits.ntpTimeoutMs.value);
    if (result.ok) this.#ntpOffsets.set(server, result.offsetMs);
    else {
      this.#ntpOffsets.delete(server);
      this.#counters.add('ntp_failures');
    }
  }

  report(): ClockReport {
    const offsets: number[] = [];
    for (const session of this.#sessions.all()) {
      const offset = medianOffsetMs(session.clockSamples);
      if (offset !== undefined) offsets.push(offset);
    }
    return clockReport(
      offsets,
      [...this.#ntpOffsets.values()],
      limits.clockWarnMs.value,
      limits.clockTrimMs.value,
    );
  }
}
