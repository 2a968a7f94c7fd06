import { WalletError } from './errors.ts';

/** A JSON object that nobody has checked. */
export type JsonObject = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The object that a text holds; `fail` makes the error. */
export function jsonObject(text: string, fail: (rule: string) => WalletError): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw fail('it is no JSON');
  }
  if (!isObject(value)) throw fail('it is no JSON object');
  return value;
}

const wrong = (name: string, what: string): WalletError =>
  new WalletError('WALLET_FILE', `${name} is ${what}`, { field: name });

/** Readers of fields. @throws WalletError WALLET_FILE. */
export const field = {
  text(object: JsonObject, name: string): string {
    const value = object[name];
    if (typeof value !== 'string') throw wrong(name, 'no text');
    return value;
  },
  integer(object: JsonObject, name: string): number {
    const value = object[name];
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
      throw wrong(name, 'no whole number');
    }
    return value;
  },
  object(object: JsonObject, name: string): JsonObject {
    const value = object[name];
    if (!isObject(value)) throw wrong(name, 'no object');
    return value;
  },
  objects(object: JsonObject, name: string): readonly JsonObject[] {
    const value = object[name];
    if (!Array.isArray(value) || !value.every(isObject)) throw wrong(name, 'no list of objects');
    return value;
  },
  texts(object: JsonObject, name: string): readonly string[] {
    const value = object[name];
    if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
      throw wrong(name, 'no list of texts');
    }
    return value;
  },
} as const;
