/** The client's verification in a real browser, timed there. */
import { existsSync } from 'node:fs';
import { toHex } from '@mxd/codec';
import { chromium, type Page } from 'playwright-core';

import { formatCheckpoint } from '../src/index.ts';
import { bundle } from '../test/bundle.ts';
import type { TestChain } from '../test/chain.ts';
import type * as follow from '../test/follow-entry.ts';

const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

/** Why nothing can be measured in a browser here. */
export const noBrowser = (): string | undefined =>
  existsSync(executablePath) ? undefined : `no browser at ${executablePath} (set CHROMIUM)`;

/** Runs `use` with a page that has the client under the name `mxd`. */
async function inPage<T>(use: (page: Page) => Promise<T>): Promise<T> {
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage();
    await page.addScriptTag({ content: (await bundle('./follow-entry.ts', 'iife')).code });
    return await use(page);
  } finally {
    await browser.close();
  }
}

/** Milliseconds that a page takes to follow a chain's epoch proofs from its checkpoint. */
export const followInPage = (chain: TestChain): Promise<number> =>
  inPage((page) =>
    page.evaluate(
      ({ checkpoint, proofs }) => {
        const { mxd } = globalThis as unknown as { mxd: typeof follow };
        const encoded = proofs.map((text) =>
          Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)),
        );
        const started = performance.now();
        const followed = new mxd.EpochChain(mxd.parseCheckpoint(checkpoint), mxd.verifyConsensus);
        for (const proof of encoded) {
          if (!followed.append(proof).ok) throw new TypeError('a proof does not hold');
        }
        return performance.now() - started;
      },
      { checkpoint: formatCheckpoint(chain.checkpoint), proofs: chain.proofs.map(toHex) },
    ),
  );

/** Milliseconds of each of some verifications of a receipt, the first in a fresh page. */
export const verifyInPage = (receipt: string, chain: TestChain): Promise<readonly number[]> =>
  inPage((page) =>
    page.evaluate(
      ([text, checkpoint]) => {
        const { mxd } = globalThis as unknown as { mxd: typeof follow };
        return Array.from({ length: 9 }, () => {
          const started = performance.now();
          mxd.verifyReceipt(text, mxd.parseCheckpoint(checkpoint));
          return performance.now() - started;
        });
      },
      [receipt, formatCheckpoint(chain.checkpoint)] as const,
    ),
  );
