import { hookNames, type Manifest, type MetricSample } from '@mxd/plugin/host';
import { limits } from '@mxd/plugin/limits';
import { z } from 'zod';

const text = z.string().max(256);

const manifest = z.object({
  name: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/),
  version: text,
  contract: z.int(),
  requires: z.array(
    z.enum(['ledger:read', 'mempool:read', 'peers:read', 'transactions:submit', 'secrets:read']),
  ),
  hooks: z.array(z.enum(hookNames as readonly [string, ...string[]])).max(hookNames.length),
  finalFrom: z.union([z.literal('head'), z.int().min(1)]),
  routes: z
    .array(
      z.object({
        method: z.enum(['GET', 'POST']),
        path: text,
        access: z.enum(['public', 'token']),
      }),
    )
    .max(limits.routes.value),
  commands: z
    .array(z.object({ name: text, summary: z.string().max(1_024) }))
    .max(limits.commands.value),
});

/** What a plugin's thread says of itself, checked. @throws ZodError. */
export const parseManifest = (input: unknown): Manifest => manifest.parse(input) as Manifest;

const label = z.record(z.string().max(32), z.string().max(128));
const samples = z
  .array(
    z.object({
      name: z.string().regex(/^[a-z][a-z0-9_]{0,63}$/),
      type: z.enum(['counter', 'gauge']),
      help: text,
      series: z
        .array(z.object({ labels: label, value: z.number() }))
        .max(limits.metricSeries.value),
    }),
  )
  .max(limits.metrics.value);

/** Metrics as a plugin's thread gives them; undefined if they have another shape. */
export function parseSamples(input: unknown): readonly MetricSample[] | undefined {
  const parsed = samples.safeParse(input);
  return parsed.success ? parsed.data : undefined;
}
