import { type Table, type TableEntry } from '@mxd/protocol';
import { keyOf } from '@mxd/protocol/primitives';

import { type World } from '../world.ts';
import { type Invariant } from './types.ts';

type Weigh = (entry: TableEntry) => bigint;

const total = (entries: readonly TableEntry[], weigh: Weigh): bigint =>
  entries.reduce((sum, entry) => sum + weigh(entry), 0n);

/** CHURN_IN and CHURN_OUT, said once more and independently of the ledger. */
function problemOf(world: World, before: Table, after: Table): string | undefined {
  const { parameters } = world;
  const weigh: Weigh = parameters.powerMode === 0 ? () => 1n : (entry) => entry.stake;
  const old = new Map(before.entries.map((entry) => [keyOf(entry.id), entry]));
  const now = new Map(after.entries.map((entry) => [keyOf(entry.id), entry]));
  if (now.size === 0) return 'an empty table';
  if (now.size !== after.entries.length) return 'an id twice';
  if (now.size > parameters.maxValidators) return `${now.size} members`;
  const stayed = before.entries.filter((entry) => now.has(keyOf(entry.id)));
  const joined = after.entries.filter((entry) => !old.has(keyOf(entry.id)));
  let grown = total(joined, weigh);
  for (const entry of after.entries) {
    const was = old.get(keyOf(entry.id));
    if (was !== undefined && parameters.powerMode === 1 && entry.stake > was.stake) {
      grown += entry.stake - was.stake;
    }
  }
  const most = total(stayed, weigh) / BigInt(parameters.churnInDivisor);
  if (grown > (most > 1n ? most : 1n)) return `${grown} of weight comes in, at most ${most}`;
  // Correct members without a change of their bond leave by LEAVE or eviction only: both are capped.
  const moved = new Set(
    world.config.plan.flatMap((one) => (one.kind === 'unbond' ? [one.node] : [])),
  );
  const left = before.entries.filter((entry) => {
    const owner = world.nodes.find((node) => keyOf(node.identity.id) === keyOf(entry.id));
    return !now.has(keyOf(entry.id)) && owner?.honest === true && !moved.has(owner.index);
  });
  const cap = total(before.entries, weigh) / BigInt(parameters.churnOutDivisor);
  return left.length > 1 && total(left, weigh) > cap
    ? `${total(left, weigh)} of weight goes out, at most ${cap}`
    : undefined;
}

export const churn: Invariant = {
  id: 'I19',
  about: 'joins and added stake stay within CHURN_IN; tables are never empty, double or too large',
  create(world) {
    let last: Table = world.genesis.table;
    return {
      epoch(node, table) {
        if (!node.honest || table.epoch !== last.epoch + 1) return undefined;
        const problem = problemOf(world, last, table);
        last = table;
        return problem === undefined ? undefined : `epoch ${table.epoch}: ${problem}`;
      },
    };
  },
};
