import { readFile } from 'node:fs/promises';

import type { Page, PeerView } from '@mxd/api';

import type { TargetNode } from './target.ts';

/** What the nodes' processes have used so far. */
export interface Usage {
  /** Processor time of all of them, threads included; undefined where processes are not known. */
  readonly cpuMs: number | undefined;
  readonly rssMb: readonly number[];
  /** Bytes between nodes, sent. */
  readonly peerBytes: number;
}

/** Delay of each node's main thread since the last look, in ms. */
export interface LoopDelay {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** The kernel counts processor time in hundredths of a second. */
const tickMs = 10;

async function cpuOf(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The name in parentheses may hold spaces; utime and stime are fields 14 and 15.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * tickMs;
}

async function rssOf(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) / 1_024;
}

async function peerBytesOf({ http }: TargetNode): Promise<number> {
  const { items } = await http.get<Page<PeerView>>('/v1/peers');
  return items.reduce((sum, { bytesOut }) => sum + bytesOut, 0);
}

export async function usageOf(nodes: readonly TargetNode[]): Promise<Usage> {
  const pids = nodes.map(({ pid }) => pid).filter((pid) => pid !== undefined);
  const isKnown = pids.length === nodes.length;
  const [cpu, rss, bytes] = await Promise.all([
    Promise.all(isKnown ? pids.map(cpuOf) : []),
    Promise.all(isKnown ? pids.map(rssOf) : []),
    Promise.all(nodes.map(peerBytesOf)),
  ]);
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  return { cpuMs: isKnown ? sum(cpu) : undefined, rssMb: rss, peerBytes: sum(bytes) };
}

function loopDelayIn(text: string): LoopDelay {
  const of = (quantile: string): number => {
    const pattern = new RegExp(
      `^mxd_event_loop_delay_seconds\\{quantile="${quantile}"\\} (\\S+)`,
      'm',
    );
    return Number(pattern.exec(text)?.[1] ?? 0) * 1_000;
  };
  return { p50Ms: of('p50'), p99Ms: of('p99'), maxMs: of('max') };
}

/** The worst of all nodes; reading starts a new measurement. */
export async function loopDelayOf(nodes: readonly TargetNode[]): Promise<LoopDelay | undefined> {
  const known = nodes.map(({ metrics }) => metrics).filter((metrics) => metrics !== undefined);
  if (known.length === 0) return undefined;
  const delays = await Promise.all(
    known.map(async (metrics) => loopDelayIn(await metrics.text('/metrics'))),
  );
  return {
    p50Ms: Math.max(...delays.map(({ p50Ms }) => p50Ms)),
    p99Ms: Math.max(...delays.map(({ p99Ms }) => p99Ms)),
    maxMs: Math.max(...delays.map(({ maxMs }) => maxMs)),
  };
}
