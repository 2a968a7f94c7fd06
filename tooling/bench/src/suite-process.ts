// Runs the benchmarks of one file in this process and sends each result to the parent. Started by
// run.ts with the IPC channel open, one process for each file, so that suites cannot warm up, litter
// or crash each other.
import { pathToFileURL } from 'node:url';
import type { BenchmarkSuite } from './harness.ts';
import { runBenchmark } from './measure.ts';
import type { FromSuite } from './run.ts';

const [file, filter, mode] = process.argv.slice(2);
if (file === undefined || process.send === undefined) {
  throw new TypeError('suite-process.ts is started by run.ts, not by hand');
}

function tell(message: FromSuite): Promise<void> {
  return new Promise((resolve, reject) => {
    process.send?.(message, (error: Error | null) => (error ? reject(error) : resolve()));
  });
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function isSuite(value: unknown): value is BenchmarkSuite {
  return (
    typeof value === 'object' &&
    value !== null &&
    'name' in value &&
    typeof value.name === 'string' &&
    'benchmarks' in value &&
    Array.isArray(value.benchmarks)
  );
}

const loaded: { default?: unknown } = await import(pathToFileURL(file).href);
if (!isSuite(loaded.default)) throw new TypeError(`${file} has no default BenchmarkSuite`);
const suite = loaded.default;
const names = new Set(suite.benchmarks.map((benchmark) => benchmark.name));
if (names.size !== suite.benchmarks.length) throw new TypeError(`${file} uses a name twice`);

for (const benchmark of suite.benchmarks) {
  const id = `${suite.name}/${benchmark.name}`;
  if (filter !== undefined && !file.includes(filter) && !id.includes(filter)) continue;
  const isAsked = filter !== undefined && filter !== '' && id.includes(filter);
  if (benchmark.long === true && mode === 'full' && !isAsked) {
    await tell({ result: { id, skipped: 'it takes minutes; --long or its own id runs it' } });
    continue;
  }
  try {
    await tell({ result: await runBenchmark(suite.name, benchmark, mode === 'smoke') });
  } catch (error) {
    await tell({ failed: id, error: textOf(error) });
  }
}
process.disconnect();
