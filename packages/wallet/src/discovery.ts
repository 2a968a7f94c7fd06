/** Finding the addresses of a wallet that were used, from its keys alone. */
import { type KeyPath } from '@mxd/crypto/derivation';

import { type Account } from './account.ts';
import { WalletError } from './errors.ts';
import * as bounds from './bounds.ts';

/** Asks the network about accounts: `true` for each whose address ever held an output. */
export type UsedQuery = (accounts: readonly Account[]) => Promise<readonly boolean[]>;

/** How to look. */
export interface DiscoveryOptions {
  /** Derives the public part of a key: `(path) => master.watch(suite, path)`. */
  readonly derive: (path: KeyPath) => Account;
  readonly isUsed: UsedQuery;
  /** Unused addresses in a row after which a branch ends; 20 unless told. */
  readonly gapLimit?: number;
  /** Addresses in one query; the gap limit unless told. */
  readonly batchSize?: number;
  readonly signal?: AbortSignal;
  /** Told after each batch. */
  readonly onProgress?: (progress: { readonly asked: number; readonly used: number }) => void;
}

/** One branch of an account: 0 receives, 1 takes change. */
export interface DiscoveredBranch {
  /** Used accounts in order of their index. */
  readonly used: readonly Account[];
  /** The first index that nobody has paid to and all after it are unused. */
  readonly nextIndex: number;
}

/** What was found under one account number. */
export interface DiscoveredAccount {
  readonly account: number;
  readonly receive: DiscoveredBranch;
  readonly change: DiscoveredBranch;
}

class Looker {
  readonly #options: DiscoveryOptions;
  readonly #gapLimit: number;
  readonly #batchSize: number;
  #asked = 0;
  #used = 0;

  constructor(options: DiscoveryOptions) {
    this.#options = options;
    this.#gapLimit = Math.min(Math.max(options.gapLimit ?? 20, 1), bounds.discoveryGap);
    this.#batchSize = Math.min(Math.max(options.batchSize ?? this.#gapLimit, 1), 1000);
  }

  #derive(account: number, change: number, start: number): readonly Account[] {
    const room = bounds.discoveryAddresses - this.#asked;
    if (room < this.#batchSize) {
      throw new WalletError(
        'WALLET_DISCOVERY',
        `${bounds.discoveryAddresses} addresses were asked about; ask for less`,
      );
    }
    return Array.from({ length: this.#batchSize }, (_, i) =>
      this.#options.derive({ account, change, index: start + i }),
    );
  }

  async branch(account: number, change: number): Promise<DiscoveredBranch> {
    const { isUsed, signal, onProgress } = this.#options;
    const used: Account[] = [];
    let nextIndex = 0;
    let batch = this.#derive(account, change, 0);
    for (let start = 0; start - nextIndex < this.#gapLimit; start += this.#batchSize) {
      signal?.throwIfAborted();
      const answers = isUsed(batch);
      // The next keys are derived while the answer is on its way.
      const next = this.#asksAgain(start, nextIndex)
        ? this.#derive(account, change, start + this.#batchSize)
        : undefined;
      const found = await answers;
      if (found.length !== batch.length) {
        throw new WalletError('WALLET_DISCOVERY', `${found.length} answers came to a question`, {
          asked: batch.length,
          answered: found.length,
        });
      }
      for (const [i, one] of batch.entries()) {
        if (found[i] !== true) continue;
        used.push(one);
        nextIndex = start + i + 1;
      }
      this.#asked += batch.length;
      this.#used += found.filter(Boolean).length;
      onProgress?.({ asked: this.#asked, used: this.#used });
      if (start + this.#batchSize - nextIndex >= this.#gapLimit) break;
      batch = next ?? this.#derive(account, change, start + this.#batchSize);
    }
    return { used, nextIndex };
  }

  /** Deriving ahead is worth it where the gap is not over anyway, or the last batch had a use. */
  #asksAgain(start: number, nextIndex: number): boolean {
    const gapAfter = start + this.#batchSize - nextIndex;
    return gapAfter < this.#gapLimit || (start > 0 && nextIndex > start - this.#batchSize);
  }
}

/**
 * Finds the used addresses of one account number on both branches.
 * @throws WalletError WALLET_DISCOVERY; the errors of the query; the signal's reason.
 */
export async function discoverAccount(
  account: number,
  options: DiscoveryOptions,
): Promise<DiscoveredAccount> {
  const looker = new Looker(options);
  const receive = await looker.branch(account, 0);
  const change = await looker.branch(account, 1);
  return { account, receive, change };
}

/** Finds all accounts in use: from account 0 on, until one has no use (BIP-44). */
export async function discoverWallet(
  options: DiscoveryOptions,
): Promise<readonly DiscoveredAccount[]> {
  const found: DiscoveredAccount[] = [];
  const looker = new Looker(options);
  for (let account = 0; ; account++) {
    const receive = await looker.branch(account, 0);
    if (receive.used.length === 0) return found;
    found.push({ account, receive, change: await looker.branch(account, 1) });
  }
}
