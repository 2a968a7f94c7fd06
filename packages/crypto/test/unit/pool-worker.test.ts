/** What a worker does, without its thread. */
import { MessageChannel, type MessagePort } from 'node:worker_threads';

import { afterEach, expect, test } from 'vitest';

import { nativeSuites } from '../../src/native.ts';
import { encodeChunk, type VerifyItem, type WorkerMessage } from '../../src/pool-messages.ts';
import { serve } from '../../src/pool-worker.ts';
import { suiteIds } from '../../src/suites.ts';

let channel: MessageChannel | undefined;
afterEach(() => channel?.port1.close());

const next = (port: MessagePort): Promise<WorkerMessage> =>
  new Promise((resolve) => port.once('message', resolve));

test('it says when it is ready, then judges chunks of all suites in their order', async () => {
  channel = new MessageChannel();
  const pool = channel.port1;
  const ready = next(pool);
  serve(channel.port2);
  expect(await ready).toEqual({ kind: 'ready' });

  const items = suiteIds.flatMap((id): VerifyItem[] => {
    const suite = nativeSuites()[id];
    using signer = suite.signer(new Uint8Array(suite.seedBytes).fill(id));
    const message = Uint8Array.of(1, 2, id);
    const good = {
      suite: id,
      publicKey: signer.publicKey,
      message,
      signature: signer.sign(message),
    };
    return [good, { ...good, message: Uint8Array.of(1, 2) }, { ...good, suite: 9 as 1 }];
  });
  for (const [id, batch] of [items, items.slice(1)].entries()) {
    const answer = next(pool);
    const buffer = encodeChunk(batch, 0, batch.length);
    pool.postMessage({ id, count: batch.length, buffer }, [buffer]);
    const expected = id === 0 ? [0b0100_1001, 0] : [0b0010_0100];
    const told = await answer;
    expect(told).toMatchObject({ kind: 'verdicts', id });
    expect(told.kind === 'verdicts' ? [...told.bitmap] : []).toEqual(expected);
  }
});
