import { toHex } from '@mxd/codec';
import { verifySignature } from '@mxd/crypto/suites';
import { validatorIdOf } from '@mxd/protocol/genesis';
import { accountMessage, possessionMessage, systemRecordCodec } from '@mxd/protocol/system-records';
import { transactionCodec, transactionKind } from '@mxd/protocol/transaction';
import { describe, expect, test } from 'vitest';

import { signTransaction } from '../../src/index.ts';
import { summarize } from '../../src/signing-file.ts';
import { buildBond, buildUnbond, joinRecord, leaveRecord, rotateRecord } from '../../src/stake.ts';
import { accountOf, chain, coinOf } from '../chain.ts';

const account = accountOf(3, 21);
const consensus = accountOf(1, 22);
const payer = accountOf(1, 23);
const validatorId = validatorIdOf(account.suite, account.publicKey);

const codeOf = async (body: () => unknown): Promise<string> => {
  try {
    await body();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return 'none';
};

describe('bonding', () => {
  test('output 0 is the stake, the change is plain, the payload names the validator', () => {
    const bond = buildBond(chain, {
      coins: [coinOf(payer.owner, 9_000_000n)],
      validatorId,
      amount: 5_000_000n,
      owner: account.owner,
      change: payer.owner,
      tip: 10n,
      expiresAt: 50,
    });
    expect(bond.body.kind).toBe(transactionKind.bond);
    expect(bond.body.payload).toEqual(validatorId);
    expect(bond.body.outputs).toEqual([
      { owner: account.owner, amount: 5_000_000n },
      { owner: payer.owner, amount: 3_999_990n },
    ]);
    expect(transactionCodec.decode(signTransaction(bond, [payer]).bytes).body).toEqual(bond.body);
  });

  test('an exact amount leaves no change', () => {
    const coins = [coinOf(payer.owner, 5_000_000n)];
    const owner = account.owner;
    const request = { coins, validatorId, amount: 5_000_000n, owner, change: owner };
    expect(buildBond(chain, request).body.outputs).toHaveLength(1);
  });
});

describe('unbonding', () => {
  const lock = { kind: 'bonded', validatorId } as const;
  const stake = [1, 2].map((n) => coinOf(account.owner, BigInt(n) * 1_000_000n, { lock }));
  test('takes whole coins, pays no tip', () => {
    const unbond = buildUnbond(chain, { coins: stake, to: payer.owner, validFrom: 3 });
    expect(unbond.body).toMatchObject({ kind: transactionKind.unbond, tip: 0n, validFrom: 3 });
    expect(unbond.body.outputs).toEqual([{ owner: payer.owner, amount: 3_000_000n }]);
    expect(signTransaction(unbond, [account]).bytes.length).toBeGreaterThan(14_000);
    const { kind, validatorId: named } = summarize(unbond);
    expect({ kind, named }).toEqual({ kind: 'unbond', named: toHex(validatorId) });
  });
  test('stake of others, plain coins and nothing are refused', async () => {
    const other = { kind: 'bonded', validatorId: new Uint8Array(20) } as const;
    const mixed = [...stake, coinOf(account.owner, 5_000n, { lock: other })];
    const to = payer.owner;
    expect(await codeOf(() => buildUnbond(chain, { coins: mixed, to }))).toBe('WALLET_COIN');
    const plain = [coinOf(account.owner, 5_000n)];
    expect(await codeOf(() => buildUnbond(chain, { coins: plain, to }))).toBe('WALLET_COIN');
    expect(await codeOf(() => buildUnbond(chain, { coins: [], to }))).toBe('WALLET_NOTHING');
  });
});

describe('membership records', () => {
  const common = { account, seq: 1, expiryEpoch: 9 };
  const join = { ...common, consensus, recentHeight: 100, recentHash: new Uint8Array(64).fill(5) };

  test('JOIN is signed by both keys', async () => {
    const { record, bytes } = await joinRecord(chain.chainTag, join);
    expect(systemRecordCodec.decode(bytes)).toEqual(record);
    expect(record.id).toEqual(validatorId);
    const possession = possessionMessage(chain.chainTag, record);
    expect(verifySignature(1, consensus.publicKey, possession, record.possessionSignature)).toBe(
      true,
    );
    const message = accountMessage(chain.chainTag, record);
    expect(verifySignature(3, account.publicKey, message, record.accountSignature)).toBe(true);
  });

  test('LEAVE and ROTATE are signed too, by signers that take their time', async () => {
    const slow = { ...account, sign: async (message: Uint8Array) => account.sign(message) };
    const left = await leaveRecord(chain.chainTag, { ...common, account: slow });
    expect(systemRecordCodec.decode(left.bytes)).toEqual(left.record);
    const leaveText = accountMessage(chain.chainTag, left.record);
    expect(verifySignature(3, account.publicKey, leaveText, left.record.accountSignature)).toBe(
      true,
    );
    const { record, bytes } = await rotateRecord(chain.chainTag, { ...common, consensus });
    expect(systemRecordCodec.decode(bytes)).toEqual(record);
    const message = accountMessage(chain.chainTag, record);
    expect(verifySignature(3, account.publicKey, message, record.accountSignature)).toBe(true);
  });

  test('numbers out of range, wrong suites and wrong signatures are refused', async () => {
    const tag = chain.chainTag;
    const liar = { ...account, sign: () => new Uint8Array(4691) };
    for (const bad of [
      { seq: 0 },
      { expiryEpoch: 2 ** 32 },
      { account: liar },
      { consensus: account },
    ]) {
      expect(await codeOf(() => joinRecord(tag, { ...join, ...bad }))).toBe('WALLET_RECORD');
    }
    expect(await codeOf(() => leaveRecord(tag, { ...common, seq: -1 }))).toBe('WALLET_RECORD');
    const rotate = { ...common, consensus: account };
    expect(await codeOf(() => rotateRecord(tag, rotate))).toBe('WALLET_RECORD');
  });
});
