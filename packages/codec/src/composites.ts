import { badValue, makeCodec, type Codec } from './codec.ts';
import { u16, u32, u8 } from './integers.ts';
import { DecodeFailure, type Reader } from './reader.ts';
import { type Writer } from './writer.ts';
import { CodecError } from './errors.ts';

/** The value type of a codec. */
export type CodecValue<C> = C extends Codec<infer T> ? T : never;

type Fields = Readonly<Record<string, Codec<unknown>>>;
/** The object that a struct of these fields encodes. */
export type StructValue<F> = { readonly [K in keyof F]: CodecValue<F[K]> };

function prefixPath(error: unknown, part: string | number): unknown {
  if (error instanceof DecodeFailure) error.path.push(part);
  else if (error instanceof CodecError) {
    const inner = typeof error.details['path'] === 'string' ? error.details['path'] : '';
    const head = typeof part === 'number' ? `[${part}]` : part;
    const path = inner === '' ? head : inner.startsWith('[') ? head + inner : `${head}.${inner}`;
    const bare = inner === '' ? error.message : error.message.slice(inner.length + 2);
    return new CodecError(error.code, `${path}: ${bare}`, { ...error.details, path });
  }
  return error;
}

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;

/** Fields one after the other, in the order of the object's keys. */
export function struct<F extends Fields>(fields: F): Codec<StructValue<F>> {
  type Value = StructValue<F>;
  const names = Object.keys(fields);
  const codecs = names.map((name) => fields[name] as unknown as Codec<unknown>);
  const count = names.length;
  const total = (key: 'minBytes' | 'maxBytes') => codecs.reduce((sum, c) => sum + c[key], 0);
  const minBytes = total('minBytes');
  const maxBytes = total('maxBytes');
  return makeCodec<Value>({
    minBytes,
    maxBytes,
    size(value) {
      if (minBytes === maxBytes) return minBytes;
      let sum = 0;
      const record = value as Record<string, unknown>;
      for (let i = 0; i < count; i++) {
        sum += (codecs[i] as Codec<unknown>).size(record[names[i] as string]);
      }
      return sum;
    },
    encodeInto(writer, value) {
      if (!isObject(value)) badValue('CODEC_VALUE', 'expected an object');
      const record = value as Record<string, unknown>;
      let i = 0;
      try {
        for (; i < count; i++) {
          (codecs[i] as Codec<unknown>).encodeInto(writer, record[names[i] as string]);
        }
      } catch (error) {
        throw prefixPath(error, names[i] as string);
      }
    },
    decodeFrom(reader) {
      const record: Record<string, unknown> = {};
      let i = 0;
      try {
        for (; i < count; i++) {
          record[names[i] as string] = (codecs[i] as Codec<unknown>).decodeFrom(reader);
        }
      } catch (error) {
        throw prefixPath(error, names[i] as string);
      }
      return record as Value;
    },
  });
}

/** How a list counts its items, and how many it takes. */
export interface ListBounds {
  readonly count: 'u8' | 'u16' | 'u32';
  readonly max: number;
  readonly min?: number;
}

const counters = { u8, u16, u32 } as const;

/**
 * A count, then that many items. Items have at least one byte, so that no list is longer than the
 * input that it is read from. @throws CodecError CODEC_VALUE for an item that may be empty.
 */
export function list<T>(item: Codec<T>, bounds: ListBounds): Codec<readonly T[]> {
  const counter = counters[bounds.count];
  const { max, min = 0 } = bounds;
  // A count is checked against what is left before anything is allocated.
  const least = item.minBytes;
  if (least === 0) badValue('CODEC_VALUE', 'items of a list take at least one byte');
  return makeCodec<readonly T[]>({
    minBytes: counter.minBytes + min * item.minBytes,
    maxBytes: counter.maxBytes + max * item.maxBytes,
    size(value) {
      let sum = counter.maxBytes;
      for (const entry of value) sum += item.size(entry);
      return sum;
    },
    encodeInto(writer, value) {
      if (!Array.isArray(value)) badValue('CODEC_VALUE', 'expected a list');
      if (value.length < min || value.length > max) {
        badValue('CODEC_LENGTH', `${value.length} items where ${min} to ${max} are allowed`);
      }
      counter.encodeInto(writer, value.length);
      let i = 0;
      try {
        for (; i < value.length; i++) item.encodeInto(writer, value[i] as T);
      } catch (error) {
        throw prefixPath(error, i);
      }
    },
    decodeFrom(reader) {
      const length = counter.decodeFrom(reader);
      if (length < min || length > max) {
        reader.fail('CODEC_LENGTH', `${length} items where ${min} to ${max} are allowed`);
      }
      reader.need(length * least);
      const items: T[] = [];
      try {
        for (let i = 0; i < length; i++) items.push(item.decodeFrom(reader));
      } catch (error) {
        throw prefixPath(error, items.length);
      }
      return items;
    },
  });
}

/** A length of the given width, then the encoding of one value in exactly that many bytes. */
export function sized<T>(width: 'u8' | 'u16' | 'u32', inner: Codec<T>, max?: number): Codec<T> {
  const counter = counters[width];
  const most = Math.min(max ?? inner.maxBytes, inner.maxBytes);
  return makeCodec<T>({
    minBytes: counter.minBytes + inner.minBytes,
    maxBytes: counter.maxBytes + most,
    size: (value) => counter.maxBytes + inner.size(value),
    encodeInto(writer, value) {
      const start = writer.offset;
      counter.encodeInto(writer, 0);
      inner.encodeInto(writer, value);
      const end = writer.offset;
      const length = end - start - counter.maxBytes;
      if (length > most) badValue('CODEC_LENGTH', `${length} bytes where ${most} are allowed`);
      writer.offset = start;
      counter.encodeInto(writer, length);
      writer.offset = end;
    },
    decodeFrom(reader) {
      const length = counter.decodeFrom(reader);
      if (length > most) {
        reader.fail('CODEC_LENGTH', `length ${length} where at most ${most} is allowed`);
      }
      reader.need(length);
      const end = reader.offset + length;
      const value = inner.decodeFrom(reader);
      if (reader.offset !== end) {
        reader.fail('CODEC_LENGTH', `the value is not the ${length} bytes long that it claims`);
      }
      return value;
    },
  });
}

type Variants = Readonly<Record<number, Codec<unknown>>>;
/** The tagged object that a union of these variants encodes. */
export type UnionValue<K extends string, V> = {
  [Tag in keyof V & number]: { readonly [P in K]: Tag } & CodecValue<V[Tag]>;
}[keyof V & number];

/**
 * A tag, then the variant that it names. The value is the variant's object with the tag under `key`.
 * Variants are structs.
 */
export function union<K extends string, V extends Variants>(
  key: K,
  tag: 'u8' | 'u16',
  variants: V,
): Codec<UnionValue<K, V>> {
  type Value = UnionValue<K, V>;
  const counter = counters[tag];
  const byTag = new Map<number, Codec<unknown>>(
    Object.entries(variants).map(([name, codec]) => [
      Number(name),
      codec as unknown as Codec<unknown>,
    ]),
  );
  const all = [...byTag.values()];
  const tagOf = (value: Value): number =>
    isObject(value)
      ? ((value as Record<string, unknown>)[key] as number)
      : badValue('CODEC_VALUE', 'expected an object');
  const variantOf = (value: Value): Codec<unknown> => {
    const variant = byTag.get(tagOf(value));
    return variant ?? badValue('CODEC_TAG', `${key} ${String(tagOf(value))} is unknown`);
  };
  return makeCodec<Value>({
    minBytes: counter.minBytes + Math.min(...all.map((c) => c.minBytes)),
    maxBytes: counter.maxBytes + Math.max(...all.map((c) => c.maxBytes)),
    size: (value) => counter.maxBytes + variantOf(value).size(value),
    encodeInto(writer: Writer, value: Value) {
      const variant = variantOf(value);
      counter.encodeInto(writer, tagOf(value));
      variant.encodeInto(writer, value);
    },
    decodeFrom(reader: Reader): Value {
      const found = counter.decodeFrom(reader);
      const variant = byTag.get(found);
      if (variant === undefined) {
        return reader.fail('CODEC_TAG', `${key} ${found} is unknown`);
      }
      const value = variant.decodeFrom(reader) as Record<string, unknown>;
      value[key] = found;
      return value as unknown as Value;
    },
  });
}

/** Adds a rule: `check` gives what is wrong with a value, or undefined. Holds both ways. */
export function refine<T>(inner: Codec<T>, check: (value: T) => string | undefined): Codec<T> {
  return makeCodec<T>({
    minBytes: inner.minBytes,
    maxBytes: inner.maxBytes,
    size: (value) => inner.size(value),
    encodeInto(writer, value) {
      const problem = check(value);
      if (problem !== undefined) badValue('CODEC_RULE', problem);
      inner.encodeInto(writer, value);
    },
    decodeFrom(reader) {
      const value = inner.decodeFrom(reader);
      const problem = check(value);
      if (problem !== undefined) reader.fail('CODEC_RULE', problem);
      return value;
    },
  });
}

/** The same encoding under another type of value: `to` and `from` must be inverse. */
export function mapped<Inner, Outer>(
  inner: Codec<Inner>,
  to: (value: Inner) => Outer,
  from: (value: Outer) => Inner,
): Codec<Outer> {
  return makeCodec<Outer>({
    minBytes: inner.minBytes,
    maxBytes: inner.maxBytes,
    size: (value) => inner.size(from(value)),
    encodeInto: (writer, value) => inner.encodeInto(writer, from(value)),
    decodeFrom: (reader) => to(inner.decodeFrom(reader)),
  });
}

/** Always these bytes: tags and magic numbers. */
export function constant(expected: Uint8Array): Codec<undefined> {
  return makeCodec<undefined>({
    minBytes: expected.length,
    maxBytes: expected.length,
    size: () => expected.length,
    encodeInto: (writer) => writer.bytes(expected),
    decodeFrom(reader) {
      const found = reader.take(expected.length);
      for (let i = 0; i < expected.length; i++) {
        if (found[i] !== expected[i]) reader.fail('CODEC_TAG', 'the fixed bytes do not match');
      }
      return undefined;
    },
  });
}
