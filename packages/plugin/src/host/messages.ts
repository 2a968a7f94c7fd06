import type { CapabilityId } from '../capability.ts';
import type { NetworkFacts } from '../context.ts';
import { PluginError, pluginErrors, type PluginErrorCode } from '../errors.ts';
import type { HookName } from '../hooks.ts';

/** What goes wrong on one side, as the other side is told. */
export interface Failure {
  readonly code: PluginErrorCode;
  readonly message: string;
  readonly issues?: readonly { readonly path: string; readonly message: string }[];
}

/** A route as the host needs to know it: schemas stay with the plugin. */
export interface RouteInfo {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly access: 'public' | 'token';
}

export interface CommandInfo {
  readonly name: string;
  readonly summary: string;
}

/** What a plugin is and has registered, told once after its setup. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly contract: number;
  readonly requires: readonly CapabilityId[];
  readonly hooks: readonly HookName[];
  /** Where final blocks begin for a plugin without a cursor. */
  readonly finalFrom: 'head' | number;
  readonly routes: readonly RouteInfo[];
  readonly commands: readonly CommandInfo[];
}

export interface MetricSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** One metric with its values. */
export interface MetricSample {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly series: readonly MetricSeries[];
}

export interface RouteCall {
  readonly method: 'GET' | 'POST';
  /** The declared path, `:parameters` and all. */
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: unknown;
  readonly body: unknown;
  readonly requestId: string;
}

export type PluginCall =
  | { readonly kind: 'start' }
  | { readonly kind: 'stop' }
  /** Inputs of one hook, in order; the answer holds one output for each. */
  | { readonly kind: 'hook'; readonly hook: HookName; readonly inputs: readonly unknown[] }
  | { readonly kind: 'route'; readonly call: RouteCall }
  | { readonly kind: 'command'; readonly name: string; readonly input: unknown };

/** What a runtime is started with. */
export interface Setup {
  readonly config: unknown;
  readonly network: NetworkFacts;
  readonly granted: readonly CapabilityId[];
}

type Answer =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly failure: Failure };

/** From the host to the plugin's side. */
export type ToPlugin =
  | { readonly type: 'call'; readonly id: number; readonly call: PluginCall }
  | { readonly type: 'ping'; readonly id: number }
  | ({ readonly type: 'answer'; readonly id: number } & Answer);

/** From the plugin's side to the host. */
export type FromPlugin =
  | { readonly type: 'ready'; readonly manifest: Manifest }
  | { readonly type: 'failed'; readonly failure: Failure }
  | ({ readonly type: 'result'; readonly id: number } & Answer)
  | { readonly type: 'pong'; readonly id: number; readonly metrics: readonly MetricSample[] }
  | {
      readonly type: 'request';
      readonly id: number;
      readonly service: CapabilityId | 'storage';
      readonly method: string;
      readonly args: readonly unknown[];
    }
  | {
      readonly type: 'log';
      readonly level: 'debug' | 'info' | 'warn' | 'error';
      readonly message: string;
      readonly fields: Readonly<Record<string, unknown>>;
    };

/** What was thrown, as the other side may know it. */
export function failureOf(error: unknown): Failure {
  if (error instanceof PluginError) {
    const issues = (error as { readonly issues?: Failure['issues'] }).issues;
    const base = { code: error.code, message: error.message };
    return issues === undefined ? base : { ...base, issues };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'PLUGIN_FAILED', message: message.slice(0, 1_024) };
}

/** The error of a failure that came from the other side. */
export function errorOf(failure: unknown): PluginError {
  const { code, message, issues } = (failure ?? {}) as Partial<Failure>;
  const known = typeof code === 'string' && Object.hasOwn(pluginErrors, code);
  const error = new PluginError(known ? code : 'PLUGIN_FAILED', String(message).slice(0, 1_024));
  return Array.isArray(issues) ? Object.assign(error, { issues: issues.slice(0, 32) }) : error;
}
