/**
 * The ledger: a chain's state in a store, the blocks above it, and the transactions that wait.
 * The consensus state that system records make is under `@mxd/ledger/validators`.
 */
export { ledgerBuckets, ledgerSchema } from './buckets.ts';
export { ChainReader, type Page } from './chain-reader.ts';
export {
  ledgerErrors,
  LedgerError,
  type AdmissionCode,
  type BlockCode,
  type LedgerErrorCode,
  type TransactionRule,
} from './errors.ts';
export { Ledger } from './ledger.ts';
export { Mempool } from './mempool/mempool.ts';
export type {
  AdmissionVerdict,
  MempoolCounters,
  MempoolOptions,
  PooledTransaction,
  Submission,
} from './mempool/types.ts';
export { outpointKeyOf, outpointOf } from './outputs.ts';
export { poolChainOf } from './pool-chain.ts';
export type {
  BlockAcceptance,
  BlockRejection,
  BlockState,
  BuildContext,
  BuildRequest,
  BuildResult,
  ChainIdentity,
  ChainPoint,
  CommittedBlock,
  ExecutionResult,
  FinalTransaction,
  HistoryEntry,
  IndexOptions,
  LedgerCounters,
  LedgerOptions,
  OutputLock,
  OwnedOutput,
  Pace,
  SignatureCheck,
  UnspentOutput,
  VerifySignatures,
} from './types.ts';
