import { existsSync } from 'node:fs';
import { toHex } from '@mxd/codec';
import { installNative } from '@mxd/crypto/native';
import { chromium, type Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { EpochChain } from '../../src/epochs.ts';
import { finalTransaction, parseTransactionEvidence } from '../../src/header-proof.ts';
import { formatCheckpoint, makeReceipt, verifyConsensus } from '../../src/index.ts';
import type * as whole from '../bundle-entry.ts';
import { budgetBytes, bundle } from '../bundle.ts';
import { TestChain } from '../chain.ts';
import { chainOf, payment } from '../payments.ts';
import { TestNode } from '../server.ts';
import type * as part from '../verify-entry.ts';
import type { Json } from '../json.ts';

installNative();

describe('the bundle of build, sign (hybrid), send, wait and verify', () => {
  test(`is at most ${budgetBytes} bytes, gzip`, async () => {
    const { code, gzipBytes, inputs } = await bundle('./bundle-entry.ts');
    console.log(`bundle: ${code.length} bytes, ${gzipBytes} gzip (budget ${budgetBytes})`);
    expect(gzipBytes).toBeLessThanOrEqual(budgetBytes);
    const banned = /zod|argon2|bip39|keystore|sodium|qrcode|ledger|storage|native/;
    expect(inputs.filter((path) => banned.test(path))).toEqual([]);
  });

  test('is much smaller for those who only verify', async () => {
    const whole = await bundle('./bundle-entry.ts');
    const part = await bundle('./verify-entry.ts');
    console.log(`verifying alone: ${part.gzipBytes} bytes gzip`);
    expect(part.inputs.filter((path) => /wallet|connection|stream/.test(path))).toEqual([]);
    expect(part.gzipBytes).toBeLessThan(whole.gzipBytes);
  });
});

const executable = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const absent = !existsSync(executable);
if (absent) console.log(`skipped: no browser at ${executable} (set CHROMIUM)`);

describe.skipIf(absent)('in a real browser', () => {
  const chain = new TestChain();
  const node = new TestNode(chain);
  let browser: Browser;
  beforeAll(async () => {
    chain.addMany(20);
    await node.start();
    browser = await chromium.launch({ executablePath: executable, args: ['--no-sandbox'] });
  });
  afterAll(async () => {
    await browser?.close();
    await node.stop();
  });

  const coin = { txid: '05'.repeat(64), amount: '900000' };
  const setting = () => ({
    url: node.url,
    checkpoint: formatCheckpoint(chain.checkpoint),
    chain: { ...chainOf(chain), chainTag: toHex(chain.checkpoint.chainTag), dustLimit: '1000' },
    coin,
  });

  test('a hybrid payment is built, signed, sent, proven final and receipted', async () => {
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(String(error)));
    const { code } = await bundle('./bundle-entry.ts', 'iife');
    await page.addScriptTag({ content: code });
    const mining = setInterval(() => {
      if (node.pending.size > 0) node.mine();
    }, 20);
    const result = await page.evaluate(async ({ url, checkpoint, chain: told, coin: from }) => {
      const { mxd } = globalThis as unknown as { mxd: Json };
      const bytes = (text: string) =>
        Uint8Array.from(text.match(/../g)!.map((pair) => Number.parseInt(pair, 16)));
      const account = mxd.accountFromSeed(3, mxd.SecretBytes.random(64));
      const unsigned = mxd.buildPayment(
        { ...told, chainTag: bytes(told.chainTag), dustLimit: BigInt(told.dustLimit) },
        {
          coins: [
            {
              outpoint: { txid: bytes(from.txid), index: 0 },
              owner: account.owner,
              amount: BigInt(from.amount),
              createdHeight: 1,
              lock: { kind: 'plain' },
            },
          ],
          payments: [{ to: account.owner, amount: 500_000n }],
          change: account.owner,
        },
      );
      const signed = mxd.signTransaction(unsigned, [account]);
      const light = new mxd.LightClient({
        connection: new mxd.Connection({ endpoints: [url] }),
        checkpoint: mxd.parseCheckpoint(checkpoint),
      });
      const proven = await mxd.sendAndWait(light, signed);
      const receipt = mxd.makeReceipt(light, proven);
      const again = mxd.verifyReceipt(receipt, mxd.parseCheckpoint(checkpoint));
      return { height: again.block.header.height, receipt, size: signed.bytes.length };
    }, setting());
    clearInterval(mining);
    expect(errors).toEqual([]);
    expect(result.height).toBeGreaterThan(20);
    expect(result.size).toBeGreaterThan(7_000);
    expect(JSON.parse(result.receipt).summary.pays).toHaveLength(2);
    await page.close();
  });

  test('what a node forges is refused there too', async () => {
    node.behaviour.tamper = (route, answer) => (route === 'header' ? chain.headerProof(3) : answer);
    const page = await browser.newPage();
    await page.addScriptTag({ content: (await bundle('./bundle-entry.ts', 'iife')).code });
    const code = await page.evaluate(async ({ url, checkpoint }) => {
      const { mxd } = globalThis as unknown as { mxd: typeof whole };
      const light = new mxd.LightClient({
        connection: new mxd.Connection({ endpoints: [url] }),
        checkpoint: mxd.parseCheckpoint(checkpoint),
      });
      return light.header(5).then(
        () => 'none',
        (error: { readonly code: string }) => error.code,
      );
    }, setting());
    expect(code).toBe('CLIENT_UNPROVEN');
    delete node.behaviour.tamper;
    await page.close();
  });

  test('a receipt is verified, and the time it takes is printed', async () => {
    const own = new TestChain({ seed: 80 });
    const paid = payment(own, 3);
    own.add([paid.bytes]);
    const evidence = parseTransactionEvidence(own.transactionProof(toHex(paid.txid)));
    const epochs = new EpochChain(own.checkpoint, verifyConsensus);
    const receipt = makeReceipt({ epochs }, finalTransaction(evidence));
    const page = await browser.newPage();
    await page.addScriptTag({ content: (await bundle('./verify-entry.ts', 'iife')).code });
    const { txid, times } = await page.evaluate(
      ([text, checkpoint]) => {
        const { mxd } = globalThis as unknown as { mxd: typeof part };
        const spent: number[] = [];
        let proven: { readonly summary: { readonly txid: string } } | undefined;
        for (let i = 0; i < 5; i++) {
          const started = performance.now();
          proven = mxd.verifyReceipt(text, mxd.parseCheckpoint(checkpoint));
          spent.push(Math.round(performance.now() - started));
        }
        return { txid: proven?.summary.txid, times: spent };
      },
      [receipt, formatCheckpoint(own.checkpoint)] as const,
    );
    console.log(`receipt in the browser, ms: ${times.join(' ')} (aim: under 200)`);
    expect(txid).toBe(toHex(paid.txid));
    await page.close();
  });
});
