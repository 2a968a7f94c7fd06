import { toHex } from '@mxd/codec';
import { suiteInfo } from '@mxd/crypto/suites';
import { describe, expect, test } from 'vitest';

import {
  accountMessage,
  compareRecords,
  latencyMessage,
  possessionMessage,
  systemRecordCodec,
  systemRecordListCodec,
  type EvidenceRecord,
  type JoinRecord,
  type LatencyRecord,
  type LeaveRecord,
  type RotateRecord,
  type SignalRecord,
  type SystemRecord,
} from '../../src/system-records.ts';
import { voteCodec } from '../../src/vote.ts';
import { be, expectLayout, fill, of } from '../layouts.ts';

const chainTag = of(32, 0x77);
const hexOf = (text: string): string => Buffer.from(text).toString('hex');

const join: JoinRecord = {
  type: 1,
  id: of(20, 1),
  accountSuite: 1,
  accountKey: of(32, 2),
  consensusKey: of(32, 3),
  seq: 4,
  expiryEpoch: 5,
  recentHeight: 6,
  recentHash: of(64, 7),
  possessionSignature: of(64, 8),
  accountSignature: of(64, 9),
};
const leave: LeaveRecord = {
  type: 2,
  id: of(20, 1),
  seq: 2,
  expiryEpoch: 3,
  accountSignature: of(64, 4),
};
const rotate: RotateRecord = {
  type: 3,
  id: of(20, 1),
  newConsensusKey: of(32, 2),
  seq: 3,
  expiryEpoch: 4,
  possessionSignature: of(64, 5),
  accountSignature: of(64, 6),
};
const vote = {
  kind: 1,
  epoch: 1,
  view: 2,
  signerIndex: 3,
  timestampMs: 4,
  blockHash: of(64, 5),
  signature: of(64, 6),
} as const;
const evidence: EvidenceRecord = {
  type: 4,
  voteA: vote,
  voteB: { ...vote, blockHash: of(64, 7) },
  signerId: of(20, 8),
};
const latency: LatencyRecord = {
  type: 5,
  epoch: 1,
  reporterIndex: 2,
  samples: [
    { latencyMs: 5_000, participationBp: 10_000 },
    { latencyMs: 0xffff, participationBp: 0xffff },
  ],
  signature: of(64, 3),
};
const signal: SignalRecord = {
  type: 6,
  id: of(20, 1),
  seq: 2,
  expiryEpoch: 3,
  protocolVersion: 4,
  change: of(2, 5),
  accountSignature: of(64, 6),
};

/** docs/protocol/rsc.md, section 2.3, system records; offsets count from the payload. */
describe('payloads', () => {
  const payload = (record: SystemRecord): Uint8Array => {
    const encoded = systemRecordCodec.encode(record);
    expect(toHex(encoded.subarray(0, 5))).toBe(be(1, record.type) + be(4, encoded.length - 5));
    return encoded.subarray(5);
  };

  test('JOIN', () => {
    expectLayout(payload(join), [
      [0, 'id', fill(20, 1)],
      [20, 'accountAlgo', '01'],
      [21, 'accountPubLen', '0020'],
      [23, 'accountPub', fill(32, 2)],
      [55, 'consensusKey', fill(32, 3)],
      [87, 'seq', be(4, 4)],
      [91, 'expiryEpoch', be(4, 5)],
      [95, 'recentHeight', be(8, 6)],
      [103, 'recentHash', fill(64, 7)],
      [167, 'popSig', fill(64, 8)],
      [231, 'accountSigLen', '0040'],
      [233, 'accountSig', fill(64, 9)],
    ]);
  });

  test('LEAVE', () => {
    expectLayout(payload(leave), [
      [0, 'id', fill(20, 1)],
      [20, 'seq', be(4, 2)],
      [24, 'expiryEpoch', be(4, 3)],
      [28, 'accountSigLen', '0040'],
      [30, 'accountSig', fill(64, 4)],
    ]);
  });

  test('ROTATE', () => {
    expectLayout(payload(rotate), [
      [0, 'id', fill(20, 1)],
      [20, 'newConsensusKey', fill(32, 2)],
      [52, 'seq', be(4, 3)],
      [56, 'expiryEpoch', be(4, 4)],
      [60, 'popSig', fill(64, 5)],
      [124, 'accountSigLen', '0040'],
      [126, 'accountSig', fill(64, 6)],
    ]);
  });

  test('EVIDENCE', () => {
    expectLayout(payload(evidence), [
      [0, 'voteA', toHex(voteCodec.encode(evidence.voteA))],
      [147, 'voteB', toHex(voteCodec.encode(evidence.voteB))],
      [294, 'signerId', fill(20, 8)],
    ]);
  });

  test('LATENCY', () => {
    expectLayout(payload(latency), [
      [0, 'epoch', be(4, 1)],
      [4, 'reporterIndex', be(2, 2)],
      [6, 'n', be(2, 2)],
      [8, 'latencyMs', be(2, 5_000)],
      [10, 'participationBp', be(2, 10_000)],
      [12, 'none', 'ffffffff'],
      [16, 'sig', fill(64, 3)],
    ]);
  });

  test('SIGNAL', () => {
    expectLayout(payload(signal), [
      [0, 'id', fill(20, 1)],
      [20, 'seq', be(4, 2)],
      [24, 'expiryEpoch', be(4, 3)],
      [28, 'protocolVersion', be(2, 4)],
      [30, 'changeLen', be(2, 2)],
      [32, 'change', '0505'],
      [34, 'accountSigLen', '0040'],
      [36, 'accountSig', fill(64, 6)],
    ]);
  });
});

/** Each signature covers its tag, the chain, and every field that stands before it. */
describe('signed messages', () => {
  const fields = (record: SystemRecord, bytes: number): string =>
    toHex(systemRecordCodec.encode(record).subarray(5, 5 + bytes));
  const head = (tag: string): string => hexOf(tag) + toHex(chainTag);

  test('JOIN and ROTATE: possession without any signature, account over possession', () => {
    expect(toHex(possessionMessage(chainTag, join))).toBe(head('RSC1JOIN') + fields(join, 167));
    expect(toHex(accountMessage(chainTag, join))).toBe(head('RSC1JOIN') + fields(join, 231));
    expect(toHex(possessionMessage(chainTag, rotate))).toBe(head('RSC1ROTK') + fields(rotate, 60));
    expect(toHex(accountMessage(chainTag, rotate))).toBe(head('RSC1ROTK') + fields(rotate, 124));
  });

  test('LEAVE, SIGNAL and LATENCY', () => {
    expect(toHex(accountMessage(chainTag, leave))).toBe(head('RSC1LEAV') + fields(leave, 28));
    expect(toHex(accountMessage(chainTag, signal))).toBe(head('RSC1SIGL') + fields(signal, 34));
    expect(toHex(latencyMessage(chainTag, latency))).toBe(head('RSC1LATR') + fields(latency, 16));
  });

  test('a longer account signature changes nothing of what is signed', () => {
    const longer = { ...rotate, accountSignature: of(suiteInfo[2].signatureBytes, 6) };
    expect(toHex(possessionMessage(chainTag, longer))).toBe(
      toHex(possessionMessage(chainTag, rotate)),
    );
    expect(toHex(accountMessage(chainTag, longer))).toBe(toHex(accountMessage(chainTag, rotate)));
  });
});

describe('rules', () => {
  const refused = (record: SystemRecord): string => {
    try {
      systemRecordCodec.encode(record);
    } catch (error) {
      return (error as Error).message;
    }
    return 'encoded';
  };

  test.each([
    ['suite', { ...join, accountSuite: 4 as 3 }, /accountSuite: signature suite 4 is unknown/],
    ['key of another suite', { ...join, accountKey: of(31, 2) }, /account key has a wrong length/],
    [
      'signature of another suite',
      { ...join, accountSignature: of(65, 9) },
      /account signature has a wrong length/,
    ],
    ['short signature', { ...leave, accountSignature: of(63, 4) }, /accountSignature/],
    [
      'latency over 5 s',
      { ...latency, samples: [{ latencyMs: 5_001, participationBp: 0 }] },
      /samples\[0\]\.latencyMs: 5001 ms is over 5000/,
    ],
    [
      'participation over 100 %',
      { ...latency, samples: [{ latencyMs: 0, participationBp: 10_001 }] },
      /samples\[0\]\.participationBp: 10001 bp is over 10000/,
    ],
    ['no samples', { ...latency, samples: [] }, /samples: 0 items/],
    ['too large a change document', { ...signal, change: of(4_097, 0) }, /change: 4097 bytes/],
  ] as const)('%s: refused', (_, record, pattern) => {
    expect(refused(record)).toMatch(pattern);
  });

  test('the same wrong bytes do not decode', () => {
    const encoded = systemRecordCodec.encode(latency);
    encoded[5 + 8] = 0x40; // 16,384 ms and more
    const result = systemRecordCodec.tryDecode(encoded);
    expect(result.ok ? '' : `${result.error.code} ${String(result.error.details['path'])}`).toBe(
      'CODEC_RULE samples[0].latencyMs',
    );
  });
});

describe('lists', () => {
  const ordered: readonly SystemRecord[] = [join, leave, { ...leave, seq: 3 }, rotate, signal];

  test('ascend by type, then by payload bytes', () => {
    const list = systemRecordListCodec.encode(ordered);
    expect(systemRecordListCodec.decode(list)).toEqual(ordered);
    expect(toHex(list.subarray(0, 2))).toBe('0005');
    expect(compareRecords(leave, rotate)).toBeLessThan(0);
    expect(compareRecords(leave, { ...leave, seq: 1 })).toBeGreaterThan(0);
    expect(compareRecords(leave, { ...leave })).toBe(0);
  });

  test.each([
    ['types in another order', [rotate, leave]],
    ['payloads in another order', [{ ...leave, seq: 3 }, leave]],
    ['a repeated record', [leave, leave]],
  ] as const)('%s: refused, encoded and decoded', (_, records) => {
    expect(() => systemRecordListCodec.encode(records)).toThrow(/equal or out of order/);
    const bytes = Buffer.concat([
      new Uint8Array([0, records.length]),
      ...records.map((record) => systemRecordCodec.encode(record)),
    ]);
    const result = systemRecordListCodec.tryDecode(bytes);
    expect(result.ok ? '' : result.error.code).toBe('CODEC_RULE');
  });

  test('the payload length cannot lie', () => {
    const bytes = systemRecordCodec.encode(leave);
    bytes[4] = (bytes[4] as number) + 1;
    expect(systemRecordCodec.tryDecode(bytes).ok).toBe(false);
    expect(systemRecordCodec.tryDecode(Buffer.concat([bytes, new Uint8Array(1)])).ok).toBe(false);
  });
});
