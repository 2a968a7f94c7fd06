import { suiteInfo } from '@mxd/crypto/suites';
import {
  accountMessage,
  possessionMessage,
  type JoinRecord,
  type LeaveRecord,
  type RotateRecord,
} from '@mxd/protocol/system-records';

import { type Planned } from './config.ts';
import { coin } from './genesis.ts';
import { type SimNode } from './node.ts';
import { type World } from './world.ts';

type Membership = Extract<Planned, { kind: 'join' | 'leave' | 'rotate' | 'bond' | 'unbond' }>;
type Signed = JoinRecord | LeaveRecord | RotateRecord;

const noAccountSignature = new Uint8Array(suiteInfo[1].signatureBytes);
const noPossession = new Uint8Array(64);
const epochsValid = 6;

function signed<T extends Signed>(world: World, node: SimNode, bare: T, by?: Signer): T {
  let record: Signed = bare;
  if (record.type !== 2 && by !== undefined) {
    const possessionSignature = by.sign(possessionMessage(world.chainTag, record));
    record = { ...record, possessionSignature };
  }
  const accountSignature = node.identity.account.sign(accountMessage(world.chainTag, record));
  return { ...record, accountSignature } as T;
}

type Signer = { sign(message: Uint8Array): Uint8Array };

function epochOf(node: SimNode): number {
  return node.table?.epoch ?? 1;
}

function join(world: World, node: SimNode): JoinRecord {
  const slot = node.keys.at(-1);
  const recentHeight = node.height;
  const bare: JoinRecord = {
    type: 1,
    id: node.identity.id,
    accountSuite: node.identity.suite,
    accountKey: node.identity.account.publicKey,
    consensusKey: slot?.key.publicKey ?? node.identity.firstKey.publicKey,
    seq: node.nextSeq(),
    expiryEpoch: epochOf(node) + epochsValid,
    recentHeight,
    recentHash: node.committedHash(recentHeight),
    possessionSignature: noPossession,
    accountSignature: noAccountSignature,
  };
  return signed(world, node, bare, slot?.key);
}

function leave(world: World, node: SimNode): LeaveRecord {
  return signed(world, node, {
    type: 2,
    id: node.identity.id,
    seq: node.nextSeq(),
    expiryEpoch: epochOf(node) + epochsValid,
    accountSignature: noAccountSignature,
  });
}

function rotate(world: World, node: SimNode): RotateRecord {
  const { seed } = world.config;
  const key = world.scheme.keyPair(`vote ${seed} ${node.index} ${node.keys.length}`);
  const bare: RotateRecord = {
    type: 3,
    id: node.identity.id,
    newConsensusKey: key.publicKey,
    seq: node.nextSeq(),
    expiryEpoch: epochOf(node) + epochsValid,
    possessionSignature: noPossession,
    accountSignature: noAccountSignature,
  };
  // J10: the journal of the new key exists before its first possession proof.
  node.crash();
  node.addKey(key);
  node.start();
  return signed(world, node, bare, key);
}

/** A planned change of who is in the table: a record from its author, or a bond in all mempools. */
export function submitMembership(world: World, planned: Membership): void {
  const node = world.nodes[planned.node] as SimNode;
  if (planned.kind === 'bond' || planned.kind === 'unbond') {
    const amount = BigInt(planned.units) * coin;
    const { id } = node.identity;
    const { kind } = planned;
    world.load.submit({ kind, nonce: world.load.nonce, tip: 0n, id, amount }, 'all');
    return;
  }
  if (!node.alive) return;
  const record =
    planned.kind === 'join'
      ? join(world, node)
      : planned.kind === 'leave'
        ? leave(world, node)
        : rotate(world, node);
  node.later(planned.kind === 'rotate' ? 3_000 : 0, () => {
    node.addRecord(record);
    world.gossip(node, record);
  });
}
