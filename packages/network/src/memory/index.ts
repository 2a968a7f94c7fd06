export {
  createMemoryHub,
  realWorld,
  type MemoryHub,
  type MemoryNodeOptions,
  type MemoryWorld,
} from './memory.ts';
export { type MemoryLane } from './link.ts';
