import { describe, expect, test, vi } from 'vitest';

import { EventFeed, formatPlace, type FinalEvents } from '../../src/events/feed.ts';
import { limits } from '../../src/limits.ts';

const blockEvent = (height: number, offset: number): FinalEvents['events'][number] => ({
  topic: 'block',
  cursor: formatPlace({ height, offset }),
  data: { height } as never,
});

/** A block of `count` events; all but the last stand for payments. */
function eventsOf(height: number, count: number): FinalEvents {
  const events = Array.from({ length: count }, (_, i) =>
    i === count - 1
      ? blockEvent(height, i + 1)
      : ({
          topic: 'transaction',
          cursor: formatPlace({ height, offset: i + 1 }),
          data: { txid: `${height}.${i}`, state: 'final', height, addresses: [] },
        } as const),
  );
  return { height, events };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('event feed', () => {
  test('knows whether somebody follows a topic', () => {
    const feed = new EventFeed(() => Promise.resolve(undefined), 0);
    expect(feed.wants('transaction')).toBe(false);
    const topics = new Set(['block'] as const);
    const reader = feed.subscribe({ topics, address: undefined, cursor: undefined });
    expect([feed.wants('block'), feed.wants('transaction')]).toEqual([true, false]);
    reader.close();
    expect(feed.wants('block')).toBe(false);
  });

  test('makes events of a block only for readers, and once for all of them', async () => {
    const feed = new EventFeed(() => Promise.resolve(undefined), 0);
    const make = vi.fn(() => Promise.resolve(eventsOf(1, 2)));
    feed.final(1, make);
    expect(make).not.toHaveBeenCalled();
    const options = { topics: new Set(['block'] as const), address: undefined, cursor: undefined };
    const readers = [feed.subscribe(options), feed.subscribe(options)];
    const second = vi.fn(() => Promise.resolve(eventsOf(2, 2)));
    feed.final(2, second);
    for (const reader of readers) {
      expect((await reader.next()).value).toMatchObject({ topic: 'block', data: { height: 2 } });
    }
    expect(second).toHaveBeenCalledTimes(1);
  });

  test('gives what needs no waiting at once, in order and without doubles', async () => {
    const feed = new EventFeed((height) => Promise.resolve(eventsOf(height, 5)), 0);
    const topics = new Set(['block', 'transaction'] as const);
    const reader = feed.subscribe({ topics, address: undefined, cursor: undefined });
    feed.final(1);
    feed.final(2);
    const cursors: string[] = [];
    const take = async (most: number): Promise<void> => {
      const { value } = await reader.next();
      for (const event of [value, ...reader.rest(most)]) cursors.push(event?.cursor ?? 'none');
    };
    await take(2);
    await take(100);
    feed.transaction('aa', 'pending', []);
    await take(100);
    await take(100);
    const expected = [1, 2].flatMap((height) => [1, 2, 3, 4, 5].map((n) => `${height}.${n}`));
    expect(cursors.filter((cursor) => cursor !== '3.0')).toEqual(expected);
    expect(cursors).toContain('3.0');
    expect(reader.rest(100)).toEqual([]);
  });

  test('keeps a bounded number of events, however many payments a block has', async () => {
    const size = Math.ceil(limits.streamEvents.value / 4);
    const load = vi.fn((height: number) => Promise.resolve(eventsOf(height, size)));
    const feed = new EventFeed(load, 8);
    for (let height = 1; height <= 8; height++) await feed.at(height);
    await settle();
    expect(load).toHaveBeenCalledTimes(8);
    await feed.at(8);
    await feed.at(6);
    expect(load).toHaveBeenCalledTimes(8);
    await feed.at(1);
    expect(load).toHaveBeenCalledTimes(9);
  });

  test('asks again for events that could not be read', async () => {
    const load = vi
      .fn<(height: number) => Promise<FinalEvents | undefined>>()
      .mockRejectedValueOnce(new Error('disk'))
      .mockResolvedValue(eventsOf(3, 1));
    const feed = new EventFeed(load, 3);
    await expect(feed.at(3)).rejects.toThrow('disk');
    expect(await feed.at(3)).toMatchObject({ height: 3 });
  });
});
