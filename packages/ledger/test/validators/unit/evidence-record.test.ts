import { keyOf } from '@mxd/protocol/primitives';
import { type EvidenceRecord } from '@mxd/protocol/system-records';
import { type VoteContent } from '@mxd/protocol/vote';
import { describe, expect, test } from 'vitest';

import {
  checkSystemRecord,
  isBlacklisted,
  recordSignatures,
  registryEntry,
  validatorSetOf,
  type ValidatorState,
} from '../../../src/validators/index.ts';
import { applyRecord } from '../../../src/validators/records.ts';
import { TestChain } from '../chain.ts';
import {
  contextAt,
  documentOf,
  evidenceOf,
  people,
  rotateOf,
  keyNamed,
  voteOf,
} from '../fixture.ts';

const zeros = new Uint8Array(64);
const hash = (n: number): Uint8Array => new Uint8Array(64).fill(n);

/** A chain in the first block of epoch 4: it remembers epochs 2 to 4. */
function chainInEpoch(epoch: number): TestChain {
  const chain = new TestChain(
    documentOf(people(4), { parameters: { blacklistBlocks: 20 } }),
    zeros,
  );
  while (chain.state.epochs.at(-1)!.epoch < epoch) chain.endEpoch();
  return chain;
}
const { state } = chainInEpoch(4);
const set = validatorSetOf(state, 4)!;
const at = contextAt(50);
const codeOf = (record: EvidenceRecord, of: ValidatorState = state) => {
  const verdict = checkSystemRecord(of, record, at);
  return verdict.ok ? undefined : verdict.code;
};
const pair = (a: Partial<VoteContent>, b: Partial<VoteContent>, from = 1): EvidenceRecord => ({
  type: 4,
  voteA: voteOf(set, from, a),
  voteB: voteOf(set, from, b),
  signerId: set.table.entries[from]!.id,
});

describe('conflicts', () => {
  const notarize = (n: number) => ({ kind: 1, blockHash: hash(n) }) as const;
  const nullify = { kind: 2 } as const;
  const finalize = (n: number) => ({ kind: 3, blockHash: hash(n) }) as const;

  test('two NOTARIZE, two FINALIZE, FINALIZE with NULLIFY', () => {
    expect(codeOf(pair(notarize(1), notarize(2)))).toBeUndefined();
    expect(codeOf(pair(finalize(1), finalize(2)))).toBeUndefined();
    expect(codeOf(pair(nullify, finalize(2)))).toBeUndefined();
  });

  test('what correct validators do is no evidence', () => {
    expect(codeOf(pair(notarize(1), nullify))).toBe('EVIDENCE_NO_CONFLICT');
    expect(codeOf(pair(notarize(1), finalize(2)))).toBe('EVIDENCE_NO_CONFLICT');
    expect(codeOf(pair(notarize(1), finalize(1)))).toBe('EVIDENCE_NO_CONFLICT');
    const later = { ...notarize(1), timestampMs: 9 };
    expect(codeOf(pair(notarize(1), later))).toBe('EVIDENCE_NO_CONFLICT');
    expect(codeOf(pair(nullify, nullify))).toBe('EVIDENCE_NO_CONFLICT');
  });

  test('the leader too, whose vote names no predecessor', () => {
    for (let index = 0; index < 4; index++) {
      expect(codeOf(pair(notarize(1), notarize(2), index))).toBeUndefined();
    }
  });
});

describe('form', () => {
  const good = evidenceOf(state, 1);

  test('one order only', () => {
    expect(codeOf({ ...good, voteA: good.voteB, voteB: good.voteA })).toBe('EVIDENCE_FORM');
    const swapped = pair({ kind: 3 }, { kind: 2 });
    expect(codeOf(swapped)).toBe('EVIDENCE_FORM');
  });

  test('one signer, epoch and view', () => {
    const { voteB } = good;
    expect(codeOf({ ...good, voteB: { ...voteB, view: 6 } })).toBe('EVIDENCE_FORM');
    expect(codeOf({ ...good, voteB: { ...voteB, epoch: 3 } })).toBe('EVIDENCE_FORM');
    expect(codeOf({ ...good, voteB: { ...voteB, signerIndex: 2 } })).toBe('EVIDENCE_FORM');
  });
});

describe('validity', () => {
  test('of epochs e - 2 to e, each with its own table and schedule', () => {
    for (const epoch of [2, 3, 4]) expect(codeOf(evidenceOf(state, 2, epoch))).toBeUndefined();
    const early = chainInEpoch(1).state;
    expect(codeOf(evidenceOf(early, 2, 1), early)).toBeUndefined();
    expect(codeOf(evidenceOf(early, 2, 1))).toBe('EVIDENCE_EPOCH');
    const { voteA, voteB } = evidenceOf(state, 1);
    const future = { voteA: { ...voteA, epoch: 5 }, voteB: { ...voteB, epoch: 5 } };
    expect(codeOf({ ...evidenceOf(state, 1), ...future })).toBe('EVIDENCE_EPOCH');
  });

  test('the signer is who stands there in that table', () => {
    const good = evidenceOf(state, 1);
    expect(codeOf({ ...good, signerId: set.table.entries[2]!.id })).toBe('EVIDENCE_SIGNER');
    const far = {
      voteA: { ...good.voteA, signerIndex: 4 },
      voteB: { ...good.voteB, signerIndex: 4 },
    };
    expect(codeOf({ ...good, ...far })).toBe('EVIDENCE_SIGNER');
  });

  test('both signatures are checked', () => {
    const good = evidenceOf(state, 1);
    const bad = (vote: 'voteA' | 'voteB') =>
      codeOf({ ...good, [vote]: { ...good[vote], signature: new Uint8Array(64) } });
    expect(bad('voteA')).toBe('EVIDENCE_SIGNATURE');
    expect(bad('voteB')).toBe('EVIDENCE_SIGNATURE');
    // A vote of another view of the same validator proves nothing here.
    const other = voteOf(set, 1, { view: 6, blockHash: hash(2) });
    expect(codeOf({ ...good, voteB: { ...other, view: 5 } })).toBe('EVIDENCE_SIGNATURE');
  });

  test('with the key that the table of that epoch has', () => {
    const chain = chainInEpoch(2);
    const who = people(4)[0]!;
    const fresh = keyNamed('rotated');
    chain.block({ records: [rotateOf(chain.state, who, fresh)] });
    chain.endEpoch();
    const keyIn = (epoch: number) =>
      validatorSetOf(chain.state, epoch)!.table.entries.find(
        (entry) => keyOf(entry.id) === keyOf(who.id),
      )!.consensusKey;
    expect(keyIn(2)).toStrictEqual(who.consensusKey);
    expect(keyIn(3)).toStrictEqual(fresh);
    const indexIn = (epoch: number) =>
      validatorSetOf(chain.state, epoch)!.table.entries.findIndex(
        (entry) => keyOf(entry.id) === keyOf(who.id),
      );
    for (const epoch of [2, 3]) {
      expect(codeOf(evidenceOf(chain.state, indexIn(epoch), epoch), chain.state)).toBeUndefined();
    }
  });

  test('signatures are listed for workers; none for a signer that is not known', () => {
    expect(recordSignatures(state, evidenceOf(state, 1)).length).toBe(2);
    const { voteA, voteB, ...rest } = evidenceOf(state, 1);
    const far = { ...rest, voteA: { ...voteA, signerIndex: 9 }, voteB };
    expect(recordSignatures(state, far)).toStrictEqual([]);
    const past = { ...rest, voteA: { ...voteA, epoch: 1 }, voteB };
    expect(recordSignatures(state, past)).toStrictEqual([]);
  });
});

describe('effect', () => {
  test('one punishment per validator and epoch', () => {
    const first = evidenceOf(state, 1, 4, 5);
    const id = first.signerId;
    const after = applyRecord(state, first, at);
    expect(registryEntry(after, id)).toMatchObject({
      blacklistedUntil: 70,
      lastEvidenceHeight: 50,
    });
    expect(isBlacklisted(after, id, 70)).toBe(true);
    expect(isBlacklisted(after, id, 71)).toBe(false);
    expect(codeOf(first, after)).toBe('EVIDENCE_PROCESSED');
    expect(codeOf(evidenceOf(state, 1, 4, 6), after)).toBe('EVIDENCE_PROCESSED');
    // Another epoch, another validator: each once.
    expect(codeOf(evidenceOf(state, 2), after)).toBeUndefined();
    const index = validatorSetOf(state, 3)!.table.entries.findIndex(
      (entry) => keyOf(entry.id) === keyOf(id),
    );
    const older = evidenceOf(state, index, 3);
    expect(codeOf(older, after)).toBeUndefined();
    expect(applyRecord(after, older, at).evidence.size).toBe(2);
  });

  test('a longer blacklisting stays', () => {
    const after = applyRecord(state, evidenceOf(state, 1), at);
    const chunks = after.registry.chunks.map((chunk) => ({
      ...chunk,
      values: chunk.values.map((one) => ({ ...one, blacklistedUntil: 500 })),
    }));
    const long = { ...after, registry: { ...after.registry, chunks } };
    const again = applyRecord(long, evidenceOf(state, 2), at);
    expect(registryEntry(again, evidenceOf(state, 2).signerId)!.blacklistedUntil).toBe(500);
  });
});
