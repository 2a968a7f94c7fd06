import type { z } from 'zod';

import type { Capability } from './capability.ts';
import type { Hooks } from './hooks.ts';
import type { PluginStorage } from './storage.ts';

/** The network that the node is part of. */
export interface NetworkFacts {
  readonly id: number;
  readonly chainTag: string;
  readonly genesisHash: string;
  readonly test: boolean;
}

/** Schemas of a route; what is left out is not read, and not checked. */
export interface RouteSchema<
  Params extends z.ZodType = z.ZodType,
  Query extends z.ZodType = z.ZodType,
  Body extends z.ZodType = z.ZodType,
  Response extends z.ZodType = z.ZodType,
> {
  readonly params?: Params;
  readonly query?: Query;
  readonly body?: Body;
  readonly response?: Response;
  /** `public`, or `token`: a bearer token with the scope `plugins`. */
  readonly access?: 'public' | 'token';
}

export interface RouteRequest<Params, Query, Body> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly requestId: string;
}

export type RouteHandler<
  Params extends z.ZodType,
  Query extends z.ZodType,
  Body extends z.ZodType,
  Response extends z.ZodType,
> = (
  request: RouteRequest<z.output<Params>, z.output<Query>, z.output<Body>>,
) => z.input<Response> | Promise<z.input<Response>>;

type AddRoute = <
  Params extends z.ZodType = z.ZodUndefined,
  Query extends z.ZodType = z.ZodUndefined,
  Body extends z.ZodType = z.ZodUndefined,
  Response extends z.ZodType = z.ZodUnknown,
>(
  path: string,
  schema: RouteSchema<Params, Query, Body, Response>,
  handler: RouteHandler<Params, Query, Body, Response>,
) => void;

/** Routes under `/plugins/<name>/`, with `:parameters`. Answers are JSON; amounts as text. */
export interface Routes {
  /** Public unless the schema says `token`. */
  readonly get: AddRoute;
  /** Needs a token unless the schema says `public`. */
  readonly post: AddRoute;
}

/** Label to its closed list of values; others are counted as `other`. */
export type MetricLabels = Readonly<Record<string, readonly string[]>>;

export interface PluginCounter {
  increment(by?: number, labels?: Readonly<Record<string, string>>): void;
}

export interface PluginGauge {
  set(value: number, labels?: Readonly<Record<string, string>>): void;
}

/** Metrics, shown as `mxd_plugin_<plugin>_<name>`; counters end in `_total`. */
export interface PluginMetrics {
  counter(name: string, help: string, labels?: MetricLabels): PluginCounter;
  gauge(name: string, help: string, labels?: MetricLabels): PluginGauge;
}

/** Commands that operators run: `mxd plugin run <plugin> <command>`. */
export interface Commands {
  add<Input extends z.ZodType>(
    name: string,
    definition: { readonly summary: string; readonly input: Input },
    run: (input: z.output<Input>) => unknown,
  ): void;
}

/** Lines of the node's log. They pass its sanitiser. */
export interface PluginLog {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** Everything that a plugin gets. */
export interface PluginContext {
  readonly name: string;
  readonly network: NetworkFacts;
  readonly hooks: Hooks;
  readonly api: Routes;
  readonly metrics: PluginMetrics;
  readonly commands: Commands;
  readonly storage: PluginStorage;
  readonly log: PluginLog;
  /** Aborted when the plugin is being stopped. */
  readonly signal: AbortSignal;
  /** The service of a token that is in `requires`. @throws PluginError PLUGIN_CAPABILITY. */
  use<Service>(token: Capability<Service>): Service;
}
