import { z } from 'zod';

import type * as t from './types.ts';

// Response schemas are loose on purpose in one direction only: they describe, the types bind.
const hex = z.string().regex(/^([0-9a-f]{2})*$/, 'lower-case hexadecimal');
const hash = z.string().regex(/^[0-9a-f]{128}$/, '64 bytes in lower-case hexadecimal');
const id20 = z.string().regex(/^[0-9a-f]{40}$/, '20 bytes in lower-case hexadecimal');
const amount = z.string().regex(/^(0|[1-9][0-9]{0,19})$/, 'base units as a decimal string');
const count = z.int().min(0);
const address = z.string().min(20).max(80);
const state = z.enum(['pending', 'proposed', 'validated', 'notarized', 'final']);

export const problemSchema: z.ZodType<t.Problem> = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string(),
  detail: z.string(),
  requestId: z.string(),
  reason: z.string().optional(),
  issues: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
});

export const statusSchema: z.ZodType<t.Status> = z.object({
  network: z.object({ id: count, chainTag: hex, genesisHash: hash, test: z.boolean() }),
  software: z.string(),
  role: z.enum(['validator', 'full', 'archive', 'sentry']),
  validatorId: id20.optional(),
  ready: z.boolean(),
  syncing: z.boolean(),
  height: count,
  headHash: hash,
  headTimeMs: count,
  finalityLagMs: count,
  epoch: count,
  view: count,
  peers: count,
  validatorsConnected: count,
  mempoolTransactions: count,
  mempoolBytes: count,
  clockOffsetMs: z.number().nullable(),
  uptimeMs: count,
  totalSupply: amount,
});

const summaryShape = {
  height: count,
  hash,
  epoch: count,
  view: count,
  timeMs: count,
  proposer: id20,
  txCount: count,
  tipTotal: amount,
  bytes: count,
};

export const blockSummarySchema: z.ZodType<t.BlockSummary> = z.object(summaryShape);

export const blockDetailSchema: z.ZodType<t.BlockDetail> = z.object({
  ...summaryShape,
  parentHash: hash,
  parentView: count,
  validationRoot: hash,
  txRoot: hash,
  sysRoot: hash,
  appRoot: hash,
  nextTableHash: hash,
  totalSupply: amount,
  systemRecords: count,
  transactions: z.array(hash),
});

export const headerProofSchema: z.ZodType<t.HeaderProof> = z.object({
  height: count,
  hash,
  header: hex,
  certificate: hex,
  descendants: z.array(hex),
});

export const transactionSchema: z.ZodType<t.TransactionView> = z.object({
  txid: hash,
  wtxid: hash,
  state,
  kind: count,
  validFrom: count,
  expiresAt: count,
  inputs: z.array(
    z.object({ txid: hash, index: count, address: address.optional(), amount: amount.optional() }),
  ),
  outputs: z.array(z.object({ address, amount })),
  tip: amount,
  commitment: hex,
  bytes: count,
  height: count.optional(),
  blockHash: hash.optional(),
  position: count.optional(),
  timeMs: count.optional(),
});

export const submissionSchema: z.ZodType<t.Submission> = z.strictObject({
  transaction: hex.max(2 * 102_400),
});

export const submissionResultSchema: z.ZodType<t.SubmissionResult> = z.object({
  txid: hash,
  state,
  fresh: z.boolean(),
});

export const submissionBatchSchema: z.ZodType<t.SubmissionBatch> = z.strictObject({
  transactions: z
    .array(hex.max(2 * 102_400))
    .min(1)
    .max(256),
});

const submissionFailureSchema: z.ZodType<t.SubmissionFailure> = z.object({
  code: z.enum(['TX_MALFORMED', 'TX_REJECTED', 'TX_DEFERRED']),
  reason: z.string(),
  detail: z.string(),
});

export const submissionBatchResultSchema: z.ZodType<t.SubmissionBatchResult> = z.object({
  items: z.array(z.union([submissionResultSchema, submissionFailureSchema])),
});

export const transactionProofSchema: z.ZodType<t.TransactionProof> = z.object({
  txid: hash,
  transaction: hex,
  index: count,
  txCount: count,
  path: z.array(hash),
  header: headerProofSchema,
});

export const balanceSchema: z.ZodType<t.AddressBalance> = z.object({
  address,
  available: amount,
  bonded: amount,
  unbonding: amount,
  pending: z.string().regex(/^-?(0|[1-9][0-9]{0,19})$/),
  unspentCount: count,
  height: count,
});

export const unspentSchema: z.ZodType<t.UnspentOutput> = z.object({
  txid: hash,
  index: count,
  amount,
  createdHeight: count,
  lock: z.enum(['plain', 'bonded', 'unbonding']),
  validatorId: id20.optional(),
  spendableFrom: count.optional(),
  spentBy: hash.optional(),
});

export const historySchema: z.ZodType<t.HistoryEntry> = z.object({
  txid: hash,
  height: count,
  position: count,
  timeMs: count,
  received: amount,
  sent: amount,
});

export function pageSchema<Item>(item: z.ZodType<Item>): z.ZodType<t.Page<Item>> {
  return z.object({ items: z.array(item), next: z.string().optional() });
}

export const mempoolSchema: z.ZodType<t.MempoolSummary> = z.object({
  transactions: count,
  bytes: count,
  maxBytes: count,
  tipLane: count,
  freeLane: count,
  orphans: count,
  admissionFloor: z.number(),
  counters: z.record(z.string(), z.number()),
});

export const validatorSchema: z.ZodType<t.ValidatorView> = z.object({
  id: id20,
  rank: count,
  consensusKey: hex,
  power: count,
  stake: amount,
  score: count,
  latencyMs: count,
  participationBp: count,
  tipEligible: z.boolean(),
  newMember: z.boolean(),
  leaderWeight: count,
  consecutiveMisses: count,
  blacklistedUntil: count,
  proposed: count,
  missed: count,
  connected: z.boolean(),
});

export const epochSchema: z.ZodType<t.EpochView> = z.object({
  epoch: count,
  firstHeight: count,
  lastHeight: count,
  anchorHash: hash,
  tableHash: hash,
  totalPower: count,
  validators: z.array(validatorSchema),
});

export const epochProofSchema: z.ZodType<t.EpochProofView> = z.object({ epoch: count, proof: hex });

export const evidenceSchema: z.ZodType<t.EvidenceView> = z.object({
  validatorId: id20,
  epoch: count,
  height: count.optional(),
  record: hex.optional(),
});

export const peerSchema: z.ZodType<t.PeerView> = z.object({
  peerId: z.string(),
  validatorId: id20.optional(),
  addresses: z.array(z.string()),
  direction: z.enum(['inbound', 'outbound']),
  connectedMs: count,
  roundTripMs: z.number().nullable(),
  score: z.number(),
  bytesIn: count,
  bytesOut: count,
});

export const genesisSchema: z.ZodType<t.GenesisView> = z.object({
  document: hex,
  signatures: z.array(hex),
});

export const snapshotSchema: z.ZodType<t.SnapshotView> = z.object({
  height: count,
  hash,
  chunks: count,
  bytes: count,
  root: hash,
});

export const parametersSchema: z.ZodType<Readonly<Record<string, number | string>>> = z.record(
  z.string(),
  z.union([z.number(), z.string()]),
);

export const txidParams: z.ZodType<{ readonly txid: string }> = z.object({ txid: hash });

export const blockParams: z.ZodType<{ readonly id: string }> = z.object({
  id: z.union([hash, z.string().regex(/^(0|[1-9][0-9]{0,15})$/, 'a height or a block hash')]),
});

export const addressParams: z.ZodType<{ readonly address: string }> = z.object({ address });

export const epochParams: z.ZodType<{ readonly epoch: number }> = z.object({
  epoch: z.coerce.number().int().min(1).max(0xffff_ffff),
});

export const pageQuery: z.ZodType<t.PageQuery> = z.object({
  cursor: z.string().max(256).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});

export const recordBody: z.ZodType<t.RecordSubmission> = z.strictObject({
  record: hex.max(2 * 16_384),
});

export const recordResultSchema: z.ZodType<t.RecordResult> = z.object({
  type: count,
  fresh: z.boolean(),
});

/** Query of the event stream. */
export const streamQuery: z.ZodType<t.StreamQuery> = z.object({
  topics: z
    .string()
    .max(100)
    .default('block')
    .transform((text) => text.split(','))
    .pipe(z.array(z.enum(['block', 'transaction', 'status', 'evidence'])).min(1)),
  cursor: z.string().max(64).optional(),
  address: address.optional(),
});
