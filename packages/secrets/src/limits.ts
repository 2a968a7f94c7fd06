/** Bounds of this package. */
export const limits = {
  secretBytes: { value: 65_536, unit: 'bytes', why: 'one secret' },
  watchers: { value: 1_024, unit: 'items', why: 'watched secrets of one provider' },
} as const;
