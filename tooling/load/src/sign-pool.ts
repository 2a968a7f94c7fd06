import { Worker } from 'node:worker_threads';

import type { Owner } from '@mxd/protocol/transaction';
import type { Chain, Coin } from '@mxd/wallet';

import { LoadError } from './errors.ts';
import type { SignAnswer, SignJob, WorkerStart } from './sign-worker.ts';
import type { KeyPlace, PaymentPlan, Signed } from './signing.ts';

/** Coins of one job: about 20 ms of a thread. */
const jobCoins = 128;

interface Waiting {
  readonly resolve: (signed: readonly (readonly Signed[])[]) => void;
  readonly reject: (error: Error) => void;
}

/** Threads that sign ahead of the run. */
export class SignPool implements AsyncDisposable {
  readonly #workers: readonly Worker[];
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;

  constructor(chain: Chain, words: string, threads: number) {
    const workerData: WorkerStart = { chain, words };
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const url = new URL(`./sign-worker.${extension}`, import.meta.url);
    this.#workers = Array.from({ length: threads }, () => {
      const worker = new Worker(url, { workerData });
      worker.on('message', (answer: SignAnswer) => this.#answered(answer));
      worker.on('error', (error) => this.#failAll(error));
      return worker;
    });
  }

  #answered(answer: SignAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ('signed' in answer) waiting?.resolve(answer.signed);
    else waiting?.reject(new LoadError(`signing failed: ${answer.error}`));
  }

  #failAll(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  #run(job: Omit<SignJob, 'id'>): Promise<readonly (readonly Signed[])[]> {
    const id = this.#next++;
    const worker = this.#workers[id % this.#workers.length] as Worker;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      worker.postMessage({ id, ...job });
    });
  }

  /** All payments of the plan, first rounds of all coins first: a coin rests between its rounds. */
  async sign(
    key: KeyPlace,
    coins: readonly Coin[],
    receivers: readonly Owner[],
    plan: PaymentPlan,
    limit: number,
  ): Promise<readonly Signed[]> {
    const jobs: Promise<readonly (readonly Signed[])[]>[] = [];
    for (let at = 0; at < coins.length; at += jobCoins) {
      jobs.push(this.#run({ key, coins: coins.slice(at, at + jobCoins), receivers, plan }));
    }
    const perCoin = (await Promise.all(jobs)).flat();
    const ordered: Signed[] = [];
    for (let round = 0; round < plan.rounds && ordered.length < limit; round++) {
      for (const rounds of perCoin) {
        const signed = rounds[round];
        if (signed !== undefined && ordered.length < limit) ordered.push(signed);
      }
    }
    return ordered;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}
