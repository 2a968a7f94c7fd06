import { createHash } from 'node:crypto';

import { MerkleTree, merkleRoot } from '@mxd/crypto/merkle';
import { describe, expect, test } from 'vitest';

import {
  blockHashOf,
  mismatchedParts,
  sysRootOf,
  txRootOf,
  validationRootOf,
  type Block,
  type Header,
} from '../../src/block.ts';
import { certificateCodec, signerBitmap, type Certificate } from '../../src/certificate.ts';
import {
  certificateVotes,
  leaderOf,
  nextValidatorSet,
  previousValidatorId,
  validatorSet,
  verifyCertificate,
  verifyEpochProof,
  verifyFinalHeader,
  verifyGenesis,
  verifyTransactionInclusion,
  verifyVote,
  type ValidatorSet,
  type VerifySignature,
} from '../../src/checks.ts';
import { protocolErrors } from '../../src/errors.ts';
import {
  genesisPossessionMessage,
  genesisSigningMessage,
  validatorIdOf,
  type Genesis,
  type GenesisDocument,
} from '../../src/genesis.ts';
import type { EpochProof } from '../../src/messages.ts';
import { defaultParameters, leaderModeOf } from '../parameters.ts';
import { signingOrder } from '../../src/schedule.ts';
import { tableHash, type Table } from '../../src/table.ts';
import { wtxidOfBytes } from '../../src/transaction.ts';
import { voteSigningMessage, type VoteKind } from '../../src/vote.ts';

const chainTag = new Uint8Array(32).fill(7);
const keyOfIndex = (i: number): Uint8Array => new Uint8Array(32).fill(i + 1);

/** A keyed hash stands for a signature: what is checked here is what gets signed, not the curve. */
function sign(key: Uint8Array, message: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha512').update(key).update(message).digest());
}
const verify: VerifySignature = (key, message, signature) =>
  Buffer.compare(sign(key, message), signature) === 0;

function tableOf(powers: readonly number[], epoch = 3): Table {
  const entries = powers.map((power, i) => ({
    id: new Uint8Array(20).fill(100 + i),
    consensusKey: keyOfIndex(i),
    power,
    stake: BigInt(power),
    score: 5_000,
    latencyMs: 10,
    participationBp: 10_000,
    tipEligible: true,
    newMember: false,
    leaderWeight: 3,
    consecutiveMisses: 0,
  }));
  return { epoch, entries };
}

const setOf = (powers: readonly number[], epoch = 3): ValidatorSet =>
  validatorSet(chainTag, tableOf(powers, epoch), leaderModeOf, new Uint8Array(64).fill(9));

function certify(
  set: ValidatorSet,
  kind: VoteKind,
  view: number,
  hash: Uint8Array,
  signers: readonly number[],
): Certificate {
  const order = signingOrder(set.table.entries.length, leaderOf(set, view)).filter((i) =>
    signers.includes(i),
  );
  const blockHash = kind === 2 ? new Uint8Array(64) : hash;
  const entries = order.map((i, position) => {
    const timestampMs = kind === 2 ? 0 : 1_000 + position;
    const content = { kind, epoch: set.epoch, view, timestampMs, blockHash };
    const message = voteSigningMessage(chainTag, content, previousValidatorId(set, view, i));
    return { timestampMs, signature: sign(keyOfIndex(i), message) };
  });
  const n = set.table.entries.length;
  return { kind, epoch: set.epoch, view, blockHash, n, signers: signerBitmap(n, signers), entries };
}

const codeOf = (verdict: { ok: boolean; code?: string }): string =>
  verdict.ok ? 'ok' : verdict.code!;
const hash = new Uint8Array(64).fill(0xab);

describe('certificates', () => {
  const set = setOf([1, 1, 1, 1]);

  test.each([1, 2, 3] as const)('kind %i with a quorum holds in every view of a cycle', (kind) => {
    for (let view = 1; view <= set.schedule.length; view++) {
      expect(
        codeOf(verifyCertificate(set, certify(set, kind, view, hash, [0, 1, 3]), verify)),
      ).toBe('ok');
    }
  });

  test('power decides, not heads', () => {
    const weighted = setOf([5, 1, 1, 1]);
    expect(weighted.quorum).toBe(6);
    expect(codeOf(verifyCertificate(weighted, certify(weighted, 1, 1, hash, [0, 1]), verify))).toBe(
      'ok',
    );
    expect(
      codeOf(verifyCertificate(weighted, certify(weighted, 1, 1, hash, [1, 2, 3]), verify)),
    ).toBe('CERT_POWER');
  });

  test.each([
    [
      'two of four signers',
      (c: Certificate) => ({ ...c, ...certify(set, 1, 1, hash, [0, 1]) }),
      'CERT_POWER',
    ],
    ['another epoch', (c: Certificate) => ({ ...c, epoch: 4 }), 'CERT_EPOCH'],
    ['another view', (c: Certificate) => ({ ...c, view: c.view + 1 }), 'CERT_SIGNATURE'],
    ['view 0', (c: Certificate) => ({ ...c, view: 0 }), 'CERT_VIEW'],
    [
      'another block',
      (c: Certificate) => ({ ...c, blockHash: new Uint8Array(64).fill(1) }),
      'CERT_SIGNATURE',
    ],
    ['another kind', (c: Certificate) => ({ ...c, kind: 3 as const }), 'CERT_SIGNATURE'],
    ['a larger table', (c: Certificate) => ({ ...c, n: 5 }), 'CERT_SIZE'],
    [
      'other signers',
      (c: Certificate) => ({ ...c, signers: signerBitmap(4, [0, 1, 2]) }),
      'CERT_SIGNATURE',
    ],
    [
      'swapped entries',
      (c: Certificate) => ({ ...c, entries: c.entries.toReversed() }),
      'CERT_SIGNATURE',
    ],
    [
      'another time',
      (c: Certificate) => ({
        ...c,
        entries: c.entries.map((e) => ({ ...e, timestampMs: e.timestampMs + 1 })),
      }),
      'CERT_SIGNATURE',
    ],
  ] as const)('%s is refused', (_, change, code) => {
    expect(
      codeOf(verifyCertificate(set, change(certify(set, 1, 1, hash, [0, 1, 3])), verify)),
    ).toBe(code);
  });

  test('a certificate of another chain or schedule does not verify', () => {
    const certificate = certify(set, 1, 2, hash, [0, 1, 2, 3]);
    const otherChain = { ...set, chainTag: new Uint8Array(32).fill(8) };
    expect(codeOf(verifyCertificate(otherChain, certificate, verify))).toBe('CERT_SIGNATURE');
    const rotated = { ...set, schedule: set.schedule.map((leader) => (leader + 1) % 4) };
    expect(codeOf(verifyCertificate(rotated, certificate, verify))).toBe('CERT_SIGNATURE');
  });

  test('its votes stand alone, by their signers', () => {
    const votes = certificateVotes(set, certify(set, 3, 5, hash, [1, 2, 3]));
    expect(votes.map((vote) => vote.signerIndex).toSorted((a, b) => a - b)).toEqual([1, 2, 3]);
    for (const vote of votes) {
      expect(verifyVote(set, vote, verify)).toBe(true);
      expect(verifyVote(set, { ...vote, signerIndex: 0 }, verify)).toBe(false);
      expect(verifyVote(set, { ...vote, signerIndex: 9 }, verify)).toBe(false);
      expect(verifyVote(set, { ...vote, epoch: 9 }, verify)).toBe(false);
    }
  });

  test('malformed encodings are refused by rule', () => {
    const good = certificateCodec.encode(certify(set, 1, 1, hash, [0, 1, 3]));
    const bitmapAt = 1 + 4 + 4 + 64 + 2;
    const padded = Uint8Array.from(good);
    padded[bitmapAt]! |= 0x01;
    expect(certificateCodec.tryDecode(padded).ok).toBe(false);
    const nullification = certificateCodec.encode(certify(set, 2, 1, hash, [0, 1, 3]));
    nullification[20] = 1;
    expect(certificateCodec.tryDecode(nullification).ok).toBe(false);
    const timed = {
      ...certify(set, 2, 1, hash, [0, 1, 3]),
      entries: certify(set, 1, 1, hash, [0, 1, 3]).entries,
    };
    expect(() => certificateCodec.encode(timed)).toThrow(/nullification/);
    expect(() =>
      certificateCodec.encode({ ...certify(set, 1, 1, hash, [0, 1, 3]), entries: [] }),
    ).toThrow(/one entry per signer/);
    expect(() =>
      certificateCodec.encode({ ...certify(set, 1, 1, hash, [0, 1, 3]), n: 0 }),
    ).toThrow();
  });
});

function header(changes: Partial<Header> = {}): Header {
  const zeros = new Uint8Array(64);
  return {
    version: 1,
    networkId: 7,
    epoch: 3,
    view: 4,
    parentView: 3,
    height: 48,
    timestampMs: 1,
    proposerId: new Uint8Array(20),
    parentHash: zeros,
    validationRoot: zeros,
    txRoot: merkleRoot([]),
    sysRoot: sysRootOf(new Uint8Array(2)),
    appRoot: zeros,
    nextTableHash: zeros,
    txCount: 0,
    tipTotal: 0n,
    totalSupply: 1n,
    ...changes,
  };
}

describe('epoch proofs', () => {
  const set = setOf([1, 1, 1, 1]);
  const parameters = { epochLength: 16, leaderMode: leaderModeOf.leaderMode };
  const nextTable = tableOf([2, 2, 2, 1, 1], 4);
  const boundary = header({ nextTableHash: tableHash(nextTable) });
  const proof = (changes: Partial<EpochProof> = {}, view = 6): EpochProof => {
    const proven = changes.header ?? boundary;
    const finalization = certificateCodec.encode(
      certify(set, 3, view, blockHashOf(proven), [0, 1, 2]),
    );
    return { epoch: 3, header: boundary, finalization, nextTable, ...changes };
  };
  const check = (p: EpochProof) => codeOf(verifyEpochProof(set, parameters, p, verify));

  test('a finalization of the last block leads to the table that its header names', () => {
    expect(check(proof())).toBe('ok');
    const next = nextValidatorSet(set, parameters, proof());
    expect(next.epoch).toBe(4);
    expect(next.totalPower).toBe(8);
    expect(Buffer.compare(next.anchorHash, blockHashOf(boundary))).toBe(0);
  });

  test('a re-proposed block may be finalized in a later view', () => {
    expect(check(proof({}, 60))).toBe('ok');
  });

  test.each([
    ['another epoch', proof({ epoch: 4 }), 'CERT_EPOCH'],
    [
      'a header of another epoch',
      proof({ header: header({ epoch: 2, nextTableHash: tableHash(nextTable) }) }),
      'CERT_EPOCH',
    ],
    [
      'a height inside the epoch',
      proof({ header: header({ height: 47, nextTableHash: tableHash(nextTable) }) }),
      'EPOCH_PROOF_HEIGHT',
    ],
    ['another next table', proof({ nextTable: tableOf([1, 1], 4) }), 'EPOCH_PROOF_TABLE'],
    [
      'a next table of another epoch',
      proof({ nextTable: { ...nextTable, epoch: 5 } }),
      'EPOCH_PROOF_TABLE',
    ],
    [
      'an unknown version',
      proof({ header: header({ version: 2, nextTableHash: tableHash(nextTable) }) }),
      'EPOCH_PROOF_VERSION',
    ],
    [
      'a notarization',
      proof({
        finalization: certificateCodec.encode(certify(set, 1, 6, blockHashOf(boundary), [0, 1, 2])),
      }),
      'EPOCH_PROOF_KIND',
    ],
    [
      'a certificate of another block',
      proof({ finalization: certificateCodec.encode(certify(set, 3, 6, hash, [0, 1, 2])) }),
      'EPOCH_PROOF_HASH',
    ],
    [
      'too little power',
      proof({
        finalization: certificateCodec.encode(certify(set, 3, 6, blockHashOf(boundary), [0, 1])),
      }),
      'CERT_POWER',
    ],
    ['bytes that are no certificate', proof({ finalization: new Uint8Array(9) }), 'CERT_SIGNATURE'],
  ] as const)('%s is refused', (_, bad, code) => {
    expect(check(bad)).toBe(code);
  });

  test('a final header is proven by its own finalization alone', () => {
    const plain = header({ height: 40 });
    const good = certify(set, 3, 4, blockHashOf(plain), [1, 2, 3]);
    expect(codeOf(verifyFinalHeader(set, plain, good, verify))).toBe('ok');
    expect(codeOf(verifyFinalHeader(set, header({ height: 41 }), good, verify))).toBe(
      'EPOCH_PROOF_HASH',
    );
    expect(
      codeOf(
        verifyFinalHeader(set, plain, certify(set, 1, 4, blockHashOf(plain), [1, 2, 3]), verify),
      ),
    ).toBe('EPOCH_PROOF_KIND');
  });
});

describe('inclusion', () => {
  const transactions = Array.from({ length: 5 }, (_, i) => new Uint8Array(10 + i).fill(i));
  const root = txRootOf(transactions);
  const tree = new MerkleTree();
  for (const transaction of transactions) tree.append(wtxidOfBytes(transaction));

  test('each transaction has a proof and no other one passes with it', () => {
    transactions.forEach((transaction, index) => {
      const proof = { index, txCount: 5, path: tree.inclusionProof(index) };
      expect(codeOf(verifyTransactionInclusion(root, wtxidOfBytes(transaction), proof))).toBe('ok');
      const other = wtxidOfBytes(transactions[(index + 1) % 5]!);
      expect(codeOf(verifyTransactionInclusion(root, other, proof))).toBe('INCLUSION_PROOF');
      expect(
        codeOf(
          verifyTransactionInclusion(root, wtxidOfBytes(transaction), {
            ...proof,
            index: (index + 1) % 5,
          }),
        ),
      ).toBe('INCLUSION_PROOF');
    });
  });

  test('a repeated last transaction changes the root (CVE-2012-2459)', () => {
    expect(Buffer.compare(txRootOf([...transactions, transactions[4]!]), root)).not.toBe(0);
  });
});

test('parts of a block that do not match its header are named', () => {
  const transactions = [new Uint8Array([1]), new Uint8Array([2])];
  const parentCertificate = new Uint8Array([3]);
  const block: Block = {
    header: header({
      txCount: 2,
      txRoot: txRootOf(transactions),
      validationRoot: validationRootOf(parentCertificate),
    }),
    parentCertificate,
    systemRecords: new Uint8Array(2),
    transactions,
  };
  expect(mismatchedParts(block)).toEqual([]);
  expect(mismatchedParts({ ...block, transactions: transactions.toReversed() })).toEqual([
    'transactions',
  ]);
  expect(mismatchedParts({ ...block, transactions: transactions.slice(1) })).toEqual([
    'transactions',
  ]);
  expect(
    mismatchedParts({
      ...block,
      parentCertificate: new Uint8Array(0),
      systemRecords: new Uint8Array(3),
    }),
  ).toEqual(['parentCertificate', 'systemRecords']);
});

describe('genesis', () => {
  const seeds = [1, 2, 3, 4];
  const accounts = seeds.map((s) => new Uint8Array(32).fill(50 + s));
  const members = seeds
    .map((_, i) => {
      const accountKey = accounts[i]!;
      const id = validatorIdOf(1, accountKey);
      const consensusKey = keyOfIndex(i);
      const possessionSignature = sign(consensusKey, genesisPossessionMessage(7, id, consensusKey));
      return {
        id,
        accountSuite: 1 as const,
        accountKey,
        consensusKey,
        stake: 10n,
        possessionSignature,
      };
    })
    .toSorted((a, b) => Buffer.compare(a.id, b.id));
  const document: GenesisDocument = {
    networkId: 7,
    testNetwork: 1,
    attempt: 0,
    genesisTimeMs: 1,
    parameters: defaultParameters,
    allocations: [],
    members,
    listed: [],
  };
  const genesis: Genesis = {
    document,
    signatures: members.map((member) => sign(member.consensusKey, genesisSigningMessage(document))),
  };

  test('is complete when all members have signed this document', () => {
    expect(codeOf(verifyGenesis(genesis, verify))).toBe('ok');
  });

  test('is refused with a missing, foreign or surplus signature, or another document', () => {
    const { signatures } = genesis;
    expect(codeOf(verifyGenesis({ document, signatures: signatures.slice(1) }, verify))).toBe(
      'GENESIS_SIGNATURES',
    );
    expect(codeOf(verifyGenesis({ document, signatures: signatures.toReversed() }, verify))).toBe(
      'GENESIS_SIGNATURES',
    );
    expect(
      codeOf(verifyGenesis({ document, signatures: [...signatures, signatures[0]!] }, verify)),
    ).toBe('GENESIS_SIGNATURES');
    expect(
      codeOf(verifyGenesis({ document: { ...document, attempt: 1 }, signatures }, verify)),
    ).toBe('GENESIS_SIGNATURES');
  });

  test('is refused with a stolen id or an unproven key', () => {
    const change = (i: number, fields: object): GenesisDocument => ({
      ...document,
      members: members.map((m, at) => (at === i ? { ...m, ...fields } : m)),
    });
    const other = {
      document: change(1, { accountKey: new Uint8Array(32) }),
      signatures: genesis.signatures,
    };
    expect(codeOf(verifyGenesis(other, verify))).toBe('GENESIS_MEMBERS');
    const unproven = {
      document: change(2, { possessionSignature: new Uint8Array(64) }),
      signatures: genesis.signatures,
    };
    expect(codeOf(verifyGenesis(unproven, verify))).toBe('GENESIS_MEMBERS');
  });
});

test('every code is documented', () => {
  for (const text of Object.values(protocolErrors)) expect(text).toMatch(/^[A-Z].*\.$/);
});
