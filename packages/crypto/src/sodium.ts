import type sodiumModule from 'sodium-native';

/** libsodium through `sodium-native`. */
export type Sodium = typeof sodiumModule;

/** libsodium, or undefined where no prebuilt binary fits the platform. */
export const sodium: Sodium | undefined = await import('sodium-native').then(
  (module) => module.default,
  () => undefined,
);
