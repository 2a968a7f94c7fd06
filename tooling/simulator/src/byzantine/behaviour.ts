import { type Policy } from '@mxd/consensus';

import { type BuildRequest } from '../application.ts';
import { type SimNode } from '../node.ts';
import { type ByzantineActor } from './actor.ts';

/** Where a behaviour takes hold of a node. Each is optional: without it the real core does its work. */
export interface Hooks {
  /** A message of the core on its way out: true if the behaviour took care of it. */
  readonly outgoing?: (targets: readonly SimNode[], bytes: Uint8Array) => boolean;
  /** A message on its way in: false hides it from the core. */
  readonly incoming?: (from: number, bytes: Uint8Array) => boolean;
  /** Every `periodMs`. */
  readonly tick?: () => void;
  readonly wishBuild?: (request: BuildRequest) => BuildRequest;
}

/** One way to misbehave. */
export interface Behaviour {
  readonly name: string;
  readonly about: string;
  readonly policy?: Partial<Policy>;
  readonly forgets?: boolean;
  readonly periodMs?: number;
  create(actor: ByzantineActor): Hooks;
}
