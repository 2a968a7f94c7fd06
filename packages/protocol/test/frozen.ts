/**
 * What the network's wire format is made of: the encoding of every consensus-critical type, and every
 * byte string that is hashed or signed. The digests over generated values are frozen in
 * `vectors/frozen-encodings.json`.
 */
import { toHex, type Codec } from '@mxd/codec';
import { sha512 } from '@mxd/crypto/hash';
import * as fc from 'fast-check';

import {
  blockHashOf,
  blockListCodec,
  sysRootOf,
  transactionListCodec,
  txRootOf,
  validationRootOf,
} from '../src/block.ts';
import {
  chainTagOf,
  genesisDocumentHash,
  genesisMemberCodec,
  genesisPossessionMessage,
  genesisSigningMessage,
  validatorIdOf,
} from '../src/genesis.ts';
import { epochProofCodec, messageCodec, shortIdOf } from '../src/messages.ts';
import { leaderSchedule } from '../src/schedule.ts';
import {
  accountMessage,
  latencyMessage,
  possessionMessage,
  systemRecordCodec,
} from '../src/system-records.ts';
import { tableEntryCodec, tableHash } from '../src/table.ts';
import {
  inputSigningMessage,
  outpointCodec,
  outputCodec,
  ownerCodec,
  txidOf,
  wtxidOfBytes,
} from '../src/transaction.ts';
import { voteSigningMessage } from '../src/vote.ts';
import { suiteKeyCodec } from '../src/witness.ts';
import * as a from './arbitraries.ts';
import { codecs } from './codecs.ts';

interface Frozen {
  readonly samples: fc.Arbitrary<unknown>;
  readonly bytesOf: (value: never) => Uint8Array;
}

/** Ties the function's argument to the arbitrary's value. */
function frozen<T>(samples: fc.Arbitrary<T>, bytesOf: (value: T) => Uint8Array): Frozen {
  return { samples, bytesOf };
}

const encodingOf = <T>(codec: Codec<T>, samples: fc.Arbitrary<unknown>): Frozen =>
  frozen(samples as fc.Arbitrary<T>, (value) => codec.encode(value));

const chainTag = new Uint8Array(32).fill(0x5a);
const blob = a.bytesOf(70);
const hash = a.bytesOf(64);

const named = <T>(prefix: string, all: Readonly<Record<string, T>>, make: (one: T) => Frozen) =>
  Object.fromEntries(Object.entries(all).map(([name, one]) => [`${prefix}.${name}`, make(one)]));

/** Encodings of every type; those of messages and records of each kind by themselves too. */
const encodings: Readonly<Record<string, Frozen>> = {
  ...Object.fromEntries(
    Object.entries(codecs).map(([name, [codec, samples]]) => [name, encodingOf(codec, samples)]),
  ),
  ...named('message', a.messages, (samples) => encodingOf(messageCodec, samples)),
  ...named('record', a.records, (samples) => encodingOf(systemRecordCodec, samples)),
  outpoint: encodingOf(outpointCodec, fc.record({ txid: hash, index: a.u32 })),
  owner: encodingOf(ownerCodec, a.owner),
  output: encodingOf(outputCodec, fc.record({ owner: a.owner, amount: a.u64 })),
  suiteKey: encodingOf(suiteKeyCodec, a.suiteKey),
  tableEntry: encodingOf(tableEntryCodec, a.tableEntry),
  genesisMember: encodingOf(genesisMemberCodec, a.member),
  epochProof: encodingOf(epochProofCodec, a.messages.epochProof),
  transactionList: encodingOf(transactionListCodec, fc.array(blob, { maxLength: 4 })),
  blockList: encodingOf(blockListCodec, fc.array(blob, { maxLength: 4 })),
};

/** Ids, roots, and what keys sign. */
const hashed: Readonly<Record<string, Frozen>> = {
  txid: frozen(a.body, txidOf),
  wtxid: frozen(blob, wtxidOfBytes),
  blockHash: frozen(a.header, blockHashOf),
  validationRoot: frozen(blob, validationRootOf),
  sysRoot: frozen(blob, sysRootOf),
  txRoot: frozen(fc.array(blob, { maxLength: 9 }), txRootOf),
  tableHash: frozen(a.table, tableHash),
  genesisDocumentHash: frozen(a.genesisDocument, genesisDocumentHash),
  chainTag: frozen(a.genesisDocument, chainTagOf),
  validatorId: frozen(a.suiteKey, ({ suite, publicKey }) => validatorIdOf(suite, publicKey)),
  shortId: frozen(fc.tuple(a.u64, hash), ([salt, wtxid]) => shortIdOf(salt, wtxid)),
  schedule: frozen(fc.tuple(a.table, hash), ([table, seed]) =>
    Uint8Array.from(leaderSchedule(table, 1, seed)),
  ),
  'signed.vote': frozen(fc.tuple(a.vote, a.bytesOf(20)), ([vote, previous]) =>
    voteSigningMessage(chainTag, vote, previous),
  ),
  'signed.input': frozen(
    fc.tuple(hash, a.u32, fc.record({ owner: a.owner, amount: a.u64 })),
    ([txid, index, spent]) => inputSigningMessage(chainTag, txid, index, spent),
  ),
  'signed.join.possession': frozen(a.records.join, (r) => possessionMessage(chainTag, r as never)),
  'signed.rotate.possession': frozen(a.records.rotate, (r) =>
    possessionMessage(chainTag, r as never),
  ),
  ...named(
    'signed.account',
    {
      join: a.records.join,
      leave: a.records.leave,
      rotate: a.records.rotate,
      signal: a.records.signal,
    },
    (samples) => frozen(samples, (r) => accountMessage(chainTag, r as never)),
  ),
  'signed.latency': frozen(a.records.latency, (r) => latencyMessage(chainTag, r as never)),
  'signed.genesis.possession': frozen(
    fc.tuple(a.u32, a.bytesOf(20), a.bytesOf(32)),
    ([networkId, id, key]) => genesisPossessionMessage(networkId, id, key),
  ),
  'signed.genesis': frozen(a.genesisDocument, genesisSigningMessage),
};

export const frozenTypes: Readonly<Record<string, Frozen>> = { ...encodings, ...hashed };

/** SHA-512 over 25 generated samples of one type. */
export function digestOf({ samples, bytesOf }: Frozen): string {
  const lines = fc
    .sample(samples, { seed: 7979, numRuns: 25 })
    .map((value) => toHex(bytesOf(value as never)));
  return toHex(sha512(Buffer.from(lines.join('\n'))));
}
