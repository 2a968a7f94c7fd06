import { quiet } from './swarm.ts';
import { World } from './world.ts';

const world = new World(quiet);
await world.run();
console.log(
  JSON.stringify({ seed: 1, digest: world.digest.finish(), finalHeight: world.minHeight }),
);
