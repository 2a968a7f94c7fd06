import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { loadConfig } from '@mxd/config';
import fastify from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { registerPluginRoutes } from '../../src/plugins/routes.ts';
import { Stage, until } from '../plugins/support.ts';

const guide = new URL('../../../../docs/guides/write-a-plugin.md', import.meta.url);
// Where packages resolve as they do for somebody who has installed them.
const cache = new URL('../../node_modules/.cache/', import.meta.url).pathname;

interface Fence {
  readonly language: string;
  readonly name: string;
  readonly text: string;
}

let fences: readonly Fence[];
let directory: string;

beforeAll(async () => {
  const page = await readFile(guide, 'utf8');
  fences = [...page.matchAll(/^```(\w+) ?(\S*)\n(.*?)^```$/gms)].map(
    ([, language = '', name = '', text = '']) => ({ language, name, text }),
  );
  await mkdir(cache, { recursive: true });
  directory = await mkdtemp(join(cache, 'guide-'));
  for (const { name, text } of fences) {
    if (name !== '') await writeFile(join(directory, name), text);
  }
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const command = (start: string): readonly string[] => {
  const found = fences.find(({ language, text }) => language === 'sh' && text.startsWith(start));
  return (found?.text ?? '').trim().split(' ');
};

test('the plugin passes its own test', async () => {
  const [, ...words] = command('node --test');
  expect(words).toEqual(['--test', 'fraud-score.test.js']);
  const { stdout } = await promisify(execFile)(process.execPath, words, {
    cwd: directory,
    env: { PATH: process.env['PATH'], NODE_OPTIONS: '--conditions=@mxd/source' },
  });
  expect(stdout).toMatch(/pass 2/);
  expect(stdout).toMatch(/fail 0/);
});

test('the plugin runs in a node, from the configuration of the guide', async () => {
  const path = join(directory, 'node.yaml');
  const files = [{ path, required: true }];
  const { config } = await loadConfig({ files, environment: {}, flags: [] });
  await using stage = await Stage.open(2);
  await stage.extend();
  const host = await stage.start(config.plugins, { directory });
  await stage.extend(host);
  await until(() => host.status()[0]?.final?.lag === 0, 'the block');
  const app = fastify();
  registerPluginRoutes(app, {
    host,
    authorize: () => Promise.resolve(false),
    onUnauthorized: () => undefined,
  });
  const [program, url = ''] = command('curl');
  expect(program).toBe('curl');
  expect(Number(new URL(url).port)).toBe(config.api.port);
  const answer = await app.inject({ url: new URL(url).pathname });
  expect(answer.json()).toEqual({ height: 2, denied: 0, hasBlocks: true });
  await app.close();
});
