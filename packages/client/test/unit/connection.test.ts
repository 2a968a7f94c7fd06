import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';

import { Connection, type ConnectionOptions } from '../../src/index.ts';
import { problem } from '../server.ts';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

/** A server that answers by turn; the last answer repeats. */
async function serve(
  ...answers: readonly RequestListener[]
): Promise<{ url: string; count: () => number }> {
  let turn = 0;
  const server = createServer((request, response) => {
    const answer = answers[Math.min(turn++, answers.length - 1)]!;
    answer(request, response);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, count: () => turn };
}

const ok: RequestListener = (request, response) =>
  void response.end(
    JSON.stringify({ height: 5, url: request.url, auth: request.headers.authorization }),
  );
const hang: RequestListener = () => {};
const hangUp: RequestListener = (request) => void request.socket.destroy();
const fail =
  (status: number, code: string, headers: Record<string, string> = {}): RequestListener =>
  (_, response) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    problem(response, status, code);
  };

const connect = (endpoints: readonly string[], more: Partial<ConnectionOptions> = {}): Connection =>
  new Connection({ endpoints, backoffMs: 2, timeoutMs: 300, ...more });

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'none',
    (error: { code?: string }) => error.code ?? String(error),
  );

describe('one endpoint', () => {
  test.each([
    ['a cut connection', hangUp],
    ['an answer that never comes', hang],
    ['500', fail(500, 'API_INTERNAL')],
    ['503', fail(503, 'API_BUSY')],
    ['429', fail(429, 'API_RATE_LIMITED', { 'retry-after': '0' })],
    ['no JSON', ((_, response) => void response.end('<html>')) as RequestListener],
  ])('%s is tried again', async (_, bad) => {
    const { url, count } = await serve(bad, ok);
    const connection = connect([url]);
    expect((await connection.request('status', {})).value.height).toBe(5);
    expect(count()).toBe(2);
    expect(connection.counters.retries).toBe(1);
  });

  test.each([
    ['API_NOT_FOUND', 404, 'CLIENT_NOT_FOUND', 1],
    ['API_BAD_REQUEST', 400, 'CLIENT_PROBLEM', 1],
    ['API_BUSY', 503, 'CLIENT_PROBLEM', 4],
    ['API_TIMEOUT', 504, 'CLIENT_TIMEOUT', 4],
  ])('%s ends as it should', async (code, status, expected, tries) => {
    const { url, count } = await serve(fail(status, code));
    expect(await codeOf(connect([url]).request('status', {}))).toBe(expected);
    expect(count()).toBe(tries);
  });

  test('nobody there, no answer in time, answers without bounds', async () => {
    const quick = { attempts: 1, timeoutMs: 60 };
    expect(await codeOf(connect(['http://127.0.0.1:9'], quick).request('status', {}))).toBe(
      'CLIENT_UNREACHABLE',
    );
    const silent = await serve(hang);
    expect(await codeOf(connect([silent.url], quick).request('status', {}))).toBe('CLIENT_TIMEOUT');
    const endless = await serve((_, response) => {
      response.on('error', () => {});
      const part = 'x'.repeat(1 << 20);
      const more = (): void => {
        if (!response.destroyed) response.write(part, more);
      };
      more();
    });
    const patient = connect([endless.url], { attempts: 1, timeoutMs: 20_000 });
    expect(await codeOf(patient.request('status', {}))).toBe('CLIENT_TOO_LARGE');
  });

  test('a signal ends a request and a pause', async () => {
    const silent = await serve(hang);
    const signal = AbortSignal.timeout(30);
    await expect(connect([silent.url]).request('status', {}, { signal })).rejects.toMatchObject({
      name: 'TimeoutError',
    });
    const busy = await serve(fail(503, 'API_BUSY', { 'retry-after': '4' }));
    const soon = AbortSignal.timeout(40);
    await expect(connect([busy.url]).request('status', {}, { signal: soon })).rejects.toMatchObject(
      {
        name: 'TimeoutError',
      },
    );
  });

  test('paths, queries and tokens are sent as the contract has them', async () => {
    const { url } = await serve(ok);
    const connection = connect([`${url}/`], { token: 'abc' });
    const { value } = await connection.request('history', {
      params: { address: 'a/b' },
      query: { limit: 5 },
    });
    expect(value).toMatchObject({ url: '/v1/addresses/a%2Fb/history?limit=5', auth: 'Bearer abc' });
  });
});

describe('several endpoints', () => {
  test('the next answers for one that does not, and is asked first from then on', async () => {
    const [bad, good] = await Promise.all([serve(hangUp), serve(ok)]);
    const connection = connect([bad.url, good.url]);
    expect((await connection.request('status', {})).endpoint).toBe(good.url);
    expect((await connection.request('status', {})).endpoint).toBe(good.url);
    expect(bad.count()).toBe(1);
    expect(connection.counters).toMatchObject({ failovers: 1, retries: 1, requests: 3 });
  });

  test('asking one of them alone moves nothing while the first is well', async () => {
    const [one, two] = await Promise.all([serve(ok), serve(ok)]);
    const connection = connect([one.url, two.url]);
    await connection.request('status', {}, { endpoint: two.url });
    expect((await connection.request('status', {})).endpoint).toBe(one.url);
    expect(connection.counters.failovers).toBe(0);
  });

  test('one that lied is asked last', async () => {
    const [one, two] = await Promise.all([serve(ok), serve(ok)]);
    const connection = connect([one.url, two.url]);
    connection.distrust(one.url);
    expect(connection.order()).toEqual([two.url, one.url]);
    expect((await connection.request('status', {})).endpoint).toBe(two.url);
  });

  test('what one has pruned another may have', async () => {
    const [pruned, archive] = await Promise.all([serve(fail(410, 'API_PRUNED')), serve(ok)]);
    const connection = connect([pruned.url, archive.url]);
    expect((await connection.request('block', { params: { id: '1' } })).endpoint).toBe(archive.url);
  });

  test.each([[[]], [['ftp://x']], [['nonsense']], [['http://a?b']]])(
    '%j is no list of endpoints',
    (endpoints) => {
      expect(() => connect(endpoints)).toThrow(
        expect.objectContaining({ code: 'CLIENT_ENDPOINTS' }) as Error,
      );
    },
  );
});
