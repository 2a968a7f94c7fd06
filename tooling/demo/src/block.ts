import { formatAmount, parseAmount } from '@mxd/codec';
import { MerkleTree, type Signer, suiteOf, verifySignature } from '@mxd/crypto';
import {
  type Block,
  blockCodec,
  blockHashOf,
  type Certificate,
  certificateCodec,
  type ChainTag,
  defaultParameters,
  type Header,
  leaderOf,
  type TableEntry,
  txRootOf,
  validatorIdOf,
  type ValidatorSet,
  validatorSet,
  verifyFinalHeader,
  verifyTransactionInclusion,
  voteKind,
  voteSigningMessage,
} from '@mxd/protocol';
import { noSystemRecords, sysRootOf } from '@mxd/protocol/block';
import { signerBitmap } from '@mxd/protocol/certificate';
import { previousValidatorId } from '@mxd/protocol/checks';
import { signingOrder } from '@mxd/protocol/schedule';
import { wtxidOfBytes } from '@mxd/protocol/transaction';
import type { Teller } from './say.ts';

const zeros = new Uint8Array(64);

/** Votes are signed with Ed25519. */
const verifyVoteSignature = (
  key: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean => verifySignature(1, key, message, signature);

function validatorEntry(signer: Signer): TableEntry {
  return {
    id: validatorIdOf(1, signer.publicKey),
    consensusKey: signer.publicKey,
    power: 1,
    stake: parseAmount('120'),
    score: 10_000,
    latencyMs: 5,
    participationBp: 10_000,
    tipEligible: true,
    newMember: false,
    leaderWeight: 2,
    consecutiveMisses: 0,
  };
}

/** Puts transactions into a block, encodes it, and proves that one of them is in it. */
export function makeBlock(
  tell: Teller,
  set: ValidatorSet,
  transactions: readonly Uint8Array[],
): Block {
  tell.step('A block of these payments');
  const header: Header = {
    version: 1,
    networkId: 7,
    epoch: set.epoch,
    view: 1,
    parentView: 0,
    height: 1,
    timestampMs: Date.now(),
    proposerId: set.table.entries[leaderOf(set, 1)]?.id ?? new Uint8Array(20),
    parentHash: set.anchorHash,
    validationRoot: zeros,
    txRoot: txRootOf(transactions),
    sysRoot: sysRootOf(noSystemRecords),
    appRoot: zeros,
    nextTableHash: zeros,
    txCount: transactions.length,
    tipTotal: BigInt(transactions.length),
    totalSupply: parseAmount('480'),
  };
  const parts = { parentCertificate: new Uint8Array(), systemRecords: noSystemRecords };
  const block: Block = { header, ...parts, transactions };
  const bytes = blockCodec.encode(block);
  tell.show('encoded', `${bytes.length} bytes, ${transactions.length} transactions`);
  tell.show('tips', `${formatAmount(header.tipTotal)} MXD`);
  tell.expect('encoded and decoded again', blockCodec.tryDecode(bytes).ok, true);
  tell.expect('cut short by one byte', blockCodec.tryDecode(bytes.subarray(0, -1)).ok, false);

  const wtxids = transactions.map(wtxidOfBytes);
  const tree = new MerkleTree();
  for (const wtxid of wtxids) tree.append(wtxid);
  const proof = { index: 1, txCount: transactions.length, path: tree.inclusionProof(1) };
  const [wrong = zeros, right = zeros] = wtxids;
  const included = verifyTransactionInclusion(header.txRoot, right, proof);
  tell.expect('proof that the second payment is in it', included.ok, true);
  const other = verifyTransactionInclusion(header.txRoot, wrong, proof);
  tell.expect('the same proof for another payment', other.ok, false);
  return block;
}

/** A finalization of a block by the first `count` of the signers, in the signing order. */
function finalize(
  set: ValidatorSet,
  signers: readonly Signer[],
  header: Header,
  count: number,
): Certificate {
  const { epoch } = set;
  const view = 1;
  const blockHash = blockHashOf(header);
  const order = signingOrder(signers.length, leaderOf(set, view)).slice(0, count);
  const entries = order.map((index) => {
    const content = { kind: voteKind.finalize, epoch, view, timestampMs: Date.now(), blockHash };
    const message = voteSigningMessage(
      set.chainTag,
      content,
      previousValidatorId(set, view, index),
    );
    const signature = signers[index]?.sign(message) ?? new Uint8Array();
    return { timestampMs: content.timestampMs, signature };
  });
  const signed = signerBitmap(signers.length, order);
  const n = signers.length;
  return { kind: voteKind.finalize, epoch, view, blockHash, n, signers: signed, entries };
}

/** Four validators of equal power with fresh keys. */
export function makeValidators(chain: ChainTag): {
  readonly signers: readonly Signer[];
  readonly set: ValidatorSet;
} {
  const seeds = [1, 2, 3, 4].map(() => crypto.getRandomValues(new Uint8Array(32)));
  const signers = seeds.map((seed) => suiteOf(1).signer(seed));
  const table = { epoch: 1, entries: signers.map(validatorEntry) };
  return { signers, set: validatorSet(chain, table, defaultParameters, zeros) };
}

/** Certifies a block and shows what a light client accepts and refuses. */
export function certify(
  tell: Teller,
  set: ValidatorSet,
  signers: readonly Signer[],
  { header }: Block,
): void {
  tell.step('Final, by certificate of the validators');
  tell.show('validators', `${signers.length}, power ${set.totalPower}, quorum ${set.quorum}`);
  const isFinal = (certificate: Certificate, of: Header = header): boolean =>
    verifyFinalHeader(set, of, certificate, verifyVoteSignature).ok;
  const certificate = finalize(set, signers, header, 3);
  tell.show('certificate', `${certificateCodec.encode(certificate).length} bytes, 3 signatures`);
  tell.expect('three of four sign', isFinal(certificate), true);
  tell.expect('two of four sign', isFinal(finalize(set, signers, header, 2)), false);
  tell.expect(
    'a block with another supply',
    isFinal(certificate, { ...header, totalSupply: 1n }),
    false,
  );
  const [first, second, third] = certificate.entries;
  if (first === undefined || second === undefined || third === undefined) return;
  const swapped = { ...certificate, entries: [second, first, third] };
  tell.expect('signatures in another order', isFinal(swapped), false);
}
