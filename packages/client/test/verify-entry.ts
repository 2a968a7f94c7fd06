/** What a page needs that only verifies receipts. */
export { parseCheckpoint, verifyReceipt } from '../src/index.ts';
