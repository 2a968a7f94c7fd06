import { CodecError } from '@mxd/codec';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { blockCodec, transactionListCodec, type Block } from '../../src/block.ts';
import { certificateCodec, signerBitmap, type Certificate } from '../../src/certificate.ts';
import { changeDocumentCodec } from '../../src/changes.ts';
import {
  genesisCodec,
  genesisDocumentCodec,
  genesisMemberCodec,
  type GenesisDocument,
  type GenesisMember,
} from '../../src/genesis.ts';
import { limits } from '../../src/limits.ts';
import { defaultParameters } from '../../src/parameters.ts';
import { tableCodec, tableEntryCodec, type TableEntry } from '../../src/table.ts';
import { voteCodec } from '../../src/vote.ts';
import * as a from '../arbitraries.ts';
import { of } from '../layouts.ts';

/** Message of the coded refusal, or nothing. */
function refusal(body: () => unknown): string {
  try {
    body();
  } catch (error) {
    expect(error).toBeInstanceOf(CodecError);
    return (error as CodecError).message;
  }
  return '';
}

const memberOf = (n: number): GenesisMember => ({
  id: of(20, n),
  accountSuite: 1,
  accountKey: of(32, n),
  consensusKey: of(32, 100 + n),
  stake: 10n,
  possessionSignature: of(64, n),
});
const document: GenesisDocument = {
  networkId: 1,
  testNetwork: 1,
  attempt: 0,
  genesisTimeMs: 1,
  parameters: defaultParameters,
  allocations: [{ owner: { version: 0x32, hash: of(20, 1) }, amount: 1n }],
  members: [memberOf(1), memberOf(2)],
  listed: [of(20, 3), of(20, 4)],
};
const most = 2n ** 64n - 1n;

describe('genesis documents', () => {
  test.each([
    ['members out of order', { members: [memberOf(2), memberOf(1)] }, /members are out of order/],
    ['a member twice', { members: [memberOf(1), memberOf(1)] }, /members are out of order/],
    [
      'a shared consensus key',
      { members: [memberOf(1), { ...memberOf(2), consensusKey: of(32, 101) }] },
      /two members share a consensus key/,
    ],
    ['listed ids out of order', { listed: [of(20, 4), of(20, 3)] }, /listed ids are out of order/],
    ['no member', { members: [] }, /members: 0 items/],
    ['another kind of network', { testNetwork: 2 as 1 }, /network kind 2 is unknown/],
    [
      'more supply than fits',
      { members: [{ ...memberOf(1), stake: most }] },
      /supply is more than 2\^64 - 1/,
    ],
    [
      'more members than seats',
      { parameters: { ...defaultParameters, maxValidators: 1, minValidators: 1 } },
      /more members than maxValidators/,
    ],
    [
      'parameters that break a rule',
      { parameters: { ...defaultParameters, epochLength: 15 } },
      /parameters: epochLength is 15/,
    ],
  ] as const)('%s: refused, encoded and decoded', (_, change, pattern) => {
    expect(refusal(() => genesisDocumentCodec.encode({ ...document, ...change }))).toMatch(pattern);
  });

  test('the largest supply is 2^64 - 1', () => {
    const full = { ...document, allocations: [], members: [{ ...memberOf(1), stake: most }] };
    expect(genesisDocumentCodec.decode(genesisDocumentCodec.encode(full)).members[0]?.stake).toBe(
      most,
    );
  });

  test('an account key has the length of its suite, and the suite exists', () => {
    const wrong = { ...memberOf(1), accountKey: of(33, 1) };
    expect(refusal(() => genesisMemberCodec.encode(wrong))).toMatch(
      /account key has a wrong length/,
    );
    const unknown = { ...memberOf(1), accountSuite: 9 as 1 };
    expect(refusal(() => genesisMemberCodec.encode(unknown))).toMatch(
      /accountSuite: signature suite 9 is unknown/,
    );
    const bytes = genesisMemberCodec.encode(memberOf(1));
    bytes[20] = 2;
    const result = genesisMemberCodec.tryDecode(bytes);
    expect(result.ok ? '' : result.error.code).toBe('CODEC_RULE');
  });

  test('a genesis has one signature per member', () => {
    const signatures = [of(64, 1)];
    expect(refusal(() => genesisCodec.encode({ document, signatures }))).toMatch(
      /one signature per member/,
    );
  });
});

const certificate: Certificate = {
  kind: 1,
  epoch: 1,
  view: 1,
  blockHash: of(64, 1),
  n: 4,
  signers: signerBitmap(4, [0, 1, 2]),
  entries: [1, 2, 3].map((n) => ({ timestampMs: n, signature: of(64, n) })),
};

describe('certificates', () => {
  test.each([
    ['an entry too few', { entries: certificate.entries.slice(1) }, /one entry per signer/],
    ['a padding bit', { signers: new Uint8Array([0b1110_1000]) }, /padding bit/],
    ['a bitmap of two bytes', { signers: of(2, 0) }, /bitmap has the wrong length/],
    ['an empty table', { n: 0, signers: of(0, 0), entries: [] }, /1 to 256 entries, not 0/],
    ['257 validators', { n: 257, signers: of(33, 0), entries: [] }, /1 to 256 entries, not 257/],
    ['view 0', { view: 0 }, /views start at 1/],
    ['kind 4', { kind: 4 as 1 }, /vote kind 4 is unknown/],
    ['an epoch over 32 bits', { epoch: 2 ** 32 }, /4294967296 is no u32/],
    [
      'a time of 2^53',
      { entries: certificate.entries.map((entry) => ({ ...entry, timestampMs: 2 ** 53 })) },
      /no u64 below 2\^53/,
    ],
    [
      'a short signature',
      { entries: certificate.entries.map((entry) => ({ ...entry, signature: of(63, 1) })) },
      /a vote signature has 64 bytes/,
    ],
    ['a nullification with a block', { kind: 2 }, /neither block nor times/],
  ] as const)('%s: refused', (_, change, pattern) => {
    expect(refusal(() => certificateCodec.encode({ ...certificate, ...change }))).toMatch(pattern);
  });

  test('sizes and padding are refused in bytes too', () => {
    for (const [at, byte] of [
      [74, 0],
      [75, 0b1110_1000],
    ] as const) {
      const bytes = certificateCodec.encode(certificate);
      bytes[at] = byte;
      expect(certificateCodec.tryDecode(bytes).ok).toBe(false);
    }
  });
});

test('a NULLIFY carries neither block nor time', () => {
  const nullify = {
    kind: 2,
    epoch: 1,
    view: 1,
    signerIndex: 0,
    timestampMs: 0,
    blockHash: of(64, 0),
    signature: of(64, 1),
  } as const;
  expect(voteCodec.encode(nullify).length).toBe(147);
  for (const change of [{ timestampMs: 1 }, { blockHash: of(64, 1) }]) {
    expect(refusal(() => voteCodec.encode({ ...nullify, ...change }))).toMatch(/neither block/);
  }
});

const entry: TableEntry = fc.sample(a.tableEntry, { seed: 1, numRuns: 1 })[0]!;

describe('tables', () => {
  test.each([
    ['no power', { power: 0 }, /power is at least 1/],
    ['a score over 10,000', { score: 10_001 }, /score 10001 is over/],
    ['participation over 100 %', { participationBp: 10_001 }, /10001 bp is over/],
  ] as const)('%s: refused', (_, change, pattern) => {
    expect(refusal(() => tableEntryCodec.encode({ ...entry, ...change }))).toMatch(pattern);
  });

  test('unknown flags are refused', () => {
    const bytes = tableEntryCodec.encode(entry);
    bytes[70] = 4;
    const result = tableEntryCodec.tryDecode(bytes);
    expect(result.ok ? '' : result.error.message).toMatch(/flags 4 are unknown/);
  });

  test('a validator stands in it once', () => {
    expect(refusal(() => tableCodec.encode({ epoch: 1, entries: [entry, entry] }))).toMatch(
      /stands in the table twice/,
    );
  });

  test('a table has another tag than anything else', () => {
    const bytes = tableCodec.encode({ epoch: 1, entries: [entry] });
    bytes[0] = 0x52 ^ 1;
    const result = tableCodec.tryDecode(bytes);
    expect(result.ok ? '' : result.error.code).toBe('CODEC_TAG');
  });
});

describe('blocks', () => {
  const block: Block = fc.sample(a.block, { seed: 4, numRuns: 1 })[0]!;

  test('a header that counts other transactions is refused both ways', () => {
    const wrong = { ...block, header: { ...block.header, txCount: block.transactions.length + 1 } };
    expect(refusal(() => blockCodec.encode(wrong))).toMatch(/counts other transactions/);
    const bytes = blockCodec.encode(block);
    bytes[441] = block.transactions.length + 1;
    const result = blockCodec.tryDecode(bytes);
    expect(result.ok ? '' : result.error.message).toMatch(/counts other transactions/);
  });

  test('transactions together stay below the bound of a body', () => {
    const one = of(limits.transactionBytes.value, 1);
    const count = Math.floor(limits.bodyBytes.value / one.length) + 1;
    expect(
      refusal(() => transactionListCodec.encode(Array.from({ length: count }, () => one))),
    ).toMatch(/bytes of transactions are too many/);
  });
});

test('parameter ids of a change document ascend', () => {
  const change = { parameter: 3, value: of(1, 1) };
  expect(refusal(() => changeDocumentCodec.encode([change, change]))).toMatch(/strictly ascending/);
});
