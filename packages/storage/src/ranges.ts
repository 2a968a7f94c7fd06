import { type RangeOptions } from './contract.ts';
import { StorageError } from './errors.ts';

/** The least key greater than every key that starts with `prefix`; none if it is all 0xff. */
export function prefixEnd(prefix: Uint8Array): Uint8Array | undefined {
  let length = prefix.length;
  while (length > 0 && prefix[length - 1] === 0xff) length -= 1;
  if (length === 0) return undefined;
  const end = prefix.slice(0, length);
  end[length - 1] = (end[length - 1] ?? 0) + 1;
  return end;
}

/** Refuses options that contradict the contract, so that all drivers refuse the same. */
export function checkRange(options: RangeOptions): void {
  if (options.gte !== undefined && options.gt !== undefined) {
    throw new StorageError('STORAGE_ARGUMENT', 'A range takes gte or gt, not both');
  }
  if (options.lte !== undefined && options.lt !== undefined) {
    throw new StorageError('STORAGE_ARGUMENT', 'A range takes lte or lt, not both');
  }
  for (const name of ['gte', 'gt', 'lt', 'lte'] as const) {
    const bound: unknown = options[name];
    if (bound !== undefined && !(bound instanceof Uint8Array)) {
      throw new StorageError('STORAGE_ARGUMENT', `The range bound ${name} must be a Uint8Array`);
    }
  }
  const { limit } = options;
  if (limit !== undefined && !(Number.isSafeInteger(limit) && limit >= 0)) {
    throw new StorageError('STORAGE_ARGUMENT', `The limit must be a whole number, not ${limit}`);
  }
}
