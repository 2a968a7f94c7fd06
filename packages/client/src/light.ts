import { equalBytes, toHex } from '@mxd/codec';
import { type VerifySignature } from '@mxd/protocol/checks';
import { type Verdict } from '@mxd/protocol/errors';

import { verifyConsensus, type Checkpoint } from './checkpoint.ts';
import { type Connection, type RequestOptions } from './connection.ts';
import { EpochChain } from './epochs.ts';
import { ClientError } from './errors.ts';
import {
  checkHeader,
  checkInclusion,
  finalHeader,
  finalTransaction,
  parseHeaderEvidence,
  parseTransactionEvidence,
  type FinalHeader,
  type FinalTransaction,
  type HeaderEvidence,
} from './header-proof.ts';
import { bytesOf, numberOf } from './hex.ts';
import * as bounds from './bounds.ts';
import { type Input, type Output, type RouteId } from './routes.ts';

/** Settings of a light client. */
export interface LightClientOptions {
  readonly connection: Connection;
  /** Where trust starts. */
  readonly checkpoint: Checkpoint;
  /** Checks Ed25519 signatures; the backend in use of `@mxd/crypto` unless told. */
  readonly verify?: VerifySignature;
}

type Options = Pick<RequestOptions, 'signal'>;

/** Thrown by checks on an answer; the endpoint is to blame. */
function lie(endpoint: string, reason: string): ClientError {
  return new ClientError('CLIENT_LIE', `${endpoint} cannot prove it: ${reason}`, {
    endpoint,
    reason,
  });
}

const isLie = (error: ClientError): boolean =>
  error.code === 'CLIENT_LIE' || error.code === 'CLIENT_MALFORMED';

/** Whether asking again may go better. */
const isPassing = (error: unknown): boolean =>
  error instanceof ClientError &&
  (error.code === 'CLIENT_UNREACHABLE' ||
    error.code === 'CLIENT_TIMEOUT' ||
    error.code === 'CLIENT_PROBLEM');

function checkHeight({ header }: HeaderEvidence, height: number, endpoint: string): void {
  if (header.height !== height) throw lie(endpoint, 'the header has another height');
}

/**
 * Follows the chain by its certificates and proves what nodes say. It trusts its checkpoint and the
 * mathematics, no node: an endpoint whose answer fails a check is asked last from then on, and the
 * answer comes from another one or not at all.
 */
export class LightClient {
  readonly connection: Connection;
  readonly epochs: EpochChain;
  readonly #verify: VerifySignature;
  #syncing: Promise<void> | undefined;

  constructor(options: LightClientOptions) {
    this.connection = options.connection;
    this.#verify = options.verify ?? verifyConsensus;
    this.epochs = new EpochChain(options.checkpoint, this.#verify);
  }

  /** A checkpoint at the newest proven epoch: store it and start from it next time. */
  checkpoint(): Checkpoint {
    return this.epochs.toCheckpoint();
  }

  /**
   * Asks endpoints in turn until one gives an answer that passes.
   * @throws ClientError CLIENT_UNPROVEN if all that answered failed the check; else the last failure.
   */
  async prove<Id extends RouteId, Value>(
    id: Id,
    input: Input<Id>,
    check: (answer: Output<Id>, endpoint: string) => Value | Promise<Value>,
    options: Options = {},
  ): Promise<Value> {
    let last: unknown;
    let reason: string | undefined;
    // First one try each, so that an endpoint that is down costs little; then with patience.
    const order = this.connection.order();
    for (const attempts of order.length > 1 ? [1, undefined] : [undefined]) {
      for (const endpoint of order) {
        try {
          const own = { ...options, endpoint, attempts };
          const answer = await this.connection.request(id, input, own);
          return await check(answer.value, endpoint);
        } catch (error) {
          options.signal?.throwIfAborted();
          if (!(error instanceof ClientError)) throw error;
          last = error;
          if (!isLie(error)) continue;
          this.connection.distrust(endpoint);
          reason = error.message;
        }
      }
      if (reason !== undefined || !isPassing(last)) break;
    }
    if (reason === undefined) throw last;
    throw new ClientError('CLIENT_UNPROVEN', `nobody can prove it: ${reason}`, { reason });
  }

  /**
   * Follows epoch proofs up to `epoch`, or to the newest that nodes have.
   * @throws ClientError CLIENT_UNPROVEN, CLIENT_EPOCHS, and as `Connection.request`.
   */
  async sync(epoch: number = Number.POSITIVE_INFINITY, options: Options = {}): Promise<void> {
    while (this.epochs.epoch < epoch) {
      // Several callers follow one chain: the proofs are asked for once.
      this.#syncing ??= this.#advance(epoch, options).finally(() => {
        this.#syncing = undefined;
      });
      const before = this.epochs.epoch;
      await this.#syncing;
      if (this.epochs.epoch === before) return;
    }
  }

  /** Adds up to a window of proofs; none if the nodes have no more. */
  async #advance(target: number, options: Options): Promise<void> {
    const from = this.epochs.epoch;
    const count = Math.min(target - from, bounds.parallelProofs);
    const ahead = Array.from({ length: count }, (_, i) => this.#fetchProof(from + i, options));
    // Those behind a failure are dropped unread.
    for (const proof of ahead) proof.catch(() => undefined);
    for (const [i, proof] of ahead.entries()) {
      const fetched = await proof;
      if (fetched === undefined) return;
      const verdict = this.epochs.append(fetched.bytes);
      if (verdict.ok) continue;
      this.connection.distrust(fetched.endpoint);
      if (!(await this.#retryProof(from + i, options))) return;
    }
  }

  async #fetchProof(
    epoch: number,
    options: Options,
  ): Promise<{ readonly bytes: Uint8Array; readonly endpoint: string } | undefined> {
    try {
      const { value, endpoint } = await this.connection.request(
        'epochProof',
        { params: { epoch } },
        options,
      );
      return { bytes: bytesOf(value.proof, 'proof'), endpoint };
    } catch (error) {
      if (error instanceof ClientError && error.code === 'CLIENT_NOT_FOUND') return undefined;
      throw error;
    }
  }

  /** Asks all endpoints for a proof that one of them forged. False: nobody has it. */
  async #retryProof(epoch: number, options: Options): Promise<boolean> {
    try {
      await this.prove(
        'epochProof',
        { params: { epoch } },
        ({ proof }, endpoint) => {
          const verdict = this.epochs.append(bytesOf(proof, 'proof'));
          if (!verdict.ok) throw lie(endpoint, verdict.reason);
        },
        options,
      );
      return true;
    } catch (error) {
      if (error instanceof ClientError && error.code === 'CLIENT_NOT_FOUND') return false;
      throw error;
    }
  }

  /** Checks evidence for a header, following epochs as far as it needs. */
  async #checkBlock(evidence: HeaderEvidence, options: Options): Promise<Verdict> {
    const { epoch, height } = evidence.header;
    const { checkpoint } = this.epochs;
    // A header that claims an epoch far ahead must not make the client fetch proofs for nothing.
    if (epoch > this.epochs.epoch && epoch === Math.ceil(height / checkpoint.epochLength)) {
      await this.sync(epoch, options);
    }
    if (epoch < checkpoint.table.epoch) {
      throw new ClientError(
        'CLIENT_CHECKPOINT',
        `height ${height} lies before the checkpoint of epoch ${checkpoint.table.epoch}`,
        { height, epoch, checkpointEpoch: checkpoint.table.epoch },
      );
    }
    const set = this.epochs.set(epoch);
    if (set === undefined) {
      const reason = `nobody proves epoch ${epoch}`;
      return { ok: false, code: 'CERT_EPOCH', reason };
    }
    return checkHeader(checkpoint, set, evidence, this.#verify);
  }

  /**
   * The block at a height, proven final.
   * @throws ClientError CLIENT_UNPROVEN, CLIENT_NOT_FOUND, CLIENT_CHECKPOINT.
   */
  async header(height: number, options: Options = {}): Promise<FinalHeader> {
    const check = async (value: unknown, endpoint: string): Promise<FinalHeader> => {
      const evidence = parseHeaderEvidence(value);
      checkHeight(evidence, height, endpoint);
      const verdict = await this.#checkBlock(evidence, options);
      if (!verdict.ok) throw lie(endpoint, verdict.reason);
      return finalHeader(evidence);
    };
    return this.prove('header', { params: { id: String(height) } }, check, options);
  }

  /**
   * The newest block that an endpoint claims and proves. A claim that it cannot prove counts as a
   * lie (docs/protocol/rsc.md, A6). `maxAgeMs` refuses a chain that stands still or is hidden.
   * @throws ClientError CLIENT_UNPROVEN, CLIENT_STALE.
   */
  async head(
    options: Options & { readonly maxAgeMs?: number; readonly nowMs?: number } = {},
  ): Promise<FinalHeader> {
    const { signal, maxAgeMs = Number.POSITIVE_INFINITY, nowMs = Date.now() } = options;
    let stale: ClientError | undefined;
    const check = async (value: Output<'status'>, endpoint: string): Promise<FinalHeader> => {
      const height = numberOf(value.height, 'height');
      const params = { id: String(height) };
      const asked = this.connection.request('header', { params }, { signal, endpoint });
      const proof = await asked.catch((error: unknown) => {
        const missing = error instanceof ClientError && error.code === 'CLIENT_NOT_FOUND';
        throw missing ? lie(endpoint, `height ${height} is claimed and missing`) : error;
      });
      const evidence = parseHeaderEvidence(proof.value);
      checkHeight(evidence, height, endpoint);
      const verdict = await this.#checkBlock(evidence, { signal });
      if (!verdict.ok) throw lie(endpoint, verdict.reason);
      const ageMs = nowMs - evidence.header.timestampMs;
      if (ageMs <= maxAgeMs) return finalHeader(evidence);
      const text = `the newest block of ${endpoint} is ${ageMs} ms old`;
      stale = new ClientError('CLIENT_STALE', text, { endpoint, ageMs, maxAgeMs });
      throw stale;
    };
    try {
      return await this.prove('status', {}, check, { signal });
    } catch (error) {
      throw stale ?? error;
    }
  }

  /**
   * A transaction, proven final.
   * @throws ClientError CLIENT_UNPROVEN, CLIENT_NOT_FOUND while it is not final, CLIENT_CHECKPOINT.
   */
  async transaction(txid: Uint8Array, options: Options = {}): Promise<FinalTransaction> {
    const check = async (value: unknown, endpoint: string): Promise<FinalTransaction> => {
      const evidence = parseTransactionEvidence(value);
      const included = checkInclusion(this.epochs.checkpoint, evidence);
      if (!included.ok) throw lie(endpoint, included.reason);
      const verdict = await this.#checkBlock(evidence.block, options);
      if (!verdict.ok) throw lie(endpoint, verdict.reason);
      const proven = finalTransaction(evidence);
      if (!equalBytes(proven.txid, txid)) throw lie(endpoint, 'it is another transaction');
      return proven;
    };
    const params = { txid: toHex(txid) };
    return this.prove('transactionProof', { params }, check, options);
  }
}
