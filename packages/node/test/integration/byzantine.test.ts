import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { EpochView, EvidenceView, Page } from '@mxd/api';
import { fromHex, toHex } from '@mxd/codec';
import { Secret } from '@mxd/crypto/secret';
import { verifySignature } from '@mxd/crypto/suites';
import { createNetwork, type SocketNetwork, type ValidatorId } from '@mxd/network';
import { chainTagOf, messageCodec, validatorSet } from '@mxd/protocol';
import { previousValidatorId } from '@mxd/protocol/checks';
import { wtxidOfBytes } from '@mxd/protocol/transaction';
import { voteSigningMessage, type Vote } from '@mxd/protocol/vote';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { openConsensusKey } from '../../src/index.ts';
import { Cluster } from '../cluster.ts';

// Slow enough that the liar's votes are for views that are still open.
const pace = ['--consensus-min-block-ms=100', '--consensus-empty-delay-ms=200'];
let cluster: Cluster;
let liar: SocketNetwork | undefined;

beforeAll(async () => {
  cluster = await Cluster.make(4, { blacklistBlocks: 50 });
  for (let i = 0; i < 3; i++) await cluster.startNode(i, pace);
  await cluster.height(0, 2);
}, 60_000);
afterAll(async () => {
  await liar?.stop();
  await cluster[Symbol.asyncDispose]();
});

/** A member that answers every proposal with votes for two blocks: made for this test alone. */
async function startLiar(
  index: number,
): Promise<{ readonly network: SocketNetwork; readonly id: string }> {
  const { directory, port } = cluster.members[index]!;
  const key = await openConsensusKey(
    join(directory, 'validator', 'consensus.key'),
    Secret.of('a passphrase for tests'),
  );
  const { document } = cluster.genesis;
  const chainTag = chainTagOf(document);
  const member = document.members.find((m) => toHex(m.consensusKey) === toHex(key.publicKey))!;
  const id = toHex(member.id);
  const tableOf = (epoch: number) => {
    const { ledger } = cluster.node(0);
    return ledger.state(ledger.head.hash)!.table(epoch);
  };
  const network = await createNetwork({
    nodeKey: fromHex((await readFile(join(directory, 'node.key'), 'utf8')).trim()),
    networkId: document.networkId,
    chainTag,
    listen: [`/ip4/127.0.0.1/tcp/${port}`],
    validator: {
      id: id as ValidatorId,
      signPeerProof: (payload) => Promise.resolve(key.sign(payload)),
    },
    authority: {
      consensusKeyOf: (other) => document.members.find((m) => toHex(m.id) === other)?.consensusKey,
      verify: (k, payload, signature) => verifySignature(1, k, payload, signature),
    },
    transactionId: (bytes) => wtxidOfBytes(bytes),
    staticPeers: cluster.members.filter((_, i) => i !== index).map(({ multiaddr }) => multiaddr),
    keepPrivateAddresses: true,
  });
  network.links.onMessage((_from, _lane, bytes) => {
    const decoded = messageCodec.tryDecode(bytes);
    if (!decoded.ok || decoded.value.type !== 0x10) return;
    const { epoch, view, blockHash } = decoded.value;
    const known = tableOf(epoch);
    if (known === undefined) return;
    const set = validatorSet(chainTag, known.table, document.parameters, known.anchorHash);
    const signerIndex = known.table.entries.findIndex((entry) => toHex(entry.id) === id);
    if (signerIndex < 0) return;
    for (const hash of [blockHash, new Uint8Array(64).fill(view)]) {
      const content = { kind: 1 as const, epoch, view, timestampMs: Date.now(), blockHash: hash };
      const message = voteSigningMessage(
        chainTag,
        content,
        previousValidatorId(set, view, signerIndex),
      );
      const vote: Vote = { ...content, signerIndex, signature: key.sign(message) };
      network.links.broadcast('vote', messageCodec.encode({ type: 0x11, vote }));
    }
  });
  await network.start();
  return { network, id };
}

test('a validator that signs two blocks of one view is found out, punished once, and nobody else', async () => {
  const started = await startLiar(3);
  liar = started.network;
  const view = async () =>
    (await (await fetch(`${cluster.url(1)}/v1/validators`)).json()) as EpochView;
  await cluster.until(
    'the liar is on the blacklist',
    async () =>
      ((await view()).validators.find((v) => v.id === started.id)?.blacklistedUntil ?? 0) > 0,
    40_000,
  );
  for (const entry of (await view()).validators) {
    expect(entry.blacklistedUntil > 0).toBe(entry.id === started.id);
  }
  const evidence = (await (
    await fetch(`${cluster.url(2)}/v1/evidence`)
  ).json()) as Page<EvidenceView>;
  expect(evidence.items.map((item) => item.validatorId)).toEqual([started.id]);
  const { url } = cluster.node(0).listeners.metrics!;
  const metrics = await (await fetch(`${url}/metrics`)).text();
  expect(Number(/^mxd_equivocations_total (\d+)$/m.exec(metrics)?.[1])).toBeGreaterThan(0);

  // The honest three go on, agree, and leave the liar out of the next table.
  const at = cluster.node(0).ledger.head.height;
  await cluster.height(0, at + 20, 60_000);
  await cluster.until(
    'the liar has no seat',
    async () => (await view()).validators.every((v) => v.id !== started.id),
    60_000,
  );
  const height = Math.min(...[0, 1, 2].map((index) => cluster.node(index).ledger.head.height));
  const points = await Promise.all(
    [0, 1, 2].map((index) => cluster.node(index).ledger.reader.header(height)),
  );
  expect(new Set(points.map((point) => toHex(point!.hash))).size).toBe(1);
}, 180_000);
