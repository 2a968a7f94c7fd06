import { type RunConfig } from '../config.ts';
import { runOnce, type RunResult } from '../run.ts';
import { type Trace } from '../trace.ts';
import { faultScenarios } from './faults.ts';
import { membershipScenarios } from './membership.ts';
import { protocolScenarios } from './protocol.ts';
import { type Scenario } from './scenario.ts';

const numberOf = ({ id }: Scenario): number => Number(id.slice(1));

/** The catalogue of docs/protocol/rsc.md, in its order. */
export const scenarios: readonly Scenario[] = [
  ...protocolScenarios,
  ...faultScenarios,
  ...membershipScenarios,
].sort((a, b) => numberOf(a) - numberOf(b));

/** Runs one configuration with what a scenario does and expects, if one is given. */
export async function runConfigured(config: RunConfig, scenario?: Scenario): Promise<RunResult> {
  const name = config.name === 'quiet' ? (scenario?.id ?? config.name) : config.name;
  const { result } = await runOnce({ ...config, name }, undefined, scenario);
  return result;
}

/** Runs all configurations of a scenario. */
export async function runScenario(scenario: Scenario, trace?: Trace): Promise<RunResult[]> {
  const results: RunResult[] = [];
  for (const config of scenario.configs) {
    const name = config.name === 'quiet' ? scenario.id : config.name;
    const { result } = await runOnce({ ...config, name }, trace, scenario);
    results.push(result);
  }
  return results;
}
