export { environmentSecrets, environmentVariable } from './environment.ts';
export { SecretsError } from './errors.ts';
export { FileSecrets, type FileSecretsOptions } from './files.ts';
export { type SecretProvider, type Unwatch } from './provider.ts';
export { Secrets, type SecretRequirement } from './secrets.ts';
