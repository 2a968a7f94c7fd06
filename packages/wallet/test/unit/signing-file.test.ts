import { fromHex, toHex } from '@mxd/codec';
import { addressOfPolicy, sortPolicyKeys } from '@mxd/crypto/address';
import { transactionCodec } from '@mxd/protocol/transaction';
import { policySigners, type Policy } from '@mxd/protocol/witness';
import { verifySignature } from '@mxd/crypto/suites';
import { describe, expect, test } from 'vitest';

import { buildPayment, signingMessage, type SigningAccount } from '../../src/index.ts';
import {
  addSignatures,
  finishSigning,
  formatSigningFile,
  isComplete,
  mergeSignatures,
  parseSigningFile,
  policyBook,
  signingStatus,
  signInputs,
  startSigning,
  type SignatureSet,
} from '../../src/signing-file.ts';
import { accountOf, chain, coinOf } from '../chain.ts';
import type { Json } from '../json.ts';

const ann = accountOf(1, 11);
const ben = accountOf(3, 12);
const cat = accountOf(2, 13);
const out = accountOf(1, 14);
const policy: Policy = {
  threshold: 2,
  keys: sortPolicyKeys([ann, ben, cat].map(({ suite, publicKey }) => ({ suite, publicKey }))),
};
const joint = addressOfPolicy(policy);
const policies = policyBook([policy]);
const unsigned = buildPayment(chain, {
  coins: [coinOf(joint, 30_000n), coinOf(ann.owner, 20_000n)],
  payments: [{ to: out.owner, amount: 40_000n }],
  change: joint,
  tip: 3n,
  policies,
});
const jointInput = unsigned.spent.findIndex(({ amount }) => amount === 30_000n);
const empty = startSigning(unsigned, policies);

const codeOf = (body: () => unknown): string => {
  try {
    body();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return 'none';
};

/** What a machine apart makes of a set: reads the file, signs, writes the file. */
const elsewhere = (set: SignatureSet, account: SigningAccount): SignatureSet => {
  const file = parseSigningFile(formatSigningFile(set), chain);
  return parseSigningFile(formatSigningFile(signInputs(file.set, [account])), chain).set;
};

describe('several signers', () => {
  const parts = [ann, ben, cat].map((account) => elsewhere(empty, account));
  const [byAnn, byBen, byCat] = parts as [SignatureSet, SignatureSet, SignatureSet];

  test('merge in any order to the same file', () => {
    const orders = [
      [byAnn, byBen, byCat],
      [byCat, byAnn, byBen],
      [byBen, byCat, byAnn],
    ] as const;
    const files = orders.map(([a, b, c]) =>
      formatSigningFile(mergeSignatures(mergeSignatures(a, b), c)),
    );
    expect(new Set(files).size).toBe(1);
    const twice = mergeSignatures(mergeSignatures(byAnn, byBen), byAnn);
    expect(formatSigningFile(twice)).toBe(formatSigningFile(mergeSignatures(byBen, byAnn)));
  });

  test('finish once there are enough, with exactly as many as the policy asks for', () => {
    expect(isComplete(empty)).toBe(false);
    expect(codeOf(() => finishSigning(byBen))).toBe('WALLET_INCOMPLETE');
    const [status] = signingStatus(byBen).filter(({ input }) => input === jointInput);
    expect(status).toMatchObject({ needed: 2, present: 1 });
    expect(status!.open).toHaveLength(2);
    for (const set of [
      mergeSignatures(byAnn, byBen),
      mergeSignatures(mergeSignatures(byCat, byBen), byAnn),
    ]) {
      expect(isComplete(set)).toBe(true);
      const signed = finishSigning(set);
      const { witnesses } = transactionCodec.decode(signed.bytes);
      const witness = witnesses[jointInput]!;
      if (witness.form !== 2) throw new TypeError('a policy witness was expected');
      expect(witness.signatures).toHaveLength(2);
      for (const { suite, publicKey, signature } of policySigners(witness)) {
        const message = signingMessage(unsigned, jointInput);
        expect(verifySignature(suite, publicKey, message, signature)).toBe(true);
      }
    }
  });

  test('a set that is complete takes no more signatures of the policy', () => {
    const complete = mergeSignatures(byAnn, byBen);
    expect(signInputs(complete, [cat]).signatures).toHaveLength(complete.signatures.length);
  });

  test('of two hedged signatures by one key either order keeps one', () => {
    const again = elsewhere(empty, ben);
    expect(again.signatures[0]!.signature).not.toEqual(byBen.signatures[0]!.signature);
    expect(mergeSignatures(again, byBen).signatures).toEqual(
      mergeSignatures(byBen, again).signatures,
    );
  });

  test('strangers, wrong signatures and other transactions are refused', () => {
    expect(codeOf(() => signInputs(empty, [out]))).toBe('WALLET_NO_KEY');
    const one = byBen.signatures[0]!;
    const bad = { ...one, signature: one.signature.map((byte) => byte ^ 1) };
    expect(codeOf(() => addSignatures(empty, [bad]))).toBe('WALLET_SIGNATURE');
    expect(codeOf(() => addSignatures(empty, [{ ...one, input: 9 }]))).toBe('WALLET_SIGNATURE');
    const { suite, publicKey } = out;
    expect(codeOf(() => addSignatures(empty, [{ ...one, suite, publicKey }]))).toBe(
      'WALLET_SIGNATURE',
    );
    const other = startSigning({ ...unsigned, txid: new Uint8Array(64) }, policies);
    expect(codeOf(() => mergeSignatures(empty, other))).toBe('WALLET_OTHER_TRANSACTION');
    expect(codeOf(() => startSigning(unsigned))).toBe('WALLET_POLICY');
  });
});

describe('a signing file', () => {
  const file = (change: (json: Json) => void): string => {
    const json = JSON.parse(formatSigningFile(signInputs(empty, [ben]), 'for March'));
    change(json);
    return JSON.stringify(json);
  };

  test('says what is spent, to whom, and the tip', () => {
    const { summary, note } = parseSigningFile(
      file(() => {}),
      chain,
    );
    expect(note).toBe('for March');
    expect(summary.kind).toBe('transfer');
    expect(summary.tip).toBe('0.00000003');
    expect(summary.total).toBe('0.0005');
    expect(summary.pays.map((line) => line.amount)).toEqual(['0.00009997', '0.0004']);
    expect(summary.spends.every((line) => line.address.startsWith('mx'))).toBe(true);
    expect(summary.txid).toBe(toHex(unsigned.txid));
  });

  const cases: readonly (readonly [string, (json: Json) => void, string])[] = [
    ['a summary that lies', (j) => (j['summary'].tip = '0'), 'WALLET_FILE_SUMMARY'],
    ['a payee that lies', (j) => (j['summary'].pays[0].address = 'mx1'), 'WALLET_FILE_SUMMARY'],
    ['amounts that do not add up', (j) => (j['spent'][0].amount = '1'), 'WALLET_UNBALANCED'],
    ['an input left out', (j) => j['spent'].pop(), 'WALLET_FILE'],
    ['another format', (j) => (j['format'] = 'psbt'), 'WALLET_FILE'],
    ['a newer version', (j) => (j['version'] = 2), 'WALLET_FILE_VERSION'],
    ['no version', (j) => delete j['version'], 'WALLET_FILE'],
    ['a body cut short', (j) => (j['body'] = j['body'].slice(2)), 'WALLET_FILE'],
    ['hex that is none', (j) => (j['body'] = 'xx'), 'WALLET_FILE'],
    ['another network', (j) => (j['chain'].networkId = 5), 'WALLET_FILE'],
    ['an unknown network', (j) => (j['chain'].network = 'moon'), 'WALLET_FILE'],
    ['a short chain tag', (j) => (j['chain'].chainTag = '00'), 'WALLET_FILE'],
    ['no policy', (j) => (j['policies'] = []), 'WALLET_POLICY'],
    ['policies that are no list', (j) => (j['policies'] = {}), 'WALLET_FILE'],
    ['an amount in words', (j) => (j['spent'][0].amount = 'all'), 'WALLET_FILE'],
    ['an unknown suite', (j) => (j['signatures'][0].suite = 9), 'WALLET_FILE'],
    ['a fraction of an input', (j) => (j['signatures'][0].input = 0.5), 'WALLET_FILE'],
    ['signatures that are no objects', (j) => (j['signatures'] = [1]), 'WALLET_FILE'],
    ['a chain that is no object', (j) => (j['chain'] = 7), 'WALLET_FILE'],
    ['a note that is no text', (j) => (j['note'] = 7), 'WALLET_FILE'],
    [
      'a forged signature',
      (j) => (j['signatures'][0].signature = j['signatures'][0].signature.replace(/^../, '77')),
      'WALLET_SIGNATURE',
    ],
  ];
  test.each(cases)('%s', (_, change, code) => {
    expect(codeOf(() => parseSigningFile(file(change), chain))).toBe(code);
  });

  test('text that is no JSON, and files for other chains', () => {
    expect(codeOf(() => parseSigningFile('{', chain))).toBe('WALLET_FILE');
    expect(codeOf(() => parseSigningFile('[]', chain))).toBe('WALLET_FILE');
    expect(codeOf(() => parseSigningFile('x'.repeat(5_000_000), chain))).toBe('WALLET_FILE');
    const other = { chainTag: fromHex('11'.repeat(32)) };
    expect(codeOf(() => parseSigningFile(formatSigningFile(empty), other))).toBe(
      'WALLET_FILE_CHAIN',
    );
  });
});
