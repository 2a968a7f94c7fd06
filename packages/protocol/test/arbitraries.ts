import * as fc from 'fast-check';

import { suiteInfo, type SuiteId } from '@mxd/crypto/suites';

import type { Block, Header } from '../src/block.ts';
import type { ParameterChange } from '../src/changes.ts';
import { signerBitmap, signerIndices, type Certificate } from '../src/certificate.ts';
import type { Genesis, GenesisDocument, GenesisMember } from '../src/genesis.ts';
import { type ConsensusMessage, type messageType } from '../src/messages.ts';
import {
  defaultParameters,
  parameterRanges,
  parametersProblem,
  type ChainParameters,
} from '../src/parameters.ts';
import { compareRecords, type SystemRecord, type systemRecordType } from '../src/system-records.ts';
import type { Table, TableEntry } from '../src/table.ts';
import type { Outpoint, Owner, Transaction, TransactionBody } from '../src/transaction.ts';
import type { Vote } from '../src/vote.ts';
import { type Policy, type SuiteKey, type Witness } from '../src/witness.ts';

/** Exactly `n` bytes. Long ones come from a short seed: what they hold never matters here. */
export const bytesOf = (n: number): fc.Arbitrary<Uint8Array> =>
  n <= 64
    ? fc.uint8Array({ minLength: n, maxLength: n })
    : fc
        .integer()
        .map((seed) => Uint8Array.from({ length: n }, (_, i) => (seed >>> (i % 24)) ^ (i * 31)));

export const u8 = fc.nat(0xff);
export const u16 = fc.nat(0xffff);
export const u32 = fc.nat(0xffff_ffff);
export const u53 = fc.maxSafeNat();
export const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const view = fc.integer({ min: 1, max: 0xffff_ffff });
const suite = fc.constantFrom<SuiteId>(1, 1, 1, 2, 3);
const hash = bytesOf(64);
const id = bytesOf(20);

export const owner: fc.Arbitrary<Owner> = fc.oneof(
  fc.record({ version: fc.constantFrom(0x32 as const, 0x33 as const), hash: bytesOf(20) }),
  fc.record({ version: fc.constantFrom(0x34 as const, 0x35 as const), hash: bytesOf(32) }),
);

export const suiteKey: fc.Arbitrary<SuiteKey> = suite.chain((s) =>
  fc.record({ suite: fc.constant(s), publicKey: bytesOf(suiteInfo[s].publicKeyBytes) }),
);

const keyWitness: fc.Arbitrary<Witness> = suiteKey.chain((key) =>
  fc.record({
    form: fc.constant(1 as const),
    suite: fc.constant(key.suite),
    publicKey: fc.constant(key.publicKey),
    signature: bytesOf(suiteInfo[key.suite].signatureBytes),
  }),
);

const order = (a: SuiteKey, b: SuiteKey) =>
  a.suite - b.suite || Buffer.compare(a.publicKey, b.publicKey);

export const policy: fc.Arbitrary<Policy> = fc
  .uniqueArray(suiteKey, {
    minLength: 1,
    maxLength: 5,
    selector: (key) => `${key.suite}${Buffer.from(key.publicKey).toString('hex')}`,
  })
  .chain((keys) =>
    fc.record({
      threshold: fc.integer({ min: 1, max: keys.length }),
      keys: fc.constant(keys.toSorted(order)),
    }),
  );

const policyWitness: fc.Arbitrary<Witness> = policy.chain((p) =>
  fc
    .shuffledSubarray(
      p.keys.map((_, i) => i),
      { minLength: p.threshold, maxLength: p.threshold },
    )
    .chain((chosen) => {
      const signing = chosen.toSorted((a, b) => a - b);
      return fc.record({
        form: fc.constant(2 as const),
        policy: fc.constant(p),
        signers: fc.constant(signing.reduce((bits, i) => bits | (1 << i), 0)),
        signatures: fc.tuple(
          ...signing.map((i) => bytesOf(suiteInfo[p.keys[i]!.suite].signatureBytes)),
        ),
      });
    }),
);

export const witness: fc.Arbitrary<Witness> = fc.oneof(keyWitness, policyWitness);

const outpoint: fc.Arbitrary<Outpoint> = fc.record({ txid: hash, index: u32 });

export const body: fc.Arbitrary<TransactionBody> = fc
  .constantFrom(0 as const, 2 as const, 3 as const, 4 as const, 5 as const, 6 as const, 7 as const)
  .chain((kind) =>
    fc.record({
      version: fc.constant(5),
      chainId: u32,
      kind: fc.constant(kind),
      validFrom: u32,
      expiresAt: u32,
      inputs: fc.array(outpoint, { minLength: 1, maxLength: 4 }),
      outputs: fc.array(fc.record({ owner, amount: u64 }), { minLength: 1, maxLength: 4 }),
      tip: u64,
      commitment: fc.constantFrom(0, 32).chain(bytesOf),
      payload: kind === 0 ? bytesOf(0) : kind >= 6 ? bytesOf(20) : fc.nat(60).chain(bytesOf),
    }),
  );

export const transaction: fc.Arbitrary<Transaction> = body.chain((b) =>
  fc.record({ body: fc.constant(b), witnesses: fc.tuple(...b.inputs.map(() => witness)) }),
);

export const vote: fc.Arbitrary<Vote> = fc
  .constantFrom(1 as const, 2 as const, 3 as const)
  .chain((kind) =>
    fc.record({
      kind: fc.constant(kind),
      epoch: u32,
      view,
      signerIndex: u16,
      timestampMs: kind === 2 ? fc.constant(0) : u53,
      blockHash: kind === 2 ? fc.constant(new Uint8Array(64)) : hash,
      signature: hash,
    }),
  );

export const certificate: fc.Arbitrary<Certificate> = fc
  .record({
    kind: fc.constantFrom(1 as const, 2 as const, 3 as const),
    n: fc.integer({ min: 1, max: 100 }),
    chosen: fc.array(u8),
  })
  .chain(({ kind, n, chosen }) => {
    const signers = signerBitmap(
      n,
      chosen.filter((i) => i < n),
    );
    const count = signerIndices(n, signers).length;
    const entry = fc.record({ timestampMs: kind === 2 ? fc.constant(0) : u53, signature: hash });
    return fc.record({
      kind: fc.constant(kind),
      epoch: u32,
      view,
      blockHash: kind === 2 ? fc.constant(new Uint8Array(64)) : hash,
      n: fc.constant(n),
      signers: fc.constant(signers),
      entries: fc.array(entry, { minLength: count, maxLength: count }),
    });
  });

export const tableEntry: fc.Arbitrary<TableEntry> = fc.record({
  id,
  consensusKey: bytesOf(32),
  power: fc.integer({ min: 1, max: 1_000_000 }),
  stake: u64,
  score: fc.nat(10_000),
  latencyMs: u16,
  participationBp: fc.nat(10_000),
  tipEligible: fc.boolean(),
  newMember: fc.boolean(),
  leaderWeight: fc.integer({ min: 2, max: 4 }),
  consecutiveMisses: u16,
});

export const table: fc.Arbitrary<Table> = fc.record({
  epoch: u32,
  entries: fc.uniqueArray(tableEntry, {
    minLength: 1,
    maxLength: 12,
    selector: (entry) => Buffer.from(entry.id).toString('hex'),
  }),
});

export const header: fc.Arbitrary<Header> = fc.record({
  version: u16,
  networkId: u32,
  epoch: u32,
  view: u32,
  parentView: u32,
  height: u53,
  timestampMs: u53,
  proposerId: id,
  parentHash: hash,
  validationRoot: hash,
  txRoot: hash,
  sysRoot: hash,
  appRoot: hash,
  nextTableHash: hash,
  txCount: u32,
  tipTotal: u64,
  totalSupply: u64,
});

const blob = fc.nat(80).chain(bytesOf);

export const block: fc.Arbitrary<Block> = fc
  .record({ header, parentCertificate: blob, transactions: fc.array(blob, { maxLength: 5 }) })
  .map(({ header: h, parentCertificate, transactions }) => ({
    header: { ...h, txCount: transactions.length },
    parentCertificate,
    systemRecords: new Uint8Array(2),
    transactions,
  }));

const accountSignatureOf = (s: SuiteId) => bytesOf(suiteInfo[s].signatureBytes);

const join: fc.Arbitrary<SystemRecord> = suite.chain((s) =>
  fc.record({
    type: fc.constant(1 as const),
    id,
    accountSuite: fc.constant(s),
    accountKey: bytesOf(suiteInfo[s].publicKeyBytes),
    consensusKey: bytesOf(32),
    seq: u32,
    expiryEpoch: u32,
    recentHeight: u53,
    recentHash: hash,
    possessionSignature: hash,
    accountSignature: accountSignatureOf(s),
  }),
);
const accountSignature = suite.chain(accountSignatureOf);
const sample = fc.record({
  latencyMs: fc.oneof(fc.nat(5000), fc.constant(0xffff)),
  participationBp: fc.oneof(fc.nat(10_000), fc.constant(0xffff)),
});

/** One arbitrary per type of record. */
export const records: Readonly<Record<keyof typeof systemRecordType, fc.Arbitrary<SystemRecord>>> =
  {
    join,
    leave: fc.record({
      type: fc.constant(2 as const),
      id,
      seq: u32,
      expiryEpoch: u32,
      accountSignature,
    }),
    rotate: fc.record({
      type: fc.constant(3 as const),
      id,
      newConsensusKey: bytesOf(32),
      seq: u32,
      expiryEpoch: u32,
      possessionSignature: hash,
      accountSignature,
    }),
    evidence: fc.record({ type: fc.constant(4 as const), voteA: vote, voteB: vote, signerId: id }),
    latency: fc.record({
      type: fc.constant(5 as const),
      epoch: u32,
      reporterIndex: u16,
      samples: fc.array(sample, { minLength: 1, maxLength: 9 }),
      signature: hash,
    }),
    signal: fc.record({
      type: fc.constant(6 as const),
      id,
      seq: u32,
      expiryEpoch: u32,
      protocolVersion: u16,
      change: blob,
      accountSignature,
    }),
  };

export const systemRecord: fc.Arbitrary<SystemRecord> = fc.oneof(...Object.values(records));

export const systemRecordList: fc.Arbitrary<readonly SystemRecord[]> = fc
  .array(systemRecord, { maxLength: 5 })
  .map((records) =>
    records
      .toSorted(compareRecords)
      .filter((r, i, all) => i === 0 || compareRecords(all[i - 1]!, r) < 0),
  );

const ranges = Object.fromEntries(
  Object.entries(parameterRanges).map(([name, [min, max]]) => [name, fc.integer({ min, max })]),
);

export const parameters: fc.Arbitrary<ChainParameters> = fc
  .record({ ...ranges, dustLimit: fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }) })
  .map((p) => p as unknown as ChainParameters)
  .map((p) => (parametersProblem(p) === undefined ? p : defaultParameters));

export const member: fc.Arbitrary<GenesisMember> = suite.chain((s) =>
  fc.record({
    id,
    accountSuite: fc.constant(s),
    accountKey: bytesOf(suiteInfo[s].publicKeyBytes),
    consensusKey: bytesOf(32),
    stake: fc.bigInt({ min: 0n, max: 10n ** 15n }),
    possessionSignature: hash,
  }),
);
const hexOf = (b: Uint8Array) => Buffer.from(b).toString('hex');

export const genesisDocument: fc.Arbitrary<GenesisDocument> = fc.record({
  networkId: u32,
  testNetwork: fc.constantFrom(0 as const, 1 as const),
  attempt: u32,
  genesisTimeMs: u53,
  parameters: fc.constant(defaultParameters),
  allocations: fc.array(fc.record({ owner, amount: fc.bigInt({ min: 1n, max: 10n ** 15n }) }), {
    maxLength: 5,
  }),
  members: fc
    .uniqueArray(member, {
      minLength: 1,
      maxLength: 5,
      comparator: (a, b) =>
        hexOf(a.id) === hexOf(b.id) || hexOf(a.consensusKey) === hexOf(b.consensusKey),
    })
    .map((members) => members.toSorted((a, b) => Buffer.compare(a.id, b.id))),
  listed: fc
    .uniqueArray(id, { maxLength: 4, selector: hexOf })
    .map((ids) => ids.toSorted(Buffer.compare)),
});

export const genesis: fc.Arbitrary<Genesis> = genesisDocument.chain((document) =>
  fc.record({
    document: fc.constant(document),
    signatures: fc.tuple(...document.members.map(() => hash)),
  }),
);

const increasing = fc
  .uniqueArray(fc.nat(20_000), { minLength: 1, maxLength: 9 })
  .map((all) => all.toSorted((a, b) => a - b));
const content = fc.option(
  fc.record({
    header,
    systemRecords: fc.constant(new Uint8Array(2)),
    body: fc.oneof(
      fc.record({
        form: fc.constant('full' as const),
        transactions: fc.array(blob, { maxLength: 4 }),
      }),
      fc.record({
        form: fc.constant('compact' as const),
        salt: u64,
        shortIds: fc.nat(9).chain((n) => bytesOf(8 * n)),
      }),
    ),
  }),
  { nil: undefined },
);
const type = <T extends number>(value: T) => fc.constant(value);
const notarize = vote.map((v) => ({ ...v, kind: 1 as const }));

/** One arbitrary per type of message. */
export const messages: Readonly<Record<keyof typeof messageType, fc.Arbitrary<ConsensusMessage>>> =
  {
    proposal: fc.record({
      type: type(0x10 as const),
      epoch: u32,
      view,
      parentView: u32,
      blockHash: hash,
      leaderVote: notarize,
      parentCertificate: blob,
      nullifications: fc.array(blob, { maxLength: 3 }),
      content,
    }),
    vote: fc.record({ type: type(0x11 as const), vote }),
    certificate: fc.record({ type: type(0x12 as const), certificate: blob }),
    status: fc.record({
      type: type(0x13 as const),
      epoch: u32,
      view: u32,
      finalView: u32,
      finalHeight: u53,
    }),
    certificateRequest: fc.integer({ min: 1, max: 2 ** 32 - 100 }).chain((fromView) =>
      fc.record({
        type: type(0x14 as const),
        epoch: u32,
        fromView: fc.constant(fromView),
        toView: fc.nat(63).map((span) => fromView + span),
      }),
    ),
    certificateResponse: fc.record({
      type: type(0x15 as const),
      certificates: fc.array(blob, { maxLength: 3 }),
    }),
    blockRequest: fc.record({
      type: type(0x16 as const),
      blockHash: hash,
      maxAncestors: fc.nat(64),
    }),
    blockResponse: fc.record({
      type: type(0x17 as const),
      blocks: fc.array(blob, { maxLength: 3 }),
    }),
    transactionRequest: fc.record({
      type: type(0x18 as const),
      blockHash: hash,
      indices: increasing,
    }),
    transactionResponse: fc.record({
      type: type(0x19 as const),
      blockHash: hash,
      items: increasing.chain((all) =>
        fc.tuple(
          ...all.map((index) => fc.record({ index: fc.constant(index), transaction: blob })),
        ),
      ),
    }),
    epochProofRequest: fc.record({
      type: type(0x1a as const),
      fromEpoch: u32,
      count: fc.integer({ min: 1, max: 32 }),
    }),
    epochProof: fc.record({
      type: type(0x1b as const),
      epoch: u32,
      header,
      finalization: blob,
      nextTable: table,
    }),
    systemRecord: fc.record({ type: type(0x1c as const), record: systemRecord }),
    genesisAnnounce: fc.record({ type: type(0x1d as const), member }),
    genesisDocument: fc.record({ type: type(0x1e as const), document: genesisDocument }),
    genesisSignature: fc.record({
      type: type(0x1f as const),
      documentHash: hash,
      id,
      signature: hash,
    }),
  };

export const message: fc.Arbitrary<ConsensusMessage> = fc.oneof(...Object.values(messages));

export const changeDocument: fc.Arbitrary<readonly ParameterChange[]> = fc
  .uniqueArray(fc.record({ parameter: u16, value: blob }), {
    maxLength: 5,
    selector: (change) => change.parameter,
  })
  .map((changes) => changes.toSorted((a, b) => a.parameter - b.parameter));
