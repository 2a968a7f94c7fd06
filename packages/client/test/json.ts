/** Parsed JSON in tests: whatever is in it. */
export type Json = ReturnType<typeof JSON.parse>;
