import { test } from 'vitest';

import { certificateCodec, signerBitmap } from '../../src/certificate.ts';
import { tableCodec } from '../../src/table.ts';
import { voteCodec, voteSigningMessage } from '../../src/vote.ts';
import { be, expectLayout, fill, of } from '../layouts.ts';

/** docs/protocol/rsc.md, section 2.3: every field at its offset. */
const vote = {
  kind: 3,
  epoch: 0x01020304,
  view: 0x05060708,
  signerIndex: 0x090a,
  timestampMs: 0x1f_2122_2324_2526 % 2 ** 53,
  blockHash: of(64, 0xb1),
  signature: of(64, 0xb2),
} as const;

test('vote wire', () => {
  expectLayout(voteCodec.encode(vote), [
    [0, 'kind', '03'],
    [1, 'epoch', '01020304'],
    [5, 'view', '05060708'],
    [9, 'signerIndex', '090a'],
    [11, 'timestampMs', be(8, vote.timestampMs)],
    [19, 'blockHash', fill(64, 0xb1)],
    [83, 'signature', fill(64, 0xb2)],
  ]);
});

test('vote sign-bytes', () => {
  expectLayout(voteSigningMessage(of(32, 0xc1), vote, of(20, 0xc2)), [
    [0, 'tag', Buffer.from('RSC1VOTE').toString('hex')],
    [8, 'chainTag', fill(32, 0xc1)],
    [40, 'kind', '03'],
    [41, 'epoch', '01020304'],
    [45, 'view', '05060708'],
    [49, 'blockHash', fill(64, 0xb1)],
    [113, 'previousValidatorId', fill(20, 0xc2)],
    [133, 'timestampMs', be(8, vote.timestampMs)],
  ]);
});

test('certificate: index i is byte i >> 3, mask 0x80 >> (i & 7)', () => {
  const encoded = certificateCodec.encode({
    kind: 1,
    epoch: 2,
    view: 3,
    blockHash: of(64, 0xd1),
    n: 10,
    signers: signerBitmap(10, [0, 9]),
    entries: [
      { timestampMs: 4, signature: of(64, 0xd2) },
      { timestampMs: 5, signature: of(64, 0xd3) },
    ],
  });
  expectLayout(encoded, [
    [0, 'kind', '01'],
    [1, 'epoch', be(4, 2)],
    [5, 'view', be(4, 3)],
    [9, 'blockHash', fill(64, 0xd1)],
    [73, 'n', '000a'],
    [75, 'bitmap', '8040'],
    [77, 'timestampMs', be(8, 4)],
    [85, 'signature', fill(64, 0xd2)],
    [149, 'timestampMs', be(8, 5)],
    [157, 'signature', fill(64, 0xd3)],
  ]);
});

test('table: tag, epoch, count, then 74 bytes per validator', () => {
  const entry = {
    id: of(20, 0xe1),
    consensusKey: of(32, 0xe2),
    power: 0x01020304,
    stake: 0x0a0b_0c0d_0e0f_1011n,
    score: 9_999,
    latencyMs: 5_000,
    participationBp: 10_000,
    tipEligible: false,
    newMember: true,
    leaderWeight: 4,
    consecutiveMisses: 7,
  };
  expectLayout(tableCodec.encode({ epoch: 6, entries: [entry] }), [
    [0, 'tag', Buffer.from('RSC1TABL').toString('hex')],
    [8, 'epoch', be(4, 6)],
    [12, 'n', '0001'],
    [14, 'id', fill(20, 0xe1)],
    [34, 'consensusKey', fill(32, 0xe2)],
    [66, 'power', '01020304'],
    [70, 'stake', '0a0b0c0d0e0f1011'],
    [78, 'score', be(2, 9_999)],
    [80, 'latencyMs', be(2, 5_000)],
    [82, 'participationBp', be(2, 10_000)],
    [84, 'flags', '02'],
    [85, 'leaderWeight', '04'],
    [86, 'consecMisses', '0007'],
  ]);
});
