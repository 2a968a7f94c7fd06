import { formatAmount } from '@mxd/codec';
import type { Status } from '@mxd/api';

import type { DevnetNode, DevnetSpec } from './layout.ts';

/** One finished sample payment. */
export interface ShownPayment {
  readonly from: string;
  readonly to: string;
  readonly amount: bigint;
  readonly finalMs: number;
  readonly height: number;
}

/** What is shown at one moment. */
export interface Snapshot {
  readonly statuses: readonly (Status | undefined)[];
  readonly tps: number;
  readonly bps: number;
  readonly payments: readonly ShownPayment[];
  readonly failed: number;
}

const pad = (text: string | number, width: number): string => String(text).padStart(width);

/** Median of the newest payments' times to finality, in ms; undefined before the first. */
export function medianFinalMs(payments: readonly ShownPayment[]): number | undefined {
  const sorted = payments.map(({ finalMs }) => finalMs).toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

function nodeLine(node: DevnetNode, status: Status | undefined): string {
  if (status === undefined) return `  ${node.name.padEnd(7)} does not answer`;
  const { height, view, epoch, validatorsConnected, mempoolTransactions, finalityLagMs } = status;
  return (
    `  ${node.name.padEnd(7)} height ${pad(height, 7)}  epoch ${pad(epoch, 3)}  view ${pad(view, 4)}` +
    `  peers ${pad(validatorsConnected, 2)}  waiting ${pad(mempoolTransactions, 5)}` +
    `  last block ${pad(finalityLagMs, 5)} ms ago`
  );
}

/** The screen of the live view, as lines. */
export function screen(spec: DevnetSpec, snapshot: Snapshot): readonly string[] {
  const { payments, tps, bps, failed } = snapshot;
  const median = medianFinalMs(payments);
  const finality = median === undefined ? 'no payment yet' : `${Math.round(median)} ms`;
  const trouble = failed === 0 ? '' : `   ${failed} failed`;
  return [
    `MXD local network ${spec.networkId}: ${spec.nodes.length} validators`,
    '',
    ...spec.nodes.map((node, i) => nodeLine(node, snapshot.statuses[i])),
    '',
    `  payment to final, median ${finality}   ${tps.toFixed(1)} tx/s   ${bps.toFixed(1)} blocks/s${trouble}`,
    '',
    '  recent payments (submitted at one node, seen final at another)',
    ...payments
      .slice(-6)
      .toReversed()
      .map(
        ({ from, to, amount, finalMs, height }) =>
          `    ${from.padEnd(6)} -> ${to.padEnd(6)} ${pad(formatAmount(amount), 8)} MXD   final in ` +
          `${pad(Math.round(finalMs), 4)} ms at height ${height}`,
      ),
    '',
    '  Ctrl-C stops the network; its state stays in the folder.',
  ];
}

/** One line for logs and pipes. */
export function plainLine(snapshot: Snapshot): string {
  const heights = snapshot.statuses.map((status) => status?.height ?? '-').join(' ');
  const median = medianFinalMs(snapshot.payments);
  const finality = median === undefined ? 'no payment yet' : `${Math.round(median)} ms to final`;
  return `heights ${heights}; ${finality}; ${snapshot.tps.toFixed(1)} tx/s; ${snapshot.bps.toFixed(1)} blocks/s`;
}

/** Commands that work as typed in another shell. */
export function endpoints(spec: DevnetSpec, statusCommand: string): readonly string[] {
  const [first] = spec.nodes;
  const [alice, bob] = spec.accounts;
  const url = `http://127.0.0.1:${first?.apiPort ?? 0}`;
  return [
    `API       ${spec.nodes.map((node) => `http://127.0.0.1:${node.apiPort}`).join('  ')}`,
    `API docs  ${url}/`,
    `metrics   http://127.0.0.1:${first?.metricsPort ?? 0}/metrics`,
    `faucet    http://127.0.0.1:${spec.faucetPort}/fund`,
    `words     ${spec.mnemonic}`,
    ...spec.accounts.map(({ name, address }) => `account   ${name.padEnd(6)} ${address}`),
    '',
    'Try, in another shell:',
    `  curl -s ${url}/v1/status`,
    `  curl -s ${url}/v1/addresses/${alice?.address ?? ''}/balance`,
    `  curl -s -X POST -H 'content-type: application/json' -d '{"address":"${bob?.address ?? ''}","amount":"5"}' http://127.0.0.1:${spec.faucetPort}/fund`,
    `  curl -sN ${url}/v1/events?topics=block,transaction`,
    `  ${statusCommand}`,
    '',
  ];
}
