import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { EpochView, Page, Problem, UnspentOutput } from '@mxd/api';
import { fromHex, toHex } from '@mxd/codec';
import { Secret, SecretBytes } from '@mxd/crypto/secret';
import { createLogger, nullDestination } from '@mxd/logging';
import { genesisCodec } from '@mxd/protocol';
import { environmentSecrets, Secrets } from '@mxd/secrets';
import {
  accountFromSeed,
  chainOfGenesis,
  signTransaction,
  type Coin,
  type SigningAccount,
} from '@mxd/wallet';
import { joinRecord, leaveRecord, rotateRecord } from '@mxd/wallet/stake';
import { buildBond, buildUnbond } from '@mxd/wallet/stake';
import { validatorIdOf } from '@mxd/protocol/genesis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import {
  createConsensusKey,
  createNode,
  openConsensusKey,
  type ConsensusKey,
  type MxdNode,
} from '../../src/index.ts';
import { Cluster, freePort } from '../cluster.ts';

// Short epochs and no waiting in idle views, so that a whole life of a validator fits a test.
const pace = ['--consensus-min-block-ms=20', '--consensus-empty-delay-ms=20'];
const mxd = 100_000_000n;
const passphrase = 'another passphrase';
const light = { memoryKib: 8_192, passes: 1, parallelism: 1 } as const;

let cluster: Cluster;
let owner: SigningAccount;
let joiner: MxdNode;
let key: ConsensusKey;
let id: Uint8Array;

beforeAll(async () => {
  cluster = await Cluster.make(4);
  for (let i = 0; i < 4; i++) await cluster.startNode(i, pace);
  using seed = SecretBytes.copyOf(cluster.funds.seed);
  owner = accountFromSeed(1, seed);
  id = validatorIdOf(1, owner.publicKey);
  const directory = join(cluster.root, 'joiner');
  const keyFile = join(directory, 'validator', 'consensus.key');
  await mkdir(directory, { recursive: true });
  await createConsensusKey(keyFile, Secret.of(passphrase), light);
  key = await openConsensusKey(keyFile, Secret.of(passphrase));
  await writeFile(join(directory, 'genesis.mxd'), genesisCodec.encode(cluster.genesis));
  joiner = await createNode({
    config: await cluster.config(directory, await freePort(), ['--role=validator', ...pace]),
    secrets: new Secrets([environmentSecrets({ MXD_SECRET_VALIDATOR_PASSPHRASE: passphrase })]),
    logger: createLogger({
      level: 'fatal',
      outputs: [{ destination: nullDestination(), format: 'json' }],
    }),
  });
  cluster.nodes.set(9, joiner);
  await cluster.height(9, 5, 40_000);
}, 120_000);
afterAll(() => cluster[Symbol.asyncDispose]());

const chain = () => chainOfGenesis(cluster.genesis.document);

async function coins(): Promise<Coin[]> {
  const out: Coin[] = [];
  let after = '';
  do {
    const path = `/v1/addresses/${cluster.funds.address}/unspent?limit=500${after}`;
    const page = (await (await fetch(cluster.url(0) + path)).json()) as Page<UnspentOutput>;
    for (const item of page.items) {
      if (item.spentBy !== undefined) continue;
      const validatorId = item.validatorId === undefined ? undefined : fromHex(item.validatorId);
      out.push({
        outpoint: { txid: fromHex(item.txid), index: item.index },
        owner: owner.owner,
        amount: BigInt(item.amount),
        createdHeight: item.createdHeight,
        lock:
          item.lock === 'plain'
            ? { kind: 'plain' }
            : item.lock === 'bonded'
              ? { kind: 'bonded', validatorId: validatorId! }
              : {
                  kind: 'unbonding',
                  validatorId: validatorId!,
                  spendableFrom: item.spendableFrom!,
                },
      });
    }
    after = page.next === undefined ? '' : `&cursor=${page.next}`;
  } while (after !== '');
  return out;
}

async function send(bytes: Uint8Array): Promise<Problem> {
  const response = await fetch(`${cluster.url(0)}/v1/transactions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ transaction: toHex(bytes) }),
  });
  return (await response.json()) as Problem;
}

async function record(bytes: Uint8Array): Promise<{ status: number; body: Problem }> {
  const response = await fetch(`${cluster.url(0)}/v1/system-records`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ record: toHex(bytes) }),
  });
  return { status: response.status, body: (await response.json()) as Problem };
}

async function validators(): Promise<EpochView> {
  return (await (await fetch(`${cluster.url(0)}/v1/validators`)).json()) as EpochView;
}

const seat = async () => (await validators()).validators.find((entry) => entry.id === toHex(id));

async function settled(txid: Uint8Array): Promise<void> {
  await cluster.until(
    'the transaction is final',
    async () => (await cluster.node(0).ledger.reader.location(txid)) !== undefined,
  );
}

function recent(): { recentHeight: number; recentHash: Uint8Array } {
  const { head } = cluster.node(0).ledger;
  return { recentHeight: head.height, recentHash: head.hash };
}
const consensusSigner = () => ({
  suite: 1 as const,
  publicKey: key.publicKey,
  sign: (m: Uint8Array) => key.sign(m),
});
const expiryEpoch = () => cluster.node(0).status().epoch + 3;

describe('the life of a validator', () => {
  test('it cannot join without stake', async () => {
    const join = await joinRecord(chain().chainTag, {
      account: owner,
      consensus: consensusSigner(),
      seq: 1,
      expiryEpoch: expiryEpoch(),
      ...recent(),
    });
    const { status, body } = await record(join.bytes);
    expect([status, body.code]).toEqual([422, 'RECORD_REJECTED']);
  });

  test('it bonds, joins by its record, and leads', async () => {
    const spendable = (await coins()).filter(({ lock }) => lock.kind === 'plain');
    const unsigned = buildBond(chain(), {
      coins: spendable,
      validatorId: id,
      amount: 500n * mxd,
      owner: owner.owner,
      change: owner.owner,
    });
    const bond = signTransaction(unsigned, [owner]);
    expect(await send(bond.bytes)).toMatchObject({ state: 'pending' });
    await settled(bond.txid);
    const join = await joinRecord(chain().chainTag, {
      account: owner,
      consensus: consensusSigner(),
      seq: 1,
      expiryEpoch: expiryEpoch(),
      ...recent(),
    });
    expect((await record(join.bytes)).status).toBe(202);
    await cluster.until('the joiner has a seat', async () => (await seat()) !== undefined, 60_000);
    await cluster.until(
      'the joiner proves its seat',
      () => joiner.status().validatorId === toHex(id),
    );
    await cluster.until(
      'the joiner leads',
      async () => ((await seat())?.proposed ?? 0) > 0,
      60_000,
    );
    expect((await validators()).validators.length).toBe(5);
  }, 150_000);

  test('bonded stake cannot be spent as money', async () => {
    const bonded = (await coins()).find(({ lock }) => lock.kind === 'bonded')!;
    const { bytes } = cluster.spend(bonded.outpoint, bonded.amount, owner.owner, bonded.amount);
    const refused = await send(bytes);
    expect(refused.reason).toBe('TX_LOCK_BONDED');
  });

  test('it leaves, unbonds, and gets its stake back after the waiting time', async () => {
    const leave = await leaveRecord(chain().chainTag, {
      account: owner,
      seq: 2,
      expiryEpoch: expiryEpoch(),
    });
    expect((await record(leave.bytes)).status).toBe(202);
    await cluster.until('the seat is free', async () => (await seat()) === undefined, 60_000);
    await cluster.until('it knows', () => joiner.status().validatorId === undefined);
    const bonded = (await coins()).filter(({ lock }) => lock.kind === 'bonded');
    expect(bonded.length).toBe(1);
    const unbond = signTransaction(buildUnbond(chain(), { coins: bonded, to: owner.owner }), [
      owner,
    ]);
    expect(await send(unbond.bytes)).toMatchObject({ state: 'pending' });
    await settled(unbond.txid);
    const locked = (await coins()).find(({ lock }) => lock.kind === 'unbonding')!;
    expect(locked.amount).toBe(500n * mxd);
    const early = cluster.spend(locked.outpoint, locked.amount, owner.owner, locked.amount);
    expect((await send(early.bytes)).reason).toBe('TX_LOCK_UNBONDING');
    const from = locked.lock.kind === 'unbonding' ? locked.lock.spendableFrom : 0;
    await cluster.height(0, from, 90_000);
    const back = cluster.spend(locked.outpoint, locked.amount, owner.owner, locked.amount);
    expect(await send(back.bytes)).toMatchObject({ txid: back.txid });
    await settled(fromHex(back.txid));
  }, 240_000);

  test('supply and state are equal on all nodes afterwards', async () => {
    const height = Math.min(
      ...[0, 1, 2, 3, 9].map((index) => cluster.node(index).ledger.head.height),
    );
    const points = await Promise.all(
      [0, 1, 2, 3, 9].map((index) => cluster.node(index).ledger.reader.header(height)),
    );
    expect(new Set(points.map((point) => toHex(point!.hash))).size).toBe(1);
    expect(points[0]!.header.totalSupply).toBe(14_000n * mxd);
  });
});

test('a member rotates its key: the old key’s node loses the seat, the new one takes it up', async () => {
  const index = 2;
  const seed = new Uint8Array(32).fill(100 + index);
  using secret = SecretBytes.copyOf(seed);
  const account = accountFromSeed(1, secret);
  const memberId = toHex(validatorIdOf(1, account.publicKey));
  const { directory } = cluster.members[index]!;
  const keyFile = join(directory, 'validator-2', 'consensus.key');
  await createConsensusKey(keyFile, Secret.of('a passphrase for tests'), light);
  const fresh = await openConsensusKey(keyFile, Secret.of('a passphrase for tests'));
  const rotate = await rotateRecord(chain().chainTag, {
    account,
    consensus: { suite: 1, publicKey: fresh.publicKey, sign: (m) => fresh.sign(m) },
    seq: 1,
    expiryEpoch: expiryEpoch(),
  });
  expect((await record(rotate.bytes)).status).toBe(202);
  await cluster.until(
    'the table has the new key',
    async () =>
      (await validators()).validators.some(
        (v) => v.id === memberId && v.consensusKey === toHex(fresh.publicKey),
      ),
    60_000,
  );
  await cluster.until(
    'the old key has no seat',
    () => cluster.node(index).status().validatorId === undefined,
  );
  await cluster.node(index).stop();
  await cluster.startNode(index, [...pace, '--validator-key-file=validator-2/consensus.key']);
  await cluster.until(
    'the new key has the seat',
    () => cluster.node(index).status().validatorId === memberId,
  );
  const before = (await validators()).validators.find((v) => v.id === memberId)!;
  await cluster.until(
    'it leads again',
    async () => {
      const now = (await validators()).validators.find((v) => v.id === memberId);
      return (
        now !== undefined &&
        (now.proposed > before.proposed || (now.proposed > 0 && before.proposed === 0))
      );
    },
    60_000,
  );
}, 200_000);
