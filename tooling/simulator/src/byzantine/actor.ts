import { type Policy } from '@mxd/consensus';

import { type BuildRequest } from '../application.ts';
import { type SimNode } from '../node.ts';

/** What a Byzantine node does differently. */
export interface ByzantineActor {
  readonly name: string;
  /** Starts without what its journal holds. */
  readonly forgets: boolean;
  readonly policy: Partial<Policy>;
  started(): void;
  halted(): void;
  /** Messages of the real core on their way out: true if this took care of them. */
  outgoing(targets: readonly SimNode[], bytes: Uint8Array): boolean;
  /** A message on its way in: false hides it from the real core. */
  incoming(from: number, bytes: Uint8Array): boolean;
  wishBuild(request: BuildRequest): BuildRequest;
}
