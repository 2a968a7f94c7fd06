import type { Core } from '@mxd/consensus';

import type { MxdNode } from './node.ts';

/** How often the main thread's delay is sampled. */
export const loopSampleMs = 5;

/** Reads the node's own numbers into its metrics at each scrape. */
export function bindMetrics(node: MxdNode, core: Core): void {
  const { metrics, network, eventLoop } = node;
  const { ledger, mempool, pool, checks } = node.chain;
  metrics.set('buildInfo', 1, { role: node.config.role });
  metrics.bind('finalHeight', () => ledger.head.height);
  metrics.bind('finalityLag', () => node.finalityLagMs / 1_000);
  metrics.bind('epoch', () => core.status().epoch);
  metrics.bind('view', () => core.status().view);
  metrics.bind('nullifiedViews', () => core.counters.nullifications);
  metrics.bind('isValidator', () => (core.status().selfIndex >= 0 ? 1 : 0));
  metrics.bind('validatorRank', () => core.status().selfIndex + 1);
  metrics.bind('mempoolTransactions', () => {
    const { counters } = mempool;
    return [
      [{ lane: 'orphan' }, counters.orphans],
      [{ lane: 'free' }, counters.transactions],
    ];
  });
  metrics.bind('mempoolBytes', () => mempool.bytes);
  metrics.bind('mempoolEvictions', () => mempool.counters.evicted);
  metrics.bind('mempoolAdmissions', () => {
    const { accepted, known, refused } = mempool.counters;
    const rejected = Object.values(refused).reduce((sum, count) => sum + count, 0);
    return [
      [{ verdict: 'accepted' }, accepted],
      [{ verdict: 'known' }, known],
      [{ verdict: 'rejected' }, rejected],
    ];
  });
  metrics.bind('totalSupply', () => Number(ledger.head.header.totalSupply / 100_000_000n));
  metrics.bind('peers', () => {
    const peers = network.peers.list();
    const validators = peers.filter(({ validatorId }) => validatorId !== undefined).length;
    return [
      [{ kind: 'validator' }, validators],
      [{ kind: 'full' }, peers.length - validators],
    ];
  });
  metrics.bind('clockOffset', () => (network.clock().peersOffsetMs ?? 0) / 1_000);
  metrics.bind('syncTarget', () => node.syncTarget);
  metrics.bind('eventLoopDelay', () => {
    // The histogram holds times between two samples, their distance included.
    const delayOf = (ns: number): number => Math.max(0, ns / 1e6 - loopSampleMs) / 1e3;
    const values = [
      [{ quantile: 'p50' }, delayOf(eventLoop.percentile(50))],
      [{ quantile: 'p99' }, delayOf(eventLoop.percentile(99))],
      [{ quantile: 'max' }, delayOf(eventLoop.max)],
    ] as const;
    eventLoop.reset();
    return values;
  });
  metrics.bind('verifications', () => checks.total);
  metrics.bind('verificationQueue', () => pool.stats().outstanding);
  metrics.bind('streamSubscribers', () => node.feed.subscribers);
  metrics.bind('streamMissed', () => node.feed.missedTotal);
  metrics.bind('bans', () => network.peers.bans().length);
}
