import { toHex } from '@mxd/codec';
import type { SubmissionResult } from '@mxd/api/types';

import { type Connection, type Unverified } from './connection.ts';
import { ClientError, type ClientErrorCode } from './errors.ts';
import { type FinalTransaction } from './header-proof.ts';
import { type LightClient } from './light.ts';
import { sleep } from './sleep.ts';

/** What a wallet signed. */
export interface Sendable {
  readonly txid: Uint8Array;
  readonly bytes: Uint8Array;
}

/**
 * Submits a transaction. Repeating it is safe: nodes know it by its hash and answer its state.
 * @throws ClientError CLIENT_REJECTED, CLIENT_DEFERRED, CLIENT_LIE, and as `Connection.request`.
 */
export async function send(
  connection: Connection,
  signed: Sendable,
  options: {
    readonly signal?: AbortSignal | undefined;
    readonly endpoint?: string | undefined;
  } = {},
): Promise<Unverified<SubmissionResult>> {
  const body = { transaction: toHex(signed.bytes) };
  const answer = await connection.request('submit', { body }, options);
  if (answer.value.txid === toHex(signed.txid)) return answer;
  connection.distrust(answer.endpoint);
  throw new ClientError('CLIENT_LIE', `${answer.endpoint} answered for another transaction`, {
    endpoint: answer.endpoint,
  });
}

/** How long to wait, and what for. */
export interface WaitOptions {
  readonly signal?: AbortSignal | undefined;
  /** 60,000 unless told. */
  readonly timeoutMs?: number;
  /** First pause between two questions; 50 unless told. Grows to ten times that. */
  readonly pollMs?: number;
  /** Sent again, to another node, when nodes have lost it. */
  readonly resend?: Sendable;
  /** The last height at which it can be final; 0 for open. */
  readonly expiresAt?: number;
}

class Waiting {
  readonly #light: LightClient;
  readonly #txid: Uint8Array;
  readonly #options: WaitOptions;
  #turn = 0;
  #resent = 0;
  /** Code of the newest failure, for the message when time is up. */
  last: ClientErrorCode | undefined;

  constructor(light: LightClient, txid: Uint8Array, options: WaitOptions) {
    this.#light = light;
    this.#txid = txid;
    this.#options = options;
  }

  /** One question to one endpoint; each in its turn, so that one that hides it delays, no more. */
  async look(signal: AbortSignal): Promise<FinalTransaction | undefined> {
    const { connection } = this.#light;
    const order = connection.order();
    const endpoint = order[this.#turn++ % order.length] as string;
    try {
      const params = { txid: toHex(this.#txid) };
      const one = { signal, endpoint, attempts: 1 };
      const { value } = await connection.request('transaction', { params }, one);
      this.last = undefined;
      if (value.state !== 'final') return undefined;
      return await this.#light.transaction(this.#txid, { signal });
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      this.last = error.code;
      if (error.code === 'CLIENT_NOT_FOUND') await this.#lost(endpoint, signal);
      else if (error.code === 'CLIENT_CHECKPOINT') throw error;
      return undefined;
    }
  }

  /** A node that does not know it gets it, where the caller gave it to us. */
  async #lost(endpoint: string, signal: AbortSignal): Promise<void> {
    const { resend } = this.#options;
    if (resend === undefined || this.#resent >= 16) return;
    this.#resent++;
    try {
      await send(this.#light.connection, resend, { signal, endpoint });
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      // Somebody else may have it final: a refusal here proves nothing.
    }
  }

  /** @throws ClientError CLIENT_EXPIRED once the proven chain has passed the last height. */
  async checkExpiry(signal: AbortSignal): Promise<void> {
    const { expiresAt = 0 } = this.#options;
    if (expiresAt === 0) return;
    let height: number;
    try {
      ({ height } = (await this.#light.head({ signal })).header);
    } catch (error) {
      if (error instanceof ClientError) return;
      throw error;
    }
    if (height <= expiresAt) return;
    throw new ClientError('CLIENT_EXPIRED', `height ${height} is past ${expiresAt}`, {
      height,
      expiresAt,
    });
  }
}

/**
 * Waits until a transaction is proven final: a node's word is not taken for it.
 * @throws ClientError CLIENT_PENDING when time is up (exit code 6 of the command line),
 *   CLIENT_EXPIRED; the signal's reason.
 */
export async function waitForFinal(
  light: LightClient,
  txid: Uint8Array,
  options: WaitOptions = {},
): Promise<FinalTransaction> {
  const { timeoutMs = 60_000, pollMs = 50 } = options;
  const timer = AbortSignal.timeout(timeoutMs);
  const signal = options.signal === undefined ? timer : AbortSignal.any([timer, options.signal]);
  const waiting = new Waiting(light, txid, options);
  let pauseMs = pollMs;
  let lookedMs = Date.now();
  try {
    for (;;) {
      const proven = await waiting.look(signal);
      if (proven !== undefined) return proven;
      if (Date.now() - lookedMs > 2_000) {
        lookedMs = Date.now();
        const late = await waiting.checkExpiry(signal).catch((error: unknown) => error);
        if (late !== undefined) {
          // It may have become final between the two questions.
          const last = await waiting.look(signal);
          if (last !== undefined) return last;
          throw late;
        }
      }
      await sleep(pauseMs, signal);
      pauseMs = Math.min(pauseMs * 1.5, pollMs * 10);
    }
  } catch (error) {
    options.signal?.throwIfAborted();
    if (!timer.aborted) throw error;
    throw new ClientError('CLIENT_PENDING', `not proven final after ${timeoutMs} ms`, {
      txid: toHex(txid),
      timeoutMs,
      last: waiting.last,
    });
  }
}

/** Sends a transaction and waits until it is proven final. @throws as `send`, `waitForFinal`. */
export async function sendAndWait(
  light: LightClient,
  signed: Sendable,
  options: WaitOptions = {},
): Promise<FinalTransaction> {
  await send(light.connection, signed, { signal: options.signal });
  return waitForFinal(light, signed.txid, { resend: signed, ...options });
}
