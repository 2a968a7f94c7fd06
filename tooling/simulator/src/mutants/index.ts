import { ownMutants } from './membership.ts';
import { type Mutant } from './mutant.ts';
import { protocolMutants } from './protocol.ts';

export const mutants: readonly Mutant[] = [...protocolMutants, ...ownMutants];
