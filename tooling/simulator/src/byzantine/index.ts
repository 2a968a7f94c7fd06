import { accuser } from './accuser.ts';
import { alterer } from './alterer.ts';
import { amnesiac } from './amnesiac.ts';
import { type Behaviour } from './behaviour.ts';
import { bodyWithholder } from './body-withholder.ts';
import { boundaryLiar } from './boundary-liar.ts';
import { chaos } from './chaos.ts';
import { colluder } from './colluder.ts';
import { deserter } from './deserter.ts';
import { equivocator } from './equivocator.ts';
import { falseParent } from './false-parent.ts';
import { forger } from './forger.ts';
import { futureSpammer } from './future-spammer.ts';
import { gapSkipper } from './gap-skipper.ts';
import { invalidProposer } from './invalid-proposer.ts';
import { lateProposer } from './late-proposer.ts';
import { latencyLiar } from './latency-liar.ts';
import { nullifier } from './nullifier.ts';
import { ratchet } from './ratchet.ts';
import { replayer } from './replayer.ts';
import { silent } from './silent.ts';
import { splitVoter } from './split-voter.ts';
import { statusLiar } from './status-liar.ts';
import { timeTraveller } from './time-traveller.ts';
import { withholder } from './withholder.ts';

/** Every way to misbehave that a run may draw. */
export const behaviours: readonly Behaviour[] = [
  accuser,
  alterer,
  amnesiac,
  bodyWithholder,
  boundaryLiar,
  chaos,
  colluder,
  deserter,
  equivocator,
  falseParent,
  forger,
  futureSpammer,
  gapSkipper,
  invalidProposer,
  lateProposer,
  latencyLiar,
  nullifier,
  ratchet,
  replayer,
  silent,
  splitVoter,
  statusLiar,
  timeTraveller,
  withholder,
];

export function behaviourOf(name: string): Behaviour {
  const found = behaviours.find((behaviour) => behaviour.name === name);
  if (found === undefined) throw new RangeError(`no behaviour is called ${name}`);
  return found;
}
