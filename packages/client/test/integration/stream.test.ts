import { afterEach, describe, expect, test } from 'vitest';

import { Connection, cursorBefore, events, type StreamEvent } from '../../src/index.ts';
import { parseEvents } from '../../src/server-sent-events.ts';
import { TestChain } from '../chain.ts';
import { TestNode } from '../server.ts';

const nodes: TestNode[] = [];
afterEach(async () => {
  await Promise.all(nodes.splice(0).map((node) => node.stop()));
});
async function start(chain: TestChain): Promise<TestNode> {
  const node = await new TestNode(chain).start();
  nodes.push(node);
  return node;
}
const connect = (...list: readonly TestNode[]): Connection =>
  new Connection({ endpoints: list.map(({ url }) => url), backoffMs: 2 });

/** Takes events until a height. */
async function take(stream: AsyncIterable<StreamEvent>, until: number): Promise<number[]> {
  const heights: number[] = [];
  for await (const event of stream) {
    if (event.topic !== 'block') continue;
    heights.push(event.data.height);
    if (event.data.height >= until) break;
  }
  return heights;
}

const upTo = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe('event streams', () => {
  test('start from now on, or from a height', async () => {
    const chain = new TestChain();
    chain.addMany(5);
    const node = await start(chain);
    const connection = connect(node);
    const live = take(events(connection, { topics: ['block'] }), 8);
    await expect.poll(() => node.listeners).toBe(1);
    const grow = setInterval(() => {
      chain.add();
      node.tell();
    }, 5);
    expect(await live).toEqual([6, 7, 8]);
    clearInterval(grow);
    const all = events(connection, { topics: ['block'], cursor: cursorBefore(2) });
    expect(await take(all, 5)).toEqual([2, 3, 4, 5]);
  });

  test('lose and repeat nothing when cut at random, across nodes', async () => {
    const chain = new TestChain();
    const [one, two] = await Promise.all([start(chain), start(chain)]);
    let resumed = 0;
    const connection = connect(one, two);
    for (const node of [one, two]) {
      node.behaviour.intercept = (route, _, response) => {
        if (route !== 'events') return false;
        // Each connection lives a few milliseconds, and some end in the middle of an event.
        setTimeout(
          () => {
            if (chain.height % 3 === 0) response.write('id: 9.1\ndata: {"topic":"bl');
            response.destroy();
          },
          4 + (chain.height % 11),
        );
        return false;
      };
    }
    const grow = setInterval(() => {
      chain.addMany(3);
      one.tell();
      two.tell();
    }, 2);
    const stream = events(connection, {
      topics: ['block'],
      cursor: cursorBefore(1),
      backoffMs: 1,
      attempts: 1_000,
      onResume: () => resumed++,
    });
    const heights = await take(stream, 150);
    clearInterval(grow);
    expect(heights.slice(0, 150)).toEqual(upTo(1, 150));
    expect(resumed).toBeGreaterThan(3);
  });

  test('drop what a node repeats, and pass on what it dropped', async () => {
    const node = await start(new TestChain());
    const sent = [
      { topic: 'block', cursor: '1.1', data: { height: 1 } },
      { topic: 'block', cursor: '1.1', data: { height: 1 } },
      { topic: 'status', cursor: '9.0', data: {} },
      { topic: 'block', cursor: '2.1', data: { height: 2 } },
      { topic: 'missed', cursor: '5.0', data: { count: 3, fromHeight: 2 } },
      { topic: 'block', cursor: '4.1', data: { height: 4 } },
      { topic: 'transaction', cursor: '9.0', data: { txid: 'a', state: 'pending', addresses: [] } },
      { topic: 'block', cursor: '5.4', data: { height: 5 } },
    ];
    node.behaviour.intercept = (route, _, response) => {
      if (route !== 'events') return false;
      for (const event of sent) response.write(`data: ${JSON.stringify(event)}\n\n`);
      response.end();
      return true;
    };
    const topics: string[] = [];
    for await (const event of events(connect(node), { topics: ['block'], cursor: '0.0' })) {
      topics.push(`${event.topic} ${event.cursor}`);
      if (event.cursor === '5.4') break;
    }
    expect(topics).toEqual([
      'block 1.1',
      'status 9.0',
      'block 2.1',
      'missed 5.0',
      'transaction 9.0',
      'block 5.4',
    ]);
  });

  test('give up after so many failures in a row, and stop for a signal', async () => {
    const node = await start(new TestChain());
    node.behaviour.intercept = (route, _, response) => {
      if (route !== 'events') return false;
      response.writeHead(503).end();
      return true;
    };
    const options = { topics: ['block'], cursor: '1.0', attempts: 3, backoffMs: 1 } as const;
    await expect(take(events(connect(node), options), 1)).rejects.toMatchObject({
      code: 'CLIENT_STREAM',
    });
    for (const text of ['{', '7', '{"topic":1}']) {
      node.behaviour.intercept = (route, _, response) => {
        if (route === 'events') response.end(`data: ${text}\n\n`);
        return route === 'events';
      };
      await expect(take(events(connect(node), options), 1)).rejects.toMatchObject({
        cause: { code: 'CLIENT_MALFORMED' },
      });
    }
    delete node.behaviour.intercept;
    const signal = AbortSignal.timeout(50);
    const stream = events(connect(node), { topics: ['block'], signal });
    await expect(take(stream, 99)).rejects.toMatchObject({ name: 'TimeoutError' });
  });
});

describe('server-sent events', () => {
  const bodyOf = (...parts: readonly string[]): ReadableStream<Uint8Array> =>
    new ReadableStream({
      start(controller) {
        for (const part of parts) controller.enqueue(new TextEncoder().encode(part));
        controller.close();
      },
    });
  const read = async (...parts: readonly string[]): Promise<string[]> => {
    const found: string[] = [];
    for await (const { event, data } of parseEvents(bodyOf(...parts), () => {})) {
      found.push(`${event}|${data}`);
    }
    return found;
  };
  test('are read however they are cut', async () => {
    const text =
      ': hi\r\nevent: block\r\ndata: a\r\ndata:b\r\n\r\nid: 1\ndata\n\ndata: é\n\n\ndata: cut';
    const whole = await read(text);
    expect(whole).toEqual(['block|a\nb', '|', '|é']);
    for (let at = 1; at < text.length; at++) {
      expect(await read(text.slice(0, at), text.slice(at))).toEqual(whole);
    }
  });
  test('are bounded', async () => {
    const flood = read('data: ', 'x'.repeat(1_048_600));
    await expect(flood).rejects.toMatchObject({ code: 'CLIENT_TOO_LARGE' });
  });
});
