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

/** Submissions judged at once: 5 to 8 ms of this thread. */
const batchSize = 256;
/** Of these, what peers have judged already goes first and leaves this many to clients. */
const clientShare = 64;
/** Larger groups are cut, so that a batch can be filled. */
const groupSize = 32;

/** Hashed once, on arrival. */
type Arrived = Submission & { readonly wtxid: Wtxid };

/** What arrived together and is answered together. */
interface Waiting {
  readonly submissions: readonly Arrived[];
  readonly resolve: (verdicts: readonly AdmissionVerdict[]) => void;
  readonly reject: (error: unknown) => void;
}

/** Groups that wait, oldest first, and how many submissions they hold. */
class Door {
  #groups: Waiting[] = [];
  size = 0;

  push(group: Waiting): void {
    this.#groups.push(group);
    this.size += group.submissions.length;
  }

  /** Whole groups of up to `most` submissions together; a larger one comes alone. */
  take(most: number): readonly Waiting[] {
    let count = 0;
    let size = 0;
    for (const { submissions } of this.#groups) {
      if (count > 0 && size + submissions.length > most) break;
      count++;
      size += submissions.length;
    }
    this.size -= size;
    return this.#groups.splice(0, count);
  }
}

/** One door for every transaction: from the API, from peers, from the saved mempool. */
export class TransactionAdmission {
  readonly #parts: AdmissionParts;
  /** From the API, and from peers. */
  readonly #clients = new Door();
  readonly #peers = new Door();
  #running = false;
  /** Submissions refused because too many waited. */
  refusedBusy = 0;

  constructor(parts: AdmissionParts) {
    this.#parts = parts;
    parts.network.transactions.onTransactions((batch, from) => this.#relayed(batch, from));
  }

  /** Submissions that wait. */
  get backlog(): number {
    return this.#clients.size + this.#peers.size;
  }

  /** A client's transaction. Sending it again is safe and answers its state. */
  async submit(bytes: Uint8Array, source: string): Promise<SubmissionOutcome> {
    const [outcome] = await this.submitAll([bytes], source);
    return outcome as SubmissionOutcome;
  }

  /** A client's transactions in their order; one outcome each. */
  async submitAll(
    transactions: readonly Uint8Array[],
    source: string,
  ): Promise<readonly SubmissionOutcome[]> {
    const room = Math.max(0, limits.admissionQueue.value - this.#clients.size);
    const taken = transactions.slice(0, room);
    const verdicts = await this.#queue(
      this.#clients,
      taken.map((bytes) => ({ bytes, wtxid: wtxidOfBytes(bytes), peer: source })),
    );
    const outcomes = verdicts.map(outcomeOf);
    const reason = 'this node has as many submissions waiting as it takes';
    for (let i = taken.length; i < transactions.length; i++) {
      this.refusedBusy++;
      outcomes.push({ ok: false, kind: 'deferred', code: 'NODE_BUSY', reason });
    }
    return outcomes;
  }

  /**
   * Joins what arrives while others are judged: reading coins and handing signatures over cost the
   * same for one transaction and for two hundred.
   */
  async #queue(door: Door, submissions: readonly Arrived[]): Promise<AdmissionVerdict[]> {
    const groups: Promise<readonly AdmissionVerdict[]>[] = [];
    for (let at = 0; at < submissions.length; at += groupSize) {
      const { promise, resolve, reject } = Promise.withResolvers<readonly AdmissionVerdict[]>();
      door.push({ submissions: submissions.slice(at, at + groupSize), resolve, reject });
      groups.push(promise);
    }
    if (!this.#running && groups.length > 0) {
      this.#running = true;
      setImmediate(() => void this.#drain());
    }
    return (await Promise.all(groups)).flat();
  }

  async #drain(): Promise<void> {
    while (this.backlog > 0) {
      await this.#parts.quiet();
      const held = Math.min(clientShare, this.#clients.size);
      const peers = this.#peers.take(batchSize - held);
      const judged = peers.reduce((sum, { submissions }) => sum + submissions.length, 0);
      const clients = this.#clients.take(Math.max(clientShare, batchSize - judged));
      const groups = [...peers, ...clients];
      try {
        const batch = groups.flatMap(({ submissions }) => submissions);
        const verdicts = await this.#parts.mempool.submit(batch, Date.now());
        this.#tell(batch, verdicts, judged);
        let at = 0;
        for (const { submissions, resolve } of groups) {
          resolve(verdicts.slice(at, (at += submissions.length)));
        }
      } catch (error) {
        for (const { reject } of groups) reject(error);
      }
    }
    this.#running = false;
  }

  /** Judges a saved mempool again, as this node's own; until `mayGoOn` says no. */
  restore(file: Uint8Array, mayGoOn: () => boolean): ReturnType<Mempool['restore']> {
    return this.#parts.mempool.restore(file, Date.now(), (batch, verdicts) => {
      const own = batch.map(({ bytes }) => ({ bytes, wtxid: wtxidOfBytes(bytes) }));
      this.#tell(own, verdicts, 0);
      return mayGoOn();
    });
  }

  /** Tells interfaces what was accepted, and peers, from `own` on, what this node got first. */
  #tell(batch: readonly Arrived[], verdicts: readonly AdmissionVerdict[], own: number): void {
    const { network, onAccepted, onRefused } = this.#parts;
    const accepted: { txid: Uint8Array; bytes: Uint8Array }[] = [];
    const relayed: { id: Uint8Array; bytes: Uint8Array }[] = [];
    for (let i = 0; i < verdicts.length; i++) {
      const verdict = verdicts[i] as AdmissionVerdict;
      if (verdict.status === 'refused') onRefused(verdict.code);
      if (verdict.status !== 'accepted') continue;
      const { bytes, wtxid } = batch[i] as Arrived;
      accepted.push({ txid: verdict.txid, bytes });
      if (i >= own) relayed.push({ id: wtxid, bytes });
    }
    if (relayed.length > 0) network.transactions.submit(relayed);
    if (accepted.length > 0) onAccepted(accepted);
  }

  async #relayed(batch: readonly RelayedTransaction[], from: Sender): Promise<readonly Verdict[]> {
    // Validators vouch for what they push by their own admission; others have a budget each.
    const peer = from.validatorId === undefined ? { peer: from.peerId as string } : {};
    const verdicts = await this.#queue(
      this.#peers,
      batch.map(({ bytes, id }) => ({ bytes, wtxid: id as Wtxid, ...peer })),
    );
    return verdicts.map((verdict): Verdict => {
      if (verdict.status === 'accepted') return 'accept';
      if (verdict.status !== 'refused') return 'ignore';
      return provablyInvalid.has(verdict.code) ? 'invalid' : 'ignore';
    });
  }
}

function outcomeOf(verdict: AdmissionVerdict): SubmissionOutcome {
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
