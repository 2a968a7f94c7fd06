import { expect, test } from 'vitest';

import { runOnce } from '../../src/run.ts';
import { liars, setting } from '../../src/scenarios/scenario.ts';
import { quiet } from '../../src/swarm.ts';
import { World } from '../../src/world.ts';

test('a quiet run finalizes, breaks nothing, and has the same digest twice', async () => {
  const digests: string[] = [];
  for (let i = 0; i < 2; i++) {
    const world = new World(quiet);
    await world.run();
    expect(world.violations).toStrictEqual([]);
    expect(world.stalls).toStrictEqual([]);
    expect(world.minHeight).toBeGreaterThan(50);
    digests.push(world.digest.finish());
  }
  expect(digests[0]).toBe(digests[1]);
});

test('the real ledger as application: payments become final through crashes and lies', async () => {
  const config = setting(4, {
    application: 'ledger',
    epochLength: 16,
    safetyMs: 8_000,
    byzantine: liars('equivocator', 1),
    plan: [
      { at: 4_000, kind: 'crashAll', downMs: 100, spreadMs: 300 },
      { at: 3_000, kind: 'leave', node: 3 },
    ],
  });
  const { result, world } = await runOnce(config);
  expect(result.problems).toStrictEqual([]);
  const blocks = world.nodes[0]!.store.blocks;
  const count = blocks.reduce((sum, { block }) => sum + block.transactions.length, 0);
  expect(count).toBeGreaterThan(20);
  expect((await runOnce(config)).result.digest).toBe(result.digest);
});
