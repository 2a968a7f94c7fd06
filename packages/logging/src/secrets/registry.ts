import { LoggingError } from '../errors.ts';
import { limits } from '../limits.ts';
import { formsOf, type SecretForm } from './forms.ts';
import { SecretMatcher, type Span } from './matcher.ts';

/** Ends a registration; also usable with `using`. Safe to call twice. */
export interface SecretRegistration extends Disposable {
  dispose(): void;
}

/** What replaces a registered secret. */
export const redactedSecret = '[redacted secret]';

/** A `%` and two hexadecimal digits somewhere. */
const percentEscape = /%[0-9a-f]{2}/i;

/**
 * The live secrets of a process, matched exactly in their usual textual forms: hexadecimal (either
 * case, also with `:` or a space between bytes), Base64 and Base64url (also inside a longer
 * encoding), Base58, percent-encoding, `1,2,3`, and as text when they are text.
 *
 * The forms are held in byte arrays and wiped when a registration ends.
 */
export class SecretRegistry {
  readonly #secrets = new Map<number, readonly SecretForm[]>();
  #matcher: SecretMatcher | undefined;
  #nextId = 0;
  #version = 0;
  #matches = 0;

  /** Number of live registrations. */
  get size(): number {
    return this.#secrets.size;
  }

  /** Changes with every registration, so that what was checked before can be checked again. */
  get version(): number {
    return this.#version;
  }

  /** How many occurrences were found and replaced so far. */
  get matches(): number {
    return this.#matches;
  }

  /**
   * Keeps `secret` out of every line until the registration is disposed of. Bytes are copied; text
   * counts as its UTF-8 bytes.
   * @throws LoggingError LOGGING_SECRET_LENGTH, LOGGING_REGISTRY_FULL.
   */
  register(secret: Uint8Array | string): SecretRegistration {
    const bytes = typeof secret === 'string' ? new TextEncoder().encode(secret) : secret;
    const [least, most] = [limits.secretMinBytes.value, limits.secretMaxBytes.value];
    if (bytes.length < least || bytes.length > most) {
      throw new LoggingError(
        'LOGGING_SECRET_LENGTH',
        `cannot register a secret of ${bytes.length} bytes: ${least} to ${most} can be matched`,
        { lengthBytes: bytes.length },
      );
    }
    if (this.#secrets.size >= limits.liveSecrets.value) {
      throw new LoggingError(
        'LOGGING_REGISTRY_FULL',
        `${this.#secrets.size} secrets are registered, which is the limit`,
        { limit: limits.liveSecrets.value },
      );
    }
    const id = this.#nextId++;
    this.#secrets.set(id, formsOf(bytes, limits.secretMinBytes.value));
    if (typeof secret === 'string') bytes.fill(0);
    this.#changed();
    const dispose = (): void => this.#remove(id);
    return { dispose, [Symbol.dispose]: dispose };
  }

  #remove(id: number): void {
    const forms = this.#secrets.get(id);
    if (forms === undefined) return;
    this.#secrets.delete(id);
    this.#changed();
    for (const form of forms) form.codes.fill(0);
  }

  #changed(): void {
    this.#matcher?.wipe();
    this.#matcher = undefined;
    this.#version++;
  }

  #compiled(): SecretMatcher {
    // Built at the first search after a change, so that registering many costs one build.
    this.#matcher ??= new SecretMatcher([...this.#secrets.values()].flat());
    return this.#matcher;
  }

  /** The first occurrence of a registered secret in `text`, at or after `from`. */
  find(text: string, from = 0): Span | undefined {
    if (this.#secrets.size === 0) return undefined;
    return this.#compiled().find(text, from);
  }

  /** `text` with every registered secret replaced; the same string when there is none. */
  redact(text: string): string {
    if (this.#secrets.size === 0 || text.length < limits.secretMinBytes.value) return text;
    const clean = this.#replaceAll(text);
    // Escaping more or fewer characters than usual gives a form that no list could hold.
    if (clean.includes('%') && percentEscape.test(clean) && this.#hidesEscaped(clean)) {
      this.#matches++;
      return redactedSecret;
    }
    return clean;
  }

  #replaceAll(text: string): string {
    let found = this.find(text);
    if (found === undefined) return text;
    let clean = '';
    let last = 0;
    while (found !== undefined) {
      this.#matches++;
      clean += text.slice(last, found.start) + redactedSecret;
      last = found.end;
      found = this.find(text, found.start + 1);
      // Secrets that overlap leave together, or the tail of the second would stay.
      while (found !== undefined && found.start < last) {
        last = Math.max(last, found.end);
        found = this.find(text, found.start + 1);
      }
    }
    return clean + text.slice(last);
  }

  #hidesEscaped(text: string): boolean {
    // Forms write a blank as `+`.
    const readings = text.includes('+') ? [text, text.replaceAll('+', ' ')] : [text];
    return readings.some((reading) => {
      let decoded = reading;
      // Twice, because what travels in a query is often a URL that was escaped already.
      for (let pass = 0; pass < 2 && percentEscape.test(decoded); pass++) {
        decoded = unescapePercent(decoded);
        if (this.find(decoded) !== undefined) return true;
      }
      return false;
    });
  }
}

const percentRun = /(?:%[0-9a-f]{2})+/gi;

/** Undoes percent-encoding wherever it gives UTF-8 text; leaves the rest alone. */
function unescapePercent(text: string): string {
  return text.replace(percentRun, (run) => {
    try {
      return decodeURIComponent(run);
    } catch {
      return run;
    }
  });
}
