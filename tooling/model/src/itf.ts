/**
 * Reads a trace in the Informal Trace Format, as `quint run --out-itf` writes it. Only what the model has:
 * records, sets, maps, tuples, integers, strings, booleans.
 */
import { readFileSync } from 'node:fs';

import { ModelError } from './errors.ts';

/** Kinds of certificates and votes; the numbers of the model are those of the protocol. */
export type Kind = 1 | 2 | 3;

export interface ModelBlock {
  readonly view: number;
  readonly parentView: number;
  readonly parent: number;
  readonly height: number;
  readonly certified: boolean;
  readonly valid: boolean;
  readonly chain: ReadonlySet<number>;
}

export interface ModelProposal {
  readonly view: number;
  readonly block: number;
  /** Kind of the embedded certificate of `certificateView`; 0 is none. */
  readonly certificate: number;
  readonly certificateView: number;
  readonly nulls: ReadonlySet<number>;
}

/** What a correct node holds and has signed, each certificate and vote as `kind:view:block`. */
export interface ModelNode {
  readonly view: number;
  readonly lastFinal: number;
  readonly finalBlock: number;
  readonly committed: number;
  readonly certificates: ReadonlySet<string>;
  readonly votes: ReadonlySet<string>;
  readonly known: ReadonlySet<number>;
  readonly ended: boolean;
}

export interface ModelEvent {
  readonly what: string;
  readonly node: number;
  readonly kind: number;
  readonly view: number;
  readonly ref: number;
}

export interface ModelState {
  /** The rule that is broken on purpose, or "none". */
  readonly mutant: string;
  readonly powers: readonly number[];
  readonly lastHeight: number;
  readonly blocks: ReadonlyMap<number, ModelBlock>;
  readonly proposals: ReadonlyMap<number, ModelProposal>;
  readonly nodes: ReadonlyMap<number, ModelNode>;
  readonly event: ModelEvent;
}

/** The name of a certificate or vote in both worlds; a nullification has block 0. */
export function nameOf(kind: number, view: number, block: number): string {
  return `${kind}:${view}:${block}`;
}

type Json = string | number | boolean | readonly Json[] | { readonly [name: string]: Json };

function isObject(value: Json | undefined): value is { readonly [name: string]: Json } {
  return typeof value === 'object' && !Array.isArray(value);
}

function wrong(what: string): ModelError {
  return new ModelError('MODEL_TRACE', `not ${what}`);
}

function field(value: Json | undefined, name: string): Json {
  const found = isObject(value) ? value[name] : undefined;
  if (found === undefined) throw wrong(`a record with ${name}`);
  return found;
}

function integer(value: Json | undefined): number {
  const plain = isObject(value) ? value['#bigint'] : value;
  const result = Number(plain);
  if (plain === undefined || !Number.isSafeInteger(result)) throw wrong('an integer');
  return result;
}

function text(value: Json): string {
  if (typeof value !== 'string') throw wrong('a string');
  return value;
}

function boolean(value: Json): boolean {
  if (typeof value !== 'boolean') throw wrong('a boolean');
  return value;
}

function list(value: Json, tag: '#set' | '#map' | '#tup'): readonly Json[] {
  const items = Array.isArray(value) ? value : field(value, tag);
  if (!Array.isArray(items)) throw wrong(tag);
  return items as readonly Json[];
}

function mapOf<T>(value: Json, read: (item: Json) => T): Map<number, T> {
  const result = new Map<number, T>();
  for (const pair of list(value, '#map')) {
    const [key, item] = list(pair, '#tup');
    if (item === undefined) throw wrong('a pair');
    result.set(integer(key), read(item));
  }
  return result;
}

function numbers(value: Json): Set<number> {
  return new Set(list(value, '#set').map((item) => integer(item)));
}

function blockOf(value: Json): ModelBlock {
  return {
    view: integer(field(value, 'view')),
    parentView: integer(field(value, 'parentView')),
    parent: integer(field(value, 'parent')),
    height: integer(field(value, 'height')),
    certified: boolean(field(value, 'certified')),
    valid: boolean(field(value, 'valid')),
    chain: numbers(field(value, 'chain')),
  };
}

function proposalOf(value: Json): ModelProposal {
  return {
    view: integer(field(value, 'view')),
    block: integer(field(value, 'block')),
    certificate: integer(field(value, 'certificate')),
    certificateView: integer(field(value, 'certificateView')),
    nulls: numbers(field(value, 'nulls')),
  };
}

function named(kind: Kind, value: Json): string[] {
  return list(value, '#set').map((pair) => {
    const [view, block] = list(pair, '#tup');
    return nameOf(kind, integer(view), integer(block));
  });
}

function nodeOf(value: Json): ModelNode {
  const held = (kind: Kind, name: string): string[] =>
    [...mapOf(field(value, name), integer)].map(([view, block]) => nameOf(kind, view, block));
  const nullified = (name: string): string[] =>
    [...numbers(field(value, name))].map((view) => nameOf(2, view, 0));
  return {
    view: integer(field(value, 'view')),
    lastFinal: integer(field(value, 'lastFinal')),
    finalBlock: integer(field(value, 'finalBlock')),
    committed: integer(field(value, 'committed')),
    certificates: new Set([...held(1, 'n'), ...nullified('z'), ...held(3, 'f')]),
    votes: new Set([
      ...named(1, field(value, 'myN')),
      ...nullified('myZ'),
      ...named(3, field(value, 'myF')),
    ]),
    known: numbers(field(value, 'known')),
    ended: boolean(field(value, 'ended')),
  };
}

function stateOf(value: Json): ModelState {
  const setup = field(value, 'setup');
  const event = field(value, 'event');
  const powers = [...mapOf(field(setup, 'powers'), integer)].sort(([a], [b]) => a - b);
  return {
    mutant: text(field(setup, 'mutant')),
    powers: powers.map(([, power]) => power),
    lastHeight: integer(field(setup, 'lastHeight')),
    blocks: mapOf(field(value, 'blocks'), blockOf),
    proposals: mapOf(field(value, 'proposals'), proposalOf),
    nodes: mapOf(field(value, 'nodes'), nodeOf),
    event: {
      what: text(field(event, 'what')),
      node: integer(field(event, 'node')),
      kind: integer(field(event, 'kind')),
      view: integer(field(event, 'view')),
      ref: integer(field(event, 'ref')),
    },
  };
}

/** The states of a trace file, first to last. */
export function readTrace(path: string): readonly ModelState[] {
  const trace = JSON.parse(readFileSync(path, 'utf8')) as Json;
  const states = field(trace, 'states');
  if (!Array.isArray(states)) throw wrong('a list of states');
  return (states as readonly Json[]).map((state) => stateOf(state));
}
