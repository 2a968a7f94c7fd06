import { ConsensusError } from './errors.ts';
import { type Core, type CoreConfig } from './types.ts';

/** Makes a core that waits for its `start` input. */
export function createCore(_config: CoreConfig): Core {
  throw new ConsensusError('CONSENSUS_NOT_STARTED', 'the core arrives with the next commit');
}
