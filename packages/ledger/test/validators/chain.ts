import { blockHashOf, noSystemRecords, type Header } from '@mxd/protocol/block';
import { leaderOf } from '@mxd/protocol/checks';
import { systemRecordListCodec, type SystemRecord } from '@mxd/protocol/system-records';
import { type BlockHash } from '@mxd/protocol/primitives';
import { expect } from 'vitest';

import { nextTable } from '../../src/validators/index.ts';
import {
  accrualTotal,
  afterTransactions,
  applicationRoot,
  beforeTransactions,
  checkHeader,
  genesisValidatorState,
  isBoundary,
  type Payout,
  type Slash,
  type StakeDeltas,
  type ValidatorErrorCode,
  type ValidatorState,
} from '../../src/validators/index.ts';
import { compareRecords } from '@mxd/protocol/system-records';
import { currentSet } from '../../src/validators/views.ts';
import { fakeVerify } from './fixture.ts';

const noDigest = new Uint8Array(64);

export interface BlockWish {
  /** Views between the parent's and this block's; 0 for none skipped. */
  readonly skip?: number;
  readonly records?: readonly SystemRecord[];
  readonly tip?: bigint;
  readonly deltas?: StakeDeltas['bonded'];
  readonly supply?: bigint;
}

/**
 * The cheapest application there is: these functions and a sum in place of unspent outputs. Every
 * block is checked as a validator would, and the sum of all coins after each.
 */
export class TestChain {
  state: ValidatorState;
  height = 0;
  view = 0;
  timestampMs: number;
  readonly hashes: BlockHash[];
  outputs: bigint;
  payouts: readonly Payout[] = [];
  slashes: readonly Slash[] = [];

  constructor(...given: Parameters<typeof genesisValidatorState>) {
    const { state, hash } = genesisValidatorState(...given);
    this.state = state;
    this.hashes = [hash];
    this.timestampMs = given[0].genesisTimeMs;
    this.outputs = state.totals.totalSupply;
  }

  headerOf(wish: BlockWish = {}): Header {
    const { state } = this;
    const set = currentSet(state);
    const view = this.view + 1 + (wish.skip ?? 0);
    const height = this.height + 1;
    return {
      version: state.upgrades.protocolVersion,
      networkId: state.chain.networkId,
      epoch: set.epoch,
      view,
      parentView: this.view,
      height,
      timestampMs: this.timestampMs + 1,
      proposerId: set.table.entries[leaderOf(set, view)]!.id,
      parentHash: this.hashes.at(-1)!,
      validationRoot: noDigest,
      txRoot: noDigest,
      sysRoot: noDigest,
      appRoot: applicationRoot(state, noDigest),
      nextTableHash: isBoundary(state, height) ? nextTable(state).hash : noDigest,
      txCount: 0,
      tipTotal: wish.tip ?? 0n,
      totalSupply: state.totals.totalSupply,
    };
  }

  /** Executes one block; the code of the rule that it breaks, or undefined. */
  tryBlock(wish: BlockWish = {}): ValidatorErrorCode | undefined {
    const { state: parent } = this;
    const header = this.headerOf(wish);
    const appRoot = header.appRoot;
    const at = { height: this.height, hash: this.hashes.at(-1)!, timestampMs: this.timestampMs };
    expect(checkHeader(parent, { header, parent: at, appRoot })).toStrictEqual({
      ok: true,
      value: undefined,
    });
    const records = (wish.records ?? []).toSorted(compareRecords);
    const encoded = records.length === 0 ? noSystemRecords : systemRecordListCodec.encode(records);
    const before = beforeTransactions(parent, header, encoded, {
      height: header.height,
      ancestorHash: (height) => this.hashes[height],
      verify: fakeVerify,
    });
    if (!before.ok) return before.code;
    const deltas = { bonded: wish.deltas ?? [], supply: wish.supply ?? 0n };
    const hash = blockHashOf(header);
    const after = afterTransactions(parent, before.value.state, header, hash, deltas);
    this.outputs -= header.tipTotal;
    this.outputs += deltas.supply;
    for (const { amount } of after.payouts) this.outputs += amount;
    this.state = after.state;
    this.payouts = after.payouts;
    this.slashes = before.value.slashes;
    this.hashes.push(hash);
    this.height = header.height;
    this.timestampMs = header.timestampMs;
    this.view = isBoundary(parent, header.height) ? 0 : header.view;
    this.checkSum();
    return undefined;
  }

  block(wish: BlockWish = {}): void {
    expect(this.tryBlock(wish)).toBeUndefined();
  }

  /** Blocks without records until the next block is at this height. */
  runTo(height: number, wish: BlockWish = {}): void {
    while (this.height < height - 1) this.block(wish);
  }

  /** To the first block of the next epoch; the boundary block is the last one made. */
  endEpoch(wish: BlockWish = {}): void {
    const { epochLength } = this.state.chain.genesisGovernance.parameters;
    const end = this.state.epochs.at(-1)!.epoch * epochLength;
    while (this.height < end) this.block(wish);
  }

  checkSum(): void {
    const { totals } = this.state;
    expect(this.outputs + accrualTotal(this.state) + totals.tipCarry).toBe(totals.totalSupply);
  }
}
