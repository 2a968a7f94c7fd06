import { limits } from '../limits.ts';
import { redactedSecret, type SecretRegistry } from '../secrets/registry.ts';
import { escapeControls } from './control.ts';
import { describeSpecial } from './special.ts';
import { kindOfName, type NameKind } from './names.ts';
import { redactedPem, redactPatterns } from './patterns.ts';
import { traits, traitsOf } from './traits.ts';
import { redactMnemonics, redactedMnemonic } from './mnemonics.ts';

/** What the sanitiser answers: plain data without secrets, as JSON has it. */
export type CleanValue = string | number | boolean | null | CleanArray | CleanObject;
export type CleanArray = CleanValue[];
export interface CleanObject {
  [name: string]: CleanValue;
}

/** Stands for a value under a secret-like name. */
export const redactedValue = '[redacted]';

const marks = {
  circular: '[circular]',
  deep: '[too deep]',
  truncated: '[truncated]',
  unreadable: '[unreadable]',
} as const;

/** Beyond the cut, so that a secret that straddles it is still recognised. */
const overlapChars = 192;
const maxBigint = 2n ** 64n;
const maxFrames = 32;
/** Names come from code, so there are few; a flood of made-up ones starts the cache anew. */
const maxNames = 4096;
/** A getter may log while it is read; more nesting than this is a loop. */
const maxReentry = 3;
const noNames: ReadonlySet<string> = new Set();

interface CleanName {
  readonly text: string;
  readonly kind: NameKind;
}

/** The state of one walk: what is left of its budget, and the objects it is inside of. */
interface Walk {
  nodes: number;
  chars: number;
  readonly path: object[];
}

/** What a sanitiser counted since it was made; plain numbers for metrics. */
export interface SanitiserCounts {
  /** Values cut for depth, number or length. */
  readonly truncated: number;
  /** Values whose getter, proxy or conversion threw. */
  readonly unreadable: number;
}

/**
 * Turns any value into plain data that is safe to write to a log: bounded in depth, number and
 * length, without secrets, control characters, cycles, bytes, or code. Never throws, whatever the
 * getters and proxies inside the value do. What it cannot stop is a getter that never returns.
 */
export class Sanitiser {
  readonly #registry: SecretRegistry | undefined;
  readonly #names = new Map<string, CleanName>();
  #namesVersion = -1;
  #active = 0;
  #truncated = 0;
  #unreadable = 0;

  constructor(registry?: SecretRegistry) {
    this.#registry = registry;
  }

  get counts(): SanitiserCounts {
    return { truncated: this.#truncated, unreadable: this.#unreadable };
  }

  /** A clean text of `value`: no secrets, one line, at most `limits.stringChars` long. */
  text(value: string): string {
    try {
      return this.#text(value);
    } catch {
      this.#unreadable++;
      return marks.unreadable;
    }
  }

  /** A clean copy of `value`. */
  value(value: unknown): CleanValue {
    return this.#guard(() => this.#walk(value, this.#begin(), 0), marks.unreadable);
  }

  /**
   * A clean copy of the fields of a log line. Names in `reserved` get a `_` at their end, because
   * they are the logger's own. What is not an object becomes a field named `value`.
   */
  fields(value: unknown, reserved: ReadonlySet<string> = noNames): CleanObject {
    return this.#guard<CleanObject>(
      () => {
        const clean = this.#walk(value, this.#begin(), 0);
        if (typeof clean !== 'object' || clean === null || Array.isArray(clean)) {
          return { value: clean };
        }
        return reserved.size === 0 ? clean : freeNames(clean, reserved);
      },
      { value: marks.unreadable },
    );
  }

  #begin(): Walk {
    return { nodes: limits.nodesPerLine.value, chars: limits.lineChars.value, path: [] };
  }

  #guard<Result>(work: () => Result, fallback: Result): Result {
    if (this.#active >= maxReentry) return fallback;
    this.#active++;
    try {
      return work();
    } catch {
      // Only exhaustion (stack, memory) comes here: each value is guarded where it is read.
      this.#unreadable++;
      return fallback;
    } finally {
      this.#active--;
    }
  }

  #text(raw: string): string {
    const limit = limits.stringChars.value;
    let text = raw;
    const isCut = raw.length > limit + overlapChars;
    if (isCut) text = raw.slice(0, limit + overlapChars);
    if (this.#registry !== undefined) text = this.#registry.redact(text);
    const found = traitsOf(text);
    if (found > traits.unsafe) text = redactPatterns(text, found);
    // A secret shorter than the overlap could stand unrecognised at the cut.
    if (isCut && !text.endsWith(redactedSecret))
      text = text.slice(0, Math.min(limit, Math.max(0, text.length - overlapChars)));
    else if (text.length > limit) text = text.slice(0, limit);
    if ((found & traits.unsafe) !== 0) text = escapeControls(text);
    if (isCut || raw.length > limit) {
      this.#truncated++;
      text += marks.truncated;
    }
    return text;
  }

  #string(raw: string, walk: Walk): string {
    if (walk.chars <= 0) return this.#cut();
    const text = this.#text(raw);
    walk.chars -= text.length;
    return text;
  }

  #cut(): string {
    this.#truncated++;
    return marks.truncated;
  }

  /** The clean form of a field's name, and its kind. Names that need no change are remembered. */
  #name(raw: string): CleanName {
    const version = this.#registry?.version ?? 0;
    if (version !== this.#namesVersion || this.#names.size > maxNames) {
      this.#names.clear();
      this.#namesVersion = version;
    }
    const known = this.#names.get(raw);
    if (known !== undefined) return known;
    const most = limits.keyChars.value;
    const text = this.#text(raw);
    const short = text.length > most ? `${text.slice(0, most)}${marks.truncated}` : text;
    // Assigning to this name would set the prototype of the clean object.
    const name = { text: short === '__proto__' ? '__proto__ ' : short, kind: kindOfName(raw) };
    if (name.text === raw && raw.length <= 64) this.#names.set(raw, name);
    return name;
  }

  #walk(value: unknown, walk: Walk, depth: number): CleanValue {
    switch (typeof value) {
      case 'string':
        return this.#string(value, walk);
      case 'number':
        return Number.isFinite(value) ? value : String(value);
      case 'boolean':
        return value;
      case 'bigint':
        // Amounts have 64 bits; anything larger may be a private scalar.
        return value < maxBigint && value > -maxBigint ? value.toString() : '[bigint]';
      case 'undefined':
        return null;
      case 'function':
        return '[function]';
      case 'symbol':
        return this.#string(`Symbol(${value.description ?? ''})`, walk);
      case 'object':
        return value === null ? null : this.#enter(value, walk, depth);
      default:
        return marks.unreadable;
    }
  }

  #enter(value: object, walk: Walk, depth: number): CleanValue {
    if (walk.path.includes(value)) return marks.circular;
    if (depth >= limits.depth.value) {
      this.#truncated++;
      return marks.deep;
    }
    if (--walk.nodes < 0) return this.#cut();
    walk.path.push(value);
    try {
      return this.#object(value, walk, depth);
    } catch {
      this.#unreadable++;
      return marks.unreadable;
    } finally {
      walk.path.pop();
    }
  }

  #object(value: object, walk: Walk, depth: number): CleanValue {
    if (Array.isArray(value)) return this.#array(value, walk, depth);
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) {
      const special = describeSpecial(value);
      switch (special.kind) {
        case 'text':
          return this.#string(special.text, walk);
        case 'entries':
          return this.#entries(special.entries, walk, depth);
        case 'items':
          return this.#array(special.items, walk, depth);
        case 'error':
          return this.#error(special.error, walk, depth);
        case 'plain':
          break;
      }
    }
    // Secrets and domain types say through toJSON how they want to be shown.
    const toJson: unknown = (value as { toJSON?: unknown }).toJSON;
    if (typeof toJson === 'function') {
      const shown: unknown = Reflect.apply(toJson, value, ['']);
      if (shown !== value) return this.#walk(shown, walk, depth + 1);
    }
    return this.#plain(value as Readonly<Record<string, unknown>>, walk, depth);
  }

  #plain(value: Readonly<Record<string, unknown>>, walk: Walk, depth: number): CleanValue {
    const names = Object.keys(value);
    if (looksLikeBytes(names, value)) return `[${names.length} bytes]`;
    const clean: CleanObject = {};
    const most = Math.min(names.length, limits.keysPerObject.value);
    // A list of headers often has the shape { name, value }.
    const hidesValue = names.length <= 4 && names.includes('value') && namesSecret(value);
    for (let i = 0; i < most; i++) {
      const name = names[i] as string;
      const { text, kind } = this.#name(name);
      if (kind !== 'plain' || (hidesValue && name === 'value')) {
        clean[text] = this.#hidden(value, name, kind === 'soft');
        continue;
      }
      let item: unknown;
      try {
        item = value[name];
      } catch {
        this.#unreadable++;
        clean[text] = marks.unreadable;
        continue;
      }
      if (item === undefined) continue;
      clean[text] = this.#leafOrWalk(item, walk, depth + 1);
    }
    if (names.length > most) this.#omit(clean, names.length - most);
    return clean;
  }

  #leafOrWalk(item: unknown, walk: Walk, depth: number): CleanValue {
    if (--walk.nodes < 0) return this.#cut();
    return this.#walk(item, walk, depth);
  }

  #omit(clean: CleanObject, count: number): void {
    this.#truncated++;
    clean['[omitted]'] = count;
  }

  /** What may be shown of a value under a secret-like name. */
  #hidden(value: Readonly<Record<string, unknown>>, name: string, isSoft: boolean): CleanValue {
    try {
      const item = value[name];
      if (item === undefined || item === null) return null;
      if (typeof item === 'boolean') return item;
      if (isSoft && typeof item === 'number' && Number.isFinite(item)) return item;
      return redactedValue;
    } catch {
      this.#unreadable++;
      return redactedValue;
    }
  }

  #entries(entries: Iterable<readonly [unknown, unknown]>, walk: Walk, depth: number): CleanValue {
    const clean: CleanObject = {};
    let count = 0;
    for (const [key, item] of entries) {
      if (++count > limits.keysPerObject.value) continue;
      const { text, kind } = this.#name(nameOfKey(key));
      clean[text] =
        kind === 'plain'
          ? this.#leafOrWalk(item, walk, depth + 1)
          : this.#hidden({ item }, 'item', kind === 'soft');
    }
    if (count > limits.keysPerObject.value) this.#omit(clean, count - limits.keysPerObject.value);
    return clean;
  }

  #array(items: readonly unknown[], walk: Walk, depth: number): CleanValue {
    const length = items.length;
    const most = Math.min(length, limits.itemsPerArray.value);
    if (this.#hidesSecret(items, length)) return redactedValue;
    const clean: CleanArray = [];
    let isInPem = false;
    let hidesNext = false;
    for (let i = 0; i < most; i++) {
      let item: unknown;
      try {
        item = items[i];
      } catch {
        this.#unreadable++;
        clean.push(marks.unreadable);
        continue;
      }
      if (isInPem || (hidesNext && typeof item === 'string')) {
        clean.push(redactedValue);
        hidesNext = false;
        continue;
      }
      const shown = this.#leafOrWalk(item, walk, depth + 1);
      // ['Authorization', 'Bearer x', ...] is how node:http lists headers.
      hidesNext = typeof item === 'string' && item.length <= 64 && kindOfName(item) !== 'plain';
      // A key file read line by line: the block goes on in the items that follow.
      isInPem = typeof shown === 'string' && shown.endsWith(redactedPem);
      clean.push(shown);
    }
    if (length > most) {
      this.#truncated++;
      clean.push(`[${length - most} more]`);
    }
    return clean;
  }

  /** Whether the items together are a registered secret as numbers, or the words of a mnemonic. */
  #hidesSecret(items: readonly unknown[], length: number): boolean {
    if (length < 6) return false;
    const first = items[0];
    if (typeof first === 'number') {
      if (this.#registry === undefined || length < limits.secretMinBytes.value) return false;
      const text = items.slice(0, limits.secretMaxBytes.value).join(',');
      return this.#registry.find(text) !== undefined;
    }
    if (typeof first !== 'string' || first.length > 9) return false;
    const words = items.slice(0, 64).filter((item) => typeof item === 'string' && item.length <= 9);
    if (words.length < 6) return false;
    return redactMnemonics(words.join(' ')).includes(redactedMnemonic);
  }

  #error(error: Error, walk: Walk, depth: number): CleanValue {
    const read = (name: string): unknown => {
      try {
        return (error as unknown as Record<string, unknown>)[name];
      } catch {
        this.#unreadable++;
        return undefined;
      }
    };
    const clean: CleanObject = {};
    const name = read('name');
    const message = read('message');
    clean['type'] = typeof name === 'string' ? this.#string(name, walk) : 'Error';
    clean['message'] = typeof message === 'string' ? this.#string(message, walk) : '';
    const own = this.#plain(error as unknown as Readonly<Record<string, unknown>>, walk, depth);
    if (typeof own === 'object' && own !== null && !Array.isArray(own)) {
      for (const key of Object.keys(own)) {
        if (key !== 'name' && key !== 'message' && key !== 'stack') clean[key] ??= own[key] ?? null;
      }
    }
    for (const link of ['cause', 'errors']) {
      const linked = read(link);
      if (linked !== undefined) clean[link] = this.#leafOrWalk(linked, walk, depth + 1);
    }
    const stack = read('stack');
    if (typeof stack === 'string') clean['stack'] = this.#stack(stack, walk);
    return clean;
  }

  /** The frames only: the header repeats name and message. Real line breaks stand between them. */
  #stack(stack: string, walk: Walk): string {
    const frames: string[] = [];
    for (const line of stack.slice(0, limits.stringChars.value).split('\n')) {
      const frame = line.trim();
      if (!frame.startsWith('at ') || frames.length >= maxFrames) continue;
      frames.push(`    ${this.#string(frame, walk)}`);
    }
    return frames.join('\n');
  }
}

/** A Map's key as a name. */
function nameOfKey(key: unknown): string {
  if (typeof key === 'string') return key;
  if (typeof key === 'number' || typeof key === 'boolean') return `${key}`;
  return `[${typeof key}]`;
}

function freeNames(clean: CleanObject, reserved: ReadonlySet<string>): CleanObject {
  let isClash = false;
  for (const name in clean) if (reserved.has(name)) isClash = true;
  if (!isClash) return clean;
  const renamed: CleanObject = {};
  for (const [name, item] of Object.entries(clean)) {
    renamed[reserved.has(name) ? `${name}_` : name] = item;
  }
  return renamed;
}

/** `{"type":"Buffer","data":[...]}`, or a byte array that went through JSON as `{"0":1,...}`. */
function looksLikeBytes(
  names: readonly string[],
  value: Readonly<Record<string, unknown>>,
): boolean {
  if (names.length === 2 && names[0] === 'type' && names[1] === 'data') {
    return value['type'] === 'Buffer' && Array.isArray(value['data']);
  }
  return (
    names.length >= 8 &&
    names[0] === '0' &&
    names[7] === '7' &&
    typeof value['0'] === 'number' &&
    typeof value['7'] === 'number'
  );
}

function namesSecret(value: Readonly<Record<string, unknown>>): boolean {
  for (const label of ['name', 'key', 'header', 'field']) {
    const text = value[label];
    if (typeof text === 'string' && text.length <= 64 && kindOfName(text) !== 'plain') return true;
  }
  return false;
}
