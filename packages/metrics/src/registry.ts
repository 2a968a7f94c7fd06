import { Counter, Gauge, Histogram, Registry, type OpenMetricsContentType } from 'prom-client';

import { catalogue, type MetricDefinition, type MetricGroup, type MetricKey } from './catalogue.ts';
import { MetricsError } from './errors.ts';

export type LabelValues = Readonly<Record<string, string>>;

/** Where a bound metric's value comes from: a number, or one per label value. */
export type MetricSource = () => number | readonly (readonly [LabelValues, number])[];

/** Text for a scrape and the content type that says what it is. */
export interface Exposition {
  readonly contentType: string;
  readonly text: string;
}

type Instrument = Counter | Gauge | Histogram;

/** Label values outside of a metric's list become `other`: a peer cannot mint time series. */
function closedLabels(definition: MetricDefinition, labels: LabelValues): LabelValues {
  const out: Record<string, string> = {};
  for (const [name, allowed] of Object.entries(definition.labels)) {
    const value = labels[name] ?? 'other';
    out[name] = allowed.includes(value) ? value : 'other';
  }
  return out;
}

function finite(key: MetricKey, value: number): number {
  if (Number.isFinite(value)) return value;
  throw new MetricsError('METRICS_VALUE', `${key} was given ${value}`, { key });
}

/**
 * The metrics of one node. Every metric of the catalogue exists from the start, so a dashboard
 * never asks for a series that is not there.
 */
export class Metrics {
  readonly #registries: Readonly<Record<MetricGroup, Registry>> = {
    node: new Registry(),
    security: new Registry(),
  };
  readonly #instruments = new Map<MetricKey, Instrument>();
  readonly #sources = new Map<MetricKey, MetricSource>();

  constructor() {
    for (const [key, definition] of Object.entries(catalogue)) {
      this.#instruments.set(key as MetricKey, this.#create(key as MetricKey, definition));
    }
  }

  #create(key: MetricKey, definition: MetricDefinition): Instrument {
    const registry = this.#registries[definition.group];
    const options = {
      name: definition.name,
      help: definition.help,
      labelNames: Object.keys(definition.labels),
      registers: [registry],
    };
    if (definition.type === 'histogram') {
      return new Histogram({ ...options, buckets: [...definition.buckets] });
    }
    const read = (): void => this.#read(key);
    return definition.type === 'counter'
      ? new Counter({ ...options, collect: read })
      : new Gauge({ ...options, collect: read });
  }

  /** Takes a bound metric's value from its source; runs at each scrape. */
  #read(key: MetricKey): void {
    const source = this.#sources.get(key);
    if (source === undefined) return;
    const value = source();
    const samples = typeof value === 'number' ? ([[{}, value]] as const) : value;
    const instrument = this.#instruments.get(key);
    if (instrument instanceof Counter) instrument.reset();
    for (const [labels, sample] of samples) {
      const closed = closedLabels(catalogue[key], labels);
      if (instrument instanceof Counter) instrument.inc(closed, finite(key, sample));
      else if (instrument instanceof Gauge) instrument.set(closed, finite(key, sample));
    }
  }

  #unbound(key: MetricKey): Instrument {
    if (this.#sources.has(key)) {
      throw new MetricsError('METRICS_BOUND', `${key} is read from its source`, { key });
    }
    return this.#instruments.get(key) as Instrument;
  }

  /** Adds to a counter. @throws MetricsError METRICS_VALUE for a negative or infinite step. */
  increment(key: MetricKey, labels: LabelValues = {}, by = 1): void {
    const instrument = this.#unbound(key);
    if (!(instrument instanceof Counter) || finite(key, by) < 0) {
      throw new MetricsError('METRICS_VALUE', `${key} cannot be raised by ${by}`, { key });
    }
    instrument.inc(closedLabels(catalogue[key], labels), by);
  }

  /** Sets a gauge. */
  set(key: MetricKey, value: number, labels: LabelValues = {}): void {
    const instrument = this.#unbound(key);
    if (!(instrument instanceof Gauge)) {
      throw new MetricsError('METRICS_VALUE', `${key} is no gauge`, { key });
    }
    instrument.set(closedLabels(catalogue[key], labels), finite(key, value));
  }

  /** Records one observation in a histogram, in the unit of its name. */
  observe(key: MetricKey, value: number): void {
    const instrument = this.#instruments.get(key);
    if (!(instrument instanceof Histogram)) {
      throw new MetricsError('METRICS_VALUE', `${key} is no histogram`, { key });
    }
    instrument.observe(finite(key, value));
  }

  /** Reads a counter or gauge from plain numbers at each scrape, so that hot paths pay nothing. */
  bind(key: MetricKey, source: MetricSource): void {
    if (this.#sources.has(key) || this.#instruments.get(key) instanceof Histogram) {
      throw new MetricsError('METRICS_BOUND', `${key} cannot be bound`, { key });
    }
    this.#sources.set(key, source);
  }

  /** Everything for a scrape: Prometheus text, or OpenMetrics where the scraper accepts it. */
  async expose(groups: readonly MetricGroup[], accept = ''): Promise<Exposition> {
    const registry =
      groups.length === 1
        ? this.#registries[groups[0] as MetricGroup]
        : Registry.merge(groups.map((group) => this.#registries[group]));
    if (!accept.includes('application/openmetrics-text')) {
      return { contentType: Registry.PROMETHEUS_CONTENT_TYPE, text: await registry.metrics() };
    }
    const open = Registry.merge(groups.map((group) => this.#registries[group])) as Registry;
    (open as unknown as Registry<OpenMetricsContentType>).setContentType(
      Registry.OPENMETRICS_CONTENT_TYPE,
    );
    return { contentType: Registry.OPENMETRICS_CONTENT_TYPE, text: await open.metrics() };
  }
}
