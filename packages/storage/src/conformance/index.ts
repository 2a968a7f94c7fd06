import { batchCases } from './batches.ts';
import { type ConformanceCase } from './driver.ts';
import { lifetimeCases } from './lifetimes.ts';
import { modelCases } from './model.ts';
import { rangeCases } from './ranges.ts';
import { readCases } from './reads.ts';

/** All cases of the contract: run each as a test of its own, in any framework. */
export const conformanceCases: readonly ConformanceCase[] = [
  ...readCases,
  ...batchCases,
  ...rangeCases,
  ...lifetimeCases,
  ...modelCases,
];

export { type ConformanceCase, type DriverUnderTest } from './driver.ts';
