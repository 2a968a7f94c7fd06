/**
 * The ledger against the naive model: random valid and broken blocks on random parents, commits and
 * restarts. MODEL_BLOCKS sets how many blocks are judged in all (10,000 unless told).
 */
import fc from 'fast-check';
import { blockHashOf } from '@mxd/protocol/block';
import type { Block } from '@mxd/protocol';
import { transactionKind } from '@mxd/protocol/transaction';
import { openMemoryStore } from '@mxd/storage';
import { expect, test } from 'vitest';

import { buckets, metaKey } from '../../src/buckets.ts';
import type { Ledger } from '../../src/ledger.ts';
import {
  modelExecute,
  modelGenesis,
  modelLattice,
  modelSum,
  type ModelChain,
  type ModelOutput,
  type ModelState,
} from '../support/model.ts';
import {
  contextOn,
  craftBlock,
  finalizationOf,
  genesisTxid,
  key,
  openLedger,
  policyOf,
  World,
  type Coin,
  type Payment,
  type Spender,
} from '../../src/testing/world.ts';

const wanted = Number(process.env['MODEL_BLOCKS'] ?? 10_000);
const blocksPerRun = 100;

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** People of the test: single keys, one post-quantum and one hybrid key, two policies. */
const people: readonly Spender[] = [
  key(1),
  key(2),
  key(3),
  key(4),
  key(5, 3),
  policyOf(2, [key(6), key(7), key(8)]),
  policyOf(1, [key(9), key(10)]),
  key(1000),
  key(1001),
];
const everyday = people.slice(0, 4);
const byOwner = new Map(people.map((p) => [`${p.owner.version}:${hex(p.owner.hash)}`, p]));

/** Random numbers from a seed (mulberry32). */
class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  below(n: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % n;
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }
}

/** A block that both found valid. */
interface Node {
  readonly block: Block | undefined;
  readonly hash: string;
  readonly state: ModelState;
  readonly parent: Node | undefined;
  /** Outpoints spent since the final head. */
  readonly gone: ReadonlySet<string>;
}

function coinsOf(state: ModelState): (Coin & { readonly kind: ModelOutput['lock'] })[] {
  const coins: (Coin & { readonly kind: ModelOutput['lock'] })[] = [];
  for (const [name, output] of state.outputs) {
    const spender = byOwner.get(`${output.version}:${output.hash}`);
    if (spender === undefined) continue;
    const [txid, index] = name.split(':') as [string, string];
    coins.push({
      outpoint: { txid: new Uint8Array(Buffer.from(txid, 'hex')), index: Number(index) },
      output: { owner: spender.owner, amount: output.amount },
      spender,
      kind: output.lock,
    });
  }
  return coins;
}

function split(dice: Dice, total: bigint): bigint[] {
  const parts = 1 + dice.below(3);
  const amounts: bigint[] = [];
  let rest = total;
  for (let i = 1; i < parts; i++) {
    const share = (rest * BigInt(1 + dice.below(80))) / 100n;
    if (share < 10n || rest - share < 10n) break;
    amounts.push(share);
    rest -= share;
  }
  amounts.push(rest);
  return amounts;
}

/** A payment that is valid more often than not. */
function payment(dice: Dice, coins: readonly (Coin & { kind: string })[]): Payment {
  const from = [dice.pick(coins)];
  if (dice.chance(25)) from.push(dice.pick(coins));
  const isBonded = from[0]!.kind === 'bonded';
  const total = from.reduce((sum, coin) => sum + coin.output.amount, 0n);
  const tip = !isBonded && dice.chance(60) && total > 1_000n ? BigInt(dice.below(300)) : 0n;
  const target = (): Spender => (dice.chance(85) ? dice.pick(everyday) : dice.pick(people));
  const to = split(dice, total - tip).map((amount) => ({ spender: target(), amount }));
  const validator = dice.pick([key(1000), key(1001)]).id;
  if (isBonded && dice.chance(90)) {
    return { from, to, kind: transactionKind.unbond, payload: validator, tip };
  }
  if (dice.chance(12)) return { from, to, kind: transactionKind.bond, payload: validator, tip };
  return { from, to, tip };
}

const greatestAmount = 2n ** 64n - 1n;

/**
 * The payment with amounts that the encoding can carry: coins of an earlier broken transaction
 * may add up to more.
 */
function representable(made: Payment): Payment {
  const clamp = (amount: bigint): bigint => (amount > greatestAmount ? greatestAmount : amount);
  const to = made.to.map((output) => ({ ...output, amount: clamp(output.amount) }));
  return made.tip === undefined ? { ...made, to } : { ...made, to, tip: clamp(made.tip) };
}

/** Breaks a payment, or does something that may or may not be allowed. */
function damage(dice: Dice, made: Payment, height: number): Payment {
  const { from, to } = made;
  const first = to[0]!;
  switch (dice.below(16)) {
    case 0:
      return { ...made, from: [...from, from[0]!] };
    case 1:
      return { ...made, to: [{ ...first, amount: first.amount + 1n }, ...to.slice(1)] };
    case 2:
      return { ...made, to: [{ ...first, amount: BigInt(dice.below(12)) }, ...to.slice(1)] };
    case 3:
      return {
        ...made,
        to: [
          { ...first, amount: 2n ** 64n - 5n },
          { ...first, amount: 2n ** 63n },
        ],
      };
    case 4:
      return { ...made, chainId: 78 };
    case 5:
      return { ...made, kind: transactionKind.contractCall, payload: new Uint8Array(4) };
    case 6:
      return { ...made, validFrom: height + dice.below(3) };
    case 7:
      return { ...made, expiresAt: Math.max(1, height - 2 + dice.below(4)) };
    case 8:
      return { ...made, tip: (made.tip ?? 0n) + 1n };
    case 9:
      return { ...made, kind: transactionKind.unbond, payload: key(1000).id };
    case 10:
      return { ...made, from: from.map((coin) => ({ ...coin, spender: dice.pick(everyday) })) };
    case 11:
      return { ...made, tamper: flip };
    case 12:
      return { ...made, tamper: (witnesses) => witnesses.reverse() };
    case 13: {
      const txid = new Uint8Array(64).fill(dice.below(256));
      return { ...made, from: [{ ...from[0]!, outpoint: { txid, index: dice.below(3) } }] };
    }
    case 14: {
      const { txid } = from[0]!.outpoint;
      return { ...made, from: [{ ...from[0]!, outpoint: { txid, index: 255 } }, ...from.slice(1)] };
    }
    default:
      return {
        ...made,
        from: from.map((coin) => ({
          ...coin,
          output: { ...coin.output, amount: coin.output.amount - 1n },
        })),
      };
  }
}

function flip(witnesses: { form: number }[]): void {
  const witness = witnesses[0] as {
    form: 1 | 2;
    signature?: Uint8Array;
    signatures?: Uint8Array[];
  };
  const signature = (witness.signature ?? witness.signatures![0]!).slice();
  signature[5] = signature[5]! ^ 1;
  if (witness.form === 1) (witness as { signature: Uint8Array }).signature = signature;
  else
    (witness as { signatures: Uint8Array[] }).signatures = [
      signature,
      ...witness.signatures!.slice(1),
    ];
}

class Comparison {
  readonly dice: Dice;
  readonly chain: ModelChain;
  readonly world: World;
  /** Executes what the other one builds, and nothing else. */
  follower: Ledger;
  ledger: Ledger;
  nodes: Node[];
  head: Node;
  verdicts = new Map<string, number>();
  readonly followerStore: ReturnType<typeof openMemoryStore>;

  constructor(seed: number, world: World, follower: Ledger, followerStore: World['store']) {
    this.dice = new Dice(seed);
    this.world = world;
    this.ledger = world.ledger;
    this.follower = follower;
    this.followerStore = followerStore;
    this.chain = { genesis: world.genesis, chainTag: world.chainTag };
    const state = modelGenesis(world.genesis, genesisTxid(world.ledger));
    const hash = hex(world.ledger.head.hash);
    this.head = { block: undefined, hash, state, parent: undefined, gone: new Set() };
    this.nodes = [this.head];
  }

  async step(): Promise<void> {
    const { dice } = this;
    const parent = dice.chance(80) ? this.nodes.at(-1)! : dice.pick(this.nodes);
    const block = await this.makeBlock(parent);
    const hash = hex(blockHashOf(block.header));
    if (this.nodes.some((node) => node.hash === hash)) return;
    const parentState = this.ledger.state(Buffer.from(parent.hash, 'hex'))!;
    const { table } = parentState.table(block.header.epoch)!;
    const expected = modelExecute(this.chain, parent.state, block, table, parent.gone);
    const found = await this.ledger.executeBlock(block);
    const code = found.ok ? 'ok' : found.code;
    this.verdicts.set(code, (this.verdicts.get(code) ?? 0) + 1);
    if (!expected.ok) {
      const { code: wantedCode, position } = expected;
      const got = found.ok ? found : { code: found.code, position: found.position };
      expect(got).toEqual({ code: wantedCode, position });
      return;
    }
    expect(found.ok ? 'ok' : `${found.code}: ${found.reason}`).toBe('ok');
    const again = await this.follower.executeBlock(block);
    expect(again.ok && found.ok && hex(again.postRoot)).toBe(found.ok && hex(found.postRoot));
    expect(modelSum(expected.state)).toBe(expected.state.supply);
    const gone = expected.gone!;
    this.nodes.push({ block, hash, state: expected.state, parent, gone });
    if (dice.chance(25))
      await this.commit(dice.chance(70) ? this.nodes.at(-1)! : dice.pick(this.nodes));
  }

  async makeBlock(parent: Node): Promise<Block> {
    const { dice } = this;
    const state = this.ledger.state(Buffer.from(parent.hash, 'hex'))!;
    const context = contextOn(state, dice.chance(10) ? 1 + dice.below(2) : 0);
    // Siblings differ by their time, at least.
    const timestampMs = context.timestampMs + dice.below(1_000);
    const request = { parent: state.hash, context: { ...context, timestampMs } };
    const built = await this.ledger.buildBlock(request);
    if (!built.ok) throw new Error(`${built.code}: ${built.reason}`);
    await built.executed;
    const { height } = built.block.header;
    const transactions: Uint8Array[] = [];
    const coins = coinsOf(parent.state);
    const isBroken = dice.chance(40);
    const count = dice.below(4) + (isBroken ? 1 : 0);
    for (let i = 0; i < count && coins.length > 0; i++) {
      let made = payment(dice, coins);
      if (isBroken && (i === count - 1 || dice.chance(20))) made = damage(dice, made, height);
      const tx = this.world.transaction(representable(made));
      // What this block makes may be spent in it; what it spends mostly is not spent again.
      if (!dice.chance(15)) for (const coin of made.from) remove(coins, coin);
      if (dice.chance(60))
        coins.push(...tx.coins.map((coin) => ({ ...coin, kind: 'plain' as const })));
      transactions.push(tx.bytes);
    }
    if (isBroken && dice.chance(15)) shuffle(dice, transactions);
    if (isBroken && dice.chance(10) && transactions.length > 0) {
      transactions.push(dice.pick(transactions));
    }
    if (isBroken && dice.chance(5) && transactions.length > 0) {
      transactions[0] = transactions[0]!.subarray(0, transactions[0]!.length - 1);
    }
    const change = isBroken && dice.chance(4) ? { tipTotal: 12_345n } : {};
    return craftBlock(built.block, transactions, change);
  }

  async commit(node: Node): Promise<void> {
    if (node.block === undefined || node === this.head) return;
    const path: Node[] = [];
    for (let at: Node | undefined = node; at !== undefined && at !== this.head; at = at.parent) {
      path.unshift(at);
    }
    if (path[0]?.parent !== this.head) return;
    for (const each of path) {
      const hash = blockHashOf(each.block!.header);
      const finalization = finalizationOf(this.ledger, each.block!);
      await this.ledger.commit(hash, finalization);
      // Once more: nothing happens.
      expect(await this.ledger.commit(hash, finalization)).toEqual([]);
      await this.follower.commit(hash, finalization);
    }
    this.head = node;
    const kept = new Set<Node>([node]);
    for (const each of this.nodes)
      if (each.parent !== undefined && kept.has(each.parent)) kept.add(each);
    const before = node.gone;
    this.nodes = [...kept].map((each) => {
      const gone = new Set([...each.gone].filter((name) => !before.has(name)));
      return Object.assign(each, { gone });
    });
    Object.assign(node, { gone: new Set() });
    await this.compare();
    if (this.dice.chance(10)) await this.restart();
  }

  async restart(): Promise<void> {
    await this.ledger.close();
    this.ledger = await openLedger(this.world.genesis, this.world.store);
    // What was above the head is gone with the process.
    this.nodes = [this.head];
    expect(hex(this.ledger.head.hash)).toBe(this.head.hash);
  }

  /** Everything on disk against the model's state. */
  async compare(): Promise<void> {
    const { store } = this.world;
    const { state } = this.head;
    const stored = new Map<string, ModelOutput>();
    for await (const [name, output] of buckets.outputs.on(store).range()) {
      const { owner, amount, createdHeight, lock } = output;
      const bytes = Buffer.from(name, 'latin1');
      stored.set(`${bytes.subarray(0, 64).toString('hex')}:${bytes.readUInt32BE(64)}`, {
        version: owner.version,
        hash: hex(owner.hash),
        amount,
        created: createdHeight,
        lock: lock.kind,
        validator: lock.kind === 'plain' ? '' : hex(lock.validatorId),
        from: lock.kind === 'unbonding' ? lock.spendableFrom : 0,
      });
    }
    expect(stored).toEqual(state.outputs);
    const lattice = buckets.meta.on(store).getSync(metaKey.lattice)!;
    expect(hex(lattice)).toBe(hex(modelLattice(state)));
    const head = this.ledger.state(this.ledger.head.hash)!;
    expect(head.totalSupply).toBe(state.supply);
    expect(head.tipCarry).toBe(state.carry);
    const accruals = new Map<string, bigint>();
    for (const chunk of head.validators.accruals.chunks) {
      for (const { id, amount } of chunk.values) accruals.set(hex(id), amount);
    }
    expect(accruals).toEqual(state.accruals);
    const bonded = new Map<string, bigint>();
    for (const { lock, validator, amount } of state.outputs.values()) {
      if (lock === 'bonded') bonded.set(validator, (bonded.get(validator) ?? 0n) + amount);
    }
    const sums = new Map<string, bigint>();
    for (const chunk of head.validators.bonded.chunks) {
      for (const { id, amount } of chunk.values) sums.set(hex(id), amount);
    }
    expect(sums).toEqual(bonded);
  }
}

function remove(coins: Coin[], coin: Coin): void {
  const at = coins.findIndex((c) => c.outpoint === coin.outpoint);
  if (at >= 0) coins.splice(at, 1);
}

function shuffle<T>(dice: Dice, items: T[]): void {
  for (let i = items.length - 1; i > 0; i--) {
    const j = dice.below(i + 1);
    [items[i], items[j]] = [items[j]!, items[i]!];
  }
}

async function dump(store: World['store']): Promise<string> {
  const lines: string[] = [];
  for await (const [k, v] of store.range()) lines.push(`${hex(k)} ${hex(v)}`);
  return lines.join('\n');
}

test('the ledger agrees with the naive model', async () => {
  const verdicts = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(fc.integer(), async (seed) => {
      const world = await World.open(people, 100_000n, { members: 2, stake: 50_000n });
      const followerStore = openMemoryStore();
      const follower = await openLedger(world.genesis, followerStore);
      const run = new Comparison(seed, world, follower, followerStore);
      for (let i = 0; i < blocksPerRun; i++) await run.step();
      await run.commit(run.nodes.at(-1)!);
      await run.compare();
      expect(await dump(followerStore)).toBe(await dump(world.store));
      for (const [code, n] of run.verdicts) verdicts.set(code, (verdicts.get(code) ?? 0) + n);
    }),
    { numRuns: Math.ceil(wanted / blocksPerRun), endOnFailure: true },
  );
  const judged = [...verdicts.values()].reduce((sum, n) => sum + n, 0);
  process.stdout.write(`model: ${judged} blocks judged, ${verdicts.get('ok')} of them valid\n`);
  process.stdout.write(`${JSON.stringify(Object.fromEntries(verdicts))}\n`);
  // Both kinds must really have occurred.
  expect(verdicts.get('ok')).toBeGreaterThan(judged / 4);
  expect(verdicts.size).toBeGreaterThan(5);
}, 900_000);
