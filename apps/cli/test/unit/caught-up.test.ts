import { Connection } from '@mxd/client';
import { describe, expect, it } from 'vitest';
import { caughtUp } from '../../src/caught-up.ts';

const endpoints = ['http://first.test', 'http://second.test'];

/** Two nodes: the heights that the first tells one after the other; the second is always ahead. */
function network(heights: readonly (number | undefined)[]) {
  const asked: string[] = [];
  let turn = 0;
  const answer = (url: string): Promise<Response> => {
    const { origin } = new URL(url);
    asked.push(origin);
    const height = origin === endpoints[0] ? heights[turn++] : 99;
    if (height === undefined) return Promise.reject(new TypeError('refused'));
    return Promise.resolve(Response.json({ height }));
  };
  const connection = new Connection({ endpoints, fetch: answer as typeof fetch });
  return { connection, asked };
}

describe('caughtUp', () => {
  it('waits for the endpoint that the next command asks first, not for any', async () => {
    const { connection, asked } = network([7, 8, 9]);
    await caughtUp(connection, 9);
    expect(asked).toEqual([endpoints[0], endpoints[0], endpoints[0]]);
  });

  it('does not wait for one that does not answer', async () => {
    const { connection, asked } = network([7, undefined, 9]);
    await caughtUp(connection, 9);
    expect(asked).toEqual([endpoints[0], endpoints[0]]);
  });
});
