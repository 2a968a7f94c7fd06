import {
  type ChainParameters,
  type Genesis,
  type GenesisDocument,
  type TransactionOutput,
  type ValidatorId,
  type VerifySignature,
} from '@mxd/protocol';
import { type GenesisMember } from '@mxd/protocol/genesis';

import { type ConsensusErrorCode } from '../errors.ts';

/**
 * What every member must have configured alike: nothing in a document is taken from one node alone.
 */
export interface GenesisConfig {
  readonly networkId: number;
  readonly testNetwork: 0 | 1;
  readonly parameters: ChainParameters;
  readonly allocations: readonly TransactionOutput[];
  readonly listed: readonly ValidatorId[];
  /** The own signed entry. */
  readonly own: GenesisMember;
  /**
   * Ids that may take part; anybody if absent. When all of them have announced, nobody waits
   * longer.
   */
  readonly expected?: readonly ValidatorId[];
  /** Hash of the document that the operator pins: nothing else is signed. */
  readonly expectedHash?: Uint8Array;
  /** How long announcements are collected, and how long signatures, in milliseconds. */
  readonly collectMs: number;
  readonly signMs: number;
  /** From the proposal to genesisTimeMs. */
  readonly leadMs: number;
  readonly repeatMs: number;
  readonly verify: VerifySignature;
}

export type GenesisTimer = 'collect' | 'sign' | 'repeat';

export type GenesisInput =
  | { readonly type: 'start' }
  | { readonly type: 'message'; readonly bytes: Uint8Array }
  | { readonly type: 'timer'; readonly name: GenesisTimer; readonly attempt: number };

export type GenesisSignAnswer =
  | { readonly ok: true; readonly signature: Uint8Array }
  | { readonly ok: false; readonly code: ConsensusErrorCode };

/** All are resumed with undefined but `sign`. */
export type GenesisEffect =
  | { readonly type: 'broadcast'; readonly bytes: Uint8Array }
  | {
      readonly type: 'setTimer';
      readonly name: GenesisTimer;
      readonly attempt: number;
      readonly afterMs: number;
    }
  /** Resumed with `GenesisSignAnswer` of the sign guard (`GenesisGuard.signDocument`). */
  | { readonly type: 'sign'; readonly document: GenesisDocument }
  /** All members have signed: store it, build genesis from it, start the core. */
  | { readonly type: 'complete'; readonly genesis: Genesis };

export type GenesisSteps<T = void> = Generator<GenesisEffect, T, GenesisSignAnswer | undefined>;

export type GenesisOutcome =
  | { readonly ok: true }
  | { readonly ok: false; readonly code: ConsensusErrorCode };

export interface GenesisStatus {
  readonly attempt: number;
  readonly announced: number;
  readonly members: number;
  readonly signatures: number;
  readonly isComplete: boolean;
}
