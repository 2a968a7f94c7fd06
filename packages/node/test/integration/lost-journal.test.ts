import { access, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { Page } from '@mxd/api';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { Cluster } from '../cluster.ts';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.make(4, { epochLength: 256 });
  for (const index of [0, 1, 2, 3]) await cluster.startNode(index);
  await cluster.height(3, 3, 30_000);
}, 60_000);
afterAll(() => cluster[Symbol.asyncDispose]());

const core = () => cluster.node(3).host.core.status();

test('a lost journal silences a key until its operator accepts the risk, and then it votes again', async () => {
  const validator = join(cluster.members[3]!.directory, 'validator');
  const accept = ['--validator-accept-equivocation-risk'];
  await cluster.node(3).stop();
  await rm(join(validator, 'journal'), { recursive: true });
  await cluster.startNode(3);
  expect(core()).toMatchObject({ signing: false });
  await cluster.node(3).stop();

  // Born anew, and stopped before its floor: as lost as before.
  await cluster.startNode(3, accept);
  expect(core()).toMatchObject({ signing: true, observing: true });
  await cluster.node(3).stop();
  await access(join(validator, 'journal.reborn'));
  await cluster.startNode(3);
  expect(core()).toMatchObject({ signing: false });
  await cluster.node(3).stop();

  await cluster.startNode(3, accept);
  await cluster.until('the watch is over', () => !core().observing, 40_000);
  await cluster.until('the mark is gone', async () => {
    const names = await readdir(validator);
    return (
      names.some((name) => name.startsWith('journal.lost-')) && !names.includes('journal.reborn')
    );
  });
  // Without this one's votes there is no quorum any more.
  await cluster.node(2).stop();
  await cluster.height(0, cluster.node(0).ledger.head.height + 3, 60_000);
  const evidence = await fetch(`${cluster.url(0)}/v1/evidence`);
  expect(((await evidence.json()) as Page<unknown>).items).toEqual([]);

  // A journal again: it needs no flag.
  await cluster.node(3).stop();
  await cluster.startNode(3);
  expect(core()).toMatchObject({ signing: true });
  await cluster.height(0, cluster.node(0).ledger.head.height + 3, 60_000);
}, 180_000);
