/** Values that an error carries beside its code: plain, so that they cross threads and logs. */
export type ErrorDetails = Readonly<Record<string, string | number | bigint | boolean | undefined>>;

/** A catalogue of error codes: code to the sentence that its documentation starts with. */
export type ErrorCatalogue = Readonly<Record<string, string>>;

/** What a coded error becomes when it leaves the process; bigints turn into decimal strings. */
export interface SerializedError {
  readonly name: string;
  readonly code: string;
  readonly message: string;
  readonly details: Readonly<Record<string, string | number | boolean>>;
}

/**
 * The base of every error that MXD packages throw on purpose.
 *
 * A package derives one class over its own catalogue of codes. Codes are stable: never renamed,
 * never reused for another meaning. `details` holds the values that mattered.
 */
export abstract class CodedError<Code extends string = string> extends Error {
  readonly code: Code;
  readonly details: ErrorDetails;

  constructor(code: Code, message: string, details: ErrorDetails = {}, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
    this.details = details;
  }

  toJSON(): SerializedError {
    const details: Record<string, string | number | boolean> = {};
    for (const [key, value] of Object.entries(this.details)) {
      if (value === undefined) continue;
      details[key] = typeof value === 'bigint' ? value.toString() : value;
    }
    return { name: this.name, code: this.code, message: this.message, details };
  }
}

/** The outcome of an operation that a peer or a user can make fail: no exception needed. */
export type Result<Value, Failure> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: Failure };
