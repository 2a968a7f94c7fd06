import { SecretBytes } from './secret.ts';
import { sodium } from './sodium.ts';

/** Where a secret came to lie. */
export interface LockedSecret {
  readonly secret: SecretBytes;
  /** Whether the operating system keeps the pages out of swap. */
  readonly locked: boolean;
  /** Whether unreadable pages stand before and after the bytes. */
  readonly guarded: boolean;
  /** Why the memory is not locked; undefined when it is. */
  readonly reason: string | undefined;
}

/**
 * Room for a secret of `length` zero bytes in memory that is guarded by unreadable pages and locked
 * against swapping, as far as the platform allows: the answer says whether it did. Disposing the
 * secret wipes and frees the memory, and views of it become empty.
 */
export function allocateLocked(length: number): LockedSecret {
  if (sodium === undefined || length === 0) {
    const reason = length === 0 ? 'nothing to lock' : 'libsodium cannot be loaded here';
    const secret = SecretBytes.own(new Uint8Array(length));
    return { secret, locked: false, guarded: false, reason };
  }
  const library = sodium;
  const memory = library.sodium_malloc(length);
  const bytes = new Uint8Array(memory.buffer, memory.byteOffset, length);
  bytes.fill(0);
  const secret = SecretBytes.own(bytes, () => {
    library.sodium_free(memory);
  });
  try {
    // sodium_malloc tries to lock, but does not say whether it could.
    library.sodium_mlock(memory);
    return { secret, locked: true, guarded: true, reason: undefined };
  } catch {
    const reason = 'the operating system refused to lock the memory (see ulimit -l)';
    return { secret, locked: false, guarded: true, reason };
  }
}

/** Moves a secret into locked memory; the original is disposed. */
export function lockSecret(original: SecretBytes): LockedSecret {
  const room = allocateLocked(original.length);
  room.secret.expose().set(original.expose());
  original[Symbol.dispose]();
  return room;
}

/** Whether this process can lock memory now, with the reason if it cannot. */
export function probeLockedMemory(): { readonly locked: boolean; readonly reason?: string } {
  const { secret, locked, reason } = allocateLocked(32);
  secret[Symbol.dispose]();
  return reason === undefined ? { locked } : { locked, reason };
}
