import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Reader } from '@mxd/codec';
import { expect, test } from 'vitest';

import { justificationCodec, Justifications } from '../../src/consensus/justifications.ts';

test('certificates are kept by epoch, in order, and go when their epoch no longer counts', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mxd-just-'));
  const directory = join(folder, 'justifications');
  const failures: unknown[] = [];
  const kept = new Justifications(directory, (error) => failures.push(error));
  kept.prune(1); // nothing there yet
  kept.keep(3, 7, [new Uint8Array([1, 2]), new Uint8Array([3])]);
  kept.keep(3, 9, []);
  kept.keep(4, 1, [new Uint8Array([4])]);
  await kept.settled();
  const reader = new Reader(await readFile(join(directory, '3.bin')));
  expect(justificationCodec.decodeFrom(reader)).toMatchObject({ view: 7 });
  expect(justificationCodec.decodeFrom(reader)).toMatchObject({ view: 9, certificates: [] });
  expect(reader.remaining).toBe(0);
  kept.prune(4);
  await kept.settled();
  expect(await readdir(directory)).toEqual(['4.bin']);
  await rm(folder, { recursive: true });
  const lost = new Justifications('/dev/null/nowhere', (error) => failures.push(error));
  lost.keep(1, 1, []);
  await lost.settled();
  expect([lost.failed, failures.length]).toEqual([1, 1]);
});
