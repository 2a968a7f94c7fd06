import { existsSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** One node of a local network. */
export interface DevnetNode {
  readonly name: string;
  readonly directory: string;
  readonly peerId: string;
  readonly validatorId: string;
  readonly p2pPort: number;
  readonly apiPort: number;
  readonly metricsPort: number;
}

/** An account that has funds from genesis. */
export interface DevnetAccount {
  readonly name: string;
  readonly address: string;
  /** Index of its key under the network's mnemonic: m/44'/7979'/index'/0'/0'. */
  readonly index: number;
}

/** What a local network is made of; kept in `network.json` of its folder. */
export interface DevnetSpec {
  readonly version: 1;
  readonly networkId: number;
  readonly mnemonic: string;
  readonly nodes: readonly DevnetNode[];
  readonly accounts: readonly DevnetAccount[];
  readonly faucetPort: number;
}

/** Paths inside a local network's folder. */
export interface DevnetPaths {
  readonly root: string;
  readonly spec: string;
  readonly genesis: string;
  readonly launcherPid: string;
  node(name: string): string;
  nodePid(name: string): string;
  nodeLog(name: string): string;
}

export function pathsOf(root: string): DevnetPaths {
  const node = (name: string): string => join(root, 'nodes', name);
  return {
    root,
    spec: join(root, 'network.json'),
    genesis: join(root, 'genesis.mxd'),
    launcherPid: join(root, 'launcher.pid'),
    node,
    nodePid: (name) => join(node(name), 'pid'),
    nodeLog: (name) => join(node(name), 'node.log'),
  };
}

/** The network in a folder, or undefined if there is none. */
export async function readSpec(paths: DevnetPaths): Promise<DevnetSpec | undefined> {
  if (!existsSync(paths.spec)) return undefined;
  return JSON.parse(await readFile(paths.spec, 'utf8')) as DevnetSpec;
}

/** Written last, so that a folder with a spec is a complete network. */
export async function writeSpec(paths: DevnetPaths, spec: DevnetSpec): Promise<void> {
  await writeFile(`${paths.spec}.new`, `${JSON.stringify(spec, null, 2)}\n`, { mode: 0o600 });
  await rename(`${paths.spec}.new`, paths.spec);
}
