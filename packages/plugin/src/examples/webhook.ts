import { createHmac } from 'node:crypto';

import { z } from 'zod';

import { capability, definePlugin, PluginError, type Plugin } from '../index.ts';

/**
 * Posts every final block that touches a watched address, or every one, to a URL. A block counts as
 * delivered once the receiver answers 2xx; until then it is sent again, also after a crash. The
 * header `mxd-height` tells repeats apart.
 */
const webhook: Plugin = definePlugin({
  name: 'webhook',
  version: '1.0.0',
  config: z.strictObject({
    url: z.url({ protocol: /^https?$/ }),
    addresses: z.array(z.string().min(1)).max(10_000).default([]),
    from: z.union([z.literal('head'), z.int().min(1)]).default('head'),
    timeoutMs: z.int().min(100).max(30_000).default(5_000),
    /** Signs bodies with the secret `plugin-webhook-hmac-key`. */
    signed: z.boolean().default(false),
  }),
  requires: [capability.secretsRead],
  setup(ctx, config) {
    const watched = new Set(config.addresses);
    const sent = ctx.metrics.counter('sent_total', 'Deliveries.', { outcome: ['ok', 'failed'] });
    const height = ctx.metrics.gauge('delivered_height', 'Newest block that was delivered.');
    let delivered = 0;
    const wanted = (addresses: readonly string[]): boolean =>
      watched.size === 0 || addresses.some((address) => watched.has(address));

    async function signature(body: string): Promise<Readonly<Record<string, string>>> {
      if (!config.signed) return {};
      const key = await ctx.use(capability.secretsRead).get('hmac-key');
      if (key === undefined) {
        throw new PluginError('PLUGIN_SERVICE', 'the secret plugin-webhook-hmac-key is missing');
      }
      return { 'mxd-signature': createHmac('sha512', key).update(body).digest('hex') };
    }

    async function post(blockHeight: number, body: string): Promise<void> {
      const response = await fetch(config.url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'mxd-height': String(blockHeight),
          ...(await signature(body)),
        },
        body,
        redirect: 'error',
        signal: AbortSignal.any([ctx.signal, AbortSignal.timeout(config.timeoutMs)]),
      });
      await response.body?.cancel();
      if (response.ok) return;
      throw new PluginError('PLUGIN_FAILED', `the receiver answered ${response.status}`);
    }

    ctx.hooks.on(
      'block:final',
      async (block) => {
        const transactions = block.transactions
          .map(({ txid, inputs, outputs }) => ({ txid, inputs, outputs }))
          .filter(({ inputs, outputs }) =>
            wanted([...inputs, ...outputs].map(({ address }) => address)),
          );
        if (watched.size > 0 && transactions.length === 0) return;
        const { hash, timeMs, missedBefore } = block;
        const content = { height: block.height, hash, timeMs, missedBefore, transactions };
        const body = JSON.stringify(content, (_, value: unknown) =>
          typeof value === 'bigint' ? value.toString() : value,
        );
        try {
          await post(block.height, body);
          sent.increment(1, { outcome: 'ok' });
        } catch (error) {
          sent.increment(1, { outcome: 'failed' });
          throw error;
        }
        delivered = block.height;
        height.set(block.height);
      },
      { from: config.from },
    );
    ctx.api.get('/plugins/webhook/status', { response: z.object({ delivered: z.int() }) }, () => ({
      delivered,
    }));
  },
});

export default webhook;
