import { createHash } from 'node:crypto';

import { toHex } from '@mxd/codec';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { headerCodec } from '../../src/block.ts';
import { limits } from '../../src/limits.ts';
import {
  messageCodec,
  messageType,
  shortIdOf,
  type ConsensusMessage,
  type ProposalMessage,
} from '../../src/messages.ts';
import { voteCodec, voteKind } from '../../src/vote.ts';
import * as a from '../arbitraries.ts';
import { be, expectLayout, fill, of } from '../layouts.ts';

const header = fc.sample(a.header, { seed: 1, numRuns: 1 })[0]!;
const vote = {
  kind: voteKind.notarize,
  epoch: 1,
  view: 2,
  signerIndex: 3,
  timestampMs: 4,
  blockHash: of(64, 5),
  signature: of(64, 6),
} as const;
const proposal: ProposalMessage = {
  type: 0x10,
  epoch: 1,
  view: 2,
  parentView: 3,
  blockHash: of(64, 4),
  leaderVote: vote,
  parentCertificate: of(3, 5),
  nullifications: [of(1, 6), of(2, 7)],
  content: {
    header,
    systemRecords: of(2, 0),
    body: { form: 'full', transactions: [of(2, 8), of(1, 9)] },
  },
};
const content = proposal.content!;
const compact = (salt: bigint, shortIds: Uint8Array): ProposalMessage => ({
  ...proposal,
  content: { ...content, body: { form: 'compact', salt, shortIds } },
});

/** The fields that every proposal begins with; 257 bytes with the parts above. */
const head = (flags: number) =>
  [
    [0, 'type', '10'],
    [1, 'epoch', be(4, 1)],
    [5, 'view', be(4, 2)],
    [9, 'parentView', be(4, 3)],
    [13, 'flags', be(1, flags)],
    [14, 'blockHash', fill(64, 4)],
    [78, 'leaderVote', toHex(voteCodec.encode(vote))],
    [225, 'parentCertLen', be(4, 3)],
    [229, 'parentCert', fill(3, 5)],
    [232, 'nullCount', '02'],
    [233, 'null', `${be(4, 1)}06`],
    [238, 'null', `${be(4, 2)}0707`],
  ] as const;
const contentHead = [
  [244, 'header', toHex(headerCodec.encode(header))],
  [702, 'sysLen', be(4, 2)],
  [706, 'sys', '0000'],
] as const;

/** docs/protocol/rsc.md, section 2.4. */
describe('proposal', () => {
  test('in full', () => {
    expectLayout(messageCodec.encode(proposal), [
      ...head(0),
      ...contentHead,
      [708, 'txCount', be(4, 2)],
      [712, 'tx', `${be(4, 2)}0808`],
      [718, 'tx', `${be(4, 1)}09`],
    ]);
  });

  test('COMPACT', () => {
    expectLayout(messageCodec.encode(compact(0x0102n, of(16, 0xaa))), [
      ...head(2),
      ...contentHead,
      [708, 'salt', be(8, 0x0102)],
      [716, 'txCount', be(4, 2)],
      [720, 'short ids', fill(16, 0xaa)],
    ]);
  });

  test('REPROPOSE ends with the nullifications', () => {
    expectLayout(messageCodec.encode({ ...proposal, content: undefined }), head(1));
  });

  test('a flag bit that does not exist, and both at once, are refused', () => {
    for (const flags of [3, 4, 0x80]) {
      const bytes = messageCodec.encode(proposal);
      bytes[13] = flags;
      const result = messageCodec.tryDecode(bytes);
      expect(result.ok ? '' : result.error.details['path']).toBe('flags');
    }
  });

  test('its vote is a NOTARIZE', () => {
    expect(() =>
      messageCodec.encode({ ...proposal, leaderVote: { ...vote, kind: voteKind.finalize } }),
    ).toThrow(/leaderVote: the vote of a proposal is a NOTARIZE/);
  });

  test('short ids are whole and not too many', () => {
    expect(() => messageCodec.encode(compact(1n, of(9, 1)))).toThrow(/no list of short ids/);
    const tooMany = of(8 * (limits.blockTransactions.value + 1), 1);
    expect(() => messageCodec.encode(compact(1n, tooMany))).toThrow(/no list of short ids/);
    const bytes = messageCodec.encode(compact(1n, of(8, 1)));
    bytes.set([0xff, 0xff, 0xff, 0xff], 716);
    const result = messageCodec.tryDecode(bytes);
    expect(result.ok ? '' : result.error.message).toMatch(/4294967295 short ids are too many/);
  });

  test('at most 16 nullifications travel inside', () => {
    const many = Array.from({ length: 17 }, () => of(1, 1));
    expect(() => messageCodec.encode({ ...proposal, nullifications: many })).toThrow(/17 items/);
  });
});

test('a short id is the first 8 bytes of SHA-256(salt || wtxid)', () => {
  const wtxid = of(64, 0x33);
  const expected = createHash('sha256')
    .update(Buffer.from('0102030405060708', 'hex'))
    .update(wtxid);
  expect(toHex(shortIdOf(0x0102030405060708n, wtxid))).toBe(expected.digest('hex').slice(0, 16));
});

describe('the other messages', () => {
  const hex = (message: ConsensusMessage): string => toHex(messageCodec.encode(message));

  test('lay their fields out as the table says', () => {
    expect(hex({ type: 0x11, vote })).toBe(`11${toHex(voteCodec.encode(vote))}`);
    expect(hex({ type: 0x12, certificate: of(2, 1) })).toBe(`12${be(4, 2)}0101`);
    expect(hex({ type: 0x13, epoch: 1, view: 2, finalView: 3, finalHeight: 4 })).toBe(
      `13${be(4, 1)}${be(4, 2)}${be(4, 3)}${be(8, 4)}`,
    );
    expect(hex({ type: 0x14, epoch: 1, fromView: 2, toView: 65 })).toBe(
      `14${be(4, 1)}${be(4, 2)}${be(4, 65)}`,
    );
    expect(hex({ type: 0x15, certificates: [of(1, 7)] })).toBe(`1501${be(4, 1)}07`);
    expect(hex({ type: 0x16, blockHash: of(64, 1), maxAncestors: 64 })).toBe(
      `16${fill(64, 1)}0040`,
    );
    expect(hex({ type: 0x17, blocks: [of(1, 7)] })).toBe(`170001${be(4, 1)}07`);
    expect(hex({ type: 0x18, blockHash: of(64, 1), indices: [0, 9] })).toBe(
      `18${fill(64, 1)}${be(4, 2)}${be(4, 0)}${be(4, 9)}`,
    );
    expect(
      hex({ type: 0x19, blockHash: of(64, 1), items: [{ index: 9, transaction: of(1, 7) }] }),
    ).toBe(`19${fill(64, 1)}${be(4, 1)}${be(4, 9)}${be(4, 1)}07`);
    expect(hex({ type: 0x1a, fromEpoch: 1, count: 32 })).toBe(`1a${be(4, 1)}20`);
    expect(hex({ type: 0x1f, documentHash: of(64, 1), id: of(20, 2), signature: of(64, 3) })).toBe(
      `1f${fill(64, 1)}${fill(20, 2)}${fill(64, 3)}`,
    );
  });

  test.each([
    ['a span of 65 views', { type: 0x14, epoch: 1, fromView: 1, toView: 65 }],
    ['a span backwards', { type: 0x14, epoch: 1, fromView: 2, toView: 1 }],
    ['65 ancestors', { type: 0x16, blockHash: of(64, 1), maxAncestors: 65 }],
    ['no index', { type: 0x18, blockHash: of(64, 1), indices: [] }],
    ['a repeated index', { type: 0x18, blockHash: of(64, 1), indices: [3, 3] }],
    ['a falling index', { type: 0x18, blockHash: of(64, 1), indices: [3, 2] }],
    [
      'a repeated item',
      {
        type: 0x19,
        blockHash: of(64, 1),
        items: [
          { index: 1, transaction: of(1, 7) },
          { index: 1, transaction: of(1, 8) },
        ],
      },
    ],
    ['no epoch', { type: 0x1a, fromEpoch: 1, count: 0 }],
    ['33 epochs', { type: 0x1a, fromEpoch: 1, count: 33 }],
  ] as const)('%s: refused', (_, message) => {
    expect(() => messageCodec.encode(message)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^CODEC_(RULE|LENGTH)$/) }),
    );
  });

  test('an unknown type is refused', () => {
    for (const type of [0x00, 0x0f, 0x20, 0xff]) {
      const result = messageCodec.tryDecode(new Uint8Array([type, 0]));
      expect(result.ok ? '' : result.error.code).toBe('CODEC_TAG');
    }
  });

  test('every type has an arbitrary, so that fuzzing and frozen digests reach it', () => {
    for (const [name, samples] of Object.entries(a.messages)) {
      const [sample] = fc.sample(samples, { seed: 1, numRuns: 1 });
      expect(sample!.type).toBe(messageType[name as keyof typeof messageType]);
    }
    expect(Object.keys(a.messages)).toEqual(Object.keys(messageType));
  });
});
