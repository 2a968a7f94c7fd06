import { type Operation } from './contract.ts';
import { StorageError } from './errors.ts';
import { limits } from './limits.ts';

/** Refuses a key that no driver takes. */
export function checkKey(key: Uint8Array): void {
  if (!(key instanceof Uint8Array)) {
    throw new StorageError('STORAGE_ARGUMENT', 'A key must be a Uint8Array');
  }
  if (key.length === 0 || key.length > limits.keySize.value) {
    throw new StorageError(
      'STORAGE_LIMIT',
      `A key has 1 to ${limits.keySize.value} bytes, not ${key.length}`,
      { keyBytes: key.length },
    );
  }
}

/** Refuses a batch that breaks the contract or a limit, before any of it is applied. */
export function checkBatch(operations: readonly Operation[]): number {
  if (operations.length > limits.batchOperations.value) {
    throw new StorageError(
      'STORAGE_LIMIT',
      `A batch has at most ${limits.batchOperations.value} operations, not ${operations.length}`,
      { operations: operations.length },
    );
  }
  let bytes = 0;
  for (const operation of operations) {
    checkKey(operation.key);
    bytes += operation.key.length;
    if (operation.type !== 'put') {
      if (operation.type === 'del') continue;
      throw new StorageError('STORAGE_ARGUMENT', 'An operation is of type put or del');
    }
    const { value } = operation;
    if (!(value instanceof Uint8Array)) {
      throw new StorageError('STORAGE_ARGUMENT', 'A value must be a Uint8Array');
    }
    if (value.length > limits.valueSize.value) {
      throw new StorageError(
        'STORAGE_LIMIT',
        `A value has at most ${limits.valueSize.value} bytes, not ${value.length}`,
        { valueBytes: value.length },
      );
    }
    bytes += value.length;
  }
  if (bytes > limits.batchSize.value) {
    throw new StorageError(
      'STORAGE_LIMIT',
      `A batch has at most ${limits.batchSize.value} bytes, not ${bytes}`,
      { batchBytes: bytes },
    );
  }
  return bytes;
}
