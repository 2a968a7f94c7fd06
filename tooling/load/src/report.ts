import { availableParallelism, loadavg } from 'node:os';

import type { Holdings } from './coins.ts';
import type { LoadOptions } from './options.ts';
import type { LoopDelay, Usage } from './processes.ts';
import type { SpamCounts } from './spam.ts';
import { busiestSecond, percentile, round } from './statistics.ts';
import type { Payment, Tracker } from './tracker.ts';

/** What a run found. Times are from when a payment was due to when another node called it final. */
export interface Report {
  readonly profile: string;
  readonly nodes: number;
  readonly suite: number;
  readonly loop: string;
  readonly seconds: number;
  readonly sent: number;
  readonly final: number;
  readonly refused: number;
  readonly refusedBy: Readonly<Record<string, number>>;
  /** Taken by a node, not final at the end. */
  readonly lost: number;
  readonly finalizedTps: number;
  readonly busiestSecondTps: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Answer to a submission. */
  readonly answerP50Ms: number;
  readonly answerP99Ms: number;
  readonly cpuMsPerTx: number | null;
  readonly generatorCpuMsPerTx: number;
  /** Of `cpuMsPerTx`, what checking a payment's signature once at every node costs on this machine. */
  readonly signatureCpuMsPerTx: number;
  /** Share of all processors that these checks alone took, in percent. */
  readonly signatureSharePercent: number;
  /** Payments a second if signatures were all that the processors did. */
  readonly signatureCeilingTps: number;
  /** Of the node that holds most. */
  readonly rssMb: number | null;
  readonly rssGrowthMb: number | null;
  /** Since the middle of the run, when caches are full and code is compiled. */
  readonly rssLateGrowthMb: number | null;
  readonly peerBytesPerTx: number;
  readonly apiBytesPerTx: number;
  readonly eventLoopP99Ms: number | null;
  readonly eventLoopMaxMs: number | null;
  readonly blocks: number;
  readonly transactionsPerBlock: number;
  readonly proven: number;
  readonly streamGaps: number;
  readonly valueConserved: boolean;
  readonly spam: Readonly<SpamCounts> | null;
  readonly loadAverage: number;
}

/** Everything that a run measured. */
export interface Measured {
  readonly options: LoadOptions;
  readonly nodes: number;
  readonly tracker: Tracker;
  readonly startMs: number;
  /** Processor time of one signature check. */
  readonly signatureMs: number;
  readonly before: {
    readonly usage: Usage;
    readonly holdings: Holdings;
    readonly cpu: NodeJS.CpuUsage;
  };
  /** In the middle of the run. */
  readonly midway: Usage | undefined;
  readonly after: {
    readonly usage: Usage;
    readonly holdings: readonly Holdings[];
    readonly cpu: NodeJS.CpuUsage;
    readonly loopDelay: LoopDelay | undefined;
  };
  readonly apiBytes: number;
  readonly proven: number;
  readonly streamGaps: number;
  readonly spam: SpamCounts | undefined;
}

/** Owned by the accounts of the run on every node what it was before, and nothing was minted. */
function isConserved({ before, after }: Measured): boolean {
  return after.holdings.every(
    ({ owned, supply }) => owned === before.holdings.owned && supply === before.holdings.supply,
  );
}

const most = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b), 0);

/** Of the node whose memory grew most. */
function growthOf(from: Usage, to: Usage): number {
  return Math.max(...to.rssMb.map((mb, i) => mb - (from.rssMb[i] ?? mb)));
}

function latencies(finals: readonly Payment[]): readonly number[] {
  return finals.map(({ finalMs, dueMs }) => finalMs - dueMs).toSorted((a, b) => a - b);
}

export function reportOf(measured: Measured): Report {
  const { options, tracker, before, after, spam } = measured;
  const { profile } = options;
  const { sent } = tracker;
  const finals = sent.filter(({ finalMs }) => finalMs > 0);
  const sorted = latencies(finals);
  const answers = sent
    .filter(({ answeredMs }) => answeredMs > 0)
    .map(({ answeredMs, dueMs }) => answeredMs - dueMs)
    .toSorted((a, b) => a - b);
  const lastMs = finals.reduce((last, { finalMs }) => Math.max(last, finalMs), measured.startMs);
  const seconds = (lastMs - measured.startMs) / 1_000;
  const blocks = new Set(finals.map(({ height }) => height)).size;
  const per = (amount: number, digits: number): number =>
    finals.length === 0 ? 0 : round(amount / finals.length, digits);
  const cpu = after.usage.cpuMs;
  const own = after.cpu.user + after.cpu.system - before.cpu.user - before.cpu.system;
  const isKnown = after.usage.rssMb.length > 0;
  const finalizedTps = seconds === 0 ? 0 : finals.length / seconds;
  const signatures = measured.signatureMs * measured.nodes;
  const processors = availableParallelism();
  return {
    profile: profile.name,
    nodes: measured.nodes,
    suite: options.suite,
    loop:
      profile.loop.kind === 'open'
        ? `${profile.loop.rate}/s`
        : `${profile.loop.outstanding} outstanding`,
    seconds: round(seconds),
    sent: sent.length,
    final: finals.length,
    refused: tracker.refusals,
    refusedBy: Object.fromEntries(tracker.refusedBy),
    lost: sent.length - finals.length - tracker.refusals,
    finalizedTps: round(finalizedTps),
    busiestSecondTps: busiestSecond(finals.map(({ finalMs }) => finalMs)),
    p50Ms: round(percentile(sorted, 0.5)),
    p95Ms: round(percentile(sorted, 0.95)),
    p99Ms: round(percentile(sorted, 0.99)),
    maxMs: round(sorted.at(-1) ?? 0),
    answerP50Ms: round(percentile(answers, 0.5)),
    answerP99Ms: round(percentile(answers, 0.99)),
    cpuMsPerTx: cpu === undefined ? null : per(cpu - (before.usage.cpuMs ?? cpu), 3),
    generatorCpuMsPerTx: per(own / 1_000, 3),
    signatureCpuMsPerTx: round(signatures, 3),
    signatureSharePercent: round((finalizedTps * signatures) / (10 * processors)),
    signatureCeilingTps: Math.floor((1_000 * processors) / signatures),
    rssMb: isKnown ? round(most(after.usage.rssMb)) : null,
    rssGrowthMb: isKnown ? round(growthOf(before.usage, after.usage)) : null,
    rssLateGrowthMb:
      isKnown && measured.midway !== undefined
        ? round(growthOf(measured.midway, after.usage))
        : null,
    peerBytesPerTx: per(after.usage.peerBytes - before.usage.peerBytes, 0),
    apiBytesPerTx: per(measured.apiBytes, 0),
    eventLoopP99Ms: after.loopDelay === undefined ? null : round(after.loopDelay.p99Ms),
    eventLoopMaxMs: after.loopDelay === undefined ? null : round(after.loopDelay.maxMs),
    blocks,
    transactionsPerBlock: blocks === 0 ? 0 : round(finals.length / blocks),
    proven: measured.proven,
    streamGaps: measured.streamGaps,
    valueConserved: isConserved(measured),
    spam: spam ?? null,
    loadAverage: round(loadavg()[0] ?? 0, 2),
  };
}

/** Lines for people. */
export function textOf(report: Report): string {
  const of = (value: number | null, unit: string): string =>
    value === null ? 'not known' : `${value} ${unit}`;
  const refusals = Object.entries(report.refusedBy)
    .map(([code, count]) => `${code} ${count}`)
    .join(', ');
  const rows: readonly (readonly [string, string])[] = [
    ['profile', `${report.profile}: ${report.loop}, suite ${report.suite}, ${report.nodes} nodes`],
    ['sent', `${report.sent} in ${report.seconds} s`],
    ['final', `${report.final} in ${report.blocks} blocks of ${report.transactionsPerBlock}`],
    ['finalized', `${report.finalizedTps}/s, busiest second ${report.busiestSecondTps}`],
    [
      'to final',
      `p50 ${report.p50Ms} ms, p95 ${report.p95Ms} ms, p99 ${report.p99Ms} ms, max ${report.maxMs} ms`,
    ],
    ['to answer', `p50 ${report.answerP50Ms} ms, p99 ${report.answerP99Ms} ms`],
    [
      'processor',
      `${of(report.cpuMsPerTx, 'ms')} per payment over all nodes, generator ${report.generatorCpuMsPerTx} ms`,
    ],
    [
      'signatures',
      `${report.signatureCpuMsPerTx} ms of it, ${report.signatureSharePercent} % of all processors; ` +
        `alone they allow ${report.signatureCeilingTps}/s`,
    ],
    [
      'memory',
      `${of(report.rssMb, 'MB')} largest node, grown ${of(report.rssGrowthMb, 'MB')}, ` +
        `${of(report.rssLateGrowthMb, 'MB')} of it in the second half`,
    ],
    [
      'event loop',
      `p99 ${of(report.eventLoopP99Ms, 'ms')}, max ${of(report.eventLoopMaxMs, 'ms')}`,
    ],
    ['bytes', `${report.peerBytesPerTx} between nodes, ${report.apiBytesPerTx} API, per payment`],
    ['proven', `${report.proven} payments by a light client, stream gaps ${report.streamGaps}`],
    ['refused', report.refused === 0 ? '0' : `${report.refused}: ${refusals}`],
    ['lost', String(report.lost)],
    ['value', report.valueConserved ? 'conserved' : 'NOT CONSERVED'],
    ['machine', `load average ${report.loadAverage}`],
  ];
  const { spam } = report;
  const extra: readonly (readonly [string, string])[] =
    spam === null
      ? []
      : [
          [
            'spam',
            `${spam.offered} offered, ${spam.accepted} accepted, ${spam.refused} refused, ` +
              `${spam.skipped} skipped`,
          ],
        ];
  return [...rows, ...extra].map(([name, text]) => `${name.padEnd(11)}${text}`).join('\n');
}
