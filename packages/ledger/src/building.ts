import type { BlockHash, Header, SystemRecord, Table } from '@mxd/protocol';
import { blockHashOf, noSystemRecords, sysRootOf, validationRootOf } from '@mxd/protocol/block';
import { zeroHash } from '@mxd/protocol/primitives';
import { systemRecordListCodec } from '@mxd/protocol/system-records';
import { MerkleFrontier } from '@mxd/crypto/merkle';

import { bodyBytes, checkParentCertificate, invalid } from './block-parts.ts';
import { BlockRun, type ExecutionEnvironment } from './block-run.ts';
import type { Candidate, ChainState } from './chain-state.ts';
import { LedgerError } from './errors.ts';
import { tableAfter, verifyClaims } from './execution.ts';
import type { OutputDiff } from './layers.ts';
import { checkStateless, type PreparedTransaction } from './transaction-rules.ts';
import type { BlockRejection, BuildRequest } from './types.ts';
import {
  activeParameters,
  applyMetrics,
  beforeTransactions,
  checkHeader,
  isBoundary,
  nextTable,
  protocolVersion,
  recordSignatures,
  selectSystemRecords,
  type RecordContext,
} from './validators/index.ts';

/** A block whose header is sealed; `finish` computes the state after it. */
export interface Built {
  readonly ok: true;
  readonly hash: BlockHash;
  readonly block: Candidate['block'];
  readonly nextTable: Table | undefined;
  readonly refusedRecords: readonly { readonly record: SystemRecord; readonly code: string }[];
  readonly finish: () => Promise<Candidate>;
}

/** What the header is before anything is in the block. */
function draftHeader(env: ExecutionEnvironment, parent: ChainState, request: BuildRequest): Header {
  const { context } = request;
  const height = parent.header.height + 1;
  return {
    version: protocolVersion(parent.validators),
    networkId: env.networkId,
    epoch: context.epoch,
    view: context.view,
    parentView: context.parentView,
    height,
    timestampMs: context.timestampMs,
    proposerId: context.proposerId,
    parentHash: parent.hash,
    validationRoot: validationRootOf(context.parentCertificate),
    txRoot: zeroHash,
    sysRoot: sysRootOf(noSystemRecords),
    appRoot: parent.root,
    nextTableHash: isBoundary(parent.validators, height)
      ? nextTable(parent.validators).hash
      : zeroHash,
    txCount: 0,
    tipTotal: 0n,
    totalSupply: parent.validators.totals.totalSupply,
  };
}

/** The proposer's own decisions are checked like anybody else's: a bad block is never sent. */
function checkDraft(
  env: ExecutionEnvironment,
  parent: ChainState,
  draft: Header,
  parentCertificate: Uint8Array,
): BlockRejection | undefined {
  const { height, timestampMs } = parent.header;
  const verdict = checkHeader(parent.validators, {
    header: draft,
    parent: { height, hash: parent.hash, timestampMs },
    appRoot: parent.root,
  });
  if (!verdict.ok) return invalid(verdict.code, verdict.reason);
  const block = {
    header: draft,
    parentCertificate,
    systemRecords: noSystemRecords,
    transactions: [],
  };
  return checkParentCertificate(block, parent, (key, message, signature) =>
    env.verifySuite(1, key, message, signature),
  );
}

interface ChosenRecords {
  readonly encoded: Uint8Array;
  readonly refused: Built['refusedRecords'];
  readonly context: RecordContext;
}

async function chooseRecords(
  env: ExecutionEnvironment,
  parent: ChainState,
  draft: Header,
  pool: readonly SystemRecord[],
): Promise<ChosenRecords> {
  const claims = pool.flatMap((record) => recordSignatures(parent.validators, record));
  const context: RecordContext = {
    height: draft.height,
    ancestorHash: (height) => env.ancestorHash(parent, height),
    verify: await verifyClaims(env, claims),
  };
  if (pool.length === 0) return { encoded: noSystemRecords, refused: [], context };
  const chosen = selectSystemRecords(pool, applyMetrics(parent.validators, draft), context);
  const refused = chosen.dropped.map(({ record, code }) => ({ record, code }));
  return { encoded: systemRecordListCodec.encode(chosen.records), refused, context };
}

/** Waiting transactions that could go into the block, decoded, in the order of the pool. */
async function choose(
  env: ExecutionEnvironment,
  parent: ChainState,
  included: ReadonlySet<string>,
  request: BuildRequest,
): Promise<PreparedTransaction[]> {
  const { mempool, leaveOut } = request;
  if (mempool === undefined) return [];
  const parameters = activeParameters(parent.validators);
  const height = parent.header.height + 1;
  const waiting = mempool.select({
    height,
    maxBytes: Math.min(request.maxBodyBytes ?? Infinity, parameters.maxBodyBytes),
    maxTransactions: Math.min(request.maxTransactions ?? Infinity, parameters.maxTransactions),
    maxSignatures: parameters.maxSignatures,
    exclude: (txidText) => included.has(txidText),
  });
  const left = leaveOut === undefined ? undefined : await leaveOut(waiting.map((tx) => tx.txid));
  const chosen: PreparedTransaction[] = [];
  for (const entry of waiting) {
    if (left?.has(entry.txidHex()) === true) continue;
    const prepared = env.names.prepare(entry.bytes);
    // The rules may have changed (2.21) since the transaction was admitted.
    if (prepared.ok && checkStateless(prepared.value, parameters, env.networkId).ok) {
      chosen.push(prepared.value);
    }
    if (env.pace.due()) await env.pace.pause();
  }
  return chosen;
}

async function fill(
  env: ExecutionEnvironment,
  makeRun: () => Promise<BlockRun>,
  transactions: readonly PreparedTransaction[],
): Promise<BlockRun> {
  let usable = transactions;
  for (;;) {
    const run = await makeRun();
    for (const tx of usable) {
      // What does not fit here (spent by an ancestor, say) simply stays in the pool.
      run.apply(tx);
      if (env.pace.due()) await env.pace.pause();
    }
    const bad = new Set(await run.verify());
    if (bad.size === 0) return run;
    const forged = new Set(run.applied.filter((_, i) => bad.has(i)).map((tx) => tx.txidText));
    usable = usable.filter((tx) => !forged.has(tx.txidText));
  }
}

/** Builds a block on a state. Everything in it has passed the rules that validation applies. */
export async function buildBlock(
  env: ExecutionEnvironment,
  parent: ChainState,
  layers: readonly OutputDiff[],
  included: ReadonlySet<string>,
  request: BuildRequest,
): Promise<Built | BlockRejection> {
  const draft = draftHeader(env, parent, request);
  const { parentCertificate } = request.context;
  const refusal = checkDraft(env, parent, draft, parentCertificate);
  if (refusal !== undefined) return refusal;
  const records = await chooseRecords(env, parent, draft, request.systemRecords ?? []);
  const before = beforeTransactions(parent.validators, draft, records.encoded, records.context);
  if (!before.ok) {
    throw new LedgerError('LEDGER_INVARIANT', `records chosen here are invalid: ${before.reason}`);
  }
  const { state: validators, slashes } = before.value;
  const chosen = await choose(env, parent, included, request);
  const makeRun = async (): Promise<BlockRun> => {
    const run = new BlockRun(env, parent, layers, draft.epoch);
    await run.begin(chosen, slashes);
    return run;
  };
  const run = await fill(env, makeRun, chosen);
  const header = await seal(env, draft, records.encoded, run);
  const hash = blockHashOf(header);
  const settled = run.settle(validators, header, hash);
  const transactions = run.applied.map((tx) => tx.bytes);
  const block = { header, parentCertificate, systemRecords: records.encoded, transactions };
  const table = tableAfter(parent, settled.state);
  return {
    ok: true,
    hash,
    block,
    nextTable: table,
    refusedRecords: records.refused,
    finish: async () => ({
      state: await run.finish(header, hash, settled.state),
      parentKey: parent.key,
      block,
      diff: run.overlay,
      transactions: run.kept(),
      payouts: settled.payouts,
      nextTable: table,
      bodyBytes: bodyBytes(transactions) + records.encoded.length,
    }),
  };
}

async function seal(
  env: ExecutionEnvironment,
  draft: Header,
  encodedRecords: Uint8Array,
  run: BlockRun,
): Promise<Header> {
  const frontier = new MerkleFrontier();
  for (const tx of run.applied) {
    frontier.append(tx.wtxid);
    if (env.pace.due()) await env.pace.pause();
  }
  return {
    ...draft,
    sysRoot: sysRootOf(encodedRecords),
    txRoot: frontier.root(),
    txCount: run.applied.length,
    tipTotal: run.tipTotal,
  };
}
