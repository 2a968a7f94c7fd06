import { expect, test } from 'vitest';

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
