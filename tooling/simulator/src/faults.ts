import { type Planned } from './config.ts';
import { submitMembership } from './membership.ts';
import { type SimNode } from './node.ts';
import { type World } from './world.ts';

function nodeOf(world: World, index: number): SimNode {
  return world.nodes[index] as SimNode;
}

function crash(world: World, node: SimNode, downMs: number): void {
  if (!node.alive) return;
  node.crash();
  world.agenda.after(downMs * 1_000, () => {
    if (!node.alive) node.start();
  });
}

/** Makes a planned fault happen. */
export function applyFault(world: World, planned: Planned): void {
  world.observer.fault(planned.kind, JSON.stringify(planned));
  const { agenda, network } = world;
  switch (planned.kind) {
    case 'crash':
      crash(world, nodeOf(world, planned.node), planned.downMs);
      return;
    case 'crashAll':
      for (const node of world.nodes) {
        crash(world, node, planned.downMs + world.random.faults.below(planned.spreadMs + 1));
      }
      return;
    case 'partition':
      network.groups = planned.groups;
      agenda.after(planned.forMs * 1_000, () => {
        if (network.groups === planned.groups) network.groups = undefined;
      });
      return;
    case 'oneWay':
      network.block(planned.from, planned.to);
      agenda.after(planned.forMs * 1_000, () => network.unblock(planned.from, planned.to));
      return;
    case 'reconnect':
      world.reconnect(nodeOf(world, planned.node));
      return;
    case 'lag':
      network.lagMs = planned.byMs;
      agenda.after(planned.forMs * 1_000, () => {
        network.lagMs = 0;
      });
      return;
    case 'clockJump':
      {
        const node = nodeOf(world, planned.node);
        node.jumpMs += planned.byMs;
        node.farthestMs = Math.max(node.farthestMs, node.jumpMs);
      }
      return;
    case 'slowDisk': {
      const node = nodeOf(world, planned.node);
      node.slowSyncMs = planned.syncMs;
      agenda.after(planned.forMs * 1_000, () => {
        node.slowSyncMs = 0;
      });
      return;
    }
    case 'slowVerify': {
      const node = nodeOf(world, planned.node);
      node.slowVerifyMs = planned.byMs;
      agenda.after(planned.forMs * 1_000, () => {
        node.slowVerifyMs = 0;
      });
      return;
    }
    case 'burst':
      world.load.burst(planned.count, planned.tip);
      return;
    case 'join':
    case 'leave':
    case 'rotate':
    case 'bond':
    case 'unbond':
      submitMembership(world, planned);
      return;
    default:
      applyRuin(world, planned);
  }
}

type Ruin = Extract<
  Planned,
  { kind: 'diskError' | 'brokenApp' | 'journalLost' | 'journalOld' | 'twin' }
>;

/** Faults after which the node counts as faulty. */
function applyRuin(world: World, planned: Ruin): void {
  const node = nodeOf(world, planned.node);
  node.faulty ??= planned.kind;
  if (node.table !== undefined) world.checkModel(node.table);
  const [slot] = node.keys;
  if (slot === undefined) return;
  switch (planned.kind) {
    case 'diskError':
      slot.disk.failure = planned.error;
      return;
    case 'brokenApp':
      node.app.broken = true;
      return;
    case 'journalLost':
      crash(world, node, 500);
      if (planned.how === 'deleted') slot.disk.restore(new Map());
      else if (planned.how === 'corrupt') slot.disk.corrupt(world.random.faults);
      else {
        const other = nodeOf(world, (node.index + 1) % world.nodes.length).keys[0];
        if (other !== undefined) slot.disk.restore(other.disk.copy());
      }
      return;
    case 'journalOld': {
      const copy = slot.disk.copy();
      world.agenda.after(planned.ageMs * 1_000, () => {
        crash(world, node, 300);
        slot.disk.restore(copy);
      });
      return;
    }
    case 'twin':
      nodeOf(world, planned.of).faulty ??= 'twin';
      world.startTwin(node, nodeOf(world, planned.of));
      return;
    default: {
      const never: never = planned;
      return never;
    }
  }
}
