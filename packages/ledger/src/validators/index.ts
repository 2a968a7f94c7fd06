export { applyBondDeltas, slashedAmount } from './amounts.ts';
export { endEpoch, payoutTxid, type EpochEnd } from './epoch.ts';
export { ValidatorStateError, validatorErrors, type ValidatorErrorCode } from './errors.ts';
export { afterTransactions, beforeTransactions } from './execute.ts';
export {
  chainConstants,
  genesisOutputs,
  genesisValidatorState,
  type GenesisState,
} from './genesis.ts';
export { checkHeader, checkHeaderBoundary, type HeaderInput, type ParentBlock } from './header.ts';
export { latencyWindow } from './latency-record.ts';
export { applyMetrics } from './metrics.ts';
export { nextTable } from './next-table.ts';
export { type OrderedMap } from './ordered-map.ts';
export {
  applySystemRecords,
  checkSystemRecord,
  recordSignatures,
  type RecordsOutcome,
} from './records.ts';
export {
  applicationRoot,
  changedSections,
  sectionBytes,
  sectionIds,
  type SectionId,
} from './sections.ts';
export { selectSystemRecords, type DroppedRecord, type SelectedRecords } from './select-records.ts';
export {
  exportSection,
  exportSections,
  stateFromSections,
  type CarriedSections,
} from './snapshot.ts';
export { applyTips } from './tips.ts';
export type {
  ChainConstants,
  EpochRecord,
  GenesisOutput,
  NextTable,
  Payout,
  QueuedRecord,
  RecordContext,
  RegistryEntry,
  ScheduledUpgrade,
  SignatureClaim,
  Slash,
  StakeDeltas,
  ValidatorFailure,
  ValidatorResult,
  ValidatorState,
  VerifySuiteSignature,
} from './types.ts';
export {
  accrualTotal,
  accruedTo,
  activeParameters,
  bondedOf,
  bondedTotal,
  boundaryHeight,
  checkKnownVersion,
  currentTable,
  epochOf,
  governance,
  isBlacklisted,
  isBoundary,
  isMember,
  protocolVersion,
  registryEntry,
  scheduledUpgrade,
  validatorSetOf,
  validatorSets,
} from './views.ts';
