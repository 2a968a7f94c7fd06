import { parentPort, workerData } from 'node:worker_threads';

import { installNative } from '@mxd/crypto/native';
import type { Owner } from '@mxd/protocol/transaction';
import type { Chain, Coin } from '@mxd/wallet';
import { masterKeyOfWords } from '@mxd/wallet/mnemonic';

import { signRounds, type KeyPlace, type PaymentPlan, type Signed } from './signing.ts';

/** What a signing thread starts with. */
export interface WorkerStart {
  readonly chain: Chain;
  readonly words: string;
}

export interface SignJob {
  readonly id: number;
  readonly key: KeyPlace;
  readonly coins: readonly Coin[];
  readonly receivers: readonly Owner[];
  readonly plan: PaymentPlan;
}

export type SignAnswer =
  | { readonly id: number; readonly signed: readonly (readonly Signed[])[] }
  | { readonly id: number; readonly error: string };

const { chain, words } = workerData as WorkerStart;
installNative();
const master = await masterKeyOfWords(words);

function answer({ id, key, coins, receivers, plan }: SignJob): SignAnswer {
  try {
    using account = master.account(key.suite, key);
    const turned = receivers.map((_, i) => [...receivers.slice(i), ...receivers.slice(0, i)]);
    const signed = coins.map((coin, i) =>
      signRounds(chain, account, coin, turned[i % turned.length] ?? [], plan),
    );
    return { id, signed };
  } catch (error) {
    return { id, error: error instanceof Error ? error.message : String(error) };
  }
}

parentPort?.on('message', (job: SignJob) => parentPort?.postMessage(answer(job)));
