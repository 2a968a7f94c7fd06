import { ApiError } from '@mxd/api';

/** Cursors are opaque to readers: a list's name and its place, in base64url. */
export function encodeCursor(list: string, place: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify([list, ...place])).toString('base64url');
}

/** The place of a cursor. @throws ApiError API_CURSOR for one of another list or of no list. */
export function decodeCursor(list: string, cursor: string): readonly (string | number)[] {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (Array.isArray(parsed) && parsed[0] === list) {
      const place: unknown[] = parsed.slice(1);
      if (place.every((part) => typeof part === 'string' || Number.isSafeInteger(part))) {
        return place as (string | number)[];
      }
    }
  } catch {
    // falls through to the refusal
  }
  throw new ApiError('API_CURSOR', 'the cursor is malformed or belongs to another list');
}

/** A height at a position of a cursor. @throws ApiError API_CURSOR. */
export function heightAt(place: readonly (string | number)[], index: number): number {
  const value = place[index];
  if (typeof value === 'number' && value >= 0) return value;
  throw new ApiError('API_CURSOR', 'the cursor is malformed');
}
