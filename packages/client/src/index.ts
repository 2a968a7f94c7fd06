/**
 * Talking to nodes without trusting them. `Connection` asks, `LightClient` proves; what no proof
 * stands behind is of type `Unverified`.
 */
export {
  formatCheckpoint,
  parseCheckpoint,
  verifyConsensus,
  type Checkpoint,
} from './checkpoint.ts';
export {
  balance,
  coins,
  crossCheck,
  proveCoin,
  type CrossChecked,
  type ReportedBalance,
  type ReportedCoin,
} from './coins.ts';
export {
  Connection,
  type ConnectionCounters,
  type ConnectionOptions,
  type RequestOptions,
  type Unverified,
} from './connection.ts';
export { ClientError, type ClientErrorCode } from './errors.ts';
export { type FinalHeader, type FinalTransaction } from './header-proof.ts';
export { LightClient, type LightClientOptions } from './light.ts';
export {
  makeReceipt,
  verifyReceipt,
  type ReceiptSummary,
  type VerifiedReceipt,
} from './receipt.ts';
export { routes, type Input, type Output, type RouteId } from './routes.ts';
export { send, sendAndWait, waitForFinal, type Sendable, type WaitOptions } from './send.ts';
export {
  cursorBefore,
  events,
  type StreamEvent,
  type StreamOptions,
  type StreamTopic,
} from './stream.ts';
