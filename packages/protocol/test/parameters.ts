import { defaultParameters } from '../src/parameters.ts';

export { defaultParameters };

/** The part of the parameters that fixes leader schedules. */
export const leaderModeOf = { leaderMode: defaultParameters.leaderMode };
