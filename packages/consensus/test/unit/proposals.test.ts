import { describe, expect, test } from 'vitest';

import { blockCodec } from '@mxd/protocol';
import { shortIdOf } from '@mxd/protocol/messages';
import { wtxidOfBytes } from '@mxd/protocol';

import { transaction } from '../harness/cluster.ts';
import { F, N, Solo, Z, type MadeBlock } from '../harness/solo.ts';

const requests = (solo: Solo, type: number) => solo.sent().filter((m) => m.type === type);
const penalties = (solo: Solo): [string, string][] =>
  solo.of('penalize').map((e) => [e.peer, e.code]);

function compact(made: MadeBlock, salt = 9n) {
  const { transactions } = made.block;
  const shortIds = new Uint8Array(8 * transactions.length);
  for (const [i, tx] of transactions.entries())
    shortIds.set(shortIdOf(salt, wtxidOfBytes(tx)), 8 * i);
  return {
    content: {
      header: made.header,
      systemRecords: made.block.systemRecords,
      body: { form: 'compact' as const, salt, shortIds },
    },
  };
}

describe('V: receiving a proposal', () => {
  test('V0 only the leader of the view, with its own signature over this hash', () => {
    const solo = new Solo();
    const made = solo.block(1);
    const wrong = [
      { leaderVote: solo.vote(N, 1, 1, made.hash) },
      { leaderVote: solo.vote(N, 2, 1, made.hash) },
      { leaderVote: solo.vote(N, 1, 0, solo.anchorHash) },
      { leaderVote: { ...solo.vote(N, 1, 0, made.hash), signature: new Uint8Array(64) } },
      { leaderVote: { ...solo.vote(N, 1, 0, made.hash), epoch: 2 } },
    ];
    for (const [i, over] of wrong.entries()) {
      expect(solo.propose(made, over, 1 + (i % 2))).toMatchObject({
        code: 'CONSENSUS_LEADER_VOTE',
      });
    }
    expect(solo.votes()).toEqual([]);
    expect(penalties(solo).every(([peer]) => peer !== 'p0')).toBe(true);
    solo.propose(made);
    expect(solo.votes()).toEqual([[N, 1]]);
  });

  test('V0a altered copies cost the relayer, never the leader (S34)', () => {
    const tx = [transaction(1)];
    const base = new Solo();
    const made = base.block(1, undefined, {}, tx);
    const other = base.block(1, undefined, { timestampMs: 7 });
    const content = base.proposal(made).content!;
    const altered = [
      { parentView: 3 },
      { content: undefined },
      { content: { ...content, header: other.header } },
      { content: { ...content, systemRecords: new Uint8Array([0, 0, 1]) } },
      { content: { ...content, body: { form: 'full' as const, transactions: [transaction(2)] } } },
      { parentCertificate: new Uint8Array(9) },
      compact({ ...made, block: { ...made.block, transactions: [] } }),
    ];
    for (const [i, over] of altered.entries()) {
      const solo = new Solo();
      solo.propose(made, over, 2);
      solo.propose(made);
      expect([i, solo.votes()]).toEqual([i, [[N, 1]]]);
      const isHint = over.content === undefined && 'content' in over;
      expect([i, penalties(solo).map(([peer]) => peer)]).toEqual([
        i,
        isHint ? [] : i === 5 ? ['p2', 'p2'] : ['p2'],
      ]);
    }
  });

  test('V0b a re-proposal is known by its header, whatever the flag says', () => {
    const solo = new Solo();
    const made = solo.block(1);
    solo.propose(made, { content: undefined });
    expect(requests(solo, 0x16)).toHaveLength(1);
    solo.deliver(0, solo.blockResponse(made));
    expect(solo.votes()).toEqual([[N, 1]]);
  });

  test('V1 embedded certificates are processed first and may advance the view', () => {
    const solo = new Solo();
    const first = solo.block(1);
    solo.propose(first);
    const second = solo.block(3, solo.parentOf(first));
    solo.clear();
    solo.propose(second, { nullifications: [solo.certificate(Z, 2)] });
    expect(solo.status.view).toBe(3);
    expect(solo.votes()).toContainEqual([N, 3]);
  });

  test('V1 stops at the first invalid certificate', () => {
    const solo = new Solo();
    const made = solo.block(6);
    const bad = solo.certificate(Z, 1, undefined, [0]);
    const good = solo.certificate(Z, 5);
    solo.propose(made, { nullifications: [good, bad] });
    expect(solo.status.view).toBe(1);
    expect(penalties(solo)).toContainEqual(['p1', 'CONSENSUS_CERTIFICATE']);
  });

  test('V2 nothing at or below the finalized view, nothing too far ahead', () => {
    const solo = new Solo();
    const [made] = solo.finalize(1);
    expect(solo.propose(made!)).toMatchObject({ code: 'CONSENSUS_STALE' });
    const far = solo.block(6, solo.parentOf(made!));
    expect(solo.propose(far)).toMatchObject({ code: 'CONSENSUS_AHEAD' });
    expect(solo.of('verify', solo.last)).toEqual([]);
  });

  test('V3 at most two hashes per view; the first may be voted, the second is evidence', () => {
    const solo = new Solo();
    const [a, b, c] = [1, 2, 3].map((t) =>
      solo.block(1, undefined, { timestampMs: solo.wall + t }),
    );
    solo.propose(a!);
    solo.propose(b!);
    expect(solo.propose(c!)).toMatchObject({ code: 'CONSENSUS_FULL' });
    expect(solo.votes()).toEqual([[N, 1]]);
    const [evidence] = solo.of('evidence');
    expect(evidence!.record).toMatchObject({ type: 4, voteA: { signerIndex: 0, view: 1 } });
    expect(solo.of('evidence')).toHaveLength(1);
  });

  test('V4 the leader’s vote counts as its NOTARIZE', () => {
    const solo = new Solo();
    const made = solo.block(1);
    solo.propose(made);
    solo.sendVote(N, 1, 1, made.hash);
    expect(solo.status.view).toBe(2);
  });

  test('V5 votes only in the current view', () => {
    const solo = new Solo();
    const made = solo.block(2);
    solo.propose(made);
    expect(solo.votes()).toEqual([]);
    solo.sendCertificate(Z, 1);
    expect(solo.votes()).toContainEqual([N, 2]);
  });
});

describe('N: voting NOTARIZE', () => {
  const nullified = (made: (solo: Solo) => MadeBlock, prepare?: (solo: Solo) => void) => {
    const solo = new Solo();
    prepare?.(solo);
    const block = made(solo);
    solo.clear();
    solo.propose(block);
    return solo.votes();
  };

  test('N1 one NOTARIZE per view, none after NULLIFY, none at or below the floor', () => {
    const solo = new Solo();
    const [a, b] = [1, 2].map((t) => solo.block(1, undefined, { timestampMs: solo.wall + t }));
    solo.fire('leader');
    solo.propose(a!);
    solo.propose(b!);
    expect(solo.votes()).toEqual([[Z, 1]]);
  });

  test('N2 a parent above the view or below the finalized one fails at once', () => {
    expect(
      nullified((s) => s.block(1, { header: s.genesis, view: 1, certificate: new Uint8Array(0) })),
    ).toEqual([[Z, 1]]);
    const below = nullified(
      (solo) => solo.block(solo.status.view),
      (solo) => void solo.finalize(1),
    );
    expect(below).toEqual([[Z, 2]]);
  });

  test('N3 the parent must be certified in its view; the anchor by its hash', () => {
    const solo = new Solo();
    const first = solo.block(1);
    solo.propose(first);
    solo.sendCertificate(Z, 1);
    const second = solo.block(2, { ...solo.parentOf(first), certificate: new Uint8Array(300) });
    solo.clear();
    solo.propose(second, { parentCertificate: new Uint8Array(0) });
    expect(solo.votes()).toEqual([]);
    expect(requests(solo, 0x14)).toHaveLength(1);
    const wrongAnchor = nullified((s) =>
      s.block(1, {
        header: { ...s.genesis, timestampMs: 5 },
        view: 0,
        certificate: new Uint8Array(0),
      }),
    );
    expect(wrongAnchor).toEqual([[Z, 1]]);
  });

  test('N4 every skipped view needs a nullification (M3); the gap is fetched, never NULLIFYed', () => {
    const solo = new Solo();
    const first = solo.block(1);
    solo.propose(first);
    solo.sendCertificate(N, 1, first.hash);
    solo.sendCertificate(N, 2, new Uint8Array(64).fill(2));
    const skipper = solo.block(3, solo.parentOf(first));
    solo.clear();
    solo.propose(skipper);
    expect(solo.votes()).toEqual([]);
    expect(requests(solo, 0x14)[0]).toMatchObject({ fromView: 2, toView: 2 });
    solo.sendCertificate(Z, 2);
    expect(solo.votes()).toContainEqual([N, 3]);
  });

  test('N5 the parent’s body must be executed here', () => {
    const solo = new Solo();
    const first = solo.block(1);
    solo.sendCertificate(N, 1, first.hash);
    const second = solo.block(2, solo.parentOf(first));
    solo.clear();
    solo.propose(second);
    expect(solo.votes()).toEqual([]);
    solo.fire('fetch');
    solo.deliver(1, solo.blockResponse(first));
    expect(solo.votes()).toContainEqual([N, 2]);
    expect(solo.votes()).toContainEqual([F, 1]);
  });

  test.each([
    ['version', { version: 2 }],
    ['network', { networkId: 1 }],
    ['epoch', { epoch: 2 }],
    ['proposer', { proposerId: new Uint8Array(20) }],
    ['height', { height: 2 }],
    ['height past the epoch', { height: 300 }],
    ['a next table at the wrong height', { nextTableHash: new Uint8Array(64).fill(1) }],
    ['an application root of its own', { appRoot: new Uint8Array(64).fill(1) }],
  ])('N6 a wrong %s fails at once', (_, change) => {
    expect(nullified((solo) => solo.block(1, undefined, change))).toEqual([[Z, 1]]);
  });

  test('N6 a missing next table at the end of the epoch fails at once', () => {
    const solo = new Solo({ epochLength: 16, self: 3 });
    const chain = solo.finalize(15);
    if (solo.status.leaderIndex === 3) solo.sendCertificate(Z, solo.status.view);
    const { view } = solo.status;
    const last = solo.block(view, solo.parentOf(chain.at(-1)!), {
      nextTableHash: new Uint8Array(64),
    });
    solo.clear();
    solo.propose(last);
    expect(solo.votes()).toEqual([[Z, view]]);
  });

  test('B1 a parent certificate that is bound but not valid fails the block, whatever is held', () => {
    const solo = new Solo();
    const first = solo.block(1);
    solo.propose(first);
    solo.sendCertificate(N, 1, first.hash);
    const garbage = [
      new Uint8Array([1, 2, 3]),
      solo.certificate(Z, 1),
      solo.certificate(N, 1, first.hash, [0, 1]),
    ];
    const fork = solo.block(2, {
      header: first.header,
      view: 1,
      certificate: solo.certificate(N, 1, solo.anchorHash),
    });
    solo.propose(fork);
    expect(solo.status.halted).toBe('CONSENSUS_HALT_CONFLICT');
    for (const [i, certificate] of garbage.entries()) {
      const each = new Solo();
      each.propose(first);
      each.sendCertificate(N, 1, first.hash);
      const second = each.block(2, { header: first.header, view: 1, certificate });
      each.clear();
      each.propose(second, {}, 1);
      expect([i, each.votes()]).toEqual([i, [[Z, 2]]]);
    }
  });

  test('N7 timestamps: after the parent, within the window, or exactly the +1 escape', () => {
    const window = 60_000;
    const votes = (timestampMs: (solo: Solo) => number) =>
      nullified((solo) => solo.block(1, undefined, { timestampMs: timestampMs(solo) }))[0]![0];
    expect(votes((s) => s.wall + window)).toBe(N);
    expect(votes((s) => s.wall + window + 1)).toBe(Z);
    expect(votes((s) => s.wall - window)).toBe(N);
    expect(votes((s) => s.wall - window - 1)).toBe(Z);
    expect(votes((s) => s.genesis.timestampMs)).toBe(Z);
    const solo = new Solo();
    const first = solo.block(1, undefined, { timestampMs: solo.wall + window });
    solo.propose(first);
    solo.wall -= 30_000;
    const second = solo.block(2, solo.parentOf(first), {
      timestampMs: first.header.timestampMs + 1,
    });
    solo.clear();
    solo.propose(second);
    expect(solo.votes()).toContainEqual([N, 2]);
  });

  test('N8 an invalid body fails at once, a missing one never', () => {
    expect(nullified((s) => s.block(1, undefined, {}, [new Uint8Array(99).fill(0xff)]))).toEqual([
      [Z, 1],
    ]);
    const solo = new Solo();
    const made = solo.block(1, undefined, {}, [transaction(1)]);
    const { header, systemRecords } = solo.proposal(made).content!;
    const body = { form: 'full' as const, transactions: [] };
    solo.propose(made, { content: { header, systemRecords, body } }, 2);
    expect(solo.votes()).toEqual([]);
    expect(requests(solo, 0x16).length + requests(solo, 0x18).length).toBeGreaterThan(0);
  });

  test('BLOCK is appended before NOTARIZE, and both before the vote leaves (J4)', () => {
    const solo = new Solo();
    solo.propose(solo.block(1));
    const order = solo.effects.flatMap((e): (number | string)[] =>
      e.type === 'append' ? [e.record.type] : e.type === 'send' ? ['send'] : [],
    );
    expect(order).toEqual([6, 2, 1, 'send']);
  });

  test('a NOTARIZE over skipped views keeps its justification', () => {
    const solo = new Solo();
    solo.sendCertificate(Z, 1);
    solo.propose(solo.block(2));
    expect(solo.of('retain')).toMatchObject([{ epoch: 1, view: 2, certificates: [{}] }]);
  });
});

describe('re-proposals', () => {
  function atBoundary(): { solo: Solo; last: MadeBlock } {
    const solo = new Solo({ epochLength: 16, self: 3 });
    const chain = solo.finalize(15);
    if (solo.status.leaderIndex === 3) solo.sendCertificate(Z, solo.status.view);
    const last = solo.block(solo.status.view, solo.parentOf(chain.at(-1)!));
    solo.propose(last);
    return { solo, last };
  }
  const again = (solo: Solo, made: MadeBlock, view: number, parentView: number) =>
    solo.proposal(made, { content: undefined, parentView }, view);

  test('the certified last block is voted again in the next view', () => {
    const { solo, last } = atBoundary();
    const view = last.header.view;
    solo.sendCertificate(N, view, last.hash);
    solo.clear();
    solo.deliver(0, again(solo, last, view + 1, view));
    expect(solo.votes()).toEqual([[N, view + 1]]);
    solo.sendCertificate(F, view + 1, last.hash);
    expect(solo.status.epoch).toBe(2);
  });

  test('not without a certificate; the gap is fetched', () => {
    const { solo, last } = atBoundary();
    const view = last.header.view;
    solo.sendCertificate(Z, view + 1);
    solo.clear();
    solo.deliver(0, again(solo, last, view + 2, view));
    expect(solo.votes()).toEqual([]);
    if (solo.status.leaderIndex !== 3) expect(requests(solo, 0x14)).toHaveLength(1);
  });

  test('a block of another height or view is refused at once', () => {
    const solo = new Solo();
    const made = solo.block(1);
    solo.propose(made);
    solo.sendCertificate(N, 1, made.hash);
    solo.clear();
    solo.deliver(1, again(solo, made, 2, 1));
    expect(solo.votes()).toEqual([[Z, 2]]);
    const other = new Solo();
    const future = other.block(2);
    other.deliver(0, {
      ...other.proposal(future, {}, 1),
      leaderVote: other.vote(N, 1, 0, future.hash),
    });
    expect(other.votes()).toEqual([[Z, 1]]);
  });

  test('boundary without extension: nothing above the last height is valid', () => {
    const { solo, last } = atBoundary();
    const view = last.header.view;
    solo.sendCertificate(N, view, last.hash);
    if (solo.status.leaderIndex === 3) solo.sendCertificate(Z, view + 1);
    const filler = solo.block(solo.status.view, solo.parentOf(last));
    solo.clear();
    if (solo.status.view > view + 1) solo.sendCertificate(Z, view + 1);
    solo.propose(filler);
    expect(solo.votes()).toEqual([[Z, filler.header.view]]);
  });
});

describe('COMPACT', () => {
  test('from the mempool alone', () => {
    const solo = new Solo();
    const txs = [transaction(1), transaction(2)];
    const made = solo.block(1, undefined, {}, txs);
    solo.propose(made, compact(made));
    const [request] = solo.of('resolve');
    solo.input({ type: 'resolved', reqId: request!.reqId, transactions: txs });
    expect(solo.votes()).toEqual([[N, 1]]);
  });

  test('what lacks is asked for by position', () => {
    const solo = new Solo();
    const txs = [transaction(1), transaction(2), transaction(3)];
    const made = solo.block(1, undefined, {}, txs);
    solo.propose(made, compact(made));
    const [request] = solo.of('resolve');
    solo.input({
      type: 'resolved',
      reqId: request!.reqId,
      transactions: [txs[0], undefined, undefined],
    });
    expect(requests(solo, 0x18)[0]).toMatchObject({ indices: [1, 2] });
    solo.deliver(0, {
      type: 0x19,
      blockHash: made.hash,
      items: [{ index: 1, transaction: txs[1]! }],
    });
    expect(solo.votes()).toEqual([]);
    solo.now += 1_000;
    solo.fire('fetch');
    expect(requests(solo, 0x18).at(-1)).toMatchObject({ indices: [2] });
    const item = { index: 2, transaction: txs[2]! };
    solo.deliver(0, {
      type: 0x19,
      blockHash: made.hash,
      items: [item, { index: 9, transaction: txs[2]! }],
    });
    expect(solo.votes()).toEqual([[N, 1]]);
    expect(solo.deliver(0, { type: 0x19, blockHash: made.hash, items: [item] })).toMatchObject({
      code: 'CONSENSUS_UNREQUESTED',
    });
  });

  test('S40 a list that does not hash to txRoot: all of it, then the block; never INVALID', () => {
    const solo = new Solo();
    const txs = [transaction(1), transaction(2)];
    const twin = [transaction(1), transaction(7)];
    const made = solo.block(1, undefined, {}, txs);
    solo.propose(made, compact(made));
    const [request] = solo.of('resolve');
    solo.input({ type: 'resolved', reqId: request!.reqId, transactions: twin });
    expect(requests(solo, 0x18)[0]).toMatchObject({ indices: [0, 1] });
    const items = twin.map((transaction, index) => ({ index, transaction }));
    solo.deliver(0, { type: 0x19, blockHash: made.hash, items });
    expect(requests(solo, 0x16)).toHaveLength(1);
    expect(solo.votes()).toEqual([]);
    solo.deliver(0, solo.blockResponse(made));
    expect(solo.votes()).toEqual([[N, 1]]);
    expect(penalties(solo)).toEqual([]);
  });

  test('a short list whose length is not the header’s is the sender’s fault', () => {
    const solo = new Solo();
    const made = solo.block(1, undefined, {}, [transaction(1)]);
    const wrong = compact({
      ...made,
      block: { ...made.block, transactions: [transaction(1), transaction(2)] },
    });
    solo.propose(made, wrong, 2);
    expect(penalties(solo)).toEqual([['p2', 'CONSENSUS_PART']]);
  });

  test('a late or repeated answer of the host changes nothing', () => {
    const solo = new Solo();
    const made = solo.block(1, undefined, {}, [transaction(1)]);
    solo.propose(made, compact(made));
    const [request] = solo.of('resolve');
    solo.propose(made);
    solo.input({ type: 'resolved', reqId: request!.reqId, transactions: [] });
    expect(solo.votes()).toEqual([[N, 1]]);
    expect(blockCodec.size(made.block)).toBeGreaterThan(458);
  });
});
