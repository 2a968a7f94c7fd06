import type { SubmissionResult, TransactionView } from '@mxd/api';
import type { Owner } from '@mxd/protocol/transaction';
import type { Chain, Coin, MasterKey, SigningAccount } from '@mxd/wallet';

import { coinsOf, heightOf } from './coins.ts';
import { LoadError } from './errors.ts';
import { Refusal } from './http.ts';
import { signRounds, signSplit, type KeyPlace, type Signed } from './signing.ts';
import type { Target, TargetNode } from './target.ts';

/** Blocks after which a coin costs nothing in the free lane of the default policy. */
const restBlocks = 101;
/** Outputs of one splitting transaction: 3 kB. */
const splitOutputs = 100;
/** Base units that preparing transactions tip: one for each byte passes the rates of mempools. */
const preparingTip = 16_000n;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Sends and forgets refusals that sending again mends. */
async function submit(node: TargetNode, signed: Signed): Promise<void> {
  await node.http.post<SubmissionResult>('/v1/transactions', `{"transaction":"${signed.hex}"}`);
}

/** Waits until a node shows a transaction as final. */
async function waitFinal(node: TargetNode, txid: string, timeoutMs: number): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (performance.now() < end) {
    const view = await node.http
      .get<TransactionView>(`/v1/transactions/${txid}`)
      .catch((error: unknown) => {
        if (error instanceof Refusal && error.status === 404) return undefined;
        throw error;
      });
    if (view?.state === 'final') return;
    await sleep(20);
  }
  throw new LoadError(`a preparing transaction is not final after ${timeoutMs / 1_000} s`);
}

/** Brings money into the form that a run needs, before anything is measured. */
export class Preparation {
  readonly #target: Target;
  readonly #master: MasterKey;
  readonly #say: (text: string) => void;
  /** Coins of the paying account that are left. */
  #coins: Coin[] = [];

  constructor(target: Target, master: MasterKey, say: (text: string) => void) {
    this.#target = target;
    this.#master = master;
    this.#say = say;
  }

  get #first(): TargetNode {
    return this.#target.nodes[0] as TargetNode;
  }

  get #chain(): Chain {
    return this.#target.chain;
  }

  account(key: KeyPlace): SigningAccount {
    return this.#master.account(key.suite, key);
  }

  /** The paying account's own key. */
  get payer(): KeyPlace {
    return { suite: 1, account: this.#target.account, change: 0, index: 0 };
  }

  async #takeCoin(): Promise<Coin> {
    if (this.#coins.length === 0) {
      using payer = this.account(this.payer);
      // The largest pays for the preparation; the others are left for the run.
      const coins = await coinsOf(this.#target, payer.owner, 200_000);
      this.#coins = coins.toSorted((a, b) => (a.amount < b.amount ? 1 : -1)).slice(0, 1_000);
    }
    const coin = this.#coins.shift();
    if (coin === undefined) throw new LoadError('the paying account has no coins');
    return coin;
  }

  /** Coins of a key: those it has, and new ones made of the payer's until there are `count`. */
  async fund(key: KeyPlace, count: number, amount: bigint): Promise<readonly Coin[]> {
    using account = this.account(key);
    const { owner } = account;
    let coins = await this.#large(owner, amount);
    if (coins.length < count) await this.#split(owner, count - coins.length, amount);
    coins = await this.#large(owner, amount);
    if (coins.length < count)
      throw new LoadError(`only ${coins.length} of ${count} coins were made`);
    return coins.slice(0, count);
  }

  async #large(owner: Owner, amount: bigint): Promise<readonly Coin[]> {
    const coins = await coinsOf(this.#target, owner, 200_000);
    return coins.filter((coin) => coin.amount >= amount);
  }

  async #split(owner: Owner, count: number, amount: bigint): Promise<void> {
    this.#say(`moving funds: ${count} coins`);
    using payer = this.account(this.payer);
    let last: Signed | undefined;
    for (let left = count; left > 0; left -= splitOutputs) {
      const outputs = Math.min(left, splitOutputs);
      const split = { count: outputs, amount, tip: preparingTip };
      const coin = await this.#takeCoin();
      last = signSplit(this.#chain, payer, coin, owner, split);
      await submit(this.#first, last);
    }
    if (last !== undefined) await waitFinal(this.#first, last.txid, 60_000);
  }

  /**
   * Waits until coins made at `height` have rested. An idle network makes a block a second, so
   * small payments, one after the other, move it along.
   */
  async rest(height: number): Promise<void> {
    const target = height + restBlocks;
    let now = await heightOf(this.#first);
    if (now >= target) return;
    this.#say(`coins rest until height ${target}, now ${now}`);
    using payer = this.account(this.payer);
    while (now < target) {
      const plan = { rounds: 100, outputs: 1, amount: 0n, tip: preparingTip } as const;
      const rounds = signRounds(this.#chain, payer, await this.#takeCoin(), [payer.owner], plan);
      let last: Signed | undefined;
      for (const signed of rounds) {
        if (now >= target) break;
        await submit(this.#first, signed);
        last = signed;
        const before = now;
        while (now === before) {
          await sleep(20);
          now = await heightOf(this.#first);
        }
      }
      if (last !== undefined) await waitFinal(this.#first, last.txid, 60_000);
    }
  }
}
