import {
  createCore,
  defaultPolicy,
  drive,
  type Core,
  type Effect,
  type Input,
  type Resume,
} from '@mxd/consensus';
import { SignGuard } from '@mxd/consensus/sign-guard';
import { leaderOf, validatorSet, type ValidatorSet } from '@mxd/protocol';
import { keyOf } from '@mxd/protocol/primitives';

import { CheapApplication } from './cheap-application.ts';
import { genesisOf, genesisTimeMs, networkId, parametersOf, type SimGenesis } from './genesis.ts';
import { fakeSignatures, identityOf, type Identity } from './keys.ts';
import { setting } from './scenarios/scenario.ts';

const config = setting(4, { load: { perSecond: 0 } });
const noJournal = { epochs: new Map(), newestEpoch: 0, floors: new Map() } as const;
const mostSteps = 600;
const choices = 3;
/** Views that are looked at: at this one a run ends. */
const lastView = 4;

interface Actor {
  readonly name: string;
  readonly key: number;
  readonly core: Core;
  readonly guard: SignGuard;
  readonly app: CheapApplication;
  readonly timers: Map<string, { readonly at: number; readonly input: Input }>;
  readonly hears: ReadonlySet<string>;
}

/** A message on its way, or an answer of the host that may come late. */
interface Step {
  readonly to: Actor;
  readonly input: Input;
}

/**
 * Four validators, at most four views, time without length: what can happen next is a set of deliveries, and somebody
 * else chooses. Timers run when nothing else is left. With twins the fourth validator exists twice.
 */
export class SmallWorld {
  readonly #actors: Actor[] = [];
  readonly #genesis: SimGenesis;
  readonly #identities: readonly Identity[];
  readonly #set: ValidatorSet;
  readonly #parameters = parametersOf(config);
  #steps: Step[] = [];
  readonly #late: Step[] = [];
  #messages = 0;
  #monoMs = 0;
  readonly #hashes = new Map<number, string>();
  readonly #certificates = new Map<string, string>();
  #problem: string | undefined;
  height = 0;

  constructor(twins: boolean) {
    this.#identities = config.stakes.map((_, i) => identityOf(fakeSignatures, 1, i, i));
    this.#genesis = genesisOf(config, this.#identities);
    const { chainTag, table, hash } = this.#genesis;
    this.#set = validatorSet(chainTag, table, this.#parameters, hash);
    // The twin leads a view early on: that is where two instances can do harm.
    const leader = table.entries[leaderOf(this.#set, 2)]?.consensusKey;
    const byzantine = this.#identities.findIndex(
      (one) => leader !== undefined && keyOf(one.firstKey.publicKey) === keyOf(leader),
    );
    const names = ['a', 'b', 'c', 'd'];
    const others = names.filter((_, i) => i !== byzantine);
    const [first, second, third] = others;
    for (const [i, name] of names.entries()) {
      if (!twins || i !== byzantine)
        this.#add(name, i, new Set(twins ? [...names, 'x', 'y'] : names));
    }
    if (!twins || first === undefined || second === undefined || third === undefined) return;
    // Each copy reaches two of the three others, one of them in common.
    this.#add('x', byzantine, new Set([first, second]));
    this.#add('y', byzantine, new Set([second, third]));
  }

  #add(name: string, key: number, hears: ReadonlySet<string>): void {
    const identity = this.#identities[key] as Identity;
    const { chainTag } = this.#genesis;
    this.#actors.push({
      name,
      key,
      hears,
      guard: new SignGuard({ key: identity.firstKey, chainTag, journal: noJournal }),
      app: new CheapApplication(this.#genesis, fakeSignatures.verify),
      timers: new Map(),
      core: createCore({
        chainTag,
        networkId,
        parameters: this.#parameters,
        genesisTimeMs,
        consensusKeys: [identity.firstKey.publicKey],
        signing: true,
        policy: {
          ...defaultPolicy,
          minBlockMs: 0,
          emptyDelayMs: 0,
          statusMs: 100_000,
          retryMs: 5_000,
        },
        seed: key,
        verify: fakeSignatures.verify,
      }),
    });
  }

  #sees(a: Actor, b: Actor): boolean {
    return a !== b && a.key !== b.key && a.hears.has(b.name) && b.hears.has(a.name);
  }

  #isCorrect(actor: Actor): boolean {
    return actor.name !== 'x' && actor.name !== 'y';
  }

  #input(actor: Actor, input: Input): void {
    // The second copy of a twin has another clock, and so builds another block.
    const wallMs = genesisTimeMs + 1_000_000 + this.#monoMs + (actor.name === 'y' ? 1 : 0);
    drive(actor.core.step(input, this.#monoMs, wallMs), (effect) => this.#take(actor, effect));
  }

  #take(actor: Actor, effect: Effect): Resume {
    switch (effect.type) {
      case 'sign':
        return actor.guard.signVote(effect.request);
      case 'append':
        if (effect.record.type === 3 && this.#isCorrect(actor))
          this.#certified(effect.record.payload);
        return undefined;
      case 'send':
        for (const other of this.#actors) {
          if (!this.#sees(actor, other)) continue;
          if ('peers' in effect.to && !effect.to.peers.includes(other.name)) continue;
          const input = { type: 'message', from: actor.name, bytes: effect.bytes } as const;
          this.#steps.push({ to: other, input });
        }
        return undefined;
      case 'setTimer': {
        const { name, epoch, view } = effect;
        const input = { type: 'timer', name, epoch, view } as const;
        actor.timers.set(name, { at: this.#monoMs + effect.afterMs, input });
        return undefined;
      }
      case 'build':
        this.#steps.unshift({
          to: actor,
          input: { type: 'built', reqId: effect.reqId, result: actor.app.build(effect, [], []) },
        });
        return undefined;
      case 'verify': {
        const { verdict } = actor.app.verify(effect.block);
        this.#steps.unshift({
          to: actor,
          input: { type: 'verified', reqId: effect.reqId, verdict },
        });
        return undefined;
      }
      case 'commit':
        this.#committed(actor, effect.block.header.height, keyOf(effect.hash));
        actor.app.commit(effect.hash);
        return undefined;
      case 'evidence':
        if (effect.record.type === 4) this.#accused(effect.record.signerId);
        return undefined;
      case 'halt':
        if (this.#isCorrect(actor)) this.#problem ??= `${actor.name} halts: ${effect.reason}`;
        return undefined;
      default:
        return undefined;
    }
  }

  #committed(actor: Actor, height: number, hash: string): void {
    if (!this.#isCorrect(actor)) return;
    const known = this.#hashes.get(height) ?? hash;
    this.#hashes.set(height, hash);
    this.height = Math.max(this.height, height);
    if (known !== hash) this.#problem ??= `two blocks at height ${height}`;
  }

  #certified(payload: Uint8Array): void {
    const view = new DataView(payload.buffer, payload.byteOffset).getUint32(5);
    const kind = payload[0] ?? 0;
    const hash = keyOf(payload.subarray(9, 73));
    const known = this.#certificates.get(`${view} ${kind}`) ?? hash;
    this.#certificates.set(`${view} ${kind}`, hash);
    if (known !== hash) this.#problem ??= `two certificates of kind ${kind} in view ${view}`;
    if (this.#certificates.has(`${view} 2`) && this.#certificates.has(`${view} 3`)) {
      this.#problem ??= `finalization and nullification of view ${view}`;
    }
  }

  #accused(id: Uint8Array): void {
    const correct = this.#actors.filter((one) => this.#isCorrect(one));
    const victim = correct.find((one) => keyOf(this.#identities[one.key]?.id ?? id) === keyOf(id));
    if (victim !== undefined) this.#problem ??= `correct ${victim.name} is accused`;
  }

  /** Follows `prefix`, then the first alternative; gives the choices that were taken and how many there were. */
  run(
    prefix: readonly number[],
    depth: number,
    stride: number,
  ): readonly { readonly choice: number; readonly of: number }[] {
    for (const actor of this.#actors) {
      for (const other of this.#actors) {
        if (!this.#sees(actor, other)) continue;
        const consensusKey = (this.#identities[other.key] as Identity).firstKey.publicKey;
        this.#input(actor, { type: 'connected', peer: other.name, consensusKey });
      }
      const { table, header } = this.#genesis;
      const empty = new Uint8Array(0);
      const chain = {
        table,
        anchor: { header, certificate: empty },
        head: { header, finalization: empty },
      };
      this.#input(actor, { type: 'start', chain, journal: noJournal });
    }
    this.#steps = [];
    this.#monoMs = 300_000;
    for (const actor of this.#actors) {
      const observe = actor.timers.get('observe');
      if (observe !== undefined) this.#input(actor, observe.input);
      actor.timers.delete('observe');
    }
    return this.#walk(prefix, depth, stride);
  }

  /** At a choice the oldest message arrives (0), comes only after the next timer (1), or tLeader or tView of its receiver is faster (2). */
  #walk(
    prefix: readonly number[],
    depth: number,
    stride: number,
  ): readonly { readonly choice: number; readonly of: number }[] {
    const taken: { choice: number; of: number }[] = [];
    for (let step = 0; step < mostSteps && this.#problem === undefined; step++) {
      if (this.#actors.some((actor) => actor.core.status().view > lastView)) break;
      if (this.#steps.length === 0) {
        if (!this.#ring()) break;
        this.#steps.push(...this.#late.splice(0));
        continue;
      }
      const head = this.#steps.shift();
      if (head === undefined) continue;
      const isChoice = head.input.type === 'message' && ++this.#messages % stride === 0;
      const isOpen = isChoice && taken.length < depth;
      const choice = isOpen ? (prefix[taken.length] ?? 0) : 0;
      if (isOpen) taken.push({ choice, of: choices });
      if (choice === 0) this.#input(head.to, head.input);
      else if (choice === 1) this.#late.push(head);
      else {
        this.#steps.unshift(head);
        this.#lose(head.to);
      }
    }
    return taken;
  }

  /** tLeader, or else tView, of one node expires before its next message. */
  #lose(actor: Actor): void {
    for (const name of ['leader', 'view']) {
      const timer = actor.timers.get(name);
      if (timer === undefined) continue;
      actor.timers.delete(name);
      this.#input(actor, timer.input);
      return;
    }
  }

  /** The earliest timer fires. */
  #ring(): boolean {
    let first: { actor: Actor; name: string; at: number; input: Input } | undefined;
    for (const actor of this.#actors) {
      for (const [name, { at, input }] of actor.timers) {
        if (first === undefined || at < first.at) first = { actor, name, at, input };
      }
    }
    if (first === undefined) return false;
    first.actor.timers.delete(first.name);
    this.#monoMs = Math.max(this.#monoMs, first.at);
    this.#input(first.actor, first.input);
    return true;
  }

  problem(): string | undefined {
    return this.#problem;
  }

  /** Views, heights and certificates: what distinguishes ends. */
  describe(): string {
    const where = this.#actors.map(({ core }) => {
      const { view, lastFinalView, committedHeight } = core.status();
      return `${view}.${lastFinalView}.${committedHeight}`;
    });
    return `${where.join()} ${[...this.#certificates.keys()].sort().join()}`;
  }
}
