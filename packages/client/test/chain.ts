import { toHex } from '@mxd/codec';
import { MerkleTree } from '@mxd/crypto/merkle';
import { nativeSuites } from '@mxd/crypto/native';
import {
  blockHashOf,
  headerCodec,
  noSystemRecords,
  sysRootOf,
  txRootOf,
  type Header,
} from '@mxd/protocol/block';
import { certificateCodec, signerBitmap, type Certificate } from '@mxd/protocol/certificate';
import {
  leaderOf,
  previousValidatorId,
  validatorSet,
  type ValidatorSet,
} from '@mxd/protocol/checks';
import { epochProofCodec } from '@mxd/protocol/messages';
import { signingOrder } from '@mxd/protocol/schedule';
import { tableHash, type Table } from '@mxd/protocol/table';
import { transactionCodec, txidOf, wtxidOfBytes } from '@mxd/protocol/transaction';
import { voteKind, voteSigningMessage } from '@mxd/protocol/vote';

import type { Checkpoint } from '../src/index.ts';

const suite = nativeSuites()[1];
const zeros = new Uint8Array(64);

/** A validator whose seed is one byte repeated. */
export function validatorOf(fill: number) {
  const signer = suite.signer(new Uint8Array(32).fill(fill));
  return { id: new Uint8Array(20).fill(fill), signer };
}
export type TestValidator = ReturnType<typeof validatorOf>;

export function tableOf(epoch: number, validators: readonly TestValidator[]): Table {
  const entries = validators.map(({ id, signer }) => ({
    id,
    consensusKey: signer.publicKey,
    power: 1,
    stake: 1n,
    score: 5_000,
    latencyMs: 500,
    participationBp: 10_000,
    tipEligible: true,
    newMember: epoch === 1,
    leaderWeight: 3,
    consecutiveMisses: 0,
  }));
  return { epoch, entries };
}

/** A finalization of a block by some validators of a set. */
export function finalize(
  set: ValidatorSet,
  validators: readonly TestValidator[],
  view: number,
  blockHash: Uint8Array,
  signers: readonly number[],
): Certificate {
  const content = { kind: voteKind.finalize, epoch: set.epoch, view, timestampMs: 5, blockHash };
  const n = validators.length;
  const entries = signingOrder(n, leaderOf(set, view))
    .filter((index) => signers.includes(index))
    .map((index) => {
      const previous = previousValidatorId(set, view, index);
      const message = voteSigningMessage(set.chainTag, content, previous);
      return { timestampMs: 5, signature: validators[index]!.signer.sign(message) };
    });
  return { ...content, n, signers: signerBitmap(n, signers), entries };
}

export interface TestBlock {
  readonly header: Header;
  readonly hash: Uint8Array;
  readonly finalization: Certificate;
  readonly transactions: readonly Uint8Array[];
}

/** A chain that four honest validators made, held in memory. */
export class TestChain {
  readonly epochLength = 16;
  readonly networkId: number;
  readonly checkpoint: Checkpoint;
  readonly validators: readonly TestValidator[];
  readonly blocks: TestBlock[] = [];
  readonly proofs: Uint8Array[] = [];
  readonly places = new Map<string, { readonly height: number; readonly index: number }>();
  set: ValidatorSet;
  timeMs: number;

  constructor(
    options: { readonly seed?: number; readonly networkId?: number; readonly timeMs?: number } = {},
  ) {
    const { seed = 1, networkId = 77, timeMs = Date.now() } = options;
    this.networkId = networkId;
    this.timeMs = timeMs;
    this.validators = [0, 1, 2, 3].map((i) => validatorOf(seed + i));
    this.checkpoint = {
      chainTag: new Uint8Array(32).fill(7),
      networkId,
      network: 'test',
      epochLength: this.epochLength,
      leaderMode: 1,
      anchorHash: new Uint8Array(64).fill(3),
      table: tableOf(1, this.validators),
    };
    const { chainTag, table, anchorHash } = this.checkpoint;
    this.set = validatorSet(chainTag, table, this.checkpoint, anchorHash);
  }

  get height(): number {
    return this.blocks.length;
  }

  add(transactions: readonly Uint8Array[] = [], signers: readonly number[] = [0, 1, 3]): TestBlock {
    const height = this.height + 1;
    const { epoch } = this.set;
    const boundary = height === epoch * this.epochLength;
    const next = tableOf(epoch + 1, this.validators);
    const view = height - (epoch - 1) * this.epochLength;
    this.timeMs += 100;
    const header: Header = {
      version: 1,
      networkId: this.networkId,
      epoch,
      view,
      parentView: view - 1,
      height,
      timestampMs: this.timeMs,
      proposerId: this.validators[0]!.id,
      parentHash: this.blocks.at(-1)?.hash ?? this.checkpoint.anchorHash,
      validationRoot: zeros,
      txRoot: txRootOf(transactions),
      sysRoot: sysRootOf(noSystemRecords),
      appRoot: zeros,
      nextTableHash: boundary ? tableHash(next) : zeros,
      txCount: transactions.length,
      tipTotal: 0n,
      totalSupply: 1n,
    };
    const hash = blockHashOf(header);
    const finalization = finalize(this.set, this.validators, view, hash, signers);
    const block = { header, hash, finalization, transactions };
    this.blocks.push(block);
    transactions.forEach((bytes, index) => {
      const { body } = transactionCodec.decode(bytes);
      this.places.set(toHex(txidOf(body)), { height, index });
    });
    if (boundary) {
      const encoded = certificateCodec.encode(finalization);
      this.proofs.push(
        epochProofCodec.encode({ epoch, header, finalization: encoded, nextTable: next }),
      );
      this.set = validatorSet(this.checkpoint.chainTag, next, this.checkpoint, hash);
    }
    return block;
  }

  addMany(count: number): void {
    for (let i = 0; i < count; i++) this.add();
  }

  block(height: number): TestBlock | undefined {
    return this.blocks[height - 1];
  }

  /** `HeaderProof` of the API; `through` finalizes a later block instead. */
  headerProof(height: number, through = height) {
    const block = this.block(height);
    const last = this.block(through);
    if (block === undefined || last === undefined) return undefined;
    return {
      height,
      hash: toHex(block.hash),
      header: toHex(headerCodec.encode(block.header)),
      certificate: toHex(certificateCodec.encode(last.finalization)),
      descendants: this.blocks
        .slice(height, through)
        .map(({ header }) => toHex(headerCodec.encode(header))),
    };
  }

  /** `TransactionProof` of the API. */
  transactionProof(txid: string, through?: number) {
    const place = this.places.get(txid);
    if (place === undefined) return undefined;
    const { transactions } = this.block(place.height)!;
    const tree = MerkleTree.of(transactions.map((bytes) => wtxidOfBytes(bytes)));
    return {
      txid,
      transaction: toHex(transactions[place.index]!),
      index: place.index,
      txCount: transactions.length,
      path: tree.inclusionProof(place.index).map((hash) => toHex(hash)),
      header: this.headerProof(place.height, through ?? place.height)!,
    };
  }
}
