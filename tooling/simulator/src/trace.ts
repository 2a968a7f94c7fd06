import { type Effect } from '@mxd/consensus';

import { type SimNode } from './node.ts';
import { type World } from './world.ts';

export interface TraceEntry {
  readonly atMs: number;
  readonly node: number;
  readonly epoch: number;
  readonly view: number;
  readonly text: string;
}

const voteNames = ['', 'NOTARIZE', 'NULLIFY', 'FINALIZE'];
const certificateNames = ['', 'N', 'Z', 'F'];

/** The timeline of a run, for people. */
export class Trace {
  readonly entries: TraceEntry[] = [];

  note(world: World, node: SimNode | undefined, text: string): void {
    const status = node?.core?.status();
    this.entries.push({
      atMs: world.agenda.nowUs / 1_000,
      node: node?.index ?? -1,
      epoch: status?.epoch ?? 0,
      view: status?.view ?? 0,
      text,
    });
  }

  effect(world: World, node: SimNode, effect: Effect): void {
    if (effect.type === 'sign') {
      const { kind, view } = effect.request;
      this.note(world, node, `${voteNames[kind] ?? ''} view ${view}`);
    } else if (effect.type === 'append' && effect.record.type === 3) {
      const { payload } = effect.record;
      const view = new DataView(payload.buffer, payload.byteOffset).getUint32(5);
      this.note(world, node, `cert ${certificateNames[payload[0] ?? 0] ?? ''} view ${view}`);
    } else if (effect.type === 'commit') {
      this.note(world, node, `commit ${effect.block.header.height}`);
    } else if (effect.type === 'epoch') {
      this.note(world, node, `epoch ${effect.epoch}`);
    } else if (effect.type === 'penalize') {
      this.note(world, node, `penalize ${effect.peer} ${effect.action} ${effect.code}`);
    } else if (effect.type === 'build') {
      this.note(world, node, `build height ${effect.header.height} view ${effect.header.view}`);
    } else if (effect.type === 'evidence') {
      this.note(world, node, 'evidence');
    } else if (effect.type === 'warn') {
      this.note(world, node, `warn ${effect.code}`);
    }
  }

  /** Lines of text, one per entry. */
  lines(): string[] {
    return this.entries.map(({ atMs, node, epoch, view, text }) => {
      const who = node < 0 ? '--' : `n${node}`;
      return `${atMs.toFixed(3).padStart(11)} ${who.padEnd(4)} ${epoch}.${view} ${text}`;
    });
  }
}
