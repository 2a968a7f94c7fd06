import type { StreamEvent } from '@mxd/api';

import { accountAt, openMaster } from './accounts.ts';
import type { DevnetAccount, DevnetSpec } from './layout.ts';
import { Payer } from './payer.ts';
import type { ShownPayment } from './view.ts';
import type { Chain } from '@mxd/wallet';

const people = 4;
const intervalMs = 700;
const kept = 64;

interface Sent {
  readonly from: string;
  readonly to: string;
  readonly amount: bigint;
  readonly atMs: number;
}

/** Small payments among the sample people: sent to one node, timed by what another one says. */
export class Trickle {
  readonly payments: ShownPayment[] = [];
  failed = 0;
  readonly #payers: readonly { readonly account: DevnetAccount; readonly payer: Payer }[];
  readonly #sent = new Map<string, Sent>();
  readonly #early = new Map<string, { readonly atMs: number; readonly height: number }>();
  readonly #onFirst: (payment: ShownPayment) => void;
  #round = 0;

  private constructor(
    payers: readonly { readonly account: DevnetAccount; readonly payer: Payer }[],
    onFirst: (payment: ShownPayment) => void,
  ) {
    this.#payers = payers;
    this.#onFirst = onFirst;
  }

  static async open(
    spec: DevnetSpec,
    chain: Chain,
    onFirst: (payment: ShownPayment) => void,
  ): Promise<Trickle> {
    using master = await openMaster(spec.mnemonic);
    const payers = spec.accounts.slice(0, people).map((account, i) => {
      const node = spec.nodes[i % spec.nodes.length];
      const url = `http://127.0.0.1:${node?.apiPort ?? 0}`;
      return { account, payer: new Payer(chain, accountAt(master, account.index), url) };
    });
    return new Trickle(payers, onFirst);
  }

  /** An event of the node that confirms: never the one that the payment was sent to. */
  confirm(event: StreamEvent): void {
    if (event.topic !== 'transaction' || event.data.state !== 'final') return;
    const { txid, height = 0 } = event.data;
    const place = { atMs: performance.now(), height };
    // The event may overtake the answer to the submission.
    if (this.#sent.has(txid)) this.#finish(txid, place);
    else {
      this.#early.set(txid, place);
      if (this.#early.size > 4_096) this.#early.delete(this.#early.keys().next().value ?? '');
    }
  }

  #finish(txid: string, place: { readonly atMs: number; readonly height: number }): void {
    const sent = this.#sent.get(txid);
    if (sent === undefined) return;
    this.#sent.delete(txid);
    const { from, to, amount, atMs } = sent;
    const payment = { from, to, amount, finalMs: place.atMs - atMs, height: place.height };
    this.payments.push(payment);
    if (this.payments.length === 1) this.#onFirst(payment);
    if (this.payments.length > kept) this.payments.shift();
  }

  async #payOnce(): Promise<void> {
    // Payers of the last node are left out where there are several: that node confirms.
    const count = Math.max(1, this.#payers.length - 1);
    const from = this.#payers[this.#round % count];
    const to = this.#payers[(this.#round + 1) % this.#payers.length];
    this.#round++;
    if (from === undefined || to === undefined) return;
    const amount = BigInt(1 + (this.#round % 9)) * 50_000_000n;
    const atMs = performance.now();
    const { txid } = await from.payer.pay(to.account.address, amount);
    this.#sent.set(txid, { from: from.account.name, to: to.account.name, amount, atMs });
    const early = this.#early.get(txid);
    if (early !== undefined) this.#finish(txid, early);
    if (this.#sent.size > 1_024) this.#sent.delete(this.#sent.keys().next().value ?? '');
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#payOnce().catch(() => {
        this.failed++;
      });
      await new Promise((resolve) => setTimeout(resolve, intervalMs));
    }
  }
}
