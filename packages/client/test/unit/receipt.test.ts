import { toHex } from '@mxd/codec';
import { installNative } from '@mxd/crypto/native';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { EpochChain } from '../../src/epochs.ts';
import { finalTransaction, parseTransactionEvidence } from '../../src/header-proof.ts';
import { makeReceipt, verifyConsensus, verifyReceipt, type Checkpoint } from '../../src/index.ts';
import { TestChain } from '../chain.ts';
import { payment } from '../payments.ts';
import type { Json } from '../json.ts';

installNative();

const chain = new TestChain();
const paid = payment(chain, 3);
const later = payment(chain);
chain.addMany(36);
chain.add([payment(chain).bytes, paid.bytes]);
chain.addMany(20);
chain.add([later.bytes]);

const epochs = new EpochChain(chain.checkpoint, verifyConsensus);
for (const proof of chain.proofs) epochs.append(proof);

const receiptOf = (txid: Uint8Array, through?: number, from: EpochChain = epochs): string => {
  const evidence = parseTransactionEvidence(chain.transactionProof(toHex(txid), through));
  return makeReceipt({ epochs: from }, finalTransaction(evidence));
};

/** The checkpoint at the start of a later epoch. */
const checkpointAt = (epoch: number): Checkpoint => {
  const moved = new EpochChain(chain.checkpoint, verifyConsensus);
  for (const proof of chain.proofs.slice(0, epoch - 1)) moved.append(proof);
  return moved.toCheckpoint();
};

const codeOf = (body: () => unknown): string => {
  try {
    body();
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
  return 'none';
};

const text = receiptOf(paid.txid);

describe('a receipt', () => {
  test('proves a payment offline, from the first checkpoint or any before it', () => {
    const proven = verifyReceipt(text, chain.checkpoint);
    expect(proven.txid).toEqual(paid.txid);
    expect(proven.transaction).toEqual(paid.transaction);
    expect(proven.block.header.height).toBe(37);
    expect(proven.summary.pays.map(({ amount }) => amount)).toEqual(['0.0002', '0.0007']);
    for (const epoch of [2, 3]) {
      expect(verifyReceipt(text, checkpointAt(epoch)).txid).toEqual(paid.txid);
    }
  });

  test('may rest on a later block of its epoch', () => {
    const through = receiptOf(paid.txid, 44);
    expect(verifyReceipt(through, chain.checkpoint).block.evidence.descendants).toHaveLength(7);
  });

  test('needs a checkpoint that it can start from', () => {
    expect(codeOf(() => verifyReceipt(text, checkpointAt(4)))).toBe('CLIENT_CHECKPOINT');
    const from4 = new EpochChain(checkpointAt(4), verifyConsensus);
    const late = receiptOf(later.txid, undefined, from4);
    expect(verifyReceipt(late, checkpointAt(4)).txid).toEqual(later.txid);
    expect(codeOf(() => verifyReceipt(late, chain.checkpoint))).toBe('CLIENT_CHECKPOINT');
    const other = { ...chain.checkpoint, chainTag: new Uint8Array(32) };
    expect(codeOf(() => verifyReceipt(text, other))).toBe('CLIENT_CHECKPOINT');
  });

  const changes: readonly (readonly [string, (json: Json) => void, string])[] = [
    ['another format', (j) => (j.format = 'x'), 'CLIENT_RECEIPT'],
    ['a newer version', (j) => (j.version = 2), 'CLIENT_RECEIPT_VERSION'],
    ['no version', (j) => delete j.version, 'CLIENT_RECEIPT'],
    ['a summary that lies', (j) => (j.summary.pays[0].amount = '5'), 'CLIENT_RECEIPT_INVALID'],
    [
      'a summary with another payee',
      (j) => (j.summary.pays[0].address = 'mx'),
      'CLIENT_RECEIPT_INVALID',
    ],
    ['another transaction', (j) => (j.transaction = toHex(later.bytes)), 'CLIENT_RECEIPT_INVALID'],
    ['another place', (j) => (j.index = 0), 'CLIENT_RECEIPT_INVALID'],
    ['another count', (j) => (j.txCount = 3), 'CLIENT_RECEIPT_INVALID'],
    ['no path', (j) => (j.path = []), 'CLIENT_RECEIPT_INVALID'],
    ['a path of odd hashes', (j) => (j.path = ['00']), 'CLIENT_RECEIPT'],
    ['no epoch proofs', (j) => (j.epochProofs = []), 'CLIENT_RECEIPT_INVALID'],
    ['swapped epoch proofs', (j) => j.epochProofs.reverse(), 'CLIENT_RECEIPT_INVALID'],
    ['another first epoch', (j) => (j.firstEpoch = 0), 'CLIENT_RECEIPT_INVALID'],
    ['no first epoch', (j) => delete j.firstEpoch, 'CLIENT_RECEIPT_INVALID'],
    ['another block', (j) => (j.header = chain.headerProof(36)), 'CLIENT_RECEIPT_INVALID'],
    [
      'a certificate of another',
      (j) => (j.header.certificate = chain.headerProof(36)!.certificate),
      'CLIENT_RECEIPT_INVALID',
    ],
    ['no chain', (j) => delete j.chain, 'CLIENT_RECEIPT'],
  ];
  test.each(changes)('with %s is refused', (_, change, code) => {
    const json = JSON.parse(text);
    change(json);
    expect(codeOf(() => verifyReceipt(JSON.stringify(json), chain.checkpoint))).toBe(code);
  });

  test.each(['', '[]', '7', 'null', '{'])('%j is none', (bad) => {
    expect(codeOf(() => verifyReceipt(bad, chain.checkpoint))).toBe('CLIENT_RECEIPT');
  });

  test('with any byte of its proofs changed proves nothing', () => {
    const json = JSON.parse(text);
    const fields: readonly (readonly [() => string, (value: string) => void])[] = [
      [() => json.transaction, (v) => (json.transaction = v)],
      [() => json.header.header, (v) => (json.header.header = v)],
      [() => json.header.certificate, (v) => (json.header.certificate = v)],
      [() => json.epochProofs[1], (v) => (json.epochProofs[1] = v)],
      [() => json.path[0], (v) => (json.path[0] = v)],
    ];
    fc.assert(
      fc.property(
        fc.nat({ max: 4 }),
        fc.nat(),
        fc.integer({ min: 1, max: 15 }),
        (which, at, by) => {
          const [get, set] = fields[which]!;
          const before = get();
          const place = at % before.length;
          const digit = (Number.parseInt(before[place]!, 16) ^ by).toString(16);
          set(before.slice(0, place) + digit + before.slice(place + 1));
          const code = codeOf(() => verifyReceipt(JSON.stringify(json), chain.checkpoint));
          set(before);
          expect(code).toMatch(/^CLIENT_RECEIPT/);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('epochs', () => {
  test('sets of old epochs are made again from their proofs', () => {
    const long = new TestChain({ seed: 70 });
    long.addMany(16 * 20);
    const followed = new EpochChain(long.checkpoint, verifyConsensus);
    const sets = [followed.newest];
    for (const proof of long.proofs) {
      expect(followed.append(proof).ok).toBe(true);
      sets.push(followed.newest);
    }
    for (const set of sets) expect(followed.set(set.epoch)).toEqual(set);
    expect(followed.set(22)).toBeUndefined();
    expect(followed.set(0)).toBeUndefined();
  });

  test('proofs of another network are refused', () => {
    const foreign = new EpochChain({ ...chain.checkpoint, networkId: 5 }, verifyConsensus);
    expect(foreign.append(chain.proofs[0]!)).toMatchObject({ ok: false });
    expect(foreign.epoch).toBe(1);
  });
});
