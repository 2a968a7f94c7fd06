import type { FinalDelivery } from './delivery.ts';
import type { PluginSlot } from './slot.ts';

const escaped = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');

function labelText(labels: Readonly<Record<string, string>>): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return parts.length === 0 ? '' : `{${parts.join(',')}}`;
}

interface Line {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

function family(name: string, type: string, help: string, lines: readonly Line[]): string {
  const head = `# HELP ${name} ${escaped(help)}\n# TYPE ${name} ${type}\n`;
  return head + lines.map(({ labels, value }) => `${name}${labelText(labels)} ${value}\n`).join('');
}

/** Prometheus text of what plugins measure, and of what the host measures about them. */
export function pluginMetricsText(
  slots: readonly PluginSlot[],
  deliveries: ReadonlyMap<PluginSlot, FinalDelivery>,
): string {
  if (slots.length === 0) return '';
  const about = (value: (slot: PluginSlot) => number | undefined): readonly Line[] =>
    slots.flatMap((slot) => {
      const found = value(slot);
      return found === undefined ? [] : [{ labels: { plugin: slot.name }, value: found }];
    });
  const own = slots.flatMap((slot) =>
    slot.metrics.map(({ name, type, help, series }) =>
      family(`mxd_plugin_${slot.name.replaceAll('-', '_')}_${name}`, type, help, series),
    ),
  );
  return [
    family('mxd_plugins_running', 'gauge', 'Whether a plugin runs.', about(isRunning)),
    family(
      'mxd_plugins_restarts_total',
      'counter',
      'Restarts of a plugin.',
      about((slot) => slot.counters.restarts),
    ),
    family(
      'mxd_plugins_missed_total',
      'counter',
      'Deliveries that an observer did not get.',
      about((slot) => slot.counters.missed),
    ),
    family(
      'mxd_plugins_final_lag_blocks',
      'gauge',
      'Final blocks that a plugin has not taken.',
      about((slot) => deliveries.get(slot)?.lag),
    ),
    ...own,
  ].join('');
}

const isRunning = (slot: PluginSlot): number => (slot.state === 'running' ? 1 : 0);
