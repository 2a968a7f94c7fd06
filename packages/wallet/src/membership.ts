import { suiteInfo, verifySignature, type SuiteId } from '@mxd/crypto/suites';
import { validatorIdOf } from '@mxd/protocol/genesis';
import { type BlockHash, type ChainTag } from '@mxd/protocol/primitives';
import {
  accountMessage,
  possessionMessage,
  systemRecordCodec,
  type JoinRecord,
  type LeaveRecord,
  type RotateRecord,
} from '@mxd/protocol/system-records';

import { WalletError } from './errors.ts';

/** A key that signs records, here or elsewhere: an account, a sign guard, a remote signer. */
export interface RecordSigner {
  readonly suite: SuiteId;
  readonly publicKey: Uint8Array;
  sign(message: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

/** The suite of consensus keys in version 1 of the protocol (docs/protocol/rsc.md, "Encodings"). */
const voteSuite: SuiteId = 1;

/** A signed record: as value, and as the bytes that are submitted. */
export interface SignedRecord<Record> {
  readonly record: Record;
  readonly bytes: Uint8Array;
}

/** Asks for a seat from the next epoch on; the stake is bonded before. */
export interface JoinRequest {
  readonly account: RecordSigner;
  readonly consensus: RecordSigner;
  /** Above the last one used by this validator; 1 for the first record. */
  readonly seq: number;
  /** Last epoch in which the record may be taken in. */
  readonly expiryEpoch: number;
  /** A final block of the last 128: proves that the node follows the chain. */
  readonly recentHeight: number;
  readonly recentHash: BlockHash;
}

/** Gives the seat up from the next epoch on. */
export interface LeaveRequest {
  readonly account: RecordSigner;
  readonly seq: number;
  readonly expiryEpoch: number;
}

/** Replaces the consensus key from the next epoch on. */
export interface RotateRequest {
  readonly account: RecordSigner;
  /** The new key, which was never registered before. */
  readonly consensus: RecordSigner;
  readonly seq: number;
  readonly expiryEpoch: number;
}

function checkNumbers(request: { readonly seq: number; readonly expiryEpoch: number }): void {
  for (const name of ['seq', 'expiryEpoch'] as const) {
    const value = request[name];
    if (!Number.isInteger(value) || value < 1 || value > 0xffff_ffff) {
      throw new WalletError('WALLET_RECORD', `${name} is ${value}, not 1 to 4294967295`, {
        field: name,
        value,
      });
    }
  }
}

/** Signs, and refuses what a signer elsewhere got wrong before it can reach the chain. */
async function signed(signer: RecordSigner, message: Uint8Array): Promise<Uint8Array> {
  const signature = await signer.sign(message);
  if (!verifySignature(signer.suite, signer.publicKey, message, signature)) {
    throw new WalletError('WALLET_RECORD', 'the signer gave a signature that does not verify');
  }
  return signature;
}

function checkConsensus(signer: RecordSigner): void {
  if (signer.suite !== voteSuite) {
    throw new WalletError('WALLET_RECORD', `consensus keys are of suite ${voteSuite}`, {
      suite: signer.suite,
    });
  }
}

const blank = (suite: SuiteId): Uint8Array => new Uint8Array(suiteInfo[suite].signatureBytes);

/**
 * A JOIN, signed by the consensus key and then by the account key.
 * @throws WalletError WALLET_RECORD.
 */
export async function joinRecord(
  chainTag: ChainTag,
  request: JoinRequest,
): Promise<SignedRecord<JoinRecord>> {
  const { account, consensus } = request;
  checkNumbers(request);
  checkConsensus(consensus);
  let record: JoinRecord = {
    type: 1,
    id: validatorIdOf(account.suite, account.publicKey),
    accountSuite: account.suite,
    accountKey: account.publicKey,
    consensusKey: consensus.publicKey,
    seq: request.seq,
    expiryEpoch: request.expiryEpoch,
    recentHeight: request.recentHeight,
    recentHash: request.recentHash,
    possessionSignature: blank(voteSuite),
    accountSignature: blank(account.suite),
  };
  const possessionSignature = await signed(consensus, possessionMessage(chainTag, record));
  record = { ...record, possessionSignature };
  const accountSignature = await signed(account, accountMessage(chainTag, record));
  record = { ...record, accountSignature };
  return { record, bytes: systemRecordCodec.encode(record) };
}

/** A LEAVE, signed by the account key. @throws WalletError WALLET_RECORD. */
export async function leaveRecord(
  chainTag: ChainTag,
  request: LeaveRequest,
): Promise<SignedRecord<LeaveRecord>> {
  const { account, seq, expiryEpoch } = request;
  checkNumbers(request);
  const id = validatorIdOf(account.suite, account.publicKey);
  const accountSignature = blank(account.suite);
  const draft: LeaveRecord = { type: 2, id, seq, expiryEpoch, accountSignature };
  const signature = await signed(account, accountMessage(chainTag, draft));
  const record: LeaveRecord = { ...draft, accountSignature: signature };
  return { record, bytes: systemRecordCodec.encode(record) };
}

/**
 * A ROTATE, signed by the new consensus key and then by the account key.
 * @throws WalletError WALLET_RECORD.
 */
export async function rotateRecord(
  chainTag: ChainTag,
  request: RotateRequest,
): Promise<SignedRecord<RotateRecord>> {
  const { account, consensus, seq, expiryEpoch } = request;
  checkNumbers(request);
  checkConsensus(consensus);
  let record: RotateRecord = {
    type: 3,
    id: validatorIdOf(account.suite, account.publicKey),
    newConsensusKey: consensus.publicKey,
    seq,
    expiryEpoch,
    possessionSignature: blank(voteSuite),
    accountSignature: blank(account.suite),
  };
  const possessionSignature = await signed(consensus, possessionMessage(chainTag, record));
  record = { ...record, possessionSignature };
  const accountSignature = await signed(account, accountMessage(chainTag, record));
  record = { ...record, accountSignature };
  return { record, bytes: systemRecordCodec.encode(record) };
}
