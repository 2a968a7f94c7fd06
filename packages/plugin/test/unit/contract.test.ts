import { describe, expect, test } from 'vitest';
import { z } from 'zod';

import {
  capability,
  definePlugin,
  notFound,
  type Plugin,
  type PluginContext,
} from '../../src/index.ts';
import { pluginOf } from '../../src/host/index.ts';
import { sampleBlock, sampleTransaction, TestHost } from '../../src/testing/index.ts';

const plugin = (
  setup: (ctx: PluginContext) => void | object,
  requires = [capability.ledgerRead],
): Plugin =>
  definePlugin({
    name: 'sample',
    version: '1.0.0',
    config: z.object({}),
    requires,
    setup: (ctx) => setup(ctx) as never,
  });

describe('definitions', () => {
  test.each([
    ['Name', '1.0.0'],
    ['', '1.0.0'],
    ['a'.repeat(33), '1.0.0'],
    ['ok', 'one'],
  ])('%s %s is refused', (name, version) => {
    const options = { name, version, config: z.object({}), setup: () => undefined };
    expect(() => definePlugin(options)).toThrow(
      expect.objectContaining({ code: 'PLUGIN_DEFINITION' }),
    );
  });

  test('modules export a plugin of this version of the contract', () => {
    const good = plugin(() => undefined);
    expect(pluginOf(good, 'm')).toBe(good);
    expect(() => pluginOf({}, 'm')).toThrow(expect.objectContaining({ code: 'PLUGIN_DEFINITION' }));
    expect(() => pluginOf({ ...good, contract: 2 }, 'm')).toThrow(
      expect.objectContaining({ code: 'PLUGIN_CONTRACT' }),
    );
  });

  test.each<[string, (ctx: PluginContext) => void]>([
    ['a path of another plugin', (ctx) => ctx.api.get('/plugins/other/x', {}, () => 1)],
    [
      'a path twice',
      (ctx) => {
        ctx.api.get('/plugins/sample/x', {}, () => 1);
        ctx.api.get('/plugins/sample/x', {}, () => 2);
      },
    ],
    ['a counter without _total', (ctx) => void ctx.metrics.counter('things', 'x')],
    ['a gauge with _total', (ctx) => void ctx.metrics.gauge('things_total', 'x')],
    [
      'too many series',
      (ctx) => {
        const values = Array.from({ length: 9 }, (_, i) => String(i));
        ctx.metrics.gauge('things', 'x', { a: values, b: values });
      },
    ],
    [
      'a hook that does not exist',
      (ctx) => ctx.hooks.on('block:reverted' as 'config:changed', () => undefined),
    ],
    [
      'a hook without batches in batches',
      (ctx) => ctx.hooks.onBatch('block:final' as never, () => []),
    ],
    ['a bad first height', (ctx) => ctx.hooks.on('block:final', () => undefined, { from: 0 })],
    [
      'a bad command',
      (ctx) => ctx.commands.add('Bad Name', { summary: '', input: z.object({}) }, () => 1),
    ],
  ])('%s is refused in setup', async (_, setup) => {
    await expect(TestHost.start(plugin(setup))).rejects.toMatchObject({
      code: 'PLUGIN_DEFINITION',
    });
  });
});

describe('a plugin behind its messages', () => {
  test('gates: handlers in order, the first refusal counts and is the last question', async () => {
    const asked: string[] = [];
    await using host = await TestHost.start(
      plugin((ctx) => {
        ctx.hooks.on('transaction:admit', ({ tip }) => {
          asked.push(`first ${tip}`);
          return tip === 1n ? { decision: 'refuse', reason: 'one' } : { decision: 'accept' };
        });
        ctx.hooks.onBatch('transaction:admit', (batch) => {
          asked.push(`second ${batch.map(({ tip }) => tip).join()}`);
          return batch.map(() => ({ decision: 'accept' }));
        });
      }),
    );
    const answers = await host.admit([
      sampleTransaction({ tip: 1n }),
      sampleTransaction({ tip: 2n }),
    ]);
    expect(answers).toEqual([{ decision: 'refuse', reason: 'one' }, { decision: 'accept' }]);
    expect(asked).toEqual(['first 1', 'first 2', 'second 2']);
  });

  test('gates: an answer that is none is a refusal; too few answers are a failure', async () => {
    await using vague = await TestHost.start(
      plugin((ctx) => ctx.hooks.on('transaction:admit', () => undefined as never)),
    );
    expect(await vague.admit([sampleTransaction()])).toEqual([
      { decision: 'refuse', reason: 'the plugin did not answer' },
    ]);
    await using short = await TestHost.start(
      plugin((ctx) => ctx.hooks.onBatch('transaction:admit', () => [])),
    );
    await expect(short.admit([sampleTransaction()])).rejects.toMatchObject({
      code: 'PLUGIN_RESPONSE',
    });
  });

  test('what a block leaves behind is kept with it; a restart finds it', async () => {
    const counting = plugin((ctx) => {
      ctx.hooks.on('block:final', async ({ height }) => {
        const before = await ctx.storage.get('count');
        return {
          store: [{ type: 'put', key: 'count', value: Uint8Array.of((before?.[0] ?? 0) + height) }],
        };
      });
      ctx.commands.add('count', { summary: 'x', input: z.object({}) }, async () => [
        ...((await ctx.storage.get('count')) ?? []),
      ]);
    });
    const first = await TestHost.start(counting);
    await first.final(sampleBlock(3));
    await first.final(sampleBlock(4));
    await using second = await TestHost.start(counting, { storage: first.storage });
    expect(await second.command('count')).toEqual([7]);
  });

  test('storage: pages by prefix, after a key, in both directions; sizes are checked', async () => {
    await using host = await TestHost.start(
      plugin((ctx) => {
        ctx.commands.add('run', { summary: 'x', input: z.any() }, async (range: object) => {
          for (const key of ['a/1', 'a/2', 'a/3', 'b/1'])
            await ctx.storage.put(key, new Uint8Array(1));
          const page = await ctx.storage.range(range);
          return page.map(([key]) => new TextDecoder().decode(key));
        });
        ctx.commands.add('big', { summary: 'x', input: z.any() }, () =>
          ctx.storage.put('k'.repeat(257), new Uint8Array(0)),
        );
      }),
    );
    expect(await host.command('run', { prefix: 'a/' })).toEqual(['a/1', 'a/2', 'a/3']);
    expect(await host.command('run', { prefix: 'a/', after: 'a/1', limit: 1 })).toEqual(['a/2']);
    expect(await host.command('run', { prefix: 'a/', reverse: true, after: 'a/3' })).toEqual([
      'a/2',
      'a/1',
    ]);
    await expect(host.command('run', { limit: 1_001 })).rejects.toMatchObject({
      code: 'PLUGIN_STORAGE',
    });
    await expect(host.command('big')).rejects.toMatchObject({ code: 'PLUGIN_STORAGE' });
  });

  test('services need their token, exist from start on, and fail as they fail', async () => {
    const services = { 'ledger:read': { head: () => Promise.resolve({ height: 5, hash: 'aa' }) } };
    let early: unknown;
    await using host = await TestHost.start(
      plugin((ctx) => {
        const ledger = ctx.use(capability.ledgerRead);
        early = ledger.head().catch((error: unknown) => error);
        ctx.commands.add('head', { summary: 'x', input: z.any() }, () => ledger.head());
        ctx.commands.add('block', { summary: 'x', input: z.any() }, () => ledger.block(1));
        ctx.commands.add('peers', { summary: 'x', input: z.any() }, () =>
          ctx.use(capability.peersRead),
        );
      }),
      { services },
    );
    expect(await early).toMatchObject({ code: 'PLUGIN_CAPABILITY' });
    expect(await host.command('head')).toEqual({ height: 5, hash: 'aa' });
    await expect(host.command('block')).rejects.toMatchObject({ code: 'PLUGIN_SERVICE' });
    await expect(host.command('peers')).rejects.toMatchObject({ code: 'PLUGIN_CAPABILITY' });
  });

  test('routes: schemas both ways, parameters, amounts as text, not found', async () => {
    await using host = await TestHost.start(
      plugin((ctx) => {
        ctx.api.get(
          '/plugins/sample/sum/:n',
          { params: z.object({ n: z.coerce.number() }), query: z.object({ by: z.string() }) },
          ({ params, query }) => ({ sum: params.n, by: query.by, amount: 7n }),
        );
        ctx.api.get('/plugins/sample/lost', {}, () => {
          throw notFound('gone');
        });
        ctx.api.post('/plugins/sample/big', {}, () => 'x'.repeat(2_000_000));
      }),
    );
    expect(host.manifest.routes.map(({ method, access }) => [method, access])).toEqual([
      ['GET', 'public'],
      ['GET', 'public'],
      ['POST', 'token'],
    ]);
    expect(await host.get('/plugins/sample/sum/3', { by: 'x' })).toEqual({
      sum: 3,
      by: 'x',
      amount: '7',
    });
    await expect(host.get('/plugins/sample/sum/x', { by: 'x' })).rejects.toMatchObject({
      code: 'PLUGIN_REQUEST',
    });
    await expect(host.get('/plugins/sample/lost')).rejects.toMatchObject({
      code: 'PLUGIN_NOT_FOUND',
    });
    await expect(host.get('/plugins/sample/none')).rejects.toMatchObject({
      code: 'PLUGIN_NOT_FOUND',
    });
    await expect(host.post('/plugins/sample/big', {})).rejects.toMatchObject({
      code: 'PLUGIN_RESPONSE',
    });
  });

  test('nothing is registered after setup', async () => {
    await using host = await TestHost.start(
      plugin((ctx) => {
        ctx.commands.add('late', { summary: 'x', input: z.any() }, () =>
          ctx.hooks.on('block:final', () => undefined),
        );
      }),
    );
    await expect(host.command('late')).rejects.toMatchObject({ code: 'PLUGIN_SEALED' });
  });

  test('start and stop run once; the signal is aborted at the end', async () => {
    const order: string[] = [];
    const host = await TestHost.start(
      plugin((ctx) => {
        ctx.signal.addEventListener('abort', () => order.push('signal'));
        return { start: () => void order.push('start'), stop: () => void order.push('stop') };
      }),
    );
    await host[Symbol.asyncDispose]();
    expect(order).toEqual(['start', 'signal', 'stop']);
  });

  test('metrics keep to their labels', async () => {
    await using host = await TestHost.start(
      plugin((ctx) => {
        const seen = ctx.metrics.counter('seen_total', 'Seen.', { kind: ['a'] });
        ctx.hooks.on('peer:connected', () => {
          seen.increment(1, { kind: 'a' });
          seen.increment(2, { kind: 'made up' });
          seen.increment(-5, { kind: 'a' });
        });
      }),
    );
    await host.emit('peer:connected', {
      peerId: 'p',
      validatorId: undefined,
      address: '',
      direction: 'inbound',
    });
    expect((await host.metrics())[0]?.series).toEqual([
      { labels: { kind: 'a' }, value: 1 },
      { labels: { kind: 'other' }, value: 2 },
    ]);
  });
});
