import { CodecError } from '@mxd/codec';
import { suiteInfo, type SuiteId } from '@mxd/crypto/suites';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { limits } from '../../src/limits.ts';
import {
  ownerCodec,
  transactionCodec,
  txidOf,
  txidOfBytes,
  wtxidOfBytes,
  type Owner,
  type Transaction,
  type TransactionBody,
} from '../../src/transaction.ts';
import {
  policyCodec,
  policySigners,
  suiteKeyCodec,
  witnessCodec,
  type KeyWitness,
  type PolicyWitness,
  type Witness,
} from '../../src/witness.ts';
import * as a from '../arbitraries.ts';
import { of } from '../layouts.ts';

/** Code and message of the refusal, or nothing. */
function refusal(body: () => unknown): string {
  try {
    body();
  } catch (error) {
    expect(error).toBeInstanceOf(CodecError);
    return `${(error as CodecError).code} ${(error as CodecError).message}`;
  }
  return '';
}

const keyWitness = (suite: SuiteId): KeyWitness => ({
  form: 1,
  suite,
  publicKey: of(suiteInfo[suite].publicKeyBytes, 1),
  signature: of(suiteInfo[suite].signatureBytes, 2),
});
const body: TransactionBody = {
  version: 5,
  chainId: 1,
  kind: 0,
  validFrom: 0,
  expiresAt: 0,
  inputs: [{ txid: of(64, 1), index: 0 }],
  outputs: [{ owner: { version: 0x32, hash: of(20, 2) }, amount: 5n }],
  tip: 0n,
  commitment: of(0, 0),
  payload: of(0, 0),
};
const transaction: Transaction = { body, witnesses: [keyWitness(1)] };

describe('ids', () => {
  test('witnesses change the wtxid and never the txid', () => {
    fc.assert(
      fc.property(a.transaction, a.u8, (value, byte) => {
        const encoded = transactionCodec.encode(value);
        expect(txidOfBytes(encoded, value.body)).toEqual(txidOf(value.body));
        const other = encoded.slice();
        other[other.length - 1] = byte;
        expect(txidOfBytes(other, value.body)).toEqual(txidOf(value.body));
        const same = byte === encoded[encoded.length - 1];
        expect(Buffer.compare(wtxidOfBytes(encoded), wtxidOfBytes(other)) === 0).toBe(same);
      }),
      { numRuns: 40 },
    );
  });
});

describe('transactions', () => {
  test('have one witness per input', () => {
    for (const witnesses of [[], [keyWitness(1), keyWitness(1)]]) {
      expect(refusal(() => transactionCodec.encode({ body, witnesses }))).toMatch(
        /CODEC_LENGTH a transaction has one witness per input/,
      );
    }
  });

  test('fit in 100 KiB, encoded and decoded', () => {
    const count = Math.ceil(limits.transactionBytes.value / 7_000);
    const large: Transaction = {
      body: {
        ...body,
        inputs: Array.from({ length: count }, (_, index) => ({ txid: of(64, 1), index })),
      },
      witnesses: Array.from({ length: count }, () => keyWitness(2)),
    };
    expect(refusal(() => transactionCodec.encode(large))).toMatch(/larger than 100 KiB/);
    const bytes = Buffer.concat([
      transactionCodec
        .encode({
          body: large.body,
          witnesses: large.body.inputs.map(() => keyWitness(1)),
        })
        .subarray(0, -(count * (2 + 32 + 64))),
      ...large.witnesses.map((witness) => witnessCodec.encode(witness)),
    ]);
    expect(bytes.length).toBeGreaterThan(limits.transactionBytes.value);
    const result = transactionCodec.tryDecode(bytes);
    expect(result.ok ? '' : result.error.message).toMatch(/larger than 100 KiB/);
  });

  test.each([
    ['version 4', { version: 4 }, /version: transaction version 4 is unknown/],
    ['the coinbase kind', { kind: 1 as 0 }, /kind: transaction kind 1 is unknown/],
    ['no input', { inputs: [] }, /inputs: 0 items/],
    ['no output', { outputs: [] }, /outputs: 0 items/],
    ['a commitment of 31 bytes', { commitment: of(31, 1) }, /commitment: 31 bytes/],
    ['a transfer with a payload', { payload: of(1, 1) }, /kind 0 takes a payload of 0 bytes/],
    ['a bond without a validator', { kind: 6 }, /kind 6 takes a payload of 20 bytes, not 0/],
  ] as const)('%s: refused', (_, change, pattern) => {
    const changed = { body: { ...body, ...change }, witnesses: transaction.witnesses };
    expect(refusal(() => transactionCodec.encode(changed))).toMatch(pattern);
  });

  test('257 inputs are refused before a witness is looked at', () => {
    const bytes = transactionCodec.encode(transaction);
    bytes.set([0x01, 0x01], 15);
    const result = transactionCodec.tryDecode(bytes);
    expect(result.ok ? '' : `${result.error.code} ${result.error.message}`).toMatch(
      /CODEC_LENGTH inputs: 257 items/,
    );
  });
});

describe('owners', () => {
  test('of an unknown version have no encoding and are not decoded', () => {
    const owner = { version: 0x36, hash: of(0, 0) } as unknown as Owner;
    expect(refusal(() => ownerCodec.encode(owner))).toMatch(/CODEC_TAG address version 54/);
    expect(refusal(() => ownerCodec.decode(of(21, 0x36)))).toMatch(/CODEC_TAG .*0x36/);
  });
});

const keys = [
  { suite: 1, publicKey: of(32, 1) },
  { suite: 1, publicKey: of(32, 2) },
  { suite: 2, publicKey: of(2_592, 1) },
] as const;
const policy = { threshold: 2, keys };
const policyWitness: PolicyWitness = {
  form: 2,
  policy,
  signers: 0b101,
  signatures: [of(64, 7), of(4_627, 8)],
};

describe('policies', () => {
  test.each([
    ['no keys', { threshold: 1, keys: [] }, /1 to 16 keys, not 0/],
    [
      '17 keys',
      {
        threshold: 1,
        keys: Array.from({ length: 17 }, (_, i) => ({ suite: 1, publicKey: of(32, i) })),
      },
      /1 to 16 keys, not 17/,
    ],
    ['none of them', { threshold: 0, keys }, /cannot ask for 0/],
    ['more than there are', { threshold: 4, keys }, /cannot ask for 4/],
    ['a repeated key', { threshold: 1, keys: [keys[0], keys[0]] }, /equal or out of order/],
    ['keys out of order', { threshold: 1, keys: [keys[1], keys[0]] }, /equal or out of order/],
    ['suites out of order', { threshold: 1, keys: [keys[2], keys[0]] }, /equal or out of order/],
  ] as const)('%s: refused', (_, bad, pattern) => {
    expect(refusal(() => policyCodec.encode(bad as never))).toMatch(pattern);
  });

  test('a count of keys out of range ends decoding before any key is read', () => {
    for (const n of [0, 17, 255]) {
      const result = policyCodec.tryDecode(
        Buffer.concat([new Uint8Array([1, n]), of(32, 1), of(1, 1)]),
      );
      expect(result.ok ? '' : result.error.code).toBe('CODEC_LENGTH');
    }
  });

  test('a key of an unknown suite has no encoding', () => {
    const key = { suite: 4 as 3, publicKey: of(32, 1) };
    expect(refusal(() => suiteKeyCodec.encode(key))).toMatch(/CODEC_TAG suite 4/);
    expect(refusal(() => suiteKeyCodec.decode(of(33, 4)))).toMatch(/CODEC_TAG .*suite 4/);
  });
});

describe('policy witnesses', () => {
  test('name their signers in key order', () => {
    const decoded = witnessCodec.decode(witnessCodec.encode(policyWitness)) as PolicyWitness;
    expect(decoded.signers).toBe(0b101);
    expect(policySigners(decoded).map(({ suite, signature }) => [suite, signature.length])).toEqual(
      [
        [1, 64],
        [2, 4_627],
      ],
    );
  });

  test.each([
    ['a bit without a key', { signers: 0b1001 }, /a signer bit names no key/],
    ['too few signers', { signers: 0b1 }, /1 signers where exactly 2/],
    ['too many signers', { signers: 0b111 }, /3 signers where exactly 2/],
    ['a signature too few', { signatures: [of(64, 7)] }, /one signature per signer/],
    ['a signature of another suite', { signatures: [of(64, 7), of(64, 8)] }, /64 bytes where 4627/],
  ] as const)('%s: refused', (_, change, pattern) => {
    expect(refusal(() => witnessCodec.encode({ ...policyWitness, ...change }))).toMatch(pattern);
  });

  test('a signer bitmap that breaks the policy is not decoded', () => {
    const bytes = witnessCodec.encode(policyWitness);
    const at = 1 + policyCodec.size(policy);
    bytes[at + 1] = 0b111;
    const result = witnessCodec.tryDecode(bytes);
    expect(result.ok ? '' : result.error.message).toMatch(/3 signers where exactly 2/);
  });

  test('a form that does not exist is refused both ways', () => {
    const odd = { ...policyWitness, form: 3 } as unknown as Witness;
    expect(refusal(() => witnessCodec.encode(odd))).toMatch(/CODEC_TAG witness form 3/);
    expect(refusal(() => witnessCodec.decode(of(98, 3)))).toMatch(/CODEC_TAG witness form 3/);
  });
});
