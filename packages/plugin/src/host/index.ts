/** For programs that run plugins: the plugin's side of the contract and its messages. */
export { isServiceMethod } from './requests.ts';
export {
  errorOf,
  failureOf,
  type CommandInfo,
  type Failure,
  type FromPlugin,
  type Manifest,
  type MetricSample,
  type PluginCall,
  type RouteCall,
  type RouteInfo,
  type Setup,
  type ToPlugin,
} from './messages.ts';
export { PluginRuntime } from './runtime.ts';
export { matchRoute } from './routes.ts';
export {
  checkOperations,
  checkRange,
  keyBytes,
  type CheckedOperation,
  type CheckedRange,
} from './storage-keys.ts';
export { pluginOf } from '../define.ts';
export { gates, hookNames, type FinalOutcome, type HookInput } from '../hooks.ts';
