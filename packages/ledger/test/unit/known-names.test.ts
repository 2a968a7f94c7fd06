import { describe, expect, test } from 'vitest';

import { KnownNames } from '../../src/known-names.ts';
import { binaryText } from '../../src/outputs.ts';
import { key, makeTransaction } from '../../src/testing/world.ts';
import { prepareTransaction, type PreparedTransaction } from '../../src/transaction-rules.ts';

const owner = key(1);

function preparedOf(number: number): PreparedTransaction {
  const coin = {
    outpoint: { txid: new Uint8Array(64), index: number },
    output: { owner: owner.owner, amount: 10n },
    spender: owner,
  };
  const { bytes } = makeTransaction(1, new Uint8Array(64), {
    from: [coin],
    to: [{ spender: owner, amount: 10n }],
  });
  const prepared = prepareTransaction(bytes);
  if (!prepared.ok) throw new Error(prepared.reason);
  return prepared.value;
}

const namesOf = ({ txidText, wtxid }: PreparedTransaction) => ({
  txidText,
  wtxidText: binaryText(wtxid),
});

describe('known names', () => {
  test('what was decoded lately is not decoded again; what is older is, with the same result', () => {
    const names = new KnownNames();
    const first = preparedOf(0);
    names.note(first.bytes, namesOf(first), first);
    expect(names.prepare(first.bytes)).toEqual({ ok: true, value: first });
    const again = (): unknown => {
      const prepared = names.prepare(first.bytes);
      return prepared.ok ? prepared.value : undefined;
    };
    expect(again()).toBe(first);
    // Twice what is kept.
    for (let i = 0; i < 4_096; i++) {
      const bytes = first.bytes.slice();
      names.note(bytes, namesOf(first), { ...first, bytes });
    }
    expect(again()).not.toBe(first);
    expect(again()).toEqual(first);
  });

  test('a decoded transaction of other bytes is not kept for these', () => {
    const names = new KnownNames();
    const [one, other] = [preparedOf(1), preparedOf(2)];
    names.note(one.bytes, namesOf(one), other);
    expect(names.prepare(one.bytes)).toEqual({ ok: true, value: one });
  });
});
