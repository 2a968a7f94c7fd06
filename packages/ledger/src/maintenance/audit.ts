/** Walks a store and proves that it holds together; see docs/protocol/ledger.md, "Rules". */
import { equalBytes, toHex } from '@mxd/codec';
import type { Snapshot } from '@mxd/storage';

import { buckets } from '../buckets.ts';
import type { ChainState } from '../chain-state.ts';
import type { LedgerErrorCode } from '../errors.ts';
import { LatticeHash } from '../lattice-hash.ts';
import type { Ledger } from '../ledger.ts';
import { limits } from '../limits.ts';
import { binaryText, commitmentElement, ownerText } from '../outputs.ts';
import type { Pace } from '../types.ts';
import { accrualTotal, activeParameters, bondedOf, bondedTotal } from '../validators/index.ts';

const pageEntries = 2_048;

export type AuditCode = Extract<LedgerErrorCode, `AUDIT_${string}`>;

export interface AuditProblem {
  readonly code: AuditCode;
  readonly detail: string;
}

/** What an audit found. The sums are base units. */
export interface AuditReport {
  readonly ok: boolean;
  readonly height: number;
  readonly hash: string;
  readonly outputs: number;
  readonly plain: bigint;
  readonly bonded: bigint;
  readonly unbonding: bigint;
  readonly accruals: bigint;
  readonly tipCarry: bigint;
  /** Sum of the five above. */
  readonly sum: bigint;
  readonly totalSupply: bigint;
  readonly headers: number;
  readonly historyEntries: number;
  readonly indexedTransactions: number;
  /** All problems that were found; `problems` lists the first of them. */
  readonly problemCount: number;
  readonly problems: readonly AuditProblem[];
}

export interface AuditOptions {
  readonly pace?: Pace;
  readonly progress?: (stage: string, entries: number) => void;
}

/** Audits the state of the head as it is when the call starts. Reads everything once or twice. */
export async function auditLedger(
  ledger: Ledger,
  options: AuditOptions = {},
): Promise<AuditReport> {
  const { snapshot, state } = await ledger.freeze();
  try {
    return await new Audit(ledger, snapshot, state, options).run();
  } finally {
    await snapshot.close();
  }
}

class Audit {
  readonly #ledger: Ledger;
  readonly #snapshot: Snapshot;
  readonly #state: ChainState;
  readonly #options: AuditOptions;
  readonly #problems: AuditProblem[] = [];
  readonly #sums = { plain: 0n, bonded: 0n, unbonding: 0n };
  readonly #bonded = new Map<string, bigint>();
  #problemCount = 0;
  #outputs = 0;
  #locked = 0;
  #headers = 0;
  #history = 0;
  #transactions = 0;

  constructor(ledger: Ledger, snapshot: Snapshot, state: ChainState, options: AuditOptions) {
    this.#ledger = ledger;
    this.#snapshot = snapshot;
    this.#state = state;
    this.#options = options;
  }

  async run(): Promise<AuditReport> {
    const { header, hash, validators } = this.#state;
    await this.#walkOutputs();
    this.#checkBonds();
    await this.#walkLocked();
    const indexes = this.#ledger.completeIndexes;
    if (indexes.owners) await this.#walkOwners(indexes.history);
    const paying = await this.#walkHeaders();
    if (indexes.transactions) await this.#walkTransactions(paying);
    const { totalSupply, tipCarry } = validators.totals;
    const accruals = accrualTotal(validators);
    const { plain, bonded, unbonding } = this.#sums;
    const sum = plain + bonded + unbonding + accruals + tipCarry;
    if (sum !== totalSupply) this.#report('AUDIT_SUPPLY', `${sum}, not ${totalSupply}`);
    return {
      ok: this.#problemCount === 0,
      height: header.height,
      hash: toHex(hash),
      outputs: this.#outputs,
      plain,
      bonded,
      unbonding,
      accruals,
      tipCarry,
      sum,
      totalSupply,
      headers: this.#headers,
      historyEntries: this.#history,
      indexedTransactions: this.#transactions,
      problemCount: this.#problemCount,
      problems: this.#problems,
    };
  }

  #report(code: AuditCode, detail: string): void {
    this.#problemCount++;
    if (this.#problems.length < limits.auditProblems.value) this.#problems.push({ code, detail });
  }

  async #step(stage: string, entries: number): Promise<void> {
    this.#options.progress?.(stage, entries);
    const { pace } = this.#options;
    if (pace?.due() === true) await pace.pause();
  }

  async #walkOutputs(): Promise<void> {
    const lattice = new LatticeHash();
    await using scan = buckets.outputs.on(this.#snapshot).range();
    for (let page = await scan.page(pageEntries); page.length > 0;) {
      for (const [key, output] of page) {
        lattice.add(commitmentElement(key, output));
        this.#sums[output.lock.kind] += output.amount;
        this.#outputs++;
        if (output.lock.kind === 'plain') continue;
        this.#locked++;
        if (output.lock.kind !== 'bonded') continue;
        const id = binaryText(output.lock.validatorId);
        this.#bonded.set(id, (this.#bonded.get(id) ?? 0n) + output.amount);
      }
      await this.#step('outputs', this.#outputs);
      page = await scan.page(pageEntries);
    }
    if (!equalBytes(lattice.digest(), this.#state.outputsDigest)) {
      this.#report('AUDIT_COMMITMENT', 'the digest of the outputs is another one');
    }
  }

  #checkBonds(): void {
    const { validators } = this.#state;
    for (const [id, amount] of this.#bonded) {
      const bytes = Uint8Array.from(id, (character) => character.charCodeAt(0));
      const stated = bondedOf(validators, bytes);
      if (stated !== amount) {
        this.#report('AUDIT_BONDED', `${toHex(bytes)}: ${amount}, not ${stated}`);
      }
    }
    if (bondedTotal(validators) !== this.#sums.bonded) {
      this.#report('AUDIT_BONDED', `${this.#sums.bonded} in all`);
    }
  }

  async #walkLocked(): Promise<void> {
    let count = 0;
    await using scan = buckets.locked.on(this.#snapshot).range();
    for (let page = await scan.page(pageEntries); page.length > 0;) {
      const keys = page.map(([[, key]]) => key);
      const outputs = await buckets.outputs.on(this.#snapshot).getMany(keys);
      page.forEach(([[id]], i) => {
        const lock = outputs[i]?.lock;
        if (lock !== undefined && lock.kind !== 'plain' && binaryText(lock.validatorId) === id) {
          count++;
        } else this.#report('AUDIT_LOCKED', 'an entry names an output that is not locked so');
      });
      await this.#step('locked outputs', count);
      page = await scan.page(pageEntries);
    }
    if (count !== this.#locked) {
      this.#report('AUDIT_LOCKED', `${count} entries for ${this.#locked} locked outputs`);
    }
  }

  /** The index of owners against the outputs; each owner's history beside it, in the same order. */
  async #walkOwners(withHistory: boolean): Promise<void> {
    const balances = this.#balances();
    // Slashing takes from outputs without a transaction, and a snapshot brings no history.
    const { slashingBp } = activeParameters(this.#state.validators);
    const isComparable = withHistory && slashingBp === 0 && this.#ledger.reader.historyFrom === 0;
    const history = isComparable ? this.#histories() : undefined;
    let past = await history?.next();
    for await (const [owner, balance] of balances) {
      while (past?.done === false && past.value[0] < owner) {
        if (past.value[1] !== 0n) this.#report('AUDIT_HISTORY', this.#gap(past.value, 0n));
        past = await history?.next();
      }
      if (past === undefined) continue;
      if (past.done === true || past.value[0] !== owner || past.value[1] !== balance) {
        const found = past.done === true ? ([owner, 0n] as const) : past.value;
        this.#report('AUDIT_HISTORY', this.#gap(found, balance));
      }
      if (past.done === false && past.value[0] === owner) past = await history?.next();
    }
    while (past?.done === false) {
      if (past.value[1] !== 0n) this.#report('AUDIT_HISTORY', this.#gap(past.value, 0n));
      past = await history?.next();
    }
  }

  #gap([owner, sum]: readonly [string, bigint], balance: bigint): string {
    const name = toHex(Uint8Array.from(owner, (character) => character.charCodeAt(0)));
    return `owner ${name}: history ${sum}, outputs ${balance}`;
  }

  /** Owner and sum of its outputs, in order of owners. */
  async *#balances(): AsyncGenerator<readonly [string, bigint], void> {
    let owner = '';
    let sum = 0n;
    let count = 0;
    await using scan = buckets.owned.on(this.#snapshot).range();
    for (let page = await scan.page(pageEntries); page.length > 0;) {
      const keys = page.map(([[, key]]) => key);
      const outputs = await buckets.outputs.on(this.#snapshot).getMany(keys);
      for (const [i, [[entryOwner]]] of page.entries()) {
        const output = outputs[i];
        if (output === undefined || ownerText(output.owner) !== entryOwner) {
          this.#report('AUDIT_OWNERS', 'an entry names an output of another owner, or none');
          continue;
        }
        count++;
        if (entryOwner !== owner) {
          if (owner !== '') yield [owner, sum];
          owner = entryOwner;
          sum = 0n;
        }
        sum += output.amount;
      }
      await this.#step('outputs by owner', count);
      page = await scan.page(pageEntries);
    }
    if (owner !== '') yield [owner, sum];
    if (count !== this.#outputs) {
      this.#report('AUDIT_OWNERS', `${count} entries for ${this.#outputs} outputs`);
    }
  }

  /** Owner and what its history adds up to, in order of owners. */
  async *#histories(): AsyncGenerator<readonly [string, bigint], void> {
    let owner = '';
    let sum = 0n;
    await using scan = buckets.history.on(this.#snapshot).range();
    for (let page = await scan.page(pageEntries); page.length > 0;) {
      for (const [[entryOwner], { received, spent }] of page) {
        if (entryOwner !== owner) {
          if (owner !== '') yield [owner, sum];
          owner = entryOwner;
          sum = 0n;
        }
        sum += received - spent;
        this.#history++;
      }
      await this.#step('history', this.#history);
      page = await scan.page(pageEntries);
    }
    if (owner !== '') yield [owner, sum];
  }

  /** The chain of headers; answers how many entries the index of transactions should have. */
  async #walkHeaders(): Promise<number> {
    let transactions = 0;
    let previous: { height: number; hash: Uint8Array } | undefined;
    await using scan = buckets.headers.on(this.#snapshot).range();
    for (let page = await scan.page(pageEntries); page.length > 0;) {
      for (const [height, { hash, header }] of page) {
        const fits =
          header.height === height &&
          (previous === undefined ||
            (height === previous.height + 1 && equalBytes(header.parentHash, previous.hash)));
        if (!fits) this.#report('AUDIT_HEADERS', `height ${height} does not follow`);
        if (buckets.heights.on(this.#snapshot).getSync(hash) !== height) {
          this.#report('AUDIT_HEADERS', `the hash of height ${height} is not indexed`);
        }
        if (height >= this.#ledger.reader.historyFrom) transactions += header.txCount;
        previous = { height, hash };
        this.#headers++;
      }
      await this.#step('headers', this.#headers);
      page = await scan.page(pageEntries);
    }
    const { hash, header } = this.#state;
    if (previous?.height !== header.height || !equalBytes(previous.hash, hash)) {
      this.#report('AUDIT_HEADERS', 'the last header is not that of the head');
    }
    return transactions;
  }

  async #walkTransactions(expected: number): Promise<void> {
    let inBlocks = 0;
    await using scan = buckets.transactions.on(this.#snapshot).range();
    for (let page = await scan.page(pageEntries); page.length > 0;) {
      const heights = [...new Set(page.map(([, { height }]) => height))];
      const headers = await buckets.headers.on(this.#snapshot).getMany(heights);
      const counts = new Map(heights.map((height, i) => [height, headers[i]?.header.txCount]));
      for (const [, { height, position }] of page) {
        this.#transactions++;
        const count = counts.get(height);
        if (count === undefined || position > count) {
          this.#report('AUDIT_TRANSACTIONS', `an entry names ${height}/${position}`);
        } else if (position < count) inBlocks++;
      }
      await this.#step('transactions', this.#transactions);
      page = await scan.page(pageEntries);
    }
    if (inBlocks !== expected) {
      this.#report('AUDIT_TRANSACTIONS', `${inBlocks} entries for ${expected} transactions`);
    }
  }
}
