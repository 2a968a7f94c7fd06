import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { GenesisView, Status } from '@mxd/api';
import { fromHex } from '@mxd/codec';
import { genesisCodec, type Genesis } from '@mxd/protocol';
import { genesisDocumentCodec } from '@mxd/protocol/genesis';
import { chainOfGenesis, type Chain } from '@mxd/wallet';

import { LoadError } from './errors.ts';
import { NodeHttp } from './http.ts';
import type { LoadOptions } from './options.ts';

/** One node under load. */
export interface TargetNode {
  readonly name: string;
  readonly http: NodeHttp;
  /** Present where the process runs on this machine and is known. */
  readonly pid: number | undefined;
  readonly metrics: NodeHttp | undefined;
}

/** The network under load and the money for it. */
export interface Target extends Disposable {
  readonly nodes: readonly TargetNode[];
  readonly words: string;
  readonly account: number;
  readonly genesis: Genesis;
  readonly chain: Chain;
}

/** What is needed of a local network's `network.json`. */
interface LocalNetwork {
  readonly mnemonic: string;
  readonly nodes: readonly {
    readonly name: string;
    readonly directory: string;
    readonly apiPort: number;
    readonly metricsPort: number;
  }[];
  readonly accounts: readonly { readonly name: string; readonly index: number }[];
}

async function pidIn(directory: string): Promise<number | undefined> {
  const text = await readFile(join(directory, 'pid'), 'utf8').catch(() => '');
  const pid = Number(text);
  return Number.isSafeInteger(pid) && pid > 1 && existsSync(`/proc/${pid}`) ? pid : undefined;
}

async function localNetwork(directory: string): Promise<{
  readonly nodes: readonly TargetNode[];
  readonly words: string;
  readonly account: number;
}> {
  const file = join(directory, 'network.json');
  if (!existsSync(file)) {
    throw new LoadError(`there is no network in ${directory}: npm start -- up --detach`);
  }
  const network = JSON.parse(await readFile(file, 'utf8')) as LocalNetwork;
  const nodes = await Promise.all(
    network.nodes.map(async (node) => ({
      name: node.name,
      http: new NodeHttp(`http://127.0.0.1:${node.apiPort}`),
      pid: await pidIn(node.directory),
      metrics: new NodeHttp(`http://127.0.0.1:${node.metricsPort}`),
    })),
  );
  const account = network.accounts.find(({ name }) => name === 'load')?.index ?? 0;
  return { nodes, words: network.mnemonic, account };
}

async function remoteNetwork(options: LoadOptions): Promise<{
  readonly nodes: readonly TargetNode[];
  readonly words: string;
  readonly account: number;
}> {
  const words = (await readFile(options.wordsFile ?? '', 'utf8')).trim();
  const nodes = options.endpoints.map((url, i) => ({
    name: `node${i + 1}`,
    http: new NodeHttp(url),
    pid: undefined,
    metrics: undefined,
  }));
  return { nodes, words, account: 0 };
}

/** Finds the nodes, the words and the genesis. @throws LoadError. */
export async function openTarget(options: LoadOptions): Promise<Target> {
  const found = await (options.endpoints.length > 0
    ? remoteNetwork(options)
    : localNetwork(options.directory));
  const { nodes } = found;
  const close = (): void => {
    for (const { http, metrics } of nodes) {
      http.close();
      metrics?.close();
    }
  };
  try {
    const statuses = await Promise.all(
      nodes.map(({ http }) =>
        http.get<Status>('/v1/status').catch((error: unknown) => {
          throw new LoadError(`${http.url} does not answer: ${String(error)}`);
        }),
      ),
    );
    if (new Set(statuses.map(({ network }) => network.genesisHash)).size !== 1) {
      throw new LoadError('the nodes are of different networks');
    }
    const view = await (nodes[0] as TargetNode).http.get<GenesisView>('/v1/genesis');
    const genesis: Genesis = {
      document: genesisDocumentCodec.decode(fromHex(view.document)),
      signatures: view.signatures.map(fromHex),
    };
    genesisCodec.encode(genesis);
    return {
      ...found,
      account: options.account ?? found.account,
      genesis,
      chain: chainOfGenesis(genesis.document),
      [Symbol.dispose]: close,
    };
  } catch (error) {
    close();
    throw error;
  }
}
