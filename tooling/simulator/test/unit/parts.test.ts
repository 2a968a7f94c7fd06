import { readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { Agenda } from '../../src/agenda.ts';
import { behaviours } from '../../src/byzantine/index.ts';
import { decodeCheap, encodeCheap } from '../../src/cheap-transactions.ts';
import { readCorpus } from '../../src/corpus.ts';
import { SimDisk } from '../../src/disk.ts';
import { invariants } from '../../src/invariants/index.ts';
import { mutated } from '../../src/mutants/loader.ts';
import { mutants } from '../../src/mutants/index.ts';
import { Random } from '../../src/random.ts';
import { renderHtml } from '../../src/html.ts';
import { runOnce } from '../../src/run.ts';
import { scenarios } from '../../src/scenarios/index.ts';
import { shrink } from '../../src/shrink.ts';
import { draw, quiet } from '../../src/swarm.ts';
import { Trace } from '../../src/trace.ts';

test('streams of a seed repeat and differ by name', () => {
  const draws = (name: string) => Array.from({ length: 5 }, () => new Random(7, name).u32());
  const [first] = draws('a');
  expect(draws('a')).toStrictEqual(draws('a'));
  expect(new Random(7, 'b').u32()).not.toBe(first);
  expect(new Random(8, 'a').u32()).not.toBe(first);
  const random = new Random(1);
  for (let i = 0; i < 1_000; i++) {
    expect(random.below(7)).toBeLessThan(7);
    expect(random.between(3, 5)).toBeGreaterThanOrEqual(3);
  }
  expect(random.shuffle([1, 2, 3, 4]).sort()).toStrictEqual([1, 2, 3, 4]);
});

test('the agenda goes by time, then by order of insertion', () => {
  const agenda = new Agenda();
  const seen: number[] = [];
  const random = new Random(3);
  const times = Array.from({ length: 200 }, () => random.below(20));
  times.forEach((at, i) => agenda.at(at, () => void seen.push(at * 1_000 + i)));
  for (let next = agenda.next(100); next !== undefined; next = agenda.next(100)) void next.run?.();
  expect(seen).toHaveLength(200);
  expect(seen).toStrictEqual(seen.toSorted((a, b) => a - b));
});

test('a crash keeps what was synced and never more than was written', async () => {
  const fates = new Set<string>();
  for (let seed = 0; seed < 60; seed++) {
    const later: (() => void)[] = [];
    const disk = new SimDisk(
      () => 1,
      (_us, run) => void later.push(run),
    );
    disk.put('a', new Uint8Array(0));
    const handle = await disk.files().openForAppend('a');
    await handle.write(new Uint8Array(600).fill(1), 0);
    const synced = handle.sync();
    for (const run of later.splice(0)) run();
    await synced;
    await handle.write(new Uint8Array(900).fill(2), 600);
    disk.crash(new Random(seed));
    const bytes = await disk.files().read('a');
    expect(bytes.subarray(0, 600)).toStrictEqual(new Uint8Array(600).fill(1));
    expect(bytes.length).toBeLessThanOrEqual(1_500);
    for (const fate of disk.fates.keys()) fates.add(fate);
  }
  expect([...fates].sort()).toStrictEqual(['flipped', 'kept', 'lost', 'prefix', 'sectors']);
});

test('a failing disk rejects', async () => {
  const disk = new SimDisk(
    () => 1,
    (_us, run) => run(),
  );
  disk.put('a', new Uint8Array(4));
  const handle = await disk.files().openForAppend('a');
  disk.failure = 'EIO';
  await expect(handle.sync()).rejects.toThrow('EIO');
  await expect(handle.write(new Uint8Array(1), 0)).rejects.toThrow('EIO');
});

test('cheap transactions survive a round trip', () => {
  const id = new Uint8Array(20).fill(9);
  const bond = {
    kind: 'bond',
    nonce: 5,
    tip: 7n,
    id,
    amount: 11n,
    validFrom: 3,
    witness: 2,
  } as const;
  expect(decodeCheap(encodeCheap(bond))).toStrictEqual(bond);
  expect(decodeCheap(new Uint8Array(10))).toBeUndefined();
});

test('seeds draw the same configuration, small tables most', () => {
  expect(draw(12)).toStrictEqual(draw(12));
  const sizes = Array.from({ length: 400 }, (_, seed) => draw(seed).n);
  expect(sizes.filter((n) => n === 4).length).toBeGreaterThan(150);
  expect(Math.max(...sizes)).toBeGreaterThan(10);
  for (let seed = 0; seed < 200; seed++) {
    const { byzantine, n, stakes } = draw(seed);
    const total = stakes.slice(0, n).reduce((sum, stake) => sum + stake, 0);
    const liars = byzantine.reduce((sum, { node }) => sum + (stakes[node] ?? 0), 0);
    expect(3 * liars).toBeLessThan(Math.max(total, 1));
  }
});

test('names are unique and the catalogue is whole', () => {
  const unique = (names: readonly string[]) => expect(new Set(names).size).toBe(names.length);
  unique(behaviours.map(({ name }) => name));
  unique(invariants.map(({ id }) => id));
  unique(mutants.map(({ id }) => id));
  const wanted = Array.from({ length: 42 }, (_, i) => `S${i + 1}`);
  expect(scenarios.map(({ id }) => id)).toStrictEqual(wanted);
  for (let i = 1; i <= 13; i++) expect(mutants.some(({ id }) => id === `M${i}`)).toBe(true);
  expect(mutants.filter(({ id }) => id.startsWith('O')).length).toBeGreaterThanOrEqual(10);
  for (const mutant of mutants) {
    expect(mutant.scenario === undefined && mutant.configs === undefined).toBe(false);
  }
  expect(readCorpus().length).toBeGreaterThanOrEqual(5);
});

test('an edit that fits nowhere, or twice, is refused by its name', () => {
  const mutant = {
    id: 'T',
    about: '',
    edits: [{ file: 'f', find: 'a', replace: 'b' }],
    within: 1,
    caughtBy: [],
  };
  expect(mutated(mutant, 'f', 'xay')).toBe('xby');
  expect(mutated(mutant, 'g', 'xay')).toBe('xay');
  expect(() => mutated(mutant, 'f', 'aa')).toThrow('T');
  expect(() => mutated(mutant, 'f', 'x')).toThrow('T');
});

test('every edit of every mutant fits the sources', () => {
  for (const mutant of mutants) {
    for (const { file } of mutant.edits) {
      const text = readFileSync(new URL(`../../../../${file}`, import.meta.url), 'utf8');
      expect(mutated(mutant, file, text)).not.toBe(text);
    }
  }
});

test('a stall is found, named, shrunk and drawn', async () => {
  const config = {
    ...quiet,
    safetyMs: 3_000,
    stallMs: 6_000,
    network: { ...quiet.network, residualPpm: 1_000_000 },
    plan: [
      { at: 2_500, kind: 'burst', count: 1, tip: 0 },
      { at: 2_600, kind: 'reconnect', node: 2 },
    ],
  } as const;
  const trace = new Trace();
  const { result } = await runOnce(config, trace);
  expect(result.stalls).toBe(4);
  expect(result.problems[0]?.invariant).toBe('I9');
  const html = renderHtml(trace, result);
  expect(html).toContain('<svg');
  expect(html).not.toContain('src=');
  const smaller = await shrink(config);
  expect(smaller.plan).toHaveLength(0);
  expect(smaller.load.perSecond).toBe(0);
});

test('the order in which nodes are visited changes no commit (I12)', async () => {
  // Links that all differ, so that no two messages arrive at one node at once.
  const config = { ...quiet, network: { ...quiet.network, delayMs: [11, 47] as const } };
  const up = await runOnce(config);
  const down = await runOnce({ ...config, order: 'down' });
  const hashes = (world: typeof up.world) =>
    world.nodes[0]!.store.blocks.slice(0, 30).map(({ block }) => block.header.height);
  expect(hashes(up.world)).toStrictEqual(hashes(down.world));
  const hash = (world: typeof up.world) =>
    Buffer.from(world.nodes[0]!.store.hashAt(20)).toString('hex');
  expect(hash(up.world)).toBe(hash(down.world));
});
