export {
  blockCodec,
  blockHashOf,
  headerCodec,
  txRootOf,
  type Block,
  type Header,
} from './block.ts';
export { certificateCodec, type Certificate } from './certificate.ts';
export {
  leaderOf,
  nextValidatorSet,
  validatorSet,
  verifyCertificate,
  verifyEpochProof,
  verifyFinalHeader,
  verifyGenesis,
  verifyTransactionInclusion,
  verifyVote,
  type ValidatorSet,
  type VerifySignature,
} from './checks.ts';
export { ProtocolError, type Verdict } from './errors.ts';
export {
  chainTagOf,
  genesisCodec,
  genesisDocumentCodec,
  validatorIdOf,
  type Genesis,
  type GenesisDocument,
} from './genesis.ts';
export { messageCodec, type ConsensusMessage } from './messages.ts';
export { defaultParameters, type ChainParameters } from './parameters.ts';
export {
  type Amount,
  type BlockHash,
  type ChainTag,
  type Digest,
  type TxId,
  type ValidatorId,
  type Wtxid,
} from './primitives.ts';
export { systemRecordCodec, systemRecordListCodec, type SystemRecord } from './system-records.ts';
export { tableCodec, tableHash, type Table, type TableEntry } from './table.ts';
export { honest, quorum, relay, validated } from './thresholds.ts';
export {
  inputSigningMessage,
  transactionCodec,
  txidOf,
  wtxidOfBytes,
  type Transaction,
  type TransactionBody,
  type TransactionOutput,
} from './transaction.ts';
export { voteCodec, voteKind, voteSigningMessage, type Vote, type VoteKind } from './vote.ts';
export { policyCodec, witnessCodec, type Policy, type Witness } from './witness.ts';
