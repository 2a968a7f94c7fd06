import { agreement } from './agreement.ts';
import { blame } from './blame.ts';
import { budget } from './budget.ts';
import { certificates } from './certificates.ts';
import { churn } from './churn.ts';
import { durability } from './durability.ts';
import { endurance } from './endurance.ts';
import { evidence } from './evidence.ts';
import { honestBlocks } from './honest-blocks.ts';
import { measurements } from './measurements.ts';
import { memory } from './memory.ts';
import { parents } from './parents.ts';
import { punishment } from './punishment.ts';
import { seats } from './seats.ts';
import { sequences } from './sequences.ts';
import { signatures } from './signatures.ts';
import { silence } from './silence.ts';
import { supply } from './supply.ts';
import { tables } from './tables.ts';
import { timestamps } from './timestamps.ts';
import { type Invariant } from './types.ts';
import { validChain } from './valid-chain.ts';

/**
 * Every property that is checked in every run. I9 (progress) is judged at the end of a run, I12 (equal
 * digests) by running twice, I17 (journals of correct nodes open again) where they are opened.
 */
export const invariants: readonly Invariant[] = [
  agreement,
  certificates,
  validChain,
  signatures,
  evidence,
  tables,
  supply,
  timestamps,
  memory,
  budget,
  durability,
  silence,
  blame,
  endurance,
  honestBlocks,
  churn,
  punishment,
  measurements,
  sequences,
  parents,
  seats,
];
