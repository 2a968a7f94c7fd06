import { installNative } from '@mxd/crypto/native';

import type { BenchmarkContext, BenchmarkSuite } from '../../bench/src/harness.ts';
import { parseOptions, type LoadOptions } from '../src/options.ts';
import type { Report } from '../src/report.ts';
import { runLoad } from '../src/run.ts';
import { SourceNetwork } from '../test/support.ts';

/** One run against four nodes of this machine; the other figures of its report beside it. */
async function run(context: BenchmarkContext, words: readonly string[]): Promise<Report> {
  installNative();
  const network = await SourceNetwork.start({
    loadOutputs: context.smoke ? 200 : 12_000,
    minBlockMs: context.smoke ? 20 : 100,
  });
  context.onEnd(() => network[Symbol.asyncDispose]());
  const options = parseOptions([...words, '--dir', network.directory]) as LoadOptions;
  const report = await runLoad(options, () => {});
  context.figure('finalized', report.finalizedTps, '/s');
  context.figure('p50', report.p50Ms, 'ms');
  context.figure('p99', report.p99Ms, 'ms');
  context.figure('cpu', report.cpuMsPerTx ?? 'not known', 'ms/payment');
  context.figure('memory', report.rssMb ?? 'not known', 'MB');
  context.figure('event loop p99', report.eventLoopP99Ms ?? 'not known', 'ms');
  context.figure('lost', report.lost);
  context.figure('value', report.valueConserved ? 'conserved' : 'NOT CONSERVED');
  context.figure('load average', report.loadAverage);
  return report;
}

const suite: BenchmarkSuite = {
  name: 'load',
  benchmarks: [
    {
      name: '4 nodes, 40 payments/s: to final, p50',
      unit: 'ms',
      better: 'lower',
      target: { atMost: 200 },
      measure: async (context) => {
        const seconds = context.smoke ? '1' : '15';
        return [(await run(context, ['light', '--seconds', seconds])).p50Ms];
      },
    },
    {
      name: '4 nodes, 1,000 payments/s: finalized',
      unit: 'payments/s',
      better: 'higher',
      target: { atLeast: 1_000 },
      measure: async (context) => {
        const words = context.smoke ? ['--rate', '50', '--seconds', '1'] : ['--seconds', '20'];
        return [(await run(context, ['sustained', ...words])).finalizedTps];
      },
    },
  ],
};
export default suite;
