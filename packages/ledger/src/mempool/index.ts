export { Mempool } from './mempool.ts';
export { defaultRates } from './rates.ts';
export type {
  AdmissionVerdict,
  LaneName,
  MempoolCounters,
  MempoolOptions,
  PolicyAnswer,
  PolicyQuestion,
  PoolChain,
  PooledTransaction,
  RateOptions,
  SelectionRequest,
  Submission,
} from './types.ts';
