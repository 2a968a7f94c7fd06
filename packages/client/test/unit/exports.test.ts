import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const { exports: entries } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as { exports: Record<string, { '@mxd/source': string } | string> };

test('every entry shows these names', async () => {
  const shown: Record<string, readonly string[]> = {};
  for (const [name, target] of Object.entries(entries)) {
    if (typeof target === 'string') continue;
    const url = new URL(`../../${target['@mxd/source']}`, import.meta.url);
    shown[name] = Object.keys((await import(url.href)) as object).toSorted();
  }
  expect(shown).toMatchInlineSnapshot(`
    {
      ".": [
        "ClientError",
        "Connection",
        "LightClient",
        "balance",
        "coins",
        "crossCheck",
        "cursorBefore",
        "events",
        "formatCheckpoint",
        "makeReceipt",
        "parseCheckpoint",
        "proveCoin",
        "routes",
        "send",
        "sendAndWait",
        "verifyConsensus",
        "verifyReceipt",
        "waitForFinal",
      ],
      "./checkpoint": [
        "badCheckpoint",
        "formatCheckpoint",
        "parseCheckpoint",
        "verifyConsensus",
      ],
      "./errors": [
        "ClientError",
        "clientErrors",
      ],
      "./genesis": [
        "checkpointOfGenesis",
      ],
      "./limits": [
        "limits",
      ],
      "./receipt": [
        "makeReceipt",
        "verifyReceipt",
      ],
      "./stream": [
        "cursorBefore",
        "events",
      ],
    }
  `);
});
