import fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { problemOf } from '../../src/http/problem.ts';
import { registerPluginRoutes } from '../../src/plugins/routes.ts';
import { entry, recorder, Stage, until } from '../plugins/support.ts';

let stage: Stage;
let host: Awaited<ReturnType<Stage['start']>>;
let app: FastifyInstance;
let unauthorized = 0;

beforeEach(async () => {
  stage = await Stage.open(2);
  await stage.extend();
  host = await stage.start([entry(recorder)]);
  app = fastify();
  app.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error, request.id);
    void reply.code(problem.status).send(problem);
  });
  registerPluginRoutes(app, {
    host,
    authorize: (token, scope) => Promise.resolve(token === 'good' && scope === 'plugins'),
    onUnauthorized: () => unauthorized++,
  });
});
afterEach(async () => {
  await app.close();
  await stage[Symbol.asyncDispose]();
});

const ask = async (
  method: 'GET' | 'POST',
  url: string,
  more: object = {},
): Promise<{ readonly status: number; readonly body: unknown }> => {
  const response = await app.inject({ method, url, ...more });
  return { status: response.statusCode, body: response.json() };
};

test('routes of a plugin answer over HTTP, with their parameters, schemas and access', async () => {
  await until(() => host.status()[0]?.final?.cursor === 1, 'block 1');
  expect(await ask('GET', '/plugins/recorder/blocks/1')).toMatchObject({
    status: 200,
    body: { height: 1, missedBefore: 0 },
  });
  expect(await ask('GET', '/plugins/recorder/blocks/9')).toMatchObject({
    status: 404,
    body: { code: 'API_NOT_FOUND', detail: 'no block 9' },
  });
  expect(await ask('GET', '/plugins/recorder/blocks/one')).toMatchObject({
    status: 400,
    body: { code: 'API_BAD_REQUEST' },
  });
  for (const path of ['/plugins/recorder/nothing', '/plugins/nobody/x', '/plugins/recorder/']) {
    expect(await ask('GET', path)).toMatchObject({ status: 404 });
  }
  const echo = { payload: { text: 'a' } };
  expect(await ask('POST', '/plugins/recorder/echo', echo)).toMatchObject({ status: 401 });
  expect(unauthorized).toBe(1);
  const headers = { authorization: 'Bearer good' };
  expect(await ask('POST', '/plugins/recorder/echo', { ...echo, headers })).toEqual({
    status: 200,
    body: { text: 'a' },
  });
  const broken = await ask('GET', '/plugins/recorder/broken');
  expect(broken).toMatchObject({ status: 500, body: { code: 'API_INTERNAL' } });
  expect(JSON.stringify(broken.body)).not.toContain('no number');
  await host.stop();
  expect(await ask('GET', '/plugins/recorder/seen')).toMatchObject({
    status: 503,
    body: { code: 'API_BUSY' },
  });
});
