import {
  bytes,
  CodecError,
  compareBytes,
  makeCodec,
  refine,
  u16,
  u8,
  type Codec,
  type Reader,
  type Writer,
} from '@mxd/codec';
import { suiteInfo, type SuiteId } from '@mxd/crypto/suites';

import * as bounds from './bounds.ts';
import { isSuiteId } from './suite-sizes.ts';

/** A public key with the suite that it belongs to. */
export interface SuiteKey {
  readonly suite: SuiteId;
  readonly publicKey: Uint8Array;
}

/** m of these keys must sign. Keys ascend by suite || key and none repeats. */
export interface Policy {
  readonly threshold: number;
  readonly keys: readonly SuiteKey[];
}

/** Proof that one key agrees to spend an input. */
export interface KeyWitness {
  readonly form: 1;
  readonly suite: SuiteId;
  readonly publicKey: Uint8Array;
  readonly signature: Uint8Array;
}

/** Proof that exactly `threshold` keys of a policy agree; signatures follow the order of keys. */
export interface PolicyWitness {
  readonly form: 2;
  readonly policy: Policy;
  /** Bit i (value 1 << i) is set if key i signed. */
  readonly signers: number;
  readonly signatures: readonly Uint8Array[];
}

export type Witness = KeyWitness | PolicyWitness;

/** What one signature of a suite counts against `maxSignatures` of a block. */
export const signatureWeight: Readonly<Record<SuiteId, number>> = { 1: 1, 2: 2, 3: 3 };

const smallestKey = 1 + suiteInfo[1].publicKeyBytes;
const largestKey = 1 + suiteInfo[3].publicKeyBytes;
const maxKeys = bounds.policyKeys;

type BySuite = Readonly<Record<SuiteId, Codec<Uint8Array>>>;
const bySuite = (lengthOf: (suite: SuiteId) => number): BySuite => ({
  1: bytes(lengthOf(1)),
  2: bytes(lengthOf(2)),
  3: bytes(lengthOf(3)),
});
const publicKeyCodecs = bySuite((suite) => suiteInfo[suite].publicKeyBytes);
const signatureCodecs = bySuite((suite) => suiteInfo[suite].signatureBytes);

function readSuite(reader: Reader): SuiteId {
  const suite = reader.u8();
  return isSuiteId(suite) ? suite : reader.fail('CODEC_TAG', `signature suite ${suite} is unknown`);
}

/** suite u8, public key by suite. */
export const suiteKeyCodec: Codec<SuiteKey> = makeCodec<SuiteKey>({
  minBytes: smallestKey,
  maxBytes: largestKey,
  size: (key) => 1 + key.publicKey.length,
  encodeInto(writer, key) {
    if (!isSuiteId(key.suite))
      throw new CodecError('CODEC_TAG', `suite ${String(key.suite)} is unknown`);
    u8.encodeInto(writer, key.suite);
    publicKeyCodecs[key.suite].encodeInto(writer, key.publicKey);
  },
  decodeFrom(reader) {
    const suite = readSuite(reader);
    return { suite, publicKey: reader.take(suiteInfo[suite].publicKeyBytes) };
  },
});

function keyOrder(a: SuiteKey, b: SuiteKey): number {
  return a.suite - b.suite || compareBytes(a.publicKey, b.publicKey);
}

/** What is wrong with a policy, or undefined. */
export function policyProblem(policy: Policy): string | undefined {
  const n = policy.keys.length;
  if (n < 1 || n > maxKeys) return `a policy has 1 to ${maxKeys} keys, not ${n}`;
  if (policy.threshold < 1 || policy.threshold > n) {
    return `a policy of ${n} keys cannot ask for ${policy.threshold}`;
  }
  for (let i = 1; i < n; i++) {
    if (keyOrder(policy.keys[i - 1] as SuiteKey, policy.keys[i] as SuiteKey) >= 0) {
      return `keys ${i - 1} and ${i} are equal or out of order`;
    }
  }
  return undefined;
}

/** m u8, n u8, n x (suite u8 || public key). */
export const policyCodec: Codec<Policy> = refine(
  makeCodec<Policy>({
    minBytes: 2 + smallestKey,
    maxBytes: 2 + maxKeys * largestKey,
    size: (policy) => 2 + policy.keys.reduce((sum, key) => sum + suiteKeyCodec.size(key), 0),
    encodeInto(writer, policy) {
      u8.encodeInto(writer, policy.threshold);
      u8.encodeInto(writer, policy.keys.length);
      for (const key of policy.keys) suiteKeyCodec.encodeInto(writer, key);
    },
    decodeFrom(reader) {
      const threshold = reader.u8();
      const n = reader.u8();
      if (n < 1 || n > maxKeys) reader.fail('CODEC_LENGTH', `a policy has 1 to ${maxKeys} keys`);
      const keys: SuiteKey[] = [];
      for (let i = 0; i < n; i++) keys.push(suiteKeyCodec.decodeFrom(reader));
      return { threshold, keys };
    },
  }),
  policyProblem,
);

function bitCount(bits: number): number {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/** What is wrong with a signer bitmap under a policy, or undefined. */
function signersProblem(policy: Policy, signers: number): string | undefined {
  if (signers >>> policy.keys.length !== 0) return 'a signer bit names no key';
  const count = bitCount(signers);
  return count === policy.threshold
    ? undefined
    : `${count} signers where exactly ${policy.threshold} are needed`;
}

/** The keys that signed, in key order, each with its signature. */
export function policySigners(witness: PolicyWitness): readonly KeyWitness[] {
  const out: KeyWitness[] = [];
  witness.policy.keys.forEach((key, i) => {
    if ((witness.signers & (1 << i)) === 0) return;
    const signature = witness.signatures[out.length] as Uint8Array;
    out.push({ form: 1, suite: key.suite, publicKey: key.publicKey, signature });
  });
  return out;
}

function encodePolicyWitness(writer: Writer, witness: PolicyWitness): void {
  policyCodec.encodeInto(writer, witness.policy);
  const problem = signersProblem(witness.policy, witness.signers);
  if (problem !== undefined) throw new CodecError('CODEC_RULE', problem);
  u16.encodeInto(writer, witness.signers);
  if (witness.signatures.length !== witness.policy.threshold) {
    throw new CodecError('CODEC_LENGTH', 'a policy witness has one signature per signer');
  }
  for (const signer of policySigners(witness)) {
    signatureCodecs[signer.suite].encodeInto(writer, signer.signature);
  }
}

function decodePolicyWitness(reader: Reader): PolicyWitness {
  const policy = policyCodec.decodeFrom(reader);
  const signers = reader.u16();
  const problem = signersProblem(policy, signers);
  if (problem !== undefined) reader.fail('CODEC_RULE', problem);
  const signatures: Uint8Array[] = [];
  policy.keys.forEach((key, i) => {
    if ((signers & (1 << i)) !== 0)
      signatures.push(reader.take(suiteInfo[key.suite].signatureBytes));
  });
  return { form: 2, policy, signers, signatures };
}

const signaturesSize = (witness: PolicyWitness): number =>
  witness.signatures.reduce((sum, signature) => sum + signature.length, 0);

/** form u8, then a key witness (1) or a policy witness (2). */
export const witnessCodec: Codec<Witness> = makeCodec<Witness>({
  minBytes: 1 + smallestKey + suiteInfo[1].signatureBytes,
  maxBytes: 3 + policyCodec.maxBytes + maxKeys * suiteInfo[3].signatureBytes,
  size: (witness) =>
    witness.form === 1
      ? 2 + witness.publicKey.length + witness.signature.length
      : 3 + policyCodec.size(witness.policy) + signaturesSize(witness),
  encodeInto(writer, witness) {
    const { form } = witness as { readonly form: number };
    if (form !== 1 && form !== 2) {
      throw new CodecError('CODEC_TAG', `witness form ${String(form)} is unknown`);
    }
    u8.encodeInto(writer, form);
    if (witness.form === 1) {
      suiteKeyCodec.encodeInto(writer, witness);
      signatureCodecs[witness.suite].encodeInto(writer, witness.signature);
    } else {
      encodePolicyWitness(writer, witness);
    }
  },
  decodeFrom(reader) {
    const form = reader.u8();
    if (form === 2) return decodePolicyWitness(reader);
    if (form !== 1) return reader.fail('CODEC_TAG', `witness form ${form} is unknown`);
    const suite = readSuite(reader);
    const { publicKeyBytes, signatureBytes } = suiteInfo[suite];
    const publicKey = reader.take(publicKeyBytes);
    return { form, suite, publicKey, signature: reader.take(signatureBytes) };
  },
});
