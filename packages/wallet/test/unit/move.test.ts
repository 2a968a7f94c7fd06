import { SecretBytes } from '@mxd/crypto/secret';
import { transactionCodec } from '@mxd/protocol/transaction';
import { describe, expect, test } from 'vitest';

import { buildPayment, MasterKey, privacyNotes } from '../../src/index.ts';
import { LabelStore } from '../../src/labels.ts';
import { planConsolidation, planHybridMove, planSweep, signPlan } from '../../src/move.ts';
import { accountOf, chain, coinOf } from '../chain.ts';

const codeOf = (body: () => unknown): string => {
  try {
    body();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return 'none';
};

const path = { account: 0, change: 0, index: 0 };
const master = MasterKey.own(SecretBytes.copyOf(new Uint8Array(64).fill(8)));
const classical = master.account(1, path);
const lattice = master.account(2, path);
const hybrid = master.account(3, path);

describe('moving to hybrid keys', () => {
  const validatorId = new Uint8Array(20);
  const coins = [
    ...Array.from({ length: 300 }, () => coinOf(classical.owner, 5_000n)),
    ...Array.from({ length: 20 }, () => coinOf(lattice.owner, 7_000n)),
    coinOf(classical.owner, 9n, { lock: { kind: 'bonded', validatorId } }),
    coinOf(classical.owner, 9n, { lock: { kind: 'unbonding', validatorId, spendableFrom: 900 } }),
    coinOf(classical.owner, 9n, { spentBy: new Uint8Array(64) }),
    coinOf(hybrid.owner, 6_000n),
  ];
  const move = planHybridMove(chain, hybrid, { coins, height: 10 });

  test('takes everything that may be spent, in transactions that fit', () => {
    expect(move.account.owner).toEqual(hybrid.owner);
    expect(move.total).toBe(300n * 5_000n + 20n * 7_000n);
    expect(move.transactions.length).toBe(3);
    expect(move.left.map(({ reason }) => reason)).toEqual(['bonded', 'unbonding', 'pending']);
    expect(move.safe).toHaveLength(1);
    const signed = signPlan(move, [classical, lattice]);
    for (const { bytes } of signed) {
      expect(bytes.length).toBeLessThanOrEqual(chain.maxTransactionBytes);
      const { body } = transactionCodec.decode(bytes);
      expect(body.outputs).toHaveLength(1);
      expect(body.outputs[0]!.owner).toEqual(hybrid.owner);
    }
    const spent = move.transactions.flatMap(({ body }) => body.inputs);
    expect(new Set(spent.map(({ txid, index }) => `${txid.join()}:${index}`)).size).toBe(320);
  });

  test('says when there is nothing to move', () => {
    const nothing = { coins: [coinOf(hybrid.owner, 6_000n)], height: 10 };
    expect(codeOf(() => planHybridMove(chain, hybrid, nothing))).toBe('WALLET_NOTHING');
    const weak = { coins, height: 10 };
    expect(codeOf(() => planHybridMove(chain, classical, weak))).toBe('WALLET_SUITE');
  });
});

describe('sweeping and joining', () => {
  test('dust alone stays, tips are kept, more than a plan holds waits', () => {
    const to = classical.owner;
    const dust = [coinOf(classical.owner, 900n)];
    expect(codeOf(() => planSweep(chain, { coins: dust, height: 1, to }))).toBe('WALLET_NOTHING');
    const coins = [coinOf(classical.owner, 5_000n)];
    const plan = planSweep(chain, { coins, height: 1, to, tipPerTransaction: 100n, expiresAt: 9 });
    expect(plan.total).toBe(4_900n);
    expect(plan.transactions[0]!.body).toMatchObject({ tip: 100n, expiresAt: 9 });
    const tiny = { ...chain, maxTransactionBytes: 300 };
    const many = Array.from({ length: 1_005 }, () => coinOf(classical.owner, 5_000n));
    const bounded = planSweep(tiny, { coins: many, height: 1, to });
    expect(bounded.transactions).toHaveLength(1_000);
    expect(bounded.left.filter(({ reason }) => reason === 'later')).toHaveLength(5);
  });

  test('joins the smallest coins into one', () => {
    const coins = Array.from({ length: 150 }, (_, i) => coinOf(classical.owner, BigInt(2_000 + i)));
    const to = classical.owner;
    const plan = planConsolidation(chain, { coins, height: 1, to });
    expect(plan.transactions).toHaveLength(1);
    expect(plan.transactions[0]!.body.inputs).toHaveLength(100);
    expect(plan.total).toBe(204_950n);
    const heavy = Array.from({ length: 50 }, () => coinOf(hybrid.owner, 2_000n));
    const few = planConsolidation(chain, { coins: heavy, height: 1, to });
    expect(few.transactions).toHaveLength(1);
    expect(few.transactions[0]!.body.inputs).toHaveLength(13);
    const mixed = [...coins, ...heavy.slice(0, 9)];
    const apart = planConsolidation(chain, { coins: mixed, height: 1, to, count: 500 });
    expect(apart.transactions[0]!.body.inputs).toHaveLength(150);
    const one = { coins: coins.slice(0, 1), height: 1, to };
    expect(codeOf(() => planConsolidation(chain, one))).toBe('WALLET_NOTHING');
  });
});

describe('privacy notes', () => {
  const stranger = accountOf(3, 50).owner;
  const second = accountOf(1, 51);
  const codes = (payment: Parameters<typeof buildPayment>[1]): string[] => {
    const built = buildPayment(chain, payment);
    return privacyNotes(built, built.changeIndex, 100_000n).map(({ code }) => code);
  };
  test('a payment without change from one address gives nothing away', () => {
    const coins = [coinOf(classical.owner, 5_000n)];
    const payments = [{ to: stranger, amount: 5_000n }];
    expect(codes({ coins, payments, change: classical.owner })).toEqual([]);
  });
  test('links, dust, reuse, kinds and round amounts are named', () => {
    const coins = [coinOf(classical.owner, 30_000_000n), coinOf(second.owner, 2_001n)];
    const payments = [{ to: stranger, amount: 30_000_000n }];
    expect(codes({ coins, payments, change: classical.owner, tip: 1_000n })).toEqual([
      'links-addresses',
      'spends-dust',
      'reuses-address',
      'change-by-kind',
      'change-by-round-amount',
    ]);
    const back = [{ to: classical.owner, amount: 29_000_000n }];
    expect(codes({ coins, payments: back, change: second.owner })).toContain('pays-itself');
  });
});

describe('labels', () => {
  test('are set, replaced, removed, and travel as JSON lines', () => {
    const labels = new LabelStore();
    labels.set('addr', 'mxa', 'rent');
    labels.set('addr', 'mxa', 'rent 2');
    labels.set('output', 'aa:0', 'from Ann');
    labels.set('tx', 'bb', 'gone');
    labels.set('tx', 'bb', '');
    expect(labels.size).toBe(2);
    expect(labels.get('addr', 'mxa')).toBe('rent 2');
    expect(labels.get('tx', 'bb')).toBeUndefined();
    const copy = new LabelStore();
    expect(copy.import(`${labels.export()}\n{"type":"xpub","ref":"x","label":"y"}\n`)).toBe(2);
    expect([...copy]).toEqual([...labels]);
  });
  test('bad files change nothing', () => {
    const labels = new LabelStore();
    labels.set('tx', 'a', 'kept');
    const good = '{"type":"tx","ref":"b","label":"new"}\n';
    for (const [line, code] of [
      ['{', 'WALLET_LABEL_FILE'],
      ['{"type":"tx","ref":1,"label":"x"}', 'WALLET_LABEL_FILE'],
      ['null', 'WALLET_LABEL_FILE'],
      [`{"type":"tx","ref":"c","label":"${'x'.repeat(300)}"}`, 'WALLET_LABEL'],
    ] as const) {
      expect(codeOf(() => labels.import(good + line))).toBe(code);
      expect([...labels].map(({ ref }) => ref)).toEqual(['a']);
    }
  });
  test('are bounded', () => {
    const labels = new LabelStore();
    for (let i = 0; i < 100_000; i++) labels.set('tx', String(i), 'x');
    expect(codeOf(() => labels.set('tx', 'more', 'x'))).toBe('WALLET_LABEL');
    expect(codeOf(() => labels.set('tx', '5', 'y'))).toBe('none');
  });
});
