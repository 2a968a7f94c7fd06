import { toHex } from '@mxd/codec';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { blockCodec, headerCodec, type Header } from '../../src/block.ts';
import { certificateCodec, signerBitmap } from '../../src/certificate.ts';
import { tableCodec, tableEntryCodec } from '../../src/table.ts';
import { inputSigningMessage, transactionBodyCodec } from '../../src/transaction.ts';
import { voteCodec, voteSigningMessage } from '../../src/vote.ts';
import * as a from '../arbitraries.ts';

/** docs/protocol/rsc.md, "Block header": field, offset. */
const headerOffsets: readonly (readonly [keyof Header, number])[] = [
  ['version', 0],
  ['networkId', 2],
  ['epoch', 6],
  ['view', 10],
  ['parentView', 14],
  ['height', 18],
  ['timestampMs', 26],
  ['proposerId', 34],
  ['parentHash', 54],
  ['validationRoot', 118],
  ['txRoot', 182],
  ['sysRoot', 246],
  ['appRoot', 310],
  ['nextTableHash', 374],
  ['txCount', 438],
  ['tipTotal', 442],
  ['totalSupply', 450],
];

test('a header has 458 bytes with each field at its offset', () => {
  expect([headerCodec.minBytes, headerCodec.maxBytes]).toEqual([458, 458]);
  const [sample] = fc.sample(a.header, { seed: 1, numRuns: 1 });
  const plain = headerCodec.encode(sample!);
  for (const [i, [field, offset]] of headerOffsets.entries()) {
    const end = headerOffsets[i + 1]?.[1] ?? 458;
    const old = sample![field];
    const changed =
      old instanceof Uint8Array
        ? old.map((b) => b ^ 0xff)
        : typeof old === 'bigint'
          ? old ^ 1n
          : Math.floor(old / 2) * 2 + (1 - (old % 2));
    const other = headerCodec.encode({ ...sample!, [field]: changed } as Header);
    for (let at = 0; at < 458; at++) {
      const inField = at >= offset && at < end;
      if (!inField) expect(other[at]).toBe(plain[at]);
    }
    expect(toHex(other.subarray(offset, end))).not.toBe(toHex(plain.subarray(offset, end)));
  }
});

describe('sizes of docs/protocol/rsc.md', () => {
  test('a vote travels in 147 bytes and signs 141', () => {
    expect([voteCodec.minBytes, voteCodec.maxBytes]).toEqual([147, 147]);
    const [vote] = fc.sample(a.vote, { seed: 2, numRuns: 1 });
    const message = voteSigningMessage(
      new Uint8Array(32).fill(9),
      vote!,
      new Uint8Array(20).fill(8),
    );
    expect(message.length).toBe(141);
    expect(Buffer.from(message.subarray(0, 8)).toString()).toBe('RSC1VOTE');
    expect([...message.subarray(8, 40)]).toEqual(Array(32).fill(9));
    expect(message[40]).toBe(vote!.kind);
  });

  test('a NULLIFY signs zeros for block, predecessor and time', () => {
    const content = {
      kind: 2,
      epoch: 1,
      view: 2,
      timestampMs: 77,
      blockHash: new Uint8Array(64).fill(5),
    } as const;
    const message = voteSigningMessage(new Uint8Array(32), content, new Uint8Array(20).fill(8));
    expect([...message.subarray(49)].every((byte) => byte === 0)).toBe(true);
  });

  test.each([
    [4, 3, 292],
    [100, 67, 4_912],
  ])('a certificate of %i validators with %i signers has %i bytes', (n, count, size) => {
    const entry = { timestampMs: 1, signature: new Uint8Array(64) };
    const certificate = {
      kind: 1,
      epoch: 1,
      view: 1,
      blockHash: new Uint8Array(64),
      n,
      signers: signerBitmap(
        n,
        Array.from({ length: count }, (_, i) => i),
      ),
      entries: Array.from({ length: count }, () => entry),
    } as const;
    expect(certificateCodec.encode(certificate).length).toBe(size);
  });

  test('a table entry has 74 bytes after a head of 14', () => {
    expect([tableEntryCodec.minBytes, tableEntryCodec.maxBytes]).toEqual([74, 74]);
    const [table] = fc.sample(a.table, { seed: 3, numRuns: 1 });
    const encoded = tableCodec.encode(table!);
    expect(encoded.length).toBe(14 + 74 * table!.entries.length);
    expect(Buffer.from(encoded.subarray(0, 8)).toString()).toBe('RSC1TABL');
  });

  test('block bytes: header, certificate, records, transactions', () => {
    const [block] = fc.sample(a.block, { seed: 4, numRuns: 1 });
    const encoded = Buffer.from(blockCodec.encode(block!));
    const certificateLength = encoded.readUInt32BE(458);
    expect(certificateLength).toBe(block!.parentCertificate.length);
    const sysLength = encoded.readUInt32BE(462 + certificateLength);
    expect(sysLength).toBe(2);
    expect(encoded.readUInt32BE(462 + certificateLength + 4 + sysLength)).toBe(
      block!.transactions.length,
    );
  });
});

test('a transaction body lays its fields out as docs/protocol/ledger.md says', () => {
  const body = {
    version: 5,
    chainId: 0x01020304,
    kind: 6,
    validFrom: 5,
    expiresAt: 9,
    inputs: [{ txid: new Uint8Array(64).fill(0xaa), index: 7 }],
    outputs: [
      { owner: { version: 0x34, hash: new Uint8Array(32).fill(0xbb) }, amount: 2n ** 64n - 1n },
    ],
    tip: 3n,
    commitment: new Uint8Array(32).fill(0xcc),
    payload: new Uint8Array(20).fill(0xdd),
  } as const;
  const expected = [
    '0005',
    '01020304',
    '06',
    '00000005',
    '00000009',
    '0001',
    'aa'.repeat(64),
    '00000007',
    '0001',
    '34',
    'bb'.repeat(32),
    'ffffffffffffffff',
    '0000000000000003',
    '20',
    'cc'.repeat(32),
    '00000014',
    'dd'.repeat(20),
  ].join('');
  expect(toHex(transactionBodyCodec.encode(body))).toBe(expected);
});

test('an input signs its purpose, the chain, and the output that it spends', () => {
  const message = inputSigningMessage(new Uint8Array(32).fill(1), new Uint8Array(64).fill(2), 3, {
    owner: { version: 0x32, hash: new Uint8Array(20).fill(4) },
    amount: 5n,
  });
  const expected =
    Buffer.from('MXD5SIGN').toString('hex') +
    '01'.repeat(32) +
    '02'.repeat(64) +
    '00000003' +
    '0000000000000005' +
    '32' +
    '04'.repeat(20);
  expect(toHex(message)).toBe(expected);
});
