import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { loadConfig } from '@mxd/config';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { Cluster } from '../cluster.ts';

/** Self-signed certificates for 127.0.0.1 that protect nothing: their keys lie beside them. */
const pem = (name: string): string =>
  fileURLToPath(new URL(`../support/tls/${name}.pem`, import.meta.url));

let cluster: Cluster;
let certificate = '';
let key = '';
beforeAll(async () => {
  cluster = await Cluster.make(1);
  certificate = join(cluster.root, 'cert.pem');
  key = join(cluster.root, 'key.pem');
  await copyFile(pem('first.cert'), certificate);
  await copyFile(pem('first.key'), key);
  const { directory, port } = cluster.members[0]!;
  await cluster.startWith(0, () =>
    loadConfig({
      files: [],
      environment: {},
      flags: [
        '--role=validator',
        `--data-dir=${directory}`,
        `--network-listen=/ip4/127.0.0.1/tcp/${port}`,
        '--network-discovery=false',
        '--api-port=0',
        '--metrics-port=0',
        '--verification-workers=1',
        `--api-tls-certificate-file=${certificate}`,
        `--api-tls-key-file=${key}`,
      ],
    }),
  );
}, 60_000);
afterAll(() => cluster[Symbol.asyncDispose]());

/** Asks for the status over a new connection that trusts one certificate alone. */
async function statusTrusting(name: string): Promise<number> {
  const ca = await readFile(pem(name));
  return new Promise((resolve, reject) => {
    request(`${cluster.url(0)}/v1/status`, { ca, agent: false }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
    })
      .on('error', reject)
      .end();
  });
}

test('the API answers over TLS, and to nobody in the clear', async () => {
  expect(cluster.url(0)).toMatch(/^https:/);
  expect(await statusTrusting('first.cert')).toBe(200);
  await expect(statusTrusting('second.cert')).rejects.toThrow(/certificate/);
  await expect(fetch(`${cluster.url(0).replace('https', 'http')}/v1/status`)).rejects.toThrow();
});

test('a reload takes a new certificate without a restart, and keeps the old one if it is broken', async () => {
  await copyFile(pem('second.cert'), certificate);
  await copyFile(pem('second.key'), key);
  expect(await statusTrusting('first.cert')).toBe(200);
  await cluster.node(0).reload();
  expect(await statusTrusting('second.cert')).toBe(200);
  await expect(statusTrusting('first.cert')).rejects.toThrow(/certificate/);

  await writeFile(key, 'no key');
  await expect(cluster.node(0).reload()).rejects.toThrow();
  expect(await statusTrusting('second.cert')).toBe(200);
});
