import { type Effect, type Outcome, type Resume, type Steps } from './types.ts';

/**
 * Runs a piece of the machine to its end against a synchronous handler. The handler answers `sign`
 * and `signLatency` and returns undefined for every other effect.
 */
export function drive(steps: Steps<Outcome>, handle: (effect: Effect) => Resume): Outcome {
  let next = steps.next();
  while (next.done !== true) next = steps.next(handle(next.value));
  return next.value;
}
