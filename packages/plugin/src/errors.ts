import { CodedError } from '@mxd/codec';

/** Every code of this package, with what it means and what to do. */
export const pluginErrors = {
  PLUGIN_DEFINITION: 'A plugin, or something that it registers, breaks a rule of the contract.',
  PLUGIN_CONTRACT: 'The plugin is written for another version of the contract than this node has.',
  PLUGIN_CONFIG: "The plugin's part of the configuration breaks the plugin's own schema.",
  PLUGIN_CAPABILITY: 'The plugin uses what it did not ask for in `requires`, or was not given.',
  PLUGIN_SEALED: 'Hooks, routes, metrics and commands are registered in setup, not later.',
  PLUGIN_REQUEST: 'A request to a route or command breaks its schema.',
  PLUGIN_RESPONSE: 'A route or command of the plugin gave something that breaks its own schema.',
  PLUGIN_NOT_FOUND: 'The plugin has no such route, command or item.',
  PLUGIN_FAILED: 'Code of the plugin threw; the message says what.',
  PLUGIN_TIMEOUT: 'The plugin did not answer within its time budget.',
  PLUGIN_BUSY: 'More calls are waiting for the plugin, or from it, than are allowed.',
  PLUGIN_DOWN: 'The plugin is not running: it is starting, or waits to be started again.',
  PLUGIN_STORAGE: 'A key, value or batch for the private storage is over its limit.',
  PLUGIN_SERVICE: 'The node could not do what the plugin asked for.',
} as const;

export type PluginErrorCode = keyof typeof pluginErrors;

/** Thrown by the contract and by its hosts. */
export class PluginError extends CodedError<PluginErrorCode> {}

/** For handlers of routes and commands: the thing that was asked for does not exist. */
export const notFound = (detail: string): PluginError =>
  new PluginError('PLUGIN_NOT_FOUND', detail);
