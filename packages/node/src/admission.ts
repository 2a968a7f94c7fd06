import { toHex } from '@mxd/codec';
import type { AdmissionVerdict, Mempool, Submission } from '@mxd/ledger';
import type { Network, RelayedTransaction, Sender, Verdict } from '@mxd/network';
import type { Wtxid } from '@mxd/protocol';
import { wtxidOfBytes } from '@mxd/protocol/transaction';

import { limits } from './limits.ts';
import type { SubmissionOutcome } from './view.ts';

/**
 * Refusals that every honest node gives for ever, whatever it holds: only these count against the
 * peer that sent the transaction. All others may be news that this node lacks.
 */
const provablyInvalid: ReadonlySet<string> = new Set([
  'TX_DECODE',
  'TX_SIZE',
  'TX_CHAIN',
  'TX_INPUT_DUPLICATE',
  'TX_OVERFLOW',
  'TX_UNBOND_TIP',
  'TX_SIGNATURE',
]);

export interface AdmissionParts {
  readonly mempool: Mempool;
  readonly network: Pick<Network, 'transactions'>;
  /** New transactions have been accepted: their bytes and ids, in order. */
  readonly onAccepted: (
    transactions: readonly { readonly txid: Uint8Array; readonly bytes: Uint8Array }[],
  ) => void;
  readonly onRefused: (code: string) => void;
  /** Resolves when nothing more urgent runs on this thread. */
  readonly quiet: () => Promise<void>;
}

/** Submissions judged at once: a few milliseconds of this thread. */
const batchSize = 128;

/** Hashed once, on arrival. */
type Arrived = Submission & { readonly wtxid: Wtxid };

interface Waiting {
  readonly submission: Arrived;
  readonly resolve: (verdict: AdmissionVerdict) => void;
  readonly reject: (error: unknown) => void;
}

/** One door for every transaction: from the API, from peers, from the saved mempool. */
export class TransactionAdmission {
  readonly #parts: AdmissionParts;
  #waiting: Waiting[] = [];
  #running = false;
  /** Submissions refused because too many waited. */
  refusedBusy = 0;

  constructor(parts: AdmissionParts) {
    this.#parts = parts;
    parts.network.transactions.onTransactions((batch, from) => this.#relayed(batch, from));
  }

  /** Submissions that wait. */
  get backlog(): number {
    return this.#waiting.length;
  }

  /** A client's transaction. Sending it again is safe and answers its state. */
  async submit(bytes: Uint8Array, source: string): Promise<SubmissionOutcome> {
    if (this.#waiting.length >= limits.admissionQueue.value) {
      this.refusedBusy++;
      const reason = 'this node has as many submissions waiting as it takes';
      return { ok: false, kind: 'deferred', code: 'NODE_BUSY', reason };
    }
    const verdict = await this.#queue({ bytes, wtxid: wtxidOfBytes(bytes), peer: source });
    switch (verdict.status) {
      case 'accepted':
        return { ok: true, txid: toHex(verdict.txid), state: 'pending', fresh: true };
      case 'known': {
        const state = verdict.final ? 'final' : 'pending';
        return { ok: true, txid: toHex(verdict.txid), state, fresh: false };
      }
      case 'orphan': {
        const reason = 'an input is not known here yet; the transaction waits for it';
        return { ok: false, kind: 'deferred', code: 'POOL_ORPHAN', reason };
      }
      case 'refused': {
        const { code, reason, mayRetry } = verdict;
        const kind = code === 'TX_DECODE' ? 'malformed' : mayRetry ? 'deferred' : 'rejected';
        return { ok: false, kind, code, reason };
      }
      default:
        return verdict satisfies never;
    }
  }

  /** Collects what arrives in one turn of the event loop: signatures are checked in batches. */
  #queue(submission: Arrived): Promise<AdmissionVerdict> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ submission, resolve, reject });
      if (!this.#running) {
        this.#running = true;
        setImmediate(() => void this.#drain());
      }
    });
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#parts.quiet();
      const batch = this.#waiting.splice(0, batchSize);
      try {
        const verdicts = await this.#judge(batch.map(({ submission }) => submission));
        batch.forEach(({ resolve }, i) => resolve(verdicts[i] as AdmissionVerdict));
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#running = false;
  }

  async #judge(batch: readonly Arrived[]): Promise<readonly AdmissionVerdict[]> {
    const verdicts = await this.#parts.mempool.submit(batch, Date.now());
    this.#spread(batch, verdicts);
    return verdicts;
  }

  /** Judges a saved mempool again, as this node's own; until `mayGoOn` says no. */
  restore(file: Uint8Array, mayGoOn: () => boolean): ReturnType<Mempool['restore']> {
    return this.#parts.mempool.restore(file, Date.now(), (batch, verdicts) => {
      this.#spread(
        batch.map(({ bytes }) => ({ bytes, wtxid: wtxidOfBytes(bytes) })),
        verdicts,
      );
      return mayGoOn();
    });
  }

  /** Tells peers and interfaces what was accepted. */
  #spread(batch: readonly Arrived[], verdicts: readonly AdmissionVerdict[]): void {
    const { network, onAccepted, onRefused } = this.#parts;
    const accepted: { txid: Uint8Array; bytes: Uint8Array }[] = [];
    const relayed: { id: Uint8Array; bytes: Uint8Array }[] = [];
    verdicts.forEach((verdict, i) => {
      if (verdict.status === 'refused') onRefused(verdict.code);
      if (verdict.status !== 'accepted') return;
      const { bytes, wtxid } = batch[i] as Arrived;
      accepted.push({ txid: verdict.txid, bytes });
      relayed.push({ id: wtxid, bytes });
    });
    if (accepted.length > 0) {
      network.transactions.submit(relayed);
      onAccepted(accepted);
    }
  }

  async #relayed(batch: readonly RelayedTransaction[], from: Sender): Promise<readonly Verdict[]> {
    const { mempool, onAccepted, onRefused, quiet } = this.#parts;
    await quiet();
    // Validators vouch for what they push by their own admission; others have a budget each.
    const peer = from.validatorId === undefined ? { peer: from.peerId as string } : {};
    const submissions = batch.map(({ bytes, id }) => ({ bytes, wtxid: id as Wtxid, ...peer }));
    const verdicts = await mempool.submit(submissions, Date.now());
    const accepted: { txid: Uint8Array; bytes: Uint8Array }[] = [];
    const answers = verdicts.map((verdict, i): Verdict => {
      if (verdict.status === 'accepted') {
        accepted.push({ txid: verdict.txid, bytes: (batch[i] as RelayedTransaction).bytes });
        return 'accept';
      }
      if (verdict.status !== 'refused') return 'ignore';
      onRefused(verdict.code);
      return provablyInvalid.has(verdict.code) ? 'invalid' : 'ignore';
    });
    if (accepted.length > 0) onAccepted(accepted);
    return answers;
  }
}
