import { type Effect, type Input, type Outcome } from '@mxd/consensus';
import { type Block, type Table } from '@mxd/protocol';

import { type StoredBlock } from '../chain-store.ts';
import { type SimNode } from '../node.ts';
import { type World } from '../world.ts';

export interface Violation {
  readonly invariant: string;
  readonly atMs: number;
  readonly node: string;
  readonly detail: string;
}

/** What an invariant may look at, each called as it happens. It answers with what is wrong. */
export interface Checks {
  readonly effect?: (node: SimNode, effect: Effect) => string | undefined;
  /** A gated effect leaves; `after` records had to be durable, `durable` are. */
  readonly released?: (
    node: SimNode,
    effect: Effect,
    after: number,
    durable: number,
  ) => string | undefined;
  readonly committed?: (node: SimNode, stored: StoredBlock) => string | undefined;
  readonly epoch?: (node: SimNode, table: Table) => string | undefined;
  readonly stepped?: (
    node: SimNode,
    input: Input,
    outcome: Outcome | undefined,
  ) => string | undefined;
  readonly halted?: (node: SimNode, code: string, reason: string) => string | undefined;
  readonly started?: (node: SimNode) => string | undefined;
  readonly judgedInvalid?: (node: SimNode, block: Block, reason: string) => string | undefined;
  /** Every 100 virtual milliseconds. */
  readonly periodic?: () => string | undefined;
  readonly finished?: () => string | undefined;
}

/** A named property of every run. `create` makes the memory of one run. */
export interface Invariant {
  readonly id: string;
  readonly about: string;
  create(world: World): Checks;
}
