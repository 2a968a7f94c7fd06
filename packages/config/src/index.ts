export { encryptValue, decryptValue, isEncrypted, type Unlock } from './encrypted.ts';
export { ConfigError } from './errors.ts';
export { changedSettings, valueAt, type LoadedConfig } from './layers.ts';
export { loadConfig, type ConfigFile, type LoadOptions } from './load.ts';
export { configVersion, migrateFile, migrateText, type ConfigMigration } from './migrations.ts';
export { type NodeConfig, type PluginEntry } from './node-config.ts';
export { configReference } from './reference.ts';
export { environmentName, flagName, settings, type Setting } from './settings.ts';
