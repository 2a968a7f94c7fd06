import { agreement } from './agreement.ts';
import { certificates } from './certificates.ts';
import { signatures } from './signatures.ts';
import { type Invariant } from './types.ts';
import { validChain } from './valid-chain.ts';

/** Every property that is checked in every run. */
export const invariants: readonly Invariant[] = [agreement, certificates, validChain, signatures];
