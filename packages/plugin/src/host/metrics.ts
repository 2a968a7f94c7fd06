import type { MetricLabels, PluginCounter, PluginGauge, PluginMetrics } from '../context.ts';
import { PluginError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { MetricSample, MetricSeries } from './messages.ts';

const namePattern = /^[a-z][a-z0-9_]{0,63}$/;

interface Metric {
  readonly type: MetricSample['type'];
  readonly help: string;
  readonly labels: MetricLabels;
  readonly series: Map<string, { readonly labels: MetricSeries['labels']; value: number }>;
}

/** Metrics of one plugin: plain numbers that the host asks for. */
export class MetricTable {
  readonly #metrics = new Map<string, Metric>();

  register(check: () => void): PluginMetrics {
    const add = (
      type: Metric['type'],
      name: string,
      help: string,
      labels: MetricLabels = {},
    ): Metric => {
      check();
      const combinations = Object.values(labels).reduce((n, values) => n * (values.length + 1), 1);
      if (!namePattern.test(name) || (type === 'counter') !== name.endsWith('_total')) {
        throw new PluginError('PLUGIN_DEFINITION', `"${name}" cannot name a ${type}`);
      }
      if (this.#metrics.has(name) || this.#metrics.size >= limits.metrics.value) {
        throw new PluginError('PLUGIN_DEFINITION', `${name}: there twice, or one metric too many`);
      }
      if (combinations > limits.metricSeries.value || !Object.keys(labels).every(isLabel)) {
        throw new PluginError('PLUGIN_DEFINITION', `${name}: too many series, or a bad label`);
      }
      const metric: Metric = { type, help, labels, series: new Map() };
      this.#metrics.set(name, metric);
      return metric;
    };
    return {
      counter: (name, help, labels): PluginCounter => {
        const metric = add('counter', name, help, labels);
        return {
          increment(by = 1, values = {}) {
            if (!(Number.isFinite(by) && by >= 0)) return;
            seriesOf(metric, values).value += by;
          },
        };
      },
      gauge: (name, help, labels): PluginGauge => {
        const metric = add('gauge', name, help, labels);
        return {
          set(value, values = {}) {
            if (Number.isFinite(value)) seriesOf(metric, values).value = value;
          },
        };
      },
    };
  }

  samples(): readonly MetricSample[] {
    return [...this.#metrics].map(([name, { type, help, series }]) => ({
      name,
      type,
      help,
      series: [...series.values()].map(({ labels, value }) => ({ labels, value })),
    }));
  }
}

const isLabel = (name: string): boolean => /^[a-z][a-z0-9_]{0,31}$/.test(name);

function seriesOf(metric: Metric, values: Readonly<Record<string, string>>): { value: number } {
  const labels: Record<string, string> = {};
  for (const [name, allowed] of Object.entries(metric.labels)) {
    const value = values[name] ?? 'other';
    labels[name] = allowed.includes(value) ? value : 'other';
  }
  const key = JSON.stringify(labels);
  let series = metric.series.get(key);
  if (series === undefined) {
    series = { labels, value: 0 };
    metric.series.set(key, series);
  }
  return series;
}
