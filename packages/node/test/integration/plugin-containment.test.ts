import { describe, expect, test } from 'vitest';

import { entry, misbehaving, recorder, Stage, until } from '../plugins/support.ts';

const bad = (hook: string, how: string): ReturnType<typeof entry> =>
  entry(misbehaving, { hook, how });

describe('an observer that misbehaves is restarted, and its neighbours do not notice', () => {
  test.each([
    ['loop', /does not respond/],
    // Near its limit a heap is collected without end, which looks like a loop.
    ['leak-slowly', /out of memory|does not respond/],
    ['leak-buffers', /out of memory/],
    ['exit', /exited with 3/],
    ['uncaught', /uncaught on purpose/],
  ])('%s', async (how, reason) => {
    await using stage = await Stage.open();
    const host = await stage.start([bad('block:final', how), entry(recorder)]);
    await stage.extend(host);
    await until(() => (host.status()[0]?.counters.restarts ?? 0) >= 1, 'a restart');
    expect(stage.lines.join('')).toMatch(reason);
    await stage.extend(host);
    await until(() => host.status()[1]?.final?.cursor === 2, 'the neighbour');
    expect(await stage.submit(stage.payment().bytes)).toMatchObject({ status: 'accepted' });
    expect(host.status()[1]?.counters).toMatchObject({ restarts: 0, errors: 0, timeouts: 0 });
    // What failed on a block gets it again; an answer given before the end counts.
    expect(host.status()[0]!.final!.cursor).toBeLessThanOrEqual(2);
  });

  test('throwing keeps the block for later, with more and more time between', async () => {
    await using stage = await Stage.open();
    const host = await stage.start([bad('block:final', 'throw'), entry(recorder)]);
    await stage.extend(host);
    await until(() => (host.status()[0]?.counters.errors ?? 0) >= 4, 'four attempts');
    expect(host.status()[0]).toMatchObject({
      state: 'running',
      final: { cursor: 0, lag: 1 },
      lastFailure: 'thrown on purpose',
    });
    expect(stage.counts['error']).toBeGreaterThanOrEqual(4);
    await until(() => host.status()[1]?.final?.cursor === 1, 'the neighbour');
  });

  test('lines of the log beyond the rate are dropped and counted', async () => {
    await using stage = await Stage.open();
    const host = await stage.start([bad('log', '')]);
    await stage.extend(host);
    await until(() => host.status()[0]?.final?.lag === 0, 'the block');
    expect(host.status()[0]!.counters.linesDropped).toBeGreaterThan(4_000);
    expect(stage.lines.filter((line) => line.includes('again and again')).length).toBeLessThan(500);
  });

  test('a flood of messages ends the thread', async () => {
    await using stage = await Stage.open();
    const host = await stage.start([bad('flood', '')]);
    await stage.extend(host);
    await until(() => (host.status()[0]?.counters.restarts ?? 0) >= 1, 'a restart');
    expect(stage.lines.join('')).toContain('flooded');
  });
});

describe('a gate that misbehaves is a closed gate', () => {
  test('looping: the first question waits for its budget, the next ones for nothing', async () => {
    await using stage = await Stage.open();
    const host = await stage.start([bad('transaction:admit', 'loop'), entry(recorder)]);
    const first = await stage.submit(stage.payment().bytes);
    expect(first).toMatchObject({ status: 'refused', code: 'POOL_POLICY', mayRetry: true });
    expect(first.reason).toContain('took over 250 ms');
    const second = await stage.submit(stage.payment().bytes);
    expect(second.reason).toContain('is not running');
    await until(() => (host.status()[0]?.counters.restarts ?? 0) >= 1, 'a restart');
    await stage.extend(host);
    await until(() => host.status()[1]?.final?.cursor === 1, 'the neighbour');
    expect(stage.counts['timeout']).toBe(1);
  });

  test.each([
    ['throw', /thrown on purpose/],
    ['hang', /took over 250 ms/],
    ['nonsense', /did not answer/],
  ])('%s', async (how, reason) => {
    await using stage = await Stage.open();
    const host = await stage.start([bad('transaction:admit', how)]);
    expect((await stage.submit(stage.payment().bytes)).reason).toMatch(reason);
    expect(host.status()[0]).toMatchObject({ state: 'running', counters: { restarts: 0 } });
  });

  test('a hanging answer suspects nobody for longer than the next sign of life', async () => {
    await using stage = await Stage.open();
    const host = await stage.start([bad('transaction:admit', 'hang')]);
    await stage.submit(stage.payment().bytes);
    const asked = async (): Promise<boolean> =>
      (await stage.submit(stage.payment().bytes)).reason?.includes('took over') === true;
    await until(asked, 'asked again');
    expect(host.status()[0]!.state).toBe('running');
  });

  test('of proposals: everything stays out of this node’s block', async () => {
    await using stage = await Stage.open();
    const host = await stage.start([bad('block:proposing', 'throw')]);
    const paid = stage.payment();
    stage.mempool.get = () => ({ bytes: paid.bytes }) as never;
    expect((await host.leaveOut!([paid.txid])).size).toBe(1);
  });
});

describe('setup', () => {
  test.each([
    ['throw', /thrown on purpose/],
    ['exit', /exited with 3/],
    ['leak-heap', /out of memory/],
  ])('that ends in %s keeps the node from starting', async (how, reason) => {
    await using stage = await Stage.open();
    await expect(stage.start([bad('setup', how)])).rejects.toThrow(reason);
  });
});
