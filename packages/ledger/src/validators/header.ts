import { equalBytes, isZeroBytes } from '@mxd/codec';
import { type Header } from '@mxd/protocol/block';
import { leaderOf } from '@mxd/protocol/checks';
import { type BlockHash, type Digest } from '@mxd/protocol/primitives';
import { type TableEntry } from '@mxd/protocol/table';

import { failed } from './errors.ts';
import { nextTable } from './next-table.ts';
import { type ValidatorFailure, type ValidatorResult, type ValidatorState } from './types.ts';
import { boundaryHeight, currentSet, epochOf, isBoundary } from './views.ts';

const accepted = { ok: true, value: undefined } as const;

/**
 * Whether the next table hash stands exactly where an epoch ends and is right. `parent` is the state
 * before the block.
 */
export function checkHeaderBoundary(
  parent: ValidatorState,
  header: Pick<Header, 'height' | 'nextTableHash'>,
): ValidatorResult<undefined> {
  if (!isBoundary(parent, header.height)) {
    return isZeroBytes(header.nextTableHash)
      ? accepted
      : failed('HEADER_NEXT_TABLE', `height ${header.height} ends no epoch`);
  }
  return equalBytes(nextTable(parent).hash, header.nextTableHash)
    ? accepted
    : failed('HEADER_NEXT_TABLE', `the table of epoch ${epochOf(parent) + 1} is another one`);
}

/** What the check of a header knows of the block before it. */
export interface ParentBlock {
  readonly height: number;
  readonly hash: BlockHash;
  readonly timestampMs: number;
}

/** A header, its parent, and the application root of the state after the parent. */
export interface HeaderInput {
  readonly header: Header;
  readonly parent: ParentBlock;
  readonly appRoot: Digest;
}

function checkPlace(
  state: ValidatorState,
  header: Header,
  parent: ParentBlock,
): ValidatorFailure | undefined {
  const epoch = epochOf(state);
  const { networkId } = state.chain;
  const { protocolVersion } = state.upgrades;
  if (header.version !== protocolVersion) {
    return failed('HEADER_VERSION', `version ${header.version}, not ${protocolVersion}`);
  }
  if (header.networkId !== networkId) {
    return failed('HEADER_NETWORK', `network ${header.networkId}, not ${networkId}`);
  }
  if (header.epoch !== epoch) {
    return failed('HEADER_EPOCH', `epoch ${header.epoch}, not ${epoch}`);
  }
  if (header.height !== parent.height + 1 || header.height > boundaryHeight(state)) {
    return failed('HEADER_HEIGHT', `height ${header.height} on a parent at ${parent.height}`);
  }
  if (!equalBytes(header.parentHash, parent.hash)) {
    return failed('HEADER_PARENT', 'the parent hash is of another block');
  }
  return header.timestampMs > parent.timestampMs
    ? undefined
    : failed('HEADER_TIMESTAMP', `${header.timestampMs} ms after ${parent.timestampMs} ms`);
}

function checkLeader(
  state: ValidatorState,
  header: Header,
  parent: ParentBlock,
): ValidatorFailure | undefined {
  const { view, parentView } = header;
  const set = currentSet(state);
  const isOnAnchor = parent.height === boundaryHeight(state) - epochLengthOf(state);
  if (view < 1 || parentView >= view || (parentView === 0) !== isOnAnchor) {
    return failed('HEADER_VIEW', `view ${view} on view ${parentView} of a parent block`);
  }
  const leader = set.table.entries[leaderOf(set, view)] as TableEntry;
  return equalBytes(leader.id, header.proposerId)
    ? undefined
    : failed('HEADER_PROPOSER', `another validator leads view ${view}`);
}

const epochLengthOf = (state: ValidatorState): number =>
  state.chain.genesisGovernance.parameters.epochLength;

/**
 * Step X1 but for the parent certificate (rule B1, consensus) and the roots of the body (the
 * ledger): everything that the state after the parent says about a header.
 */
export function checkHeader(
  state: ValidatorState,
  { header, parent, appRoot }: HeaderInput,
): ValidatorResult<undefined> {
  const failure = checkPlace(state, header, parent) ?? checkLeader(state, header, parent);
  if (failure !== undefined) return failure;
  if (!equalBytes(header.appRoot, appRoot)) {
    return failed('HEADER_APP_ROOT', 'the state after the parent has another root');
  }
  const { totalSupply } = state.totals;
  if (header.totalSupply !== totalSupply) {
    return failed('HEADER_SUPPLY', `supply ${header.totalSupply}, not ${totalSupply}`);
  }
  return checkHeaderBoundary(state, header);
}
