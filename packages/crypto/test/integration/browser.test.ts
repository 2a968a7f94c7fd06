import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

import { toHex } from '@mxd/codec';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import { describe, expect, test } from 'vitest';

import { addressOfKey, formatAddress } from '../../src/address.ts';
import { taggedHash } from '../../src/hash.ts';
import { pureSuites } from '../../src/suites.ts';

const entry = (name: string): string =>
  fileURLToPath(new URL(`../../src/${name}.ts`, import.meta.url));

/** The entry points that promise to run in browsers. */
const portable = [
  'index',
  'address',
  'constant-time',
  'derivation',
  'errors',
  'hash',
  'limits',
  'merkle',
  'mnemonic',
  'secret',
  'suites',
];
const executablePath = process.env['MXD_CHROMIUM'] ?? '/usr/bin/chromium';

/** One script with all of `contents`; resolving a Node module fails, as it would for a web page. */
async function bundle(contents: string): Promise<string> {
  const result = await build({
    stdin: { contents, resolveDir: fileURLToPath(new URL('../..', import.meta.url)), loader: 'ts' },
    bundle: true,
    write: false,
    minify: true,
    format: 'iife',
    platform: 'browser',
    target: 'es2024',
    conditions: ['@mxd/source'],
    supported: { using: false },
    logLevel: 'silent',
  });
  return result.outputFiles[0]!.text;
}

const sizeOf = (text: string): string => `${(gzipSync(text).length / 1024).toFixed(1)} KiB gzip`;

describe('in browsers', () => {
  test('every portable entry bundles without anything of Node', async () => {
    const sizes: string[] = [];
    for (const name of portable) {
      const text = await bundle(`export * from ${JSON.stringify(entry(name))};
        import * as all from ${JSON.stringify(entry(name))}; globalThis.all = all;`);
      expect(text).not.toMatch(/["']node:(?!crypto["'])/);
      sizes.push(`${name} ${sizeOf(text)}`);
    }
    console.log(`bundles: ${sizes.join(', ')}`);
  });

  test('what needs Node does not bundle: it cannot slip into a page unnoticed', async () => {
    for (const name of ['native', 'pool', 'keystore', 'locked-memory']) {
      await expect(
        bundle(`import * as all from ${JSON.stringify(entry(name))}; globalThis.all = all;`),
      ).rejects.toThrow();
    }
  });

  test.skipIf(!existsSync(executablePath))(
    `the bundle signs, verifies, derives and hashes like Node (skipped without ${executablePath})`,
    async () => {
      const text = await bundle(`
        import { addressOfKey, formatAddress, merkleRoot, pureSuites, taggedHash } from ${JSON.stringify(entry('index'))};
        import { hashBackendName } from ${JSON.stringify(entry('hash'))};
        import { generateMnemonic, parseMnemonic, seedOfMnemonic } from ${JSON.stringify(entry('mnemonic'))};
        import { deriveSuiteSeed } from ${JSON.stringify(entry('derivation'))};
        import { SecretBytes } from ${JSON.stringify(entry('secret'))};
        const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
        globalThis.run = async (foreign) => {
          const results = {};
          for (const id of [1, 2, 3]) {
            const suite = pureSuites[id];
            const seed = new Uint8Array(suite.seedBytes).fill(id);
            const message = Uint8Array.of(1, 2, 3);
            const key = suite.publicKeyOf(seed);
            const signature = suite.sign(seed, message);
            results[id] = {
              key: hex(taggedHash('MXD5ADDR', key)),
              address: formatAddress(addressOfKey(id, key), 'test'),
              own: suite.verify(key, message, signature),
              other: suite.verify(key, Uint8Array.of(1), signature),
              foreign: suite.verify(key, message, Uint8Array.from(foreign[id])),
            };
          }
          const mnemonic = generateMnemonic(12, 'spanish');
          const seed = await seedOfMnemonic(parseMnemonic(mnemonic.text));
          const derived = deriveSuiteSeed(3, SecretBytes.own(new Uint8Array(64)), { account: 0, change: 0, index: 0 });
          return { results, hashBackendName, seed: seed.length, root: hex(merkleRoot([seed.expose().fill(0)])), derived: hex(derived.expose()), shown: String(derived) };
        };`);
      console.log(`wallet core for the browser: ${sizeOf(text)}`);
      const profile = mkdtempSync(join(tmpdir(), 'mxd-browser-'));
      const browser = await chromium.launch({
        executablePath,
        args: [
          '--no-sandbox',
          '--disable-gpu',
          '--disable-quic',
          '--no-first-run',
          '--disable-background-networking',
          '--disable-component-update',
          '--disable-sync',
        ],
        env: { ...process.env, XDG_CONFIG_HOME: profile, XDG_CACHE_HOME: profile },
      });
      try {
        const page = await browser.newPage();
        await page.addScriptTag({ content: text });
        const message = Uint8Array.of(1, 2, 3);
        const foreign = Object.fromEntries(
          ([1, 2, 3] as const).map((id) => {
            const seed = new Uint8Array(pureSuites[id].seedBytes).fill(id);
            return [id, [...pureSuites[id].sign(seed, message)]];
          }),
        );
        const answer = (await page.evaluate(
          (given) =>
            (globalThis as unknown as { run: (of: object) => Promise<unknown> }).run(given),
          foreign,
        )) as { results: Record<number, object>; [name: string]: unknown };
        for (const id of [1, 2, 3] as const) {
          const key = pureSuites[id].publicKeyOf(new Uint8Array(pureSuites[id].seedBytes).fill(id));
          expect(answer.results[id]).toEqual({
            key: toHex(taggedHash('MXD5ADDR', key)),
            address: formatAddress(addressOfKey(id, key), 'test'),
            own: true,
            other: false,
            foreign: true,
          });
        }
        expect(answer).toMatchObject({ hashBackendName: 'noble', seed: 64, shown: '[redacted]' });
      } finally {
        await browser.close();
        rmSync(profile, { recursive: true, force: true });
      }
    },
  );
});
