import { sha256, sha512 } from '@mxd/crypto/hash';
import {
  blockHashOf,
  defaultParameters,
  tableHash,
  txRootOf,
  type Block,
  type ChainParameters,
  type Header,
  type Table,
  type TableEntry,
} from '@mxd/protocol';
import { noSystemRecords, sysRootOf } from '@mxd/protocol/block';
import { keyOf, zeroHash, zeroId } from '@mxd/protocol/primitives';

import { type GuardedKey } from '../../src/sign-guard.ts';
import { type Effect } from '../../src/types.ts';

/**
 * A fake signature that only depends on key and message: fast, deterministic, unforgeable in tests.
 */
export function fakeVerify(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const expected = fakeSign(key, message);
  for (let i = 0; i < 64; i++) if (expected[i] !== signature[i]) return false;
  return signature.length === 64;
}

export function fakeSign(key: Uint8Array, message: Uint8Array): Uint8Array {
  const input = new Uint8Array(key.length + message.length);
  input.set(key);
  input.set(message, key.length);
  return sha512(input);
}

const keys = new Map<number, GuardedKey>();

export function fakeKey(seed: number): GuardedKey {
  const known = keys.get(seed);
  if (known !== undefined) return known;
  const publicKey = sha256(new Uint8Array([seed >> 8, seed & 0xff, 7]));
  const key = { publicKey, sign: (message: Uint8Array) => fakeSign(publicKey, message) };
  keys.set(seed, key);
  return key;
}

export const chainTag: Uint8Array = new Uint8Array(32).fill(9);
export const networkId = 77;

export function parametersFor(epochLength: number): ChainParameters {
  return { ...defaultParameters, epochLength };
}

export function entryFor(seed: number, power = 1): TableEntry {
  const id = new Uint8Array(20).fill(seed & 0xff);
  id[0] = seed >> 8;
  return {
    id,
    consensusKey: fakeKey(seed).publicKey,
    power,
    stake: 1n,
    score: 5_000,
    latencyMs: 500,
    participationBp: 10_000,
    tipEligible: true,
    newMember: false,
    leaderWeight: 2,
    consecutiveMisses: 0,
  };
}

export function tableFor(
  epoch: number,
  seeds: readonly number[],
  powers?: readonly number[],
): Table {
  return { epoch, entries: seeds.map((seed, i) => entryFor(seed, powers?.[i] ?? 1)) };
}

export function genesisHeader(table: Table): Header {
  return {
    version: 1,
    networkId,
    epoch: 0,
    view: 0,
    parentView: 0,
    height: 0,
    timestampMs: 1_000,
    proposerId: zeroId,
    parentHash: zeroHash,
    validationRoot: zeroHash,
    txRoot: txRootOf([]),
    sysRoot: sysRootOf(noSystemRecords),
    appRoot: zeroHash,
    nextTableHash: tableHash(table),
    txCount: 0,
    tipTotal: 0n,
    totalSupply: 0n,
  };
}

/**
 * Application of the tests: counts transactions; a transaction that starts with 0xff is invalid.
 */
export class FakeApp {
  readonly roots = new Map<string, Uint8Array>();
  readonly tableOf: (epoch: number) => Table;
  readonly epochLength: number;
  mempool: Uint8Array[] = [];
  /** Answers a wrong root: a non-deterministic application (S32). */
  broken = false;

  constructor(tableOf: (epoch: number) => Table, epochLength: number, genesis: Header) {
    this.tableOf = tableOf;
    this.epochLength = epochLength;
    this.roots.set(keyOf(blockHashOf(genesis)), zeroHash);
  }

  #next(hash: Uint8Array): Uint8Array {
    return sha512(hash);
  }

  #nextTable(header: { height: number; epoch: number }): Table | undefined {
    return header.height === header.epoch * this.epochLength
      ? this.tableOf(header.epoch + 1)
      : undefined;
  }

  build(
    effect: Extract<Effect, { type: 'build' }>,
  ): { block: Block; salt: bigint; nextTable?: Table } | 'empty' | 'failed' {
    const transactions = this.mempool.slice(0, 1_000);
    if (transactions.length === 0 && !effect.allowEmpty) return 'empty';
    const appRoot = this.roots.get(keyOf(effect.parent));
    if (appRoot === undefined) return 'failed';
    const nextTable = this.#nextTable(effect.header);
    const header: Header = {
      ...effect.header,
      version: 1,
      txRoot: txRootOf(transactions),
      sysRoot: sysRootOf(noSystemRecords),
      appRoot,
      nextTableHash: nextTable === undefined ? zeroHash : tableHash(nextTable),
      txCount: transactions.length,
      tipTotal: 0n,
      totalSupply: 0n,
    };
    const block = {
      header,
      parentCertificate: effect.parentCertificate,
      systemRecords: noSystemRecords,
      transactions,
    };
    const hash = blockHashOf(header);
    this.roots.set(keyOf(hash), this.#next(hash));
    const base = { block, salt: BigInt(effect.reqId) };
    return nextTable === undefined ? base : { ...base, nextTable };
  }

  verify(block: Block): { verdict: 'valid' | 'invalid' | 'missing'; nextTable?: Table } {
    const { header } = block;
    const root = this.roots.get(keyOf(header.parentHash));
    if (root === undefined) return { verdict: 'missing' };
    const isRootRight = !this.broken && keyOf(root) === keyOf(header.appRoot);
    if (!isRootRight || block.transactions.some((tx) => tx[0] === 0xff)) {
      return { verdict: 'invalid' };
    }
    const nextTable = this.#nextTable(header);
    const expected = nextTable === undefined ? zeroHash : tableHash(nextTable);
    if (keyOf(expected) !== keyOf(header.nextTableHash)) return { verdict: 'invalid' };
    const hash = blockHashOf(header);
    this.roots.set(keyOf(hash), this.#next(hash));
    return nextTable === undefined ? { verdict: 'valid' } : { verdict: 'valid', nextTable };
  }

  commit(block: Block): void {
    const gone = new Set(block.transactions.map((tx) => keyOf(tx)));
    if (gone.size > 0) this.mempool = this.mempool.filter((tx) => !gone.has(keyOf(tx)));
  }
}
