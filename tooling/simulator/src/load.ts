import { encodeCheap, type CheapTransaction } from './cheap-transactions.ts';
import { type SimNode } from './node.ts';
import { type World } from './world.ts';

const mempoolSize = 2_000;

/** Clients: transactions into mempools. */
export class Load {
  readonly #world: World;
  #nonce = 0;

  constructor(world: World) {
    this.#world = world;
  }

  start(): void {
    const { perSecond } = this.#world.config.load;
    if (perSecond > 0) this.#next();
  }

  #next(): void {
    const { perSecond } = this.#world.config.load;
    const gapUs = Math.floor(1_000_000 / perSecond);
    this.#world.agenda.after(1 + this.#world.random.load.below(2 * gapUs), () => {
      this.#one();
      this.#next();
    });
  }

  #one(): void {
    const { load } = this.#world.config;
    const { prepared } = this.#world;
    if (prepared !== undefined) {
      this.#spread(prepared.payment(this.#nonce++, BigInt(this.#world.random.load.below(1_000))));
      return;
    }
    const random = this.#world.random.load;
    const tip = BigInt(random.below(load.tip + 1));
    const padding =
      load.paddingBytes > 0 ? random.bytes(random.below(load.paddingBytes)) : undefined;
    const base = { kind: 'pay', nonce: this.#nonce++, tip } as const;
    this.submit(padding === undefined ? base : { ...base, padding });
  }

  #spread(bytes: Uint8Array): void {
    for (const node of this.#world.nodes) if (node.alive) this.put(node, bytes);
  }

  burst(count: number, tip: number): void {
    if (this.#world.prepared !== undefined) {
      for (let i = 0; i < count; i++) this.#one();
      return;
    }
    for (let i = 0; i < count; i++) {
      this.submit({ kind: 'pay', nonce: this.#nonce++, tip: BigInt(tip) });
    }
  }

  /** Into all mempools, or into those of some nodes only. */
  submit(transaction: CheapTransaction, to: 'all' | 'some' = this.#world.config.load.spread): void {
    const world = this.#world;
    // Bonds are made by the cheap application only.
    if (world.prepared !== undefined) return;
    const bytes = encodeCheap(transaction);
    for (const node of world.nodes) {
      if (!node.alive || (to === 'some' && world.random.load.chance(500_000))) continue;
      const own = world.config.load.witnesses
        ? encodeCheap({ ...transaction, witness: node.index })
        : bytes;
      this.put(node, own);
    }
  }

  get nonce(): number {
    return this.#nonce++;
  }

  put(node: SimNode, bytes: Uint8Array): void {
    if (node.mempool.size >= mempoolSize) return;
    node.mempool.set(this.#world.idOf(bytes), bytes);
    node.input({ type: 'workArrived' });
  }
}
