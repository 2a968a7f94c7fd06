import { equalConstantTime } from './constant-time.ts';
import { CryptoError } from './errors.ts';

/** What every secret shows of itself. */
const redacted = '[redacted]';

/** Node's `inspect` and `console.log` ask for this symbol before they look into an object. */
function hideFromInspect(prototype: object, name: string): void {
  const value = (): string => `${name} ${redacted}`;
  Object.defineProperty(prototype, Symbol.for('nodejs.util.inspect.custom'), { value });
}

/** Wipes bytes that hold a secret. */
export function wipe(bytes: Uint8Array): void {
  bytes.fill(0);
}

/**
 * Key material. It shows `[redacted]` as text, in JSON, in templates and to `inspect`; its
 * structured clone is an empty object, so it never leaves its thread unnoticed; and it is wiped when
 * disposed (`using key = SecretBytes.random(32)`).
 *
 * JavaScript may have copied the bytes before they came here: what passed through strings or
 * buffers of others cannot be wiped.
 */
export class SecretBytes implements Disposable {
  #bytes: Uint8Array | undefined;
  readonly #release: ((bytes: Uint8Array) => void) | undefined;

  private constructor(bytes: Uint8Array, release?: (bytes: Uint8Array) => void) {
    this.#bytes = bytes;
    this.#release = release;
  }

  /** A secret with its own copy; the caller still owns (and wipes) the original. */
  static copyOf(bytes: Uint8Array): SecretBytes {
    return new SecretBytes(Uint8Array.from(bytes));
  }

  /**
   * Takes the bytes over: nobody else may use them any more, and disposing wipes them. `release`
   * is called after the wipe, for memory that has to be given back.
   */
  static own(bytes: Uint8Array, release?: (bytes: Uint8Array) => void): SecretBytes {
    return new SecretBytes(bytes, release);
  }

  /** Fresh random bytes from the platform's generator. */
  static random(length: number): SecretBytes {
    return new SecretBytes(crypto.getRandomValues(new Uint8Array(length)));
  }

  /** Number of bytes. @throws CryptoError SECRET_DISPOSED. */
  get length(): number {
    return this.expose().length;
  }

  /** Whether the secret has been wiped. */
  get disposed(): boolean {
    return this.#bytes === undefined;
  }

  /**
   * The bytes themselves, not a copy: they turn to zeros when the secret is disposed. Keep them no
   * longer than the call that needs them.
   * @throws CryptoError SECRET_DISPOSED.
   */
  expose(): Uint8Array {
    if (this.#bytes === undefined) {
      throw new CryptoError('SECRET_DISPOSED', 'the secret has been wiped');
    }
    return this.#bytes;
  }

  /** A second secret with the same bytes, disposed on its own. */
  clone(): SecretBytes {
    return SecretBytes.copyOf(this.expose());
  }

  /** Constant-time comparison; the lengths are public. */
  equals(other: SecretBytes): boolean {
    return equalConstantTime(this.expose(), other.expose());
  }

  /** Wipes the bytes. Doing it twice is harmless. */
  [Symbol.dispose](): void {
    const bytes = this.#bytes;
    if (bytes === undefined) return;
    this.#bytes = undefined;
    wipe(bytes);
    this.#release?.(bytes);
  }

  toString(): string {
    return redacted;
  }

  toJSON(): string {
    return redacted;
  }

  [Symbol.toPrimitive](): string {
    return redacted;
  }

  static {
    hideFromInspect(this.prototype, 'SecretBytes');
  }
}

/**
 * A secret text: passphrase, mnemonic, token. Kept as UTF-8 bytes, since a string cannot be wiped;
 * `expose` makes a string for the call that needs one. Redacted everywhere like `SecretBytes`.
 */
export class Secret implements Disposable {
  readonly #bytes: SecretBytes;

  private constructor(bytes: SecretBytes) {
    this.#bytes = bytes;
  }

  /** A secret of a text. The string itself stays wherever it came from. */
  static of(text: string): Secret {
    return new Secret(SecretBytes.own(new TextEncoder().encode(text)));
  }

  /** Takes over UTF-8 bytes, as read from a file or a terminal. */
  static ownUtf8(bytes: Uint8Array): Secret {
    return new Secret(SecretBytes.own(bytes));
  }

  /** Whether the secret has been wiped. */
  get disposed(): boolean {
    return this.#bytes.disposed;
  }

  /** The text. @throws CryptoError SECRET_DISPOSED. */
  expose(): string {
    return new TextDecoder().decode(this.#bytes.expose());
  }

  /** The UTF-8 bytes, not a copy. @throws CryptoError SECRET_DISPOSED. */
  exposeUtf8(): Uint8Array {
    return this.#bytes.expose();
  }

  /** Constant-time comparison; the lengths are public. */
  equals(other: Secret): boolean {
    return this.#bytes.equals(other.#bytes);
  }

  /** Wipes the text. Doing it twice is harmless. */
  [Symbol.dispose](): void {
    this.#bytes[Symbol.dispose]();
  }

  toString(): string {
    return redacted;
  }

  toJSON(): string {
    return redacted;
  }

  [Symbol.toPrimitive](): string {
    return redacted;
  }

  static {
    hideFromInspect(this.prototype, 'Secret');
  }
}
