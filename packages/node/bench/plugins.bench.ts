import type { Mempool } from '@mxd/ledger';
import { transactionCodec } from '@mxd/protocol/transaction';

import type { BenchmarkContext, BenchmarkSuite } from '../../../tooling/bench/src/harness.ts';
import { entry, recorder, Stage } from '../test/plugins/support.ts';

type Policy = NonNullable<ConstructorParameters<typeof Mempool>[0]['policy']>;

async function gate(
  context: BenchmarkContext,
  trusted: boolean,
  count: number,
): Promise<() => Promise<void>> {
  const stage = await Stage.open(count);
  context.onEnd(() => stage[Symbol.asyncDispose]());
  const policy = entry('@mxd/plugin/examples/policy', {}, { trusted, budgetMs: 60_000 });
  const host = await stage.start([policy]);
  const questions: Parameters<Policy>[0] = Array.from({ length: count }, (_, i) => {
    const { bytes, txid } = stage.payment();
    const output = stage.world.coins[i]?.output;
    const spent = [{ ...output, createdHeight: 0, lock: { kind: 'plain' as const } }];
    const { body } = transactionCodec.decode(bytes);
    return { txid: txid as never, bytes, body, spent: spent as never, peer: undefined };
  });
  return async (): Promise<void> => {
    const answers = await host.policy(questions);
    if (answers.some(({ decision }) => decision !== 'accept')) throw new Error('refused');
  };
}

const suite: BenchmarkSuite = {
  name: 'plugins',
  benchmarks: [
    {
      name: 'gate in a thread, batches of 100',
      operations: 100,
      prepare: (context) => gate(context, false, 100),
    },
    {
      name: 'gate on the main thread, batches of 100',
      operations: 100,
      prepare: (context) => gate(context, true, 100),
    },
    {
      name: 'gate in a thread, one at a time',
      prepare: (context) => gate(context, false, 1),
    },
    {
      name: 'final blocks to a plugin that keeps them',
      unit: 'blocks/s',
      better: 'higher',
      async measure({ smoke, onEnd }) {
        const stage = await Stage.open(2);
        onEnd(() => stage[Symbol.asyncDispose]());
        const blocks = smoke ? 5 : 200;
        for (let i = 0; i < blocks; i++) await stage.extend();
        const host = await stage.start([entry(recorder)]);
        const beganMs = performance.now();
        while (host.status()[0]?.final?.lag !== 0) {
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
        const endMs = performance.now();
        return [blocks / ((endMs - beganMs) / 1_000)];
      },
    },
  ],
};

export default suite;
