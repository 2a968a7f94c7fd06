import type { Page, Problem, SubmissionResult, TransactionView, UnspentOutput } from '@mxd/api';
import { fromHex, toHex } from '@mxd/codec';
import { genesisCodec } from '@mxd/protocol';
import {
  buildPayment,
  chainOfGenesis,
  signTransaction,
  type Chain,
  type Coin,
  type SigningAccount,
} from '@mxd/wallet';
import { formatAddress, parseAddress } from '@mxd/crypto/address';

/** An answer of a node that is no success. */
export class NodeRefusal extends Error {
  readonly code: string;

  constructor(problem: Problem) {
    super(`${problem.reason ?? problem.code}: ${problem.detail}`);
    this.code = problem.reason ?? problem.code;
  }
}

async function answer<T>(response: Response): Promise<T> {
  const body = (await response.json()) as unknown;
  if (!response.ok) throw new NodeRefusal(body as Problem);
  return body as T;
}

const get = async <T>(url: string): Promise<T> =>
  answer<T>(await fetch(url, { signal: AbortSignal.timeout(5_000) }));

/** The chain of a genesis file, for building and signing. */
export const chainOfFile = (bytes: Uint8Array): Chain =>
  chainOfGenesis(genesisCodec.decode(bytes).document);

function coinOf(output: UnspentOutput, owner: Coin['owner']): Coin {
  return {
    outpoint: { txid: fromHex(output.txid), index: output.index },
    owner,
    amount: BigInt(output.amount),
    createdHeight: output.createdHeight,
    lock: { kind: 'plain' },
  };
}

/** Pays from one account through one node, never spending a coin twice. */
export class Payer {
  readonly #chain: Chain;
  readonly #account: SigningAccount;
  readonly #url: string;
  readonly #spent = new Set<string>();
  #coins: Coin[] = [];

  constructor(chain: Chain, account: SigningAccount, url: string) {
    this.#chain = chain;
    this.#account = account;
    this.#url = url;
  }

  get address(): string {
    return formatAddress(this.#account.owner, this.#chain.network);
  }

  /** Builds, signs and sends. Coins that rested longest go first, as the free lane wants it. */
  async pay(to: string, amount: bigint): Promise<SubmissionResult> {
    if (this.#coins.length === 0) await this.#refresh();
    const coins: Coin[] = [];
    let sum = 0n;
    while (sum < amount) {
      const coin = this.#coins.shift();
      if (coin === undefined) {
        throw new Error('the account has no coins left that are not on their way'); // tidy-allow bare-error: tooling
      }
      coins.push(coin);
      sum += coin.amount;
    }
    const built = buildPayment(this.#chain, {
      coins,
      payments: [{ to: parseAddress(to, this.#chain.network), amount }],
      change: this.#account.owner,
    });
    const signed = signTransaction(built, [this.#account]);
    for (const coin of coins)
      this.#spent.add(`${toHex(coin.outpoint.txid)}:${coin.outpoint.index}`);
    return answer<SubmissionResult>(
      await fetch(`${this.#url}/v1/transactions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ transaction: toHex(signed.bytes) }),
        signal: AbortSignal.timeout(5_000),
      }),
    );
  }

  async #refresh(): Promise<void> {
    const page = await get<Page<UnspentOutput>>(
      `${this.#url}/v1/addresses/${this.address}/unspent?limit=1000`,
    );
    this.#coins = page.items
      .filter((item) => item.lock === 'plain' && item.spentBy === undefined)
      .filter((item) => !this.#spent.has(`${item.txid}:${item.index}`))
      .toSorted((a, b) => a.createdHeight - b.createdHeight)
      .map((item) => coinOf(item, this.#account.owner));
    this.#spent.clear();
  }
}

/** Waits until a node shows a transaction as final; undefined after `timeoutMs`. */
export async function waitFinal(
  url: string,
  txid: string,
  timeoutMs: number,
): Promise<TransactionView | undefined> {
  const end = performance.now() + timeoutMs;
  while (performance.now() < end) {
    const view = await get<TransactionView>(`${url}/v1/transactions/${txid}`).catch(
      () => undefined,
    );
    if (view?.state === 'final') return view;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return undefined;
}
