import { taggedHash } from '@mxd/crypto/hash';
import { keyOf, zeroHash } from '@mxd/protocol/primitives';

import { emptyMap, mapGet, mapSet } from './ordered-map.ts';
import { type RegisteredKeys } from './types.ts';

/** Section 4 before the first registration. */
export const noKeys = (): RegisteredKeys => ({ chain: zeroHash, keys: emptyMap() });

const sectionFour = Uint8Array.of(4);

/** Adds a key to the chain of registered keys; a key is registered for ever. */
export function registerKey(registered: RegisteredKeys, key: Uint8Array): RegisteredKeys {
  const copy = key.slice();
  return {
    chain: taggedHash('RSC1APPS', sectionFour, registered.chain, copy),
    keys: mapSet(registered.keys, keyOf(copy), { key: copy, position: registered.keys.size }),
  };
}

/** Whether a key was ever accepted in genesis, a JOIN or a ROTATE. */
export const isRegistered = (registered: RegisteredKeys, key: Uint8Array): boolean =>
  mapGet(registered.keys, keyOf(key)) !== undefined;
