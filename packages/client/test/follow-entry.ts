/** What a page needs that follows epochs, to be timed. */
export { EpochChain } from '../src/epochs.ts';
export { parseCheckpoint, verifyConsensus, verifyReceipt } from '../src/index.ts';
