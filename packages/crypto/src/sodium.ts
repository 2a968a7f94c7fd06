import { createRequire } from 'node:module';

import type sodiumModule from 'sodium-native';

/** libsodium through `sodium-native`. */
export type Sodium = typeof sodiumModule;

/**
 * Loaded synchronously on purpose. After a dynamic `import()` the rest of the program would start
 * inside the addon's own call, as a microtask; ending a worker thread at such a moment makes the
 * addon abort the whole process (seen with sodium-native 5.1.0 on Node 24).
 */
function load(): Sodium | undefined {
  try {
    return createRequire(import.meta.url)('sodium-native') as Sodium;
  } catch {
    return undefined;
  }
}

/** libsodium, or undefined where no prebuilt binary fits the platform. */
export const sodium: Sodium | undefined = load();
