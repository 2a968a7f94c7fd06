/**
 * What the replayed cores believe in: a table, fake but unforgeable signatures, and the application, which is
 * one state root per block. The second sort of transaction never verifies.
 */
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
} from '@mxd/protocol';
import { noSystemRecords, sysRootOf } from '@mxd/protocol/block';
import { keyOf, zeroHash, zeroId } from '@mxd/protocol/primitives';
import { type GuardedKey } from '@mxd/consensus/sign-guard';

export const chainTag: Uint8Array = new Uint8Array(32).fill(5);
export const networkId = 7;
export const wallMs = 1_000_000;
/** First byte of a transaction that does not verify. */
const poison = 0xff;
export const poisoned: readonly Uint8Array[] = [new Uint8Array([poison])];

function sign(publicKey: Uint8Array, message: Uint8Array): Uint8Array {
  const input = new Uint8Array(publicKey.length + message.length);
  input.set(publicKey);
  input.set(message, publicKey.length);
  return sha512(input);
}

/** Signatures are hashes over key and message. */
export function verifyFake(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  return keyOf(sign(key, message)) === keyOf(signature);
}

export function keyFor(index: number): GuardedKey {
  const publicKey = sha256(new Uint8Array([index, 1]));
  return { publicKey, sign: (message) => sign(publicKey, message) };
}

export function tableFor(epoch: number, powers: readonly number[]): Table {
  return {
    epoch,
    entries: powers.map((power, index) => ({
      id: new Uint8Array(20).fill(index + 1),
      consensusKey: keyFor(index).publicKey,
      power,
      stake: 1n,
      score: 5_000,
      latencyMs: 500,
      participationBp: 10_000,
      tipEligible: true,
      newMember: false,
      leaderWeight: 2,
      consecutiveMisses: 0,
    })),
  };
}

/** Round robin, so that the leader of view v is validator (v - 1) mod n, as in the model. */
export function parametersFor(epochLength: number): ChainParameters {
  return { ...defaultParameters, epochLength, leaderMode: 0 };
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

type Given = Omit<
  Header,
  | 'version'
  | 'txRoot'
  | 'sysRoot'
  | 'appRoot'
  | 'nextTableHash'
  | 'txCount'
  | 'tipTotal'
  | 'totalSupply'
>;

/** The application of one chain: what it fills into a header, and what it finds wrong with a block. */
export class Application {
  readonly #powers: readonly number[];
  readonly #lastHeight: number;

  constructor(powers: readonly number[], lastHeight: number) {
    this.#powers = powers;
    this.#lastHeight = lastHeight;
  }

  nextTable(height: number): Table | undefined {
    return height === this.#lastHeight ? tableFor(2, this.#powers) : undefined;
  }

  #rootAfterParent(header: { height: number; parentHash: Uint8Array }): Uint8Array {
    return header.height === 1 ? zeroHash : sha512(header.parentHash);
  }

  make(
    given: Given,
    parentCertificate: Uint8Array,
    transactions: readonly Uint8Array[] = [],
  ): { block: Block; nextTable?: Table } {
    const nextTable = this.nextTable(given.height);
    const header: Header = {
      ...given,
      version: 1,
      txRoot: txRootOf(transactions),
      sysRoot: sysRootOf(noSystemRecords),
      appRoot: this.#rootAfterParent(given),
      nextTableHash: nextTable === undefined ? zeroHash : tableHash(nextTable),
      txCount: transactions.length,
      tipTotal: 0n,
      totalSupply: 0n,
    };
    const block = { header, parentCertificate, systemRecords: noSystemRecords, transactions };
    return nextTable === undefined ? { block } : { block, nextTable };
  }

  verify(block: Block): { verdict: 'valid' | 'invalid'; nextTable?: Table } {
    const { header, transactions } = block;
    const isRight =
      keyOf(this.#rootAfterParent(header)) === keyOf(header.appRoot) &&
      !transactions.some((transaction) => transaction[0] === poison);
    if (!isRight) return { verdict: 'invalid' };
    const nextTable = this.nextTable(header.height);
    return nextTable === undefined ? { verdict: 'valid' } : { verdict: 'valid', nextTable };
  }
}

/** The name of a block in maps. */
export function blockKey(block: Block): string {
  return keyOf(blockHashOf(block.header));
}
