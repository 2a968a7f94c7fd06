import { toHex } from '@mxd/codec';
import { formatAddress } from '@mxd/crypto/address';
import { describe, expect, test } from 'vitest';

import { alice, bob, entry, recorder, Stage, until } from '../plugins/support.ts';

const policy = '@mxd/plugin/examples/policy';
const address = (owner: typeof bob.owner): string => formatAddress(owner, 'test');

const ask = (
  host: Awaited<ReturnType<Stage['start']>>,
  name: string,
  command: string,
  input: unknown = {},
): Promise<unknown> => host.find(name)!.call({ kind: 'command', name: command, input }, 5_000);

const read = (host: Awaited<ReturnType<Stage['start']>>, path: string): Promise<unknown> =>
  host.find('recorder')!.call(
    {
      kind: 'route',
      call: { method: 'GET', path, params: {}, query: {}, body: undefined, requestId: 'r' },
    },
    5_000,
  );

describe('final blocks', () => {
  test('come by height with facts, from the configured height, and are kept once', async () => {
    await using stage = await Stage.open();
    const paid = stage.payment();
    await stage.extend();
    await stage.extend(undefined, [paid.bytes]);
    const host = await stage.start([entry(recorder)]);
    await until(() => host.status()[0]?.final?.cursor === 2, 'two blocks');
    await stage.extend(host);
    await until(() => host.status()[0]?.final?.lag === 0, 'no lag');
    expect(await read(host, '/plugins/recorder/heights')).toEqual([1, 2, 3]);
    const block = (await ask(host, 'recorder', 'block', { height: 2 })) as never;
    expect(block).toMatchObject({
      height: 2,
      missedBefore: 0,
      transactions: [
        {
          txid: toHex(paid.txid),
          inputs: [{ address: address(alice.owner), amount: '1000000' }],
          outputs: [{ address: address(bob.owner), amount: '1000000' }],
        },
      ],
    });
    // A worker's counters arrive now and then, each block's on its own.
    const counted = (kind: string, count: number) =>
      host.metricsText().includes(`kind="${kind}"} ${count}\n`);
    await until(() => counted('full', 1) && counted('empty', 2), 'metrics');
    expect(host.metricsText()).toContain('mxd_plugin_recorder_blocks_total{kind="empty"} 2\n');
    expect(host.metricsText()).toContain('mxd_plugins_final_lag_blocks{plugin="recorder"} 0\n');
  });

  test('go on from the cursor after a restart, and from the head for a new plugin', async () => {
    await using stage = await Stage.open();
    for (let i = 0; i < 3; i++) await stage.extend();
    const first = await stage.start([entry(recorder, { from: 'head' })]);
    await stage.extend(first);
    await until(() => first.status()[0]?.final?.cursor === 4, 'block 4');
    await first.stop();
    for (let i = 0; i < 3; i++) await stage.extend();
    const second = await stage.start([entry(recorder, { from: 'head' })]);
    await until(() => second.status()[0]?.final?.cursor === 7, 'block 7');
    expect(await read(second, '/plugins/recorder/heights')).toEqual([4, 5, 6, 7]);
  });
});

describe('a plugin on its thread', () => {
  test('observes, is asked, sees no environment, and uses only what it required', async () => {
    await using stage = await Stage.open();
    const host = await stage.start([entry(recorder)]);
    expect(await ask(host, 'recorder', 'head')).toMatchObject({ height: 0 });
    expect(await ask(host, 'recorder', 'environment')).toEqual([]);
    await expect(ask(host, 'recorder', 'submit')).rejects.toMatchObject({
      code: 'PLUGIN_CAPABILITY',
    });
    const paid = stage.payment();
    host.accepted([paid]);
    stage.peer({
      type: 'up',
      peer: { peerId: 'P1' } as never,
      inspection: { peerId: 'P1', address: '/ip4/127.0.0.1', direction: 'inbound' } as never,
    });
    stage.peer({ type: 'down', peer: { peerId: 'P1' } as never, reason: 'closed' });
    host.evidence({ validatorId: 'V1', epoch: 1, view: 2 });
    host.configChanged([{ path: 'log.level', value: 'debug' }]);
    const expected = [
      'up P1',
      'down P1',
      'bad V1',
      'set log.level',
      `accepted ${toHex(paid.txid)}`,
    ];
    await until(
      async () => ((await read(host, '/plugins/recorder/seen')) as string[]).length === 5,
      'five events',
    );
    const seen = (await read(host, '/plugins/recorder/seen')) as string[];
    expect(seen.toSorted()).toEqual(expected.toSorted());
  });

  test('is refused what the operator does not grant, on the host side', async () => {
    await using stage = await Stage.open();
    const host = await stage.start([entry(recorder)], { grants: { [recorder]: ['peers:read'] } });
    await expect(ask(host, 'recorder', 'head')).rejects.toMatchObject({
      code: 'PLUGIN_CAPABILITY',
    });
  });

  test('runs the same on the main thread when it is trusted', async () => {
    await using stage = await Stage.open();
    await stage.extend();
    const host = await stage.start([entry(recorder, {}, { trusted: true })]);
    await until(() => host.status()[0]?.final?.cursor === 1, 'block 1');
    expect(await read(host, '/plugins/recorder/heights')).toEqual([1]);
    expect(await ask(host, 'recorder', 'environment')).not.toEqual([]);
  });
});

describe('gates', () => {
  test('refuse payments in the mempool with the reason, and leave them out of blocks', async () => {
    await using stage = await Stage.open();
    const before = stage.payment();
    const config = { deny: [address(bob.owner)] };
    const host = await stage.start([entry(policy, config)]);
    expect(await stage.submit(before.bytes)).toMatchObject({
      status: 'refused',
      code: 'POOL_POLICY',
      reason: 'policy: an address is on the list of this node',
    });
    const leaveOut = host.leaveOut!;
    stage.mempool.get = () => ({ bytes: before.bytes }) as never;
    expect(await leaveOut([before.txid])).toEqual(new Set([toHex(before.txid)]));
    await until(
      () => host.metricsText().includes('mxd_plugin_policy_refused_total{rule="address"} 1'),
      'counted',
    );
    expect(await ask(host, 'policy', 'check', { address: 'x' })).toEqual({
      address: 'x',
      denied: false,
    });
  });

  test('are asked in order; what the first refuses, the next never hears of', async () => {
    await using stage = await Stage.open();
    const host = await stage.start([entry(policy, { maxAmount: '1' }), entry(recorder)]);
    expect(host.status().map(({ name }) => name)).toEqual(['policy', 'recorder']);
    expect(await stage.submit(stage.payment().bytes)).toMatchObject({
      reason: 'policy: more than 1 base units at once',
    });
    expect(host.leaveOut).toBeDefined();
  });

  test('without plugins nothing is asked; before the start everything is refused', async () => {
    await using stage = await Stage.open();
    const none = await stage.start([]);
    expect(none.leaveOut).toBeUndefined();
    expect(await stage.submit(stage.payment().bytes)).toMatchObject({ status: 'accepted' });
    const host = await stage.start([entry(policy)]);
    expect(await stage.submit(stage.payment().bytes)).toMatchObject({ status: 'accepted' });
    await host.stop();
    expect(await stage.submit(stage.payment().bytes)).toMatchObject({
      status: 'refused',
      reason: 'the plugins are not running',
    });
  });
});

describe('a plugin that cannot start keeps the node from starting', () => {
  test.each([
    ['a module that is not there', entry('./nowhere.js'), /Cannot find|failed to load|nowhere/i],
    ['a package that is not there', entry('no-such-package'), /not installed/],
    ['a bad configuration', entry(policy, { deny: 'x' }), /policy\.deny/],
    ['an unknown setting', entry(policy, { allow: [] }), /Unrecognized/],
    ['two of one name', undefined, /two plugins/],
  ])('%s', async (_, one, message) => {
    await using stage = await Stage.open();
    const entries = one === undefined ? [entry(policy), entry(policy)] : [one];
    const start = stage.start(entries);
    await expect(start).rejects.toThrow(message);
    await expect(start).rejects.toMatchObject({ code: 'NODE_PLUGIN' });
  });
});
