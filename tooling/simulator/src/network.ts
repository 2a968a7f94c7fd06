import { type RunConfig } from './config.ts';
import { type Random } from './random.ts';

/** Links between all pairs: delay, loss, duplication, reordering, partitions, one-way outages. */
export class Network {
  readonly #config: RunConfig['network'];
  readonly #random: Random;
  readonly #delayUs: readonly number[];
  readonly #size: number;
  /** Group of each node while the network is partitioned. */
  groups: readonly number[] | undefined;
  readonly blocked: Set<number> = new Set();
  healed = false;
  lagMs = 0;
  sent = 0;
  lost = 0;
  duplicated = 0;

  constructor(config: RunConfig, size: number, random: Random, links: Random) {
    this.#config = config.network;
    this.#random = random;
    this.#size = size;
    const [min, max] = config.network.delayMs;
    const delays: number[] = Array.from<number>({ length: size * size }).fill(0);
    for (let a = 0; a < size; a++) {
      for (let b = 0; b < a; b++) {
        const far = config.network.far.includes(a) || config.network.far.includes(b);
        const isNear = config.network.near.includes(a) || config.network.near.includes(b);
        const own = links.between(min * 1_000, max * 1_000);
        const us = isNear ? 1_000 : own + (far ? config.network.farMs * 1_000 : 0);
        delays[a * size + b] = us;
        delays[b * size + a] = us;
      }
    }
    this.#delayUs = delays;
  }

  isCut(from: number, to: number): boolean {
    const { groups } = this;
    if (groups !== undefined && groups[from] !== groups[to]) return true;
    return this.blocked.size > 0 && this.blocked.has(from * this.#size + to);
  }

  block(from: number, to: number): void {
    this.blocked.add(from * this.#size + to);
  }
  unblock(from: number, to: number): void {
    this.blocked.delete(from * this.#size + to);
  }

  baseDelayUs(from: number, to: number): number {
    return this.#delayUs[from * this.#size + to] as number;
  }

  /** Delays after which copies of a message arrive; none if it is lost. */
  route(from: number, to: number, deliver: (us: number) => void): void {
    this.sent++;
    if (this.isCut(from, to)) {
      this.lost++;
      return;
    }
    const config = this.#config;
    const random = this.#random;
    if (random.chance(this.healed ? config.residualPpm : config.lossPpm)) {
      this.lost++;
      return;
    }
    const base = this.#delayUs[from * this.#size + to] as number;
    deliver(base + this.#extraUs());
    if (!this.healed && random.chance(config.duplicatePpm)) {
      this.duplicated++;
      deliver(base + this.#extraUs() + random.below(200_000));
    }
  }

  #extraUs(): number {
    const { jitterMs, spikePpm, spikeMs } = this.#config;
    let us = jitterMs > 0 ? this.#random.below(jitterMs * 1_000) : 0;
    if (!this.healed && this.#random.chance(spikePpm)) us += this.#random.below(spikeMs * 1_000);
    return us + this.lagMs * 1_000;
  }
}
