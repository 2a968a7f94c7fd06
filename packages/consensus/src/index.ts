export { createCore } from './core.ts';
export { drive } from './drive.ts';
export { ConsensusError, type ConsensusErrorCode } from './errors.ts';
export { defaultPolicy, policyFor } from './policy.ts';
export {
  recordType,
  type Anchor,
  type BlockStatus,
  type ChainState,
  type Core,
  type CoreConfig,
  type CoreStatus,
  type Counters,
  type Effect,
  type EffectType,
  type Input,
  type JournalRecord,
  type JournalRecordType,
  type Outcome,
  type PeerId,
  type Policy,
  type RecoveredJournal,
  type Resume,
  type SignAnswer,
  type Steps,
  type Target,
  type TimerName,
  type VerifyVerdict,
  type VoteRequest,
} from './types.ts';
