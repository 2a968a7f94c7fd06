import { randomBytes } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';

import { toHex } from '@mxd/codec';
import { formatAddress } from '@mxd/crypto/address';
import { generateMnemonic } from '@mxd/crypto/mnemonic';
import { Secret } from '@mxd/crypto/secret';
import { suiteOf } from '@mxd/crypto/suites';
import { peerIdOfSeed } from '@mxd/network';
import { createConsensusKey, openConsensusKey } from '@mxd/node';
import {
  defaultParameters,
  genesisCodec,
  validatorIdOf,
  type GenesisDocument,
} from '@mxd/protocol';
import {
  genesisPossessionMessage,
  genesisSigningMessage,
  type GenesisMember,
} from '@mxd/protocol/genesis';
import type { TransactionOutput } from '@mxd/protocol/transaction';

import { accountAt, openMaster } from './accounts.ts';
import {
  pathsOf,
  writeSpec,
  type DevnetAccount,
  type DevnetNode,
  type DevnetPaths,
  type DevnetSpec,
} from './layout.ts';

export interface CreateOptions {
  readonly directory: string;
  readonly validators: number;
  /** First of 3 x validators + 1 ports. */
  readonly basePort: number;
  readonly epochLength: number;
  /** Missed turns in a row after which a silent validator may lose its seat; 10 unless told. */
  readonly evictMisses?: number | undefined;
  /** Outputs of 1,000 MXD each that the load generator may spend. */
  readonly loadOutputs: number;
  readonly minBlockMs: number;
}

const mxd = 100_000_000n;
const passphraseName = 'validator-passphrase';
const people = ['alice', 'bob', 'carol', 'dave'] as const;
const outputsEach = 64;

/** Key derivation that costs a blink instead of a second: these keys protect play money. */
const lightKeystore = { memoryKib: 8_192, passes: 1, parallelism: 1 } as const;

interface Made {
  readonly node: DevnetNode;
  readonly member: GenesisMember;
  readonly sign: (message: Uint8Array) => Uint8Array;
}

async function makeNode(
  paths: DevnetPaths,
  options: CreateOptions,
  index: number,
  networkId: number,
): Promise<Made> {
  const name = `node${index + 1}`;
  const directory = paths.node(name);
  await mkdir(join(directory, 'secrets'), { recursive: true, mode: 0o700 });
  const passphrase = toHex(randomBytes(16));
  await writeFile(join(directory, 'secrets', passphraseName), passphrase, { mode: 0o600 });
  const keyFile = join(directory, 'validator', 'consensus.key');
  const consensusKey = await createConsensusKey(keyFile, Secret.of(passphrase), lightKeystore);
  const key = await openConsensusKey(keyFile, Secret.of(passphrase));
  const nodeSeed = randomBytes(32);
  await writeFile(join(directory, 'node.key'), `${toHex(nodeSeed)}\n`, { mode: 0o600 });
  const accountSeed = randomBytes(32);
  await writeFile(join(directory, 'validator', 'account.seed'), `${toHex(accountSeed)}\n`, {
    mode: 0o600,
  });
  const accountKey = suiteOf(1).publicKeyOf(accountSeed);
  const id = validatorIdOf(1, accountKey);
  const { basePort, validators } = options;
  return {
    sign: (message) => key.sign(message),
    node: {
      name,
      directory,
      peerId: await peerIdOfSeed(nodeSeed),
      validatorId: toHex(id),
      p2pPort: basePort + index,
      apiPort: basePort + validators + index,
      metricsPort: basePort + 2 * validators + index,
    },
    member: {
      id,
      accountSuite: 1,
      accountKey,
      consensusKey,
      stake: 100_000n * mxd,
      possessionSignature: key.sign(genesisPossessionMessage(networkId, id, consensusKey)),
    },
  };
}

function nodeConfig(
  spec: Pick<DevnetSpec, 'nodes'>,
  node: DevnetNode,
  options: CreateOptions,
): object {
  const addressOf = (other: DevnetNode): string =>
    `/ip4/127.0.0.1/tcp/${other.p2pPort}/p2p/${other.peerId}`;
  return {
    version: 1,
    role: 'validator',
    dataDir: node.directory,
    secrets: { directory: join(node.directory, 'secrets') },
    network: {
      listen: [`/ip4/127.0.0.1/tcp/${node.p2pPort}`],
      bootstrap: spec.nodes.filter((other) => other !== node).map(addressOf),
      discovery: false,
    },
    consensus: { minBlockMs: options.minBlockMs },
    verification: { workers: 1 },
    api: { port: node.apiPort, requestsPerSecond: 100_000, requestBurst: 100_000 },
    metrics: { port: node.metricsPort },
  };
}

/** Funds: people, the faucet, and the load generator's outputs. */
function allocationsOf(
  accounts: readonly {
    readonly account: DevnetAccount;
    readonly owner: TransactionOutput['owner'];
  }[],
  loadOutputs: number,
): readonly TransactionOutput[] {
  return accounts.flatMap(({ account, owner }) => {
    const isLoad = account.name === 'load';
    const isFaucet = account.name === 'faucet';
    const count = isLoad ? loadOutputs : isFaucet ? 4 * outputsEach : outputsEach;
    const amount = isFaucet ? 10_000n * mxd : 1_000n * mxd;
    return Array.from({ length: count }, () => ({ owner, amount }));
  });
}

async function derivedAccounts(mnemonic: string): Promise<
  readonly {
    readonly account: DevnetAccount;
    readonly owner: TransactionOutput['owner'];
  }[]
> {
  using master = await openMaster(mnemonic);
  return [...people, 'faucet', 'load'].map((name, index) => {
    const { owner } = accountAt(master, index);
    return { account: { name, index, address: formatAddress(owner, 'test') }, owner };
  });
}

/** Makes keys, genesis and configurations of a new local network. The folder must not hold one. */
export async function createDevnet(options: CreateOptions): Promise<DevnetSpec> {
  const paths = pathsOf(options.directory);
  await rm(join(paths.root, 'nodes'), { recursive: true, force: true });
  await mkdir(paths.root, { recursive: true, mode: 0o700 });
  const networkId = 1_000_000 + (randomBytes(2).readUInt16BE() % 60_000);
  const mnemonic = generateMnemonic(12).text.expose();
  const made: Made[] = [];
  for (let i = 0; i < options.validators; i++)
    made.push(await makeNode(paths, options, i, networkId));
  const accounts = await derivedAccounts(mnemonic);
  const members = made.map(({ member }) => member).toSorted((a, b) => Buffer.compare(a.id, b.id));
  const document: GenesisDocument = {
    networkId,
    testNetwork: 1,
    attempt: 0,
    genesisTimeMs: Date.now(),
    parameters: {
      ...defaultParameters,
      epochLength: options.epochLength,
      evictMisses: options.evictMisses ?? defaultParameters.evictMisses,
    },
    allocations: allocationsOf(accounts, options.loadOutputs),
    members,
    listed: [],
  };
  const message = genesisSigningMessage(document);
  const signatures = members.map((member) => {
    const signer = made.find((one) => one.member === member) as Made;
    return signer.sign(message);
  });
  const genesis = genesisCodec.encode({ document, signatures });
  await writeFile(paths.genesis, genesis);
  const nodes = made.map(({ node }) => node);
  for (const node of nodes) {
    await writeFile(join(node.directory, 'genesis.mxd'), genesis);
    const config = nodeConfig({ nodes }, node, options);
    await writeFile(join(node.directory, 'config.json'), `${JSON.stringify(config, null, 2)}\n`);
  }
  const faucetPort = options.basePort + 3 * options.validators;
  const spec: DevnetSpec = {
    version: 1,
    networkId,
    mnemonic,
    nodes,
    accounts: accounts.map(({ account }) => account),
    faucetPort,
  };
  await writeSpec(paths, spec);
  return spec;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** The first base port from `from` upwards whose whole range is free. */
export async function freeBasePort(from: number, count: number): Promise<number> {
  for (let base = from; base + count < 65_000; base += Math.max(count, 20)) {
    const ports = Array.from({ length: count }, (_, i) => base + i);
    if ((await Promise.all(ports.map(isFree))).every(Boolean)) return base;
  }
  return from;
}
