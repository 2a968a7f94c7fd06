// Being filled; final signatures (all pure, all over `ValidatorState`):
//
// genesisOutputs(document): readonly GenesisOutput[]
// genesisValidatorState(document, outputsDigest, contractsRoot = zeros): {state, table, header, hash}
//
// One block, in order (parent = post-state of the parent block):
// checkHeader(parentState, {header, parent: {height, hash, timestampMs}, appRoot}): ValidatorResult<undefined>
//   (X1 but B1: version, network, epoch, height, parent, views, proposer, time, appRoot, supply, boundary)
// checkHeaderBoundary(parentState, header): ValidatorResult<undefined>       nextTableHash alone
// applyMetrics(state, header): ValidatorState                                X2
// applySystemRecords(state, encodedList, RecordContext): ValidatorResult<{state, slashes: Slash[]}>  X3
// applyBondDeltas(state, StakeDeltas): ValidatorState                        X4's result; throws if impossible
// applyTips(parentState, state, header): ValidatorState                      X5
// endEpoch(parentState, state, header, blockHash): {state, payouts: Payout[]}  X6; only if isBoundary(state, height)
// or both halves at once:
// beforeTransactions(parentState, header, encodedRecords, RecordContext): ValidatorResult<{state, slashes}>  X2, X3
// afterTransactions(parentState, state, header, blockHash, StakeDeltas): {state, payouts}   X4 result, X5, X6
//
// nextTable(state): NextTable (memoised per state object)
// applicationRoot(state, outputsDigest, contractsRoot = zeros): Digest
// sectionBytes(state, id), exportSections(state): Map<SectionId, Uint8Array>,
// stateFromSections(chain, sections): ValidatorResult<ValidatorState>
// epochOf(state), currentTable(state), validatorSets(state): readonly ValidatorSet[] (epochs e-2..e),
// validatorSetOf(state, epoch), governance(state): Governance, protocolVersion(state), scheduledUpgrade(state),
// isBlacklisted(state, id, height), bondedOf(state, id), accruedTo(state, id), accrualTotal(state), totals in state.totals
// checkSystemRecord(state, record, ctx): ValidatorResult<undefined>, recordSignatures(state, record): SignatureClaim[]
// selectSystemRecords(pool, state, ctx): {encoded, records, dropped}
// slashedAmount(amount, slashingBp): Amount (what is taken)
export { ValidatorStateError, validatorErrors, type ValidatorErrorCode } from './errors.ts';
export { type OrderedMap } from './ordered-map.ts';
export type {
  ChainConstants,
  EpochRecord,
  GenesisOutput,
  IdAmount,
  Metrics,
  NextTable,
  Payout,
  QueuedRecord,
  RecordContext,
  RegistryEntry,
  ScheduledUpgrade,
  Signal,
  SignatureClaim,
  Slash,
  StakeDeltas,
  ValidatorFailure,
  ValidatorResult,
  ValidatorState,
  VerifySuiteSignature,
} from './types.ts';
