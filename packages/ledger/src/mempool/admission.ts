import type { TxId } from '@mxd/protocol';
import { limits as formatLimits } from '@mxd/protocol/limits';
import { wtxidOfBytes } from '@mxd/protocol/transaction';

import { verifiedName } from '../block-run.ts';
import type { AdmissionCode } from '../errors.ts';
import { limits } from '../limits.ts';
import { binaryBytes, binaryText, outputKey, ownerText } from '../outputs.ts';
import type { OutpointKey } from '../outputs.ts';
import {
  checkSpending,
  checkStateless,
  checkWindow,
  lockOfOutput,
  prepareTransaction,
  signatureChecks,
  type PreparedTransaction,
} from '../transaction-rules.ts';
import type { CommittedBlock, SignatureCheck, UnspentOutput } from '../types.ts';
import { ancestorsOf, descendantsOf, Entry } from './entry.ts';
import type { OrphanPool } from './orphans.ts';
import type { PoolCounts, PoolIndex } from './pool-index.ts';
import { rateCost, type TokenBuckets } from './rates.ts';
import type {
  AdmissionVerdict,
  LaneName,
  MempoolOptions,
  PolicyQuestion,
  RateOptions,
  Submission,
} from './types.ts';

/** What admission shares with the pool. */
export interface AdmissionPool {
  readonly index: PoolIndex;
  readonly orphans: OrphanPool;
  readonly addresses: TokenBuckets;
  readonly peers: TokenBuckets;
  readonly counts: PoolCounts;
  /** Changes when the final state does. */
  readonly generation: () => number;
  readonly refuse: (code: AdmissionCode) => void;
}

/** A submission, or a transaction restored from a file with its time of arrival. */
export interface Arrival extends Submission {
  readonly arrivedMs?: number;
}

/** Why not, and whether the same bytes may be accepted later. */
interface Refusal {
  readonly code: AdmissionCode;
  readonly reason: string;
  readonly mayRetry: boolean;
}

type Refused = Extract<AdmissionVerdict, { status: 'refused' }>;

/** A transaction on its way in. */
interface Judged {
  readonly arrival: Arrival;
  readonly tx: PreparedTransaction;
  spent: readonly UnspentOutput[];
  /** Filled by `place`. */
  entry: Entry | undefined;
  displaced: readonly Entry[];
  cost: number;
}

type Placed = { readonly ok: true } | (Refusal & { readonly ok: false });

const fine: Placed = { ok: true };
const refusal = (code: AdmissionCode, reason: string, mayRetry: boolean): Placed => ({
  ok: false,
  code,
  reason,
  mayRetry,
});

/** Codes of rules that no later state can mend. */
const final: ReadonlySet<AdmissionCode> = new Set<AdmissionCode>([
  'TX_DECODE',
  'TX_SIZE',
  'TX_CHAIN',
  'TX_INPUT_DUPLICATE',
  'TX_OVERFLOW',
  'TX_UNBOND_TIP',
  'TX_OWNER',
  'TX_SIGNATURE',
  'TX_BALANCE',
  'TX_EXPIRED',
  'TX_UNBOND_INPUT',
  'TX_LOCK_BONDED',
]);

/** How often a judgement that a block overtook is made again. */
const maxRounds = 4;
/** Orphans judged after one batch: the rest waits for the next occasion. */
const maxOrphanRound = 1_000;

/**
 * The way into the pool: decode and bounds, conflicts and balance, rates and room, signatures,
 * policy, insertion. Cheap checks first; nothing is kept of what fails.
 */
export class Admission {
  readonly #pool: AdmissionPool;
  readonly #options: MempoolOptions;
  readonly #rates: RateOptions;
  readonly #maxBytes: number;
  readonly #maxCount: number;
  readonly #highWater: number;
  /** Refused for good, by wtxid: repeating them costs a look-up. */
  readonly #refused = new Map<string, Refused>();

  constructor(pool: AdmissionPool, options: MempoolOptions, rates: RateOptions) {
    this.#pool = pool;
    this.#options = options;
    this.#rates = rates;
    this.#maxBytes = options.maxBytes ?? limits.poolBytes.value;
    this.#maxCount = options.maxTransactions ?? limits.poolTransactions.value;
    this.#highWater = options.highWaterPercent ?? 75;
  }

  isAboveHighWater(): boolean {
    const { index } = this.#pool;
    return (
      index.bytes * 100 > this.#maxBytes * this.#highWater ||
      index.size * 100 > this.#maxCount * this.#highWater
    );
  }

  /** One verdict per submission, in order. */
  async submit(batch: readonly Arrival[], nowMs: number): Promise<readonly AdmissionVerdict[]> {
    const verdicts: (AdmissionVerdict | undefined)[] = batch.map(() => undefined);
    const judged: { readonly at: number; readonly item: Judged }[] = [];
    for (const [at, arrival] of batch.entries()) {
      const first = this.#first(arrival);
      if ('status' in first) verdicts[at] = first;
      else judged.push({ at, item: first });
    }
    const results = await this.#judge(
      judged.map(({ item }) => item),
      nowMs,
    );
    judged.forEach(({ at }, i) => {
      verdicts[at] = results[i];
    });
    await this.#adoptOrphans(
      judged.map(({ item }) => item),
      results,
      nowMs,
    );
    return verdicts as AdmissionVerdict[];
  }

  /** Everything that needs neither state nor waiting. */
  #first(arrival: Arrival): AdmissionVerdict | Judged {
    const { bytes } = arrival;
    if (bytes.length > formatLimits.transactionBytes.value) {
      return this.#refuse(undefined, undefined, {
        code: 'TX_DECODE',
        reason: `${bytes.length} bytes are too many`,
        mayRetry: false,
      });
    }
    const wtxid = arrival.wtxid ?? wtxidOfBytes(bytes);
    const wtxidText = binaryText(wtxid);
    const known = this.#refused.get(wtxidText);
    if (known !== undefined) {
      this.#pool.refuse(known.code);
      return known;
    }
    const prepared = prepareTransaction(bytes, wtxid);
    if (!prepared.ok) {
      const { code, reason } = prepared;
      return this.#refuse(wtxidText, undefined, { code, reason, mayRetry: false });
    }
    const tx = prepared.value;
    if (this.#pool.index.get(tx.txidText)?.wtxidText === wtxidText) {
      this.#pool.counts.known++;
      return { status: 'known', txid: tx.txid, final: false };
    }
    const { chain } = this.#options;
    const verdict = checkStateless(tx, chain.parameters(), chain.networkId);
    if (!verdict.ok) {
      const { code, reason } = verdict;
      return this.#refuse(wtxidText, tx.txid, { code, reason, mayRetry: !final.has(code) });
    }
    return { arrival, tx, spent: [], entry: undefined, displaced: [], cost: 0 };
  }

  #refuse(wtxidText: string | undefined, txid: TxId | undefined, why: Refusal): Refused {
    this.#pool.refuse(why.code);
    const verdict: Refused = {
      status: 'refused',
      code: why.code,
      reason: why.reason,
      txid,
      mayRetry: why.mayRetry,
    };
    if (wtxidText !== undefined && !why.mayRetry) {
      this.#refused.set(wtxidText, verdict);
      for (const oldest of this.#refused.keys()) {
        if (this.#refused.size <= limits.poolRefused.value) break;
        this.#refused.delete(oldest);
      }
    }
    return verdict;
  }

  /**
   * Judges transactions against one state. Those whose state a block overtook are judged again, and
   * so are those that build on others of the batch, after these.
   */
  async #judge(items: readonly Judged[], nowMs: number): Promise<readonly AdmissionVerdict[]> {
    const verdicts = new Map<Judged, AdmissionVerdict>();
    const { generation } = this.#pool;
    let open = items;
    for (let overtaken = 0; open.length > 0;) {
      const began = generation();
      const outputs = await this.#load(open);
      const siblings = new Set(open.map(({ tx }) => tx.txidText));
      const ready: Judged[] = [];
      const later: Judged[] = [];
      for (const item of open) {
        const missing = this.#resolve(item, outputs);
        if (missing.length === 0) {
          const placed = this.#place(item, nowMs, false);
          if (placed.ok) ready.push(item);
          else verdicts.set(item, this.#refuseItem(item, placed));
        } else if (missing.some((key) => siblings.has(key.slice(0, 64)))) later.push(item);
        else verdicts.set(item, await this.#missing(item, missing));
      }
      const again = later.length === open.length ? [] : later;
      // Nothing but each other's outputs: none of them can ever be complete here.
      if (again.length === 0) {
        for (const item of later) {
          verdicts.set(item, await this.#missing(item, this.#resolve(item, outputs)));
        }
      }
      const isOvertaken = (): boolean => generation() !== began && overtaken < maxRounds;
      for (const item of await this.#screen(ready, verdicts)) {
        if (isOvertaken()) again.push(item);
        else verdicts.set(item, this.#enter(item, outputs, nowMs));
      }
      if (isOvertaken()) overtaken++;
      open = again;
    }
    return items.map((item) => verdicts.get(item) as AdmissionVerdict);
  }

  #refuseItem({ tx }: Judged, why: Refusal): Refused {
    return this.#refuse(binaryText(tx.wtxid), tx.txid, why);
  }

  /** Final outputs that the transactions name and the pool does not make. */
  #load(items: readonly Judged[]): Promise<Map<OutpointKey, UnspentOutput>> {
    const keys = new Set<OutpointKey>();
    for (const { tx } of items) {
      for (const key of tx.inputKeys) {
        if (this.#pool.index.maker(key) === undefined) keys.add(key);
      }
    }
    return this.#options.chain.outputs(keys);
  }

  /** Finds what the inputs spend; answers the inputs that are not known. */
  #resolve(item: Judged, outputs: ReadonlyMap<OutpointKey, UnspentOutput>): readonly OutpointKey[] {
    const spent: UnspentOutput[] = [];
    const missing: OutpointKey[] = [];
    for (const key of item.tx.inputKeys) {
      const output = outputs.get(key) ?? this.#pooledOutput(key);
      if (output === undefined) missing.push(key);
      else spent.push(output);
    }
    item.spent = spent;
    return missing;
  }

  /** An output that a waiting transaction will make, as if it were in the next block. */
  #pooledOutput(key: OutpointKey): UnspentOutput | undefined {
    const maker = this.#pool.index.maker(key);
    if (maker === undefined) return undefined;
    const index = new DataView(binaryBytes(key.slice(64)).buffer).getUint32(0);
    if (index >= maker.outputCount) return undefined;
    const prepared = this.#options.chain.names.prepare(maker.bytes);
    const output = prepared.ok ? prepared.value.body.outputs[index] : undefined;
    if (!prepared.ok || output === undefined) return undefined;
    const { chain } = this.#options;
    const parameters = chain.parameters();
    const createdHeight = chain.height() + 1;
    const epoch = Math.floor((createdHeight - 1) / parameters.epochLength) + 1;
    const lock = lockOfOutput(prepared.value.body, index, epoch, parameters);
    return { owner: output.owner, amount: output.amount, createdHeight, lock };
  }

  async #missing(item: Judged, missing: readonly OutpointKey[]): Promise<AdmissionVerdict> {
    const { tx, arrival } = item;
    const { chain } = this.#options;
    if (await chain.isFinal(tx.txid)) {
      this.#pool.counts.known++;
      return { status: 'known', txid: tx.txid, final: true };
    }
    const wtxidText = binaryText(tx.wtxid);
    const parents = [...new Set(missing.map((key) => key.slice(0, 64)))];
    for (const parent of parents) {
      // Its maker is final or waits here, and the output is not there: it was spent.
      const maker = this.#pool.index.get(parent) !== undefined;
      if (maker || (await chain.isFinal(binaryBytes(parent)))) {
        const reason = 'an input does not exist or was spent';
        return this.#refuse(wtxidText, tx.txid, { code: 'TX_INPUT_SPENT', reason, mayRetry: true });
      }
    }
    const { peer } = arrival;
    const orphan = { wtxidText, bytes: tx.bytes.slice(), peer, missing };
    if (this.#pool.orphans.has(wtxidText) || this.#pool.orphans.add(orphan)) {
      return { status: 'orphan', txid: tx.txid, missing: parents.map(binaryBytes) };
    }
    const reason = 'an input is unknown, and there is no room to wait for it';
    return this.#refuse(wtxidText, tx.txid, { code: 'POOL_ORPHAN_FULL', reason, mayRetry: true });
  }

  /**
   * The rules against the next block, conflicts, rates and room. Changes nothing. An output's owner
   * never changes, so after the signatures `isOwned` spares hashing the keys again.
   */
  #place(item: Judged, nowMs: number, isOwned: boolean): Placed {
    const { tx, spent } = item;
    const height = this.#options.chain.height() + 1;
    const window = checkWindow(tx.body, height);
    const verdict = window.ok ? checkSpending(tx, spent, height, isOwned) : window;
    if (!verdict.ok) return refusal(verdict.code, verdict.reason, !final.has(verdict.code));
    const conflicts = this.#conflicts(item);
    if (!conflicts.ok) return conflicts;
    const entry = this.#makeEntry(item, nowMs);
    item.entry = entry;
    const family = this.#family(item);
    if (!family.ok) return family;
    const bucket = this.#pool.index.rank(entry, this.#ancestors(tx), height);
    entry.bucket = bucket;
    const rate = this.#checkRate(item, height, nowMs);
    if (!rate.ok) return rate;
    return this.#checkRoom(entry, bucket, item.displaced);
  }

  #makeEntry(item: Judged, nowMs: number): Entry {
    const { tx, spent, arrival } = item;
    const owners = new Set(spent.map((output) => ownerText(output.owner)));
    for (const output of tx.body.outputs) owners.add(ownerText(output.owner));
    const entry = new Entry({
      bytes: ownBytes(tx.bytes),
      txidText: tx.txidText,
      wtxidText: binaryText(tx.wtxid),
      inputKeys: tx.inputKeys,
      owners: [...owners],
      tip: tx.body.tip,
      validFrom: tx.body.validFrom,
      expiresAt: tx.body.expiresAt,
      signatureWeight: tx.signatureWeight,
      outputCount: tx.body.outputs.length,
      arrivedMs: arrival.arrivedMs ?? nowMs,
    });
    tx.inputKeys.forEach((key, i) => {
      if (this.#pool.index.maker(key) !== undefined) return;
      const { amount, createdHeight } = spent[i] as UnspentOutput;
      entry.amountSum += amount;
      entry.amountHeightSum += amount * BigInt(createdHeight);
    });
    return entry;
  }

  /** What the transaction would displace, if it may. */
  #conflicts(item: Judged): Placed {
    const { tx } = item;
    const direct = new Set<Entry>();
    for (const key of tx.inputKeys) {
      const other = this.#pool.index.spender(key);
      if (other !== undefined) direct.add(other);
    }
    item.displaced = [];
    if (direct.size === 0) return fine;
    const all = new Set(direct);
    for (const entry of direct) for (const each of descendantsOf(entry)) all.add(each);
    item.displaced = [...all];
    const same = this.#pool.index.get(tx.txidText);
    if (same !== undefined) {
      // The same body: only a smaller proof of the same thing is better.
      return tx.bytes.length < same.size
        ? fine
        : refusal('POOL_CONFLICT', 'the same transaction waits with a witness as good', true);
    }
    let tips = 0n;
    for (const entry of all) tips += entry.tip;
    if (tx.body.tip <= tips) {
      return refusal('POOL_CONFLICT', `an input is spent by a transaction that tips ${tips}`, true);
    }
    if (all.size > limits.poolReplacements.value) {
      return refusal('POOL_REPLACEMENT', `it would displace ${all.size} transactions`, true);
    }
    return this.#outbids(tx, direct, all, tips);
  }

  #outbids(
    tx: PreparedTransaction,
    direct: ReadonlySet<Entry>,
    all: ReadonlySet<Entry>,
    tips: bigint,
  ): Placed {
    const tenth = tips / 10n;
    const size = BigInt(tx.bytes.length);
    // A unit per byte at least, or relaying replacements would be free.
    const needed = tips + (tenth > size ? tenth : size);
    if (tx.body.tip < needed) {
      return refusal('POOL_REPLACEMENT', `a tip of ${needed} at least would replace them`, true);
    }
    for (const entry of direct) {
      if (tx.body.tip * BigInt(entry.size) <= entry.tip * size) {
        return refusal('POOL_REPLACEMENT', 'the tip per byte is not higher', true);
      }
    }
    for (const ancestor of this.#ancestors(tx)) {
      if (all.has(ancestor)) {
        return refusal('POOL_REPLACEMENT', 'it builds on what it would displace', true);
      }
    }
    return fine;
  }

  #parents(tx: PreparedTransaction): Set<Entry> {
    const parents = new Set<Entry>();
    for (const key of tx.inputKeys) {
      const maker = this.#pool.index.maker(key);
      if (maker !== undefined) parents.add(maker);
    }
    return parents;
  }

  #ancestors(tx: PreparedTransaction): Set<Entry> {
    const parents = this.#parents(tx);
    const all = new Set(parents);
    for (const parent of parents) for (const each of ancestorsOf(parent)) all.add(each);
    return all;
  }

  /** Bounds on chains of waiting transactions. */
  #family(item: Judged): Placed {
    const ancestors = this.#ancestors(item.tx);
    const count = ancestors.size + 1;
    if (count > limits.poolAncestors.value) {
      return refusal('POOL_ANCESTORS', `it builds on ${ancestors.size} waiting ones`, true);
    }
    const displaced = new Set(item.displaced);
    for (const ancestor of ancestors) {
      let descendants = 2;
      for (const each of descendantsOf(ancestor)) if (!displaced.has(each)) descendants++;
      if (descendants > limits.poolDescendants.value) {
        return refusal('POOL_DESCENDANTS', 'too many build on one of its ancestors', true);
      }
    }
    return fine;
  }

  /** Token buckets of the payer's address and of the peer; a tip pays for as many bytes as units. */
  #checkRate(item: Judged, height: number, nowMs: number): Placed {
    const { arrival, entry, spent, tx } = item;
    item.cost = 0;
    if (entry === undefined || arrival.peer === undefined) return fine;
    if (tx.body.tip >= BigInt(entry.size)) return fine;
    const age = entry.amountSum * BigInt(height) - entry.amountHeightSum;
    let amount = 0n;
    for (const output of spent) amount += output.amount;
    const fresh = rateCost(entry.size, age, amount, this.#rates.restedBlocks);
    item.cost = Math.max(0, fresh - Number(tx.body.tip));
    if (!this.#pool.peers.has(arrival.peer, item.cost, nowMs)) {
      return refusal('POOL_PEER_RATE', `${item.cost} bytes of fresh coins are too many`, true);
    }
    if (!this.#pool.addresses.has(payerOf(item), item.cost, nowMs)) {
      return refusal('POOL_ADDRESS_RATE', `${item.cost} bytes of fresh coins are too many`, true);
    }
    return fine;
  }

  /** Whether there is room, or something worse to evict. */
  #checkRoom(entry: Entry, bucket: number, displaced: readonly Entry[]): Placed {
    const { index } = this.#pool;
    if (bucket < this.#floorOf(entry.lane)) {
      return refusal('POOL_FLOOR', `rank ${bucket} in the lane "${entry.lane}"`, true);
    }
    let bytes = index.bytes + entry.size;
    let count = index.size + 1;
    for (const each of displaced) {
      bytes -= each.size;
      count--;
    }
    if (bytes <= this.#maxBytes && count <= this.#maxCount) return fine;
    const victim = this.#victim();
    if (victim === undefined || (victim.lane === entry.lane && victim.bucket >= bucket)) {
      return refusal('POOL_FULL', `rank ${bucket} in the lane "${entry.lane}"`, true);
    }
    return fine;
  }

  /** The lowest rank that a lane takes now: above the high-water mark, coins must have aged. */
  #floorOf(lane: LaneName): number {
    return Math.max(this.#pool.index.floor[lane], this.isAboveHighWater() ? 1 : 0);
  }

  /** The worst of the lane that uses more than its share. */
  #victim(): Entry | undefined {
    const { lanes } = this.#pool.index;
    const freeShare = this.#options.freeSharePercent ?? 50;
    const isFreeOver = lanes.free.bytes * 100 > this.#pool.index.bytes * freeShare;
    const [first, second] = isFreeOver ? [lanes.free, lanes.tip] : [lanes.tip, lanes.free];
    return first.worst() ?? second.worst();
  }

  /** Signatures, then policies; answers what passed both. */
  async #screen(
    items: readonly Judged[],
    verdicts: Map<Judged, AdmissionVerdict>,
  ): Promise<readonly Judged[]> {
    const signed = await this.#verify(items, verdicts);
    const { policy } = this.#options;
    if (policy === undefined || signed.length === 0) return signed;
    const questions = signed.map(({ tx, spent, arrival }): PolicyQuestion => ({
      txid: tx.txid,
      bytes: tx.bytes,
      body: tx.body,
      spent,
      peer: arrival.peer,
    }));
    const answers = await policy(questions);
    return signed.filter((item, i) => {
      const answer = answers[i];
      if (answer?.decision === 'accept') return true;
      // No answer is a refusal: gates fail closed.
      const reason = answer?.reason ?? 'the policy did not answer';
      const why: Refusal = { code: 'POOL_POLICY', reason, mayRetry: true };
      verdicts.set(item, this.#refuse(undefined, item.tx.txid, why));
      return false;
    });
  }

  async #verify(
    items: readonly Judged[],
    verdicts: Map<Judged, AdmissionVerdict>,
  ): Promise<readonly Judged[]> {
    const { chain, verifySignatures } = this.#options;
    const checks: SignatureCheck[] = [];
    const counts = items.map(({ tx, spent }) => {
      if (chain.verified.has(verifiedName(tx, spent))) return 0;
      const own = signatureChecks(tx, spent, chain.chainTag);
      for (const check of own) checks.push(check);
      return own.length;
    });
    if (checks.length === 0) return items;
    const bitmap = await verifySignatures(checks);
    let bit = 0;
    return items.filter((item, i) => {
      const count = counts[i] ?? 0;
      let isGood = true;
      for (const end = bit + count; bit < end; bit++) {
        if ((((bitmap[bit >> 3] ?? 0) >> (bit & 7)) & 1) === 0) isGood = false;
      }
      const { tx, spent } = item;
      if (isGood) {
        if (count > 0) chain.verified.add(verifiedName(tx, spent));
        return true;
      }
      const reason = 'a signature does not verify';
      const why: Refusal = { code: 'TX_SIGNATURE', reason, mayRetry: false };
      verdicts.set(item, this.#refuse(binaryText(tx.wtxid), tx.txid, why));
      return false;
    });
  }

  /** Inserts, after looking again at everything that waiting may have changed. */
  #enter(
    item: Judged,
    outputs: ReadonlyMap<OutpointKey, UnspentOutput>,
    nowMs: number,
  ): AdmissionVerdict {
    const { tx, arrival } = item;
    const { index, counts } = this.#pool;
    const wtxidText = binaryText(tx.wtxid);
    if (index.get(tx.txidText)?.wtxidText === wtxidText) {
      counts.known++;
      return { status: 'known', txid: tx.txid, final: false };
    }
    if (this.#resolve(item, outputs).length > 0) {
      const reason = 'an input was displaced or spent meanwhile';
      const why: Refusal = { code: 'TX_INPUT_UNKNOWN', reason, mayRetry: true };
      return this.#refuse(wtxidText, tx.txid, why);
    }
    const placed = this.#place(item, nowMs, true);
    const { entry } = item;
    if (!placed.ok || entry === undefined) {
      const why = placed.ok ? ({ code: 'POOL_FULL', reason: '', mayRetry: true } as const) : placed;
      return this.#refuse(wtxidText, tx.txid, why);
    }
    const replaced = item.displaced.filter((each) => index.get(each.txidText) === each);
    for (const each of replaced) index.remove(each);
    counts.replaced += replaced.length;
    if (arrival.peer !== undefined) {
      this.#pool.peers.take(arrival.peer, item.cost, nowMs);
      this.#pool.addresses.take(payerOf(item), item.cost, nowMs);
    }
    this.#makeRoom(entry);
    // Eviction may have taken a parent.
    if (this.#resolve(item, outputs).length > 0) {
      const why: Refusal = { code: 'POOL_FULL', reason: 'its parent was evicted', mayRetry: true };
      return this.#refuse(wtxidText, tx.txid, why);
    }
    for (const parent of this.#parents(tx)) entry.addParent(parent);
    index.insert(entry, entry.bucket, this.#options.chain.height() + 1);
    this.#options.chain.names.note(entry.bytes, entry, tx);
    counts.accepted++;
    return { status: 'accepted', txid: tx.txid, replaced: replaced.map((each) => each.txid) };
  }

  #makeRoom(entry: Entry): void {
    const { index, counts } = this.#pool;
    while (index.bytes + entry.size > this.#maxBytes || index.size + 1 > this.#maxCount) {
      const victim = this.#victim();
      if (victim === undefined) return;
      index.floor[victim.lane] = Math.max(index.floor[victim.lane], victim.bucket + 1);
      counts.evicted += index.removeTree(victim);
    }
  }

  async #adoptOrphans(
    items: readonly Judged[],
    results: readonly AdmissionVerdict[],
    nowMs: number,
  ): Promise<void> {
    if (this.#pool.orphans.size === 0) return;
    const adopted: Arrival[] = [];
    items.forEach(({ tx }, i) => {
      if (results[i]?.status !== 'accepted') return;
      for (let index = 0; index < tx.body.outputs.length; index++) {
        adopted.push(...this.#pool.orphans.take(outputKey(tx.txidText, index)).map(arrivalOf));
      }
    });
    if (adopted.length > 0) await this.submit(adopted.slice(0, maxOrphanRound), nowMs);
  }

  /** After a block: orphans that waited for one of its outputs are judged again. */
  async judgeOrphans(block: CommittedBlock, nowMs: number): Promise<void> {
    if (this.#pool.orphans.size === 0) return;
    const adopted: Arrival[] = [];
    for (const key of block.createdKeys) {
      adopted.push(...this.#pool.orphans.take(key).map(arrivalOf));
      if (adopted.length >= maxOrphanRound) break;
    }
    if (adopted.length > 0) await this.submit(adopted, nowMs);
  }
}

/** Bytes that share no larger buffer: a view would keep all of it alive. */
const ownBytes = (bytes: Uint8Array): Uint8Array =>
  bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();

function arrivalOf(orphan: {
  readonly bytes: Uint8Array;
  readonly peer: string | undefined;
}): Arrival {
  const { bytes, peer } = orphan;
  return peer === undefined ? { bytes } : { bytes, peer };
}

/** Whose token bucket pays: the owner of the first input. */
function payerOf(item: Judged): string {
  const first = item.spent[0];
  return first === undefined ? '' : ownerText(first.owner);
}
