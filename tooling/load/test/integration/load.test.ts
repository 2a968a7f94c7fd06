import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { installNative } from '@mxd/crypto/native';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { LoadError } from '../../src/errors.ts';
import { parseOptions, type LoadOptions } from '../../src/options.ts';
import { textOf, type Report } from '../../src/report.ts';
import { runLoad } from '../../src/run.ts';
import { SourceNetwork } from '../support.ts';

let network: SourceNetwork;

beforeAll(async () => {
  installNative();
  network = await SourceNetwork.start();
}, 180_000);

afterAll(async () => {
  await network?.[Symbol.asyncDispose]();
}, 60_000);

const optionsOf = (...words: readonly string[]): LoadOptions =>
  parseOptions([...words, '--dir', network.directory]) as LoadOptions;

const run = (...words: readonly string[]): Promise<Report> =>
  runLoad(optionsOf(...words), () => {});

describe('a run against real nodes', () => {
  test('at a fixed rate: every payment is final, proven in part, and no value is lost', async () => {
    const report = await run('--rate', '30', '--seconds', '3', '--prove-every', '10');
    expect(report.sent).toBeGreaterThanOrEqual(80);
    expect(report).toMatchObject({ final: report.sent, refused: 0, lost: 0 });
    expect(report.valueConserved).toBe(true);
    expect(report.proven).toBe(Math.ceil(report.final / 10));
    expect(report.p50Ms).toBeGreaterThan(0);
    expect(report.p99Ms).toBeGreaterThanOrEqual(report.p50Ms);
    expect(report.finalizedTps).toBeGreaterThan(0);
    expect(report.cpuMsPerTx).toBeGreaterThan(0);
    expect(report.signatureCpuMsPerTx).toBeGreaterThan(0);
    expect(report.signatureCeilingTps).toBeGreaterThan(report.finalizedTps);
    expect(report.rssMb).toBeGreaterThan(0);
    expect(report.rssLateGrowthMb).toBeTypeOf('number');
    expect(textOf(report)).toContain('value      conserved');
  }, 60_000);

  test('of a suite that holds no funds yet: they are moved first', async () => {
    const report = await run('--rate', '10', '--seconds', '1', '--suite', '3', '--batch', '1');
    expect(report.suite).toBe(3);
    expect(report.final).toBeGreaterThanOrEqual(8);
    expect(report).toMatchObject({ refused: 0, lost: 0, valueConserved: true });
  }, 60_000);

  test('against addresses and a file of words, as for a network of somebody else', async () => {
    const file = join(network.directory, 'words');
    await writeFile(file, network.spec.mnemonic);
    const { nodes } = network.spec;
    const api = nodes.map(({ apiPort }) => `http://127.0.0.1:${apiPort}`).join(',');
    const words = [
      '--api',
      api,
      '--words',
      file,
      '--account',
      '0',
      '--closed',
      '8',
      '--seconds',
      '1',
    ];
    const report = await runLoad(parseOptions(words) as LoadOptions, () => {});
    expect(report).toMatchObject({ lost: 0, cpuMsPerTx: null, rssMb: null, eventLoopP99Ms: null });
    expect(report.final).toBeGreaterThan(0);
  }, 60_000);

  test('without a network, or without its words, is refused with what to do', async () => {
    const nowhere = parseOptions(['--dir', join(network.directory, 'nowhere')]) as LoadOptions;
    await expect(runLoad(nowhere, () => {})).rejects.toThrow(LoadError);
    expect(() => parseOptions(['--api', 'http://127.0.0.1:1'])).toThrow(/--words/);
  });
});
