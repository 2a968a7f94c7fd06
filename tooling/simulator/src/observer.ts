import { type Effect, type Input, type Outcome } from '@mxd/consensus';
import { type Block, type Table } from '@mxd/protocol';

import { type StoredBlock } from './chain-store.ts';
import { Counts } from './counts.ts';
import { fingerprint } from './digest.ts';
import { invariants } from './invariants/index.ts';
import { type Checks, type Violation } from './invariants/types.ts';
import { type SimNode } from './node.ts';
import { countEffect, countInput } from './rules.ts';
import { type Trace } from './trace.ts';
import { type World } from './world.ts';

type Hook = {
  [Name in keyof Checks]-?: { readonly id: string; readonly run: NonNullable<Checks[Name]> }[];
};
const maxViolations = 5;

const kinds = { commit: 1, epoch: 2, halt: 3, send: 4, deliver: 5, start: 6, fault: 7 } as const;

/** Sees everything, everywhere: feeds the invariants, the counts, the digest and the trace. */
export class Observer {
  readonly #world: World;
  readonly violations: Violation[] = [];
  readonly counts: Counts = new Counts();
  trace: Trace | undefined;
  readonly #hooks: Hook = {
    effect: [],
    released: [],
    committed: [],
    epoch: [],
    stepped: [],
    halted: [],
    started: [],
    judgedInvalid: [],
    periodic: [],
    finished: [],
  };

  constructor(world: World) {
    this.#world = world;
    for (const invariant of invariants) {
      const checks = invariant.create(world);
      for (const name of Object.keys(this.#hooks) as (keyof Checks)[]) {
        const run = checks[name];
        const list = this.#hooks[name] as { id: string; run: unknown }[];
        if (run !== undefined) list.push({ id: invariant.id, run });
      }
    }
  }

  #note(id: string, node: SimNode | undefined, detail: string | undefined): void {
    if (detail === undefined || this.violations.length >= maxViolations) return;
    const atMs = Math.floor(this.#world.agenda.nowUs / 1_000);
    this.violations.push({ invariant: id, atMs, node: node?.name ?? '-', detail });
    this.trace?.note(this.#world, node, `VIOLATION ${id} ${detail}`);
    this.#world.stop();
  }

  /** Something else than an invariant is broken: an expectation of a scenario. */
  report(id: string, detail: string): void {
    this.#note(id, undefined, detail);
  }

  effect(node: SimNode, effect: Effect): void {
    if (effect.type === 'notify' && effect.status === 'FINAL') {
      this.#world.noteFinal(node, effect.hash);
    }
    if (effect.type === 'append' && effect.record.type === 3 && node.honest) {
      const { payload } = effect.record;
      const at = new DataView(payload.buffer, payload.byteOffset);
      if (payload[0] === 2) this.#world.noteNullified(at.getUint32(1), at.getUint32(5));
    }
    countEffect(this.counts, node, effect);
    for (const { id, run } of this.#hooks.effect) this.#note(id, node, run(node, effect));
    this.trace?.effect(this.#world, node, effect);
  }

  released(node: SimNode, effect: Effect, after: number, durable: number): void {
    for (const { id, run } of this.#hooks.released) {
      this.#note(id, node, run(node, effect, after, durable));
    }
  }

  committed(node: SimNode, stored: StoredBlock): void {
    const { height } = stored.block.header;
    this.#world.digest.add(kinds.commit, node.index, height, fingerprint(stored.hash));
    for (const { id, run } of this.#hooks.committed) this.#note(id, node, run(node, stored));
  }

  epoch(node: SimNode, table: Table): void {
    if (node.honest) this.#world.checkModel(table);
    this.#world.digest.add(kinds.epoch, node.index, table.epoch, table.entries.length);
    for (const { id, run } of this.#hooks.epoch) this.#note(id, node, run(node, table));
  }

  stepped(node: SimNode, input: Input, outcome: Outcome | undefined): void {
    countInput(this.counts, node, input, outcome);
    for (const { id, run } of this.#hooks.stepped) this.#note(id, node, run(node, input, outcome));
  }

  halted(node: SimNode, code: string, reason: string): void {
    this.#world.digest.add(kinds.halt, node.index, 0, 0);
    this.counts.add('halts', code);
    this.trace?.note(this.#world, node, `halt ${code}: ${reason}`);
    for (const { id, run } of this.#hooks.halted) this.#note(id, node, run(node, code, reason));
  }

  started(node: SimNode): void {
    this.#world.digest.add(kinds.start, node.index, node.starts, node.height);
    this.trace?.note(this.#world, node, `start ${node.starts} at height ${node.height}`);
    if (node.starts > 1) this.counts.add('rules', 'J7');
    for (const { id, run } of this.#hooks.started) this.#note(id, node, run(node));
  }

  journalRefused(node: SimNode, code: string): void {
    this.counts.add('journal', code);
    this.counts.add('rules', 'J8');
    this.trace?.note(this.#world, node, `journal refused: ${code}`);
    if (node.honest) this.#note('I17', node, `the journal of a correct node is refused: ${code}`);
  }

  judgedInvalid(node: SimNode, block: Block, reason: string): void {
    this.counts.add('invalid', reason);
    this.trace?.note(this.#world, node, `block ${block.header.height} invalid: ${reason}`);
    for (const { id, run } of this.#hooks.judgedInvalid) {
      this.#note(id, node, run(node, block, reason));
    }
  }

  heldBack(node: SimNode): void {
    this.counts.add('rules', 'R0b', node.honest ? 1 : 0);
  }

  sent(from: number, to: number, print: number): void {
    this.#world.digest.add(kinds.send, from, to, print);
  }

  delivered(from: number, to: number, size: number): void {
    this.#world.digest.add(kinds.deliver, from, to, size);
  }

  fault(kind: string, detail: string): void {
    this.#world.digest.add(kinds.fault, fingerprint(new TextEncoder().encode(kind + detail)), 0, 0);
    this.counts.add('faults', kind);
    this.trace?.note(this.#world, undefined, `fault ${kind} ${detail}`);
  }

  periodic(): void {
    for (const { id, run } of this.#hooks.periodic) this.#note(id, undefined, run());
  }

  finished(): void {
    for (const { id, run } of this.#hooks.finished) this.#note(id, undefined, run());
  }
}
