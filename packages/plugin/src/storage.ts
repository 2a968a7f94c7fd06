/** A key of the private storage; text is encoded as UTF-8. 1 to 256 bytes. */
export type StorageKey = string | Uint8Array;

export type StorageOperation =
  | { readonly type: 'put'; readonly key: StorageKey; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: StorageKey };

export interface StorageRange {
  /** Only keys that begin so. */
  readonly prefix?: StorageKey;
  /** Only keys after this one: the last key of the page before. */
  readonly after?: StorageKey;
  /** Most entries; 100 unless given, 1,000 at most. */
  readonly limit?: number;
  readonly reverse?: boolean;
}

/** The plugin's own key-value storage. Keys are in bytewise order; no other plugin sees them. */
export interface PluginStorage {
  get(key: StorageKey): Promise<Uint8Array | undefined>;
  put(key: StorageKey, value: Uint8Array): Promise<void>;
  delete(key: StorageKey): Promise<void>;
  /** All or nothing. */
  batch(operations: readonly StorageOperation[]): Promise<void>;
  range(
    options?: StorageRange,
  ): Promise<readonly (readonly [key: Uint8Array, value: Uint8Array])[]>;
}
