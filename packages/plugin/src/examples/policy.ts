import { z } from 'zod';

import { definePlugin, type Plugin } from '../index.ts';

/**
 * A policy gate: refuses payments from or to listed addresses, and above a sum. It decides what
 * this node admits and proposes, never what is valid.
 */
const policy: Plugin = definePlugin({
  name: 'policy',
  version: '1.0.0',
  config: z.strictObject({
    deny: z.array(z.string().min(1)).max(10_000).default([]),
    /** Most base units that one transaction may pay out, as decimal text; empty for no bound. */
    maxAmount: z
      .string()
      .regex(/^\d{0,20}$/)
      .default(''),
  }),
  setup(ctx, config) {
    const denied = new Set(config.deny);
    const max = config.maxAmount === '' ? undefined : BigInt(config.maxAmount);
    const refused = ctx.metrics.counter('refused_total', 'Transactions refused.', {
      rule: ['address', 'amount'],
    });
    ctx.hooks.onBatch('transaction:admit', (batch) =>
      batch.map(({ inputs, outputs }) => {
        if ([...inputs, ...outputs].some(({ address }) => denied.has(address))) {
          refused.increment(1, { rule: 'address' });
          return { decision: 'refuse', reason: 'an address is on the list of this node' };
        }
        const total = outputs.reduce((sum, { amount }) => sum + amount, 0n);
        if (max !== undefined && total > max) {
          refused.increment(1, { rule: 'amount' });
          return { decision: 'refuse', reason: `more than ${max} base units at once` };
        }
        return { decision: 'accept' };
      }),
    );
    // What waited in the pool before an address was listed stays out of this node's blocks.
    ctx.hooks.on('block:proposing', ({ transactions }) => ({
      leaveOut: transactions
        .filter(({ inputs, outputs }) =>
          [...inputs, ...outputs].some(({ address }) => denied.has(address)),
        )
        .map(({ txid }) => txid),
    }));
    ctx.api.get(
      '/plugins/policy/rules',
      { response: z.object({ denied: z.int(), maxAmount: z.string() }) },
      () => ({ denied: denied.size, maxAmount: config.maxAmount }),
    );
    ctx.commands.add(
      'check',
      { summary: 'Whether an address is on the list.', input: z.object({ address: z.string() }) },
      ({ address }) => ({ address, denied: denied.has(address) }),
    );
  },
});

export default policy;
