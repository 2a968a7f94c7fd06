export { LoggingError, type LoggingErrorCode } from './errors.ts';
export {
  securityEvents,
  type SecurityEventDefinition,
  type SecurityEventFields,
  type SecurityEventName,
} from './events.ts';
export { isLogLevel, logLevels, type LogLevel } from './levels.ts';
export {
  createLogger,
  type LogCounts,
  type LogFields,
  type LogFormat,
  type Logger,
  type LoggerOptions,
  type LogOutput,
} from './logger.ts';
export {
  consoleDestination,
  nullDestination,
  type Destination,
  type DestinationCounts,
} from './output/destination.ts';
export { FileDestination, type FileOptions } from './output/file.ts';
export { formatText, wantsColour } from './output/text.ts';
export { Sanitiser, type CleanObject, type CleanValue } from './sanitise/sanitiser.ts';
export { SecretRegistry, type SecretRegistration } from './secrets/registry.ts';
