import { toHex } from '@mxd/codec';
import type { Block, BlockHash, Table } from '@mxd/protocol';
import { systemRecordListCodec } from '@mxd/protocol/system-records';

import {
  bodyBytes,
  checkBounds,
  checkParentCertificate,
  checkParts,
  decodeBody,
  invalid,
} from './block-parts.ts';
import { BlockRun, type ExecutionEnvironment } from './block-run.ts';
import type { Candidate, ChainState } from './chain-state.ts';
import type { OutputDiff } from './layers.ts';
import type { BlockRejection } from './types.ts';
import {
  activeParameters,
  beforeTransactions,
  checkHeader,
  currentTable,
  isBoundary,
  recordSignatures,
  type RecordContext,
  type SignatureClaim,
  type ValidatorState,
  type VerifySuiteSignature,
} from './validators/index.ts';

/** A signature's name: everything that its verdict depends on. */
function claimKey(
  suite: number,
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): string {
  return `${suite}:${toHex(publicKey)}:${toHex(message)}:${toHex(signature)}`;
}

/**
 * Verifies claims off this thread and answers `verify` from the result; what was not claimed is
 * verified on the spot.
 */
export async function verifyClaims(
  env: ExecutionEnvironment,
  claims: readonly SignatureClaim[],
): Promise<VerifySuiteSignature> {
  if (claims.length === 0) return env.verifySuite;
  const bitmap = await env.verifySignatures(claims);
  env.counters.signaturesChecked += claims.length;
  const verdicts = new Map<string, boolean>();
  claims.forEach(({ suite, publicKey, message, signature }, i) => {
    const key = claimKey(suite, publicKey, message, signature);
    verdicts.set(key, (((bitmap[i >> 3] ?? 0) >> (i & 7)) & 1) === 1);
  });
  return (suite, publicKey, message, signature) =>
    verdicts.get(claimKey(suite, publicKey, message, signature)) ??
    env.verifySuite(suite, publicKey, message, signature);
}

/** The context of the system records of a child of `parent`. */
export async function recordContext(
  env: ExecutionEnvironment,
  parent: ChainState,
  encoded: Uint8Array,
): Promise<RecordContext> {
  const records = systemRecordListCodec.tryDecode(encoded);
  // A list that does not decode fails its own rule later.
  const claims = records.ok
    ? records.value.flatMap((record) => recordSignatures(parent.validators, record))
    : [];
  return {
    height: parent.header.height + 1,
    ancestorHash: (height) => env.ancestorHash(parent, height),
    verify: await verifyClaims(env, claims),
  };
}

export type Executed = { readonly ok: true; readonly candidate: Candidate } | BlockRejection;

/** The table that a boundary block puts in force, else nothing. */
export function tableAfter(parent: ChainState, after: ValidatorState): Table | undefined {
  return isBoundary(parent.validators, parent.header.height + 1) ? currentTable(after) : undefined;
}

/**
 * Executes a block on its parent's state. A pure function of the block's bytes, that state and the
 * hashes of its ancestors; everything else of `env` only decides how fast.
 */
export async function executeBlock(
  env: ExecutionEnvironment,
  parent: ChainState,
  layers: readonly OutputDiff[],
  block: Block,
  hash: BlockHash,
): Promise<Executed> {
  const { header } = block;
  const parameters = activeParameters(parent.validators);
  const parts = await checkParts(block, env.names, env.pace);
  if (parts !== undefined) return parts;
  const { height, timestampMs } = parent.header;
  const headerVerdict = checkHeader(parent.validators, {
    header,
    parent: { height, hash: parent.hash, timestampMs },
    appRoot: parent.root,
  });
  if (!headerVerdict.ok) return invalid(headerVerdict.code, headerVerdict.reason);
  const bounds = checkBounds(block.transactions, parameters);
  if (bounds !== undefined) return bounds;
  const certificate = checkParentCertificate(block, parent, (key, message, signature) =>
    env.verifySuite(1, key, message, signature),
  );
  if (certificate !== undefined) return certificate;
  const body = await decodeBody(block, parameters, env.networkId, env);
  if (!body.ok) return body;
  return runBlock(env, parent, layers, { block, hash, transactions: body.transactions });
}

interface CheckedBlock {
  readonly block: Block;
  readonly hash: BlockHash;
  readonly transactions: BlockRun['applied'] | readonly BlockRun['applied'][number][];
}

async function runBlock(
  env: ExecutionEnvironment,
  parent: ChainState,
  layers: readonly OutputDiff[],
  { block, hash, transactions }: CheckedBlock,
): Promise<Executed> {
  const { header } = block;
  const context = await recordContext(env, parent, block.systemRecords);
  const before = beforeTransactions(parent.validators, header, block.systemRecords, context);
  if (!before.ok) return invalid(before.code, before.reason);
  const run = new BlockRun(env, parent, layers, header.epoch);
  await run.begin(transactions, before.value.slashes);
  for (const [position, tx] of transactions.entries()) {
    const verdict = run.apply(tx);
    if (!verdict.ok) return invalid(verdict.code, verdict.reason, position);
    if (env.pace.due()) await env.pace.pause();
  }
  // The workers verify while this thread commits to the outputs.
  const verifying = run.verify();
  const settled = run.settle(before.value.state, header, hash);
  const [state, bad] = await Promise.all([run.finish(header, hash, settled.state), verifying]);
  const first = bad[0];
  if (first !== undefined) return invalid('TX_SIGNATURE', 'a signature does not verify', first);
  return {
    ok: true,
    candidate: {
      state,
      parentKey: parent.key,
      block,
      diff: run.overlay,
      transactions: run.kept(),
      payouts: settled.payouts,
      nextTable: tableAfter(parent, settled.state),
      bodyBytes: bodyBytes(block.transactions) + block.systemRecords.length,
    },
  };
}
