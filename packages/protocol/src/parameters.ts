import { refine, struct, u16, u32, u64, u8, type Codec } from '@mxd/codec';

import { ProtocolError } from './errors.ts';
import * as bounds from './bounds.ts';
import { type Amount } from './primitives.ts';
import { leaderMode, type LeaderMode } from './schedule.ts';

/** How power follows from stake. */
export const powerMode = { equal: 0, stake: 1 } as const;
export type PowerMode = (typeof powerMode)[keyof typeof powerMode];

/** Who may join: anyone with stake, or ids that the genesis document or an upgrade lists. */
export const joinPolicy = { open: 0, listed: 1 } as const;
export type JoinPolicy = (typeof joinPolicy)[keyof typeof joinPolicy];

/**
 * Everything that all nodes of a chain must agree on beside its data. Part of the genesis document
 * and so of `chainTag`. Heights and counts of blocks unless a unit is named; see
 * docs/protocol/rsc.md, "Constants".
 */
export interface ChainParameters {
  /** E: blocks per epoch, 16 to 65,536. */
  readonly epochLength: number;
  readonly powerMode: PowerMode;
  readonly joinPolicy: JoinPolicy;
  readonly leaderMode: LeaderMode;
  readonly maxValidators: number;
  /** Floor of eviction for inactivity. */
  readonly minValidators: number;
  /** Membership needs bonded x 1,000,000 >= totalSupply x this. */
  readonly minStakePpm: number;
  /** Window of block timestamps. */
  readonly maxDriftMs: number;
  readonly blacklistBlocks: number;
  readonly evidenceMaxEpochs: number;
  /** Leaves and evictions per epoch are at most 1/this of the table's weight. */
  readonly churnOutDivisor: number;
  /** Joins and added stake per epoch are at most 1/this of the weight that stays. */
  readonly churnInDivisor: number;
  /** Epochs between scheduling and activation of a change. */
  readonly upgradeDelay: number;
  readonly evictMisses: number;
  readonly evictParticipationBp: number;
  readonly latencyCapMs: number;
  readonly minSamples: number;
  /** Sum of the lengths of a block's encoded transactions. */
  readonly maxBodyBytes: number;
  readonly maxTransactions: number;
  /** Signatures of a block, weighted by suite. */
  readonly maxSignatures: number;
  readonly maxSystemRecords: number;
  readonly maxSystemBytes: number;
  readonly maxTransactionBytes: number;
  /** Smallest amount of an output, in base units. */
  readonly dustLimit: Amount;
  /** Bit k is set if transactions of kind k are allowed. */
  readonly enabledKinds: number;
  /** Share of stake that evidence burns, in basis points. */
  readonly slashingBp: number;
}

/** Bitmap of transaction kinds. */
export function kindBits(kinds: readonly number[]): number {
  return kinds.reduce((bits, kind) => bits | (1 << kind), 0);
}

/** The defaults of a new network: a public one, staked and open. */
export const defaultParameters: ChainParameters = {
  epochLength: 256,
  powerMode: powerMode.stake,
  joinPolicy: joinPolicy.open,
  leaderMode: leaderMode.weightedShuffle,
  maxValidators: 100,
  minValidators: 4,
  minStakePpm: 1_000,
  maxDriftMs: 60_000,
  blacklistBlocks: 1_000,
  evidenceMaxEpochs: 2,
  churnOutDivisor: 3,
  churnInDivisor: 6,
  upgradeDelay: 2,
  evictMisses: 10,
  evictParticipationBp: 5_000,
  latencyCapMs: 5_000,
  minSamples: 10,
  maxBodyBytes: 4_194_304,
  maxTransactions: 10_000,
  maxSignatures: 12_000,
  maxSystemRecords: 64,
  maxSystemBytes: 65_536,
  maxTransactionBytes: 102_400,
  dustLimit: 1_000n,
  enabledKinds: kindBits([0, 6, 7]),
  slashingBp: 0,
};

type Range = readonly [min: number, max: number];

/** Allowed range of every numeric parameter. A body has room for the largest transaction. */
export const parameterRanges: Readonly<Record<keyof Omit<ChainParameters, 'dustLimit'>, Range>> = {
  epochLength: [16, 65_536],
  powerMode: [0, 1],
  joinPolicy: [0, 1],
  leaderMode: [0, 1],
  maxValidators: [1, bounds.validators],
  minValidators: [1, bounds.validators],
  minStakePpm: [0, 1_000_000],
  maxDriftMs: [1_000, 3_600_000],
  blacklistBlocks: [1, 10_000_000],
  evidenceMaxEpochs: [1, 16],
  churnOutDivisor: [1, 100],
  churnInDivisor: [1, 100],
  upgradeDelay: [1, 255],
  evictMisses: [1, 65_535],
  evictParticipationBp: [0, 10_000],
  latencyCapMs: [5_000, 5_000],
  minSamples: [1, 65_535],
  maxBodyBytes: [bounds.transactionBytes, bounds.bodyBytes],
  maxTransactions: [1, bounds.blockTransactions],
  maxSignatures: [48, 1_000_000],
  maxSystemRecords: [1, bounds.systemRecords],
  maxSystemBytes: [bounds.systemRecordBytes, bounds.systemBytes],
  maxTransactionBytes: [1_024, bounds.transactionBytes],
  enabledKinds: [1, 0xff],
  slashingBp: [0, 10_000],
};

/** Fields that contradict each other: the one to change first, and the rule; or undefined. */
export function parametersConflict(
  parameters: ChainParameters,
): { readonly field: keyof ChainParameters; readonly rule: string } | undefined {
  const isListed = parameters.joinPolicy === joinPolicy.listed;
  if (parameters.powerMode === powerMode.equal && !isListed) {
    return { field: 'joinPolicy', rule: 'equal power needs the LISTED join policy' };
  }
  if (parameters.minStakePpm === 0 && !isListed) {
    return { field: 'minStakePpm', rule: 'a minimum stake of 0 needs the LISTED join policy' };
  }
  return parameters.minValidators > parameters.maxValidators
    ? { field: 'minValidators', rule: 'minValidators is more than maxValidators' }
    : undefined;
}

/** What is wrong with a set of parameters, or undefined. */
export function parametersProblem(parameters: ChainParameters): string | undefined {
  for (const [name, [min, max]] of Object.entries(parameterRanges)) {
    const value = parameters[name as keyof typeof parameterRanges];
    if (!Number.isInteger(value) || value < min || value > max) {
      return `${name} is ${value}; it must be ${min} to ${max}`;
    }
  }
  if (parameters.dustLimit < 1n) return 'dustLimit is at least 1 base unit';
  return parametersConflict(parameters)?.rule;
}

/** @throws ProtocolError PARAMETER_RANGE for parameters that no chain may have. */
export function checkParameters(parameters: ChainParameters): ChainParameters {
  const problem = parametersProblem(parameters);
  if (problem !== undefined) throw new ProtocolError('PARAMETER_RANGE', problem);
  return parameters;
}

/** All parameters in the order of the interface. */
export const parametersCodec: Codec<ChainParameters> = refine(
  struct({
    epochLength: u32,
    powerMode: u8 as Codec<PowerMode>,
    joinPolicy: u8 as Codec<JoinPolicy>,
    leaderMode: u8 as Codec<LeaderMode>,
    maxValidators: u16,
    minValidators: u16,
    minStakePpm: u32,
    maxDriftMs: u32,
    blacklistBlocks: u32,
    evidenceMaxEpochs: u8,
    churnOutDivisor: u8,
    churnInDivisor: u8,
    upgradeDelay: u8,
    evictMisses: u16,
    evictParticipationBp: u16,
    latencyCapMs: u16,
    minSamples: u16,
    maxBodyBytes: u32,
    maxTransactions: u32,
    maxSignatures: u32,
    maxSystemRecords: u16,
    maxSystemBytes: u32,
    maxTransactionBytes: u32,
    dustLimit: u64,
    enabledKinds: u8,
    slashingBp: u16,
  }),
  parametersProblem,
);
