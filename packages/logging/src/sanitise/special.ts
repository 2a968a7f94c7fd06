import { types } from 'node:util';

/** How an object that is neither an array nor a plain object is shown. */
export type Special =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'entries'; readonly entries: Iterable<readonly [unknown, unknown]> }
  | { readonly kind: 'items'; readonly items: readonly unknown[] }
  | { readonly kind: 'error'; readonly error: Error }
  | { readonly kind: 'plain' };

const text = (shown: string): Special => ({ kind: 'text', text: shown });
const plain: Special = { kind: 'plain' };
const mapEntries = Reflect.get(Map.prototype, 'entries') as () => MapIterator<[unknown, unknown]>;
const setValues = Reflect.get(Set.prototype, 'values') as () => SetIterator<unknown>;
const maxItems = 4096;

function* bounded<Item>(items: Iterable<Item>): Iterable<Item> {
  let left = maxItems;
  for (const item of items) {
    if (left-- <= 0) return;
    yield item;
  }
}

/**
 * Classifies by internal slots where the language has them (node:util types), because prototypes
 * and Symbol.toStringTag can lie. Bytes are never shown: ids are logged as text on purpose.
 * May throw what the object's own code throws.
 */
export function describeSpecial(value: object): Special {
  if (ArrayBuffer.isView(value)) return text(`[${value.byteLength} bytes]`);
  if (types.isNativeError(value) || value instanceof Error) {
    return { kind: 'error', error: value };
  }
  if (types.isDate(value)) {
    const time = Date.prototype.getTime.call(value);
    return text(Number.isNaN(time) ? 'Invalid Date' : new Date(time).toISOString());
  }
  if (types.isMap(value)) {
    return { kind: 'entries', entries: bounded(Reflect.apply(mapEntries, value, [])) };
  }
  if (types.isSet(value)) {
    return { kind: 'items', items: [...bounded(Reflect.apply(setValues, value, []))] };
  }
  if (types.isAnyArrayBuffer(value)) return text(`[${value.byteLength} bytes]`);
  if (types.isRegExp(value)) return text(RegExp.prototype.toString.call(value));
  if (value instanceof URL) return text(value.href);
  if (types.isBoxedPrimitive(value)) return text(String(value.valueOf()));
  if (types.isPromise(value)) return text('[promise]');
  if (types.isWeakMap(value) || types.isWeakSet(value)) return text('[weak collection]');
  if (types.isGeneratorObject(value)) return text('[iterator]');
  if (types.isKeyObject(value) || types.isCryptoKey(value)) return text('[key]');
  return plain;
}
