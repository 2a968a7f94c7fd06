import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { toHex } from '@mxd/codec';
import { loadConfig, type LoadedConfig, type NodeConfig } from '@mxd/config';
import { addressOfKey, formatAddress, type Address } from '@mxd/crypto/address';
import { installNative } from '@mxd/crypto/native';
import { Secret } from '@mxd/crypto/secret';
import { suiteOf } from '@mxd/crypto/suites';
import { createLogger, nullDestination, type Logger } from '@mxd/logging';
import { peerIdOfSeed } from '@mxd/network';
import {
  chainTagOf,
  defaultParameters,
  genesisCodec,
  validatorIdOf,
  type Genesis,
  type GenesisDocument,
} from '@mxd/protocol';
import { genesisPossessionMessage, genesisSigningMessage } from '@mxd/protocol/genesis';
import type { ChainParameters } from '@mxd/protocol/parameters';
import {
  inputSigningMessage,
  transactionCodec,
  txidOf,
  type Outpoint,
} from '@mxd/protocol/transaction';
import { environmentSecrets, Secrets } from '@mxd/secrets';

import { createConsensusKey, createNode, openConsensusKey, type MxdNode } from '../src/index.ts';

const passphrase = 'a passphrase for tests';
const light = { memoryKib: 8_192, passes: 1, parallelism: 1 } as const;
const mxd = 100_000_000n;

/** What opens the keystores of a cluster's members. */
export const testSecrets = (): Secrets =>
  new Secrets([environmentSecrets({ MXD_SECRET_VALIDATOR_PASSPHRASE: passphrase })]);

/** An account that tests pay from. */
export interface Funds {
  readonly seed: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly owner: Address;
  readonly address: string;
}

export function fundsOf(byte: number): Funds {
  const seed = new Uint8Array(32).fill(byte);
  const publicKey = suiteOf(1).publicKeyOf(seed);
  const owner = addressOfKey(1, publicKey);
  return { seed, publicKey, owner, address: formatAddress(owner, 'test') };
}

export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });

interface Member {
  readonly directory: string;
  readonly port: number;
  readonly multiaddr: string;
}

/** Validators in this process, over real sockets and disks in a temporary folder. */
export class Cluster implements AsyncDisposable {
  readonly root: string;
  readonly genesis: Genesis;
  readonly members: readonly Member[];
  readonly funds: Funds;
  readonly nodes = new Map<number, MxdNode>();

  private constructor(root: string, genesis: Genesis, members: readonly Member[], funds: Funds) {
    this.root = root;
    this.genesis = genesis;
    this.members = members;
    this.funds = funds;
  }

  static async make(
    validators: number,
    parameters: Partial<ChainParameters> = {},
  ): Promise<Cluster> {
    installNative();
    const root = await mkdtemp(join(tmpdir(), 'mxd-cluster-'));
    const networkId = 77;
    const made = [];
    for (let i = 0; i < validators; i++) {
      const directory = join(root, `node${i}`);
      const keyFile = join(directory, 'validator', 'consensus.key');
      const consensusKey = await createConsensusKey(keyFile, Secret.of(passphrase), light);
      const key = await openConsensusKey(keyFile, Secret.of(passphrase));
      const accountKey = suiteOf(1).publicKeyOf(new Uint8Array(32).fill(100 + i));
      const id = validatorIdOf(1, accountKey);
      const nodeSeed = crypto.getRandomValues(new Uint8Array(32));
      await writeFile(join(directory, 'node.key'), `${toHex(nodeSeed)}\n`);
      const port = await freePort();
      const multiaddr = `/ip4/127.0.0.1/tcp/${port}/p2p/${await peerIdOfSeed(nodeSeed)}`;
      const possessionSignature = key.sign(genesisPossessionMessage(networkId, id, consensusKey));
      made.push({
        key,
        at: { directory, port, multiaddr },
        member: {
          id,
          accountSuite: 1 as const,
          accountKey,
          consensusKey,
          stake: 1_000n * mxd,
          possessionSignature,
        },
      });
    }
    const funds = fundsOf(99);
    const sorted = made.toSorted((a, b) => Buffer.compare(a.member.id, b.member.id));
    const document: GenesisDocument = {
      networkId,
      testNetwork: 1,
      attempt: 0,
      genesisTimeMs: Date.now(),
      parameters: { ...defaultParameters, epochLength: 16, ...parameters },
      allocations: Array.from({ length: 100 }, () => ({ owner: funds.owner, amount: 100n * mxd })),
      members: sorted.map(({ member }) => member),
      listed: [],
    };
    const message = genesisSigningMessage(document);
    const genesis = { document, signatures: sorted.map(({ key }) => key.sign(message)) };
    for (const { at } of made)
      await writeFile(join(at.directory, 'genesis.mxd'), genesisCodec.encode(genesis));
    return new Cluster(
      root,
      genesis,
      made.map(({ at }) => at),
      funds,
    );
  }

  static async start(
    validators: number,
    parameters: Partial<ChainParameters> = {},
    flags: readonly string[] = [],
  ): Promise<Cluster> {
    const cluster = await Cluster.make(validators, parameters);
    for (let i = 0; i < validators; i++) await cluster.startNode(i, flags);
    return cluster;
  }

  async config(directory: string, port: number, flags: readonly string[]): Promise<NodeConfig> {
    const others = this.members
      .filter((member) => member.port !== port)
      .map(({ multiaddr }) => multiaddr);
    const { config } = await loadConfig({
      files: [],
      environment: {},
      flags: [
        `--data-dir=${directory}`,
        `--network-listen=/ip4/127.0.0.1/tcp/${port}`,
        `--network-bootstrap=${others.join(',')}`,
        '--network-discovery=false',
        '--api-port=0',
        '--metrics-port=0',
        '--verification-workers=1',
        '--api-requests-per-second=100000',
        '--api-request-burst=100000',
        ...flags,
      ],
    });
    return config;
  }

  async startNode(
    index: number,
    flags: readonly string[] = [],
    logger: Logger = quiet,
  ): Promise<MxdNode> {
    const { directory, port } = this.members[index]!;
    return this.#start(index, directory, port, ['--role=validator', ...flags], logger);
  }

  /** A validator whose configuration can be loaded again. */
  async startWith(index: number, load: () => Promise<LoadedConfig>): Promise<MxdNode> {
    const { config, origins } = await load();
    const secrets = new Secrets([
      environmentSecrets({ MXD_SECRET_VALIDATOR_PASSPHRASE: passphrase }),
    ]);
    const node = await createNode({ config, origins, load, secrets, logger: quiet });
    this.nodes.set(index, node);
    return node;
  }

  /** A node that is no validator, in a folder of its own. */
  async startFull(
    index: number,
    flags: readonly string[] = [],
    genesis = this.genesis,
  ): Promise<MxdNode> {
    const directory = join(this.root, `full${index}`);
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, 'genesis.mxd'), genesisCodec.encode(genesis));
    return this.#start(index, directory, await freePort(), ['--role=full', ...flags], quiet);
  }

  async #start(
    index: number,
    directory: string,
    port: number,
    flags: readonly string[],
    logger: Logger,
  ): Promise<MxdNode> {
    const config = await this.config(directory, port, flags);
    const secrets = new Secrets([
      environmentSecrets({ MXD_SECRET_VALIDATOR_PASSPHRASE: passphrase }),
    ]);
    const node = await createNode({ config, secrets, logger });
    this.nodes.set(index, node);
    return node;
  }

  node(index: number): MxdNode {
    return this.nodes.get(index)!;
  }

  url(index: number): string {
    return this.node(index).listeners.api!.url;
  }

  /** A signed payment out of one of the funded outputs that is still unspent at a node. */
  async payment(
    index: number,
    to: Address,
    amount: bigint,
    skip = 0,
  ): Promise<{ bytes: Uint8Array; txid: string }> {
    const { ledger } = this.node(index);
    const page = await ledger.reader.unspent(this.funds.owner, { limit: skip + 1 });
    const coin = page.items[skip]!;
    return this.spend(coin.outpoint, coin.amount, to, amount);
  }

  spend(
    outpoint: Outpoint,
    available: bigint,
    to: Address,
    amount: bigint,
  ): { bytes: Uint8Array; txid: string } {
    const { owner, seed, publicKey } = this.funds;
    const change = available - amount;
    const body = {
      version: 5,
      chainId: this.genesis.document.networkId,
      kind: 0 as const,
      validFrom: 0,
      expiresAt: 0,
      inputs: [outpoint],
      outputs: [{ owner: to, amount }, ...(change > 0n ? [{ owner, amount: change }] : [])],
      tip: 0n,
      commitment: new Uint8Array(0),
      payload: new Uint8Array(0),
    };
    const txid = txidOf(body);
    const message = inputSigningMessage(chainTagOf(this.genesis.document), txid, 0, {
      owner,
      amount: available,
    });
    const signature = suiteOf(1).sign(seed, message);
    const bytes = transactionCodec.encode({
      body,
      witnesses: [{ form: 1, suite: 1, publicKey, signature }],
    });
    return { bytes, txid: toHex(txid) };
  }

  async until(
    what: string,
    holds: () => boolean | Promise<boolean>,
    timeoutMs = 25_000,
  ): Promise<void> {
    const end = performance.now() + timeoutMs;
    while (!(await holds())) {
      if (performance.now() > end) throw new Error(`${what}: not within ${timeoutMs} ms`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  height(index: number, atLeast: number, timeoutMs?: number): Promise<void> {
    return this.until(
      `node ${index} at height ${atLeast}`,
      () => this.node(index).ledger.head.height >= atLeast,
      timeoutMs,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const node of this.nodes.values()) await node.stop();
    await rm(this.root, { recursive: true, force: true, maxRetries: 5 });
  }
}

const quiet: Logger = createLogger({
  level: 'fatal',
  outputs: [{ destination: nullDestination(), format: 'json' }],
});
