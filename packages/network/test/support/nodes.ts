import {
  createHash,
  createPrivateKey,
  createPublicKey,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto';
import {
  createNetwork,
  type NetworkOptions,
  type SocketNetwork,
  type ValidatorId,
} from '../../src/index.ts';
import { type ValidatorAuthority, type ValidatorIdentity } from '../../src/session/handshake.ts';

/** Test validators with real Ed25519 keys from their number. */

const pkcs8 = Buffer.from('302e020100300506032b657004220420', 'hex');
const spki = Buffer.from('302a300506032b6570032100', 'hex');

export const seedOf = (name: string): Uint8Array => createHash('sha256').update(name).digest();

export function ed25519(seed: Uint8Array): { secret: KeyObject; publicKey: Uint8Array } {
  const secret = createPrivateKey({
    key: Buffer.concat([pkcs8, seed]),
    format: 'der',
    type: 'pkcs8',
  });
  const publicKey = createPublicKey(secret)
    .export({ format: 'der', type: 'spki' })
    .subarray(spki.length);
  return { secret, publicKey };
}

export const validatorIdOf = (index: number): ValidatorId =>
  createHash('sha256').update(`validator ${index}`).digest('hex').slice(0, 40) as ValidatorId;

export function identityOf(index: number, signedBy: number = index): ValidatorIdentity {
  const { secret } = ed25519(seedOf(`consensus ${signedBy}`));
  return {
    id: validatorIdOf(index),
    signPeerProof: (payload) => Promise.resolve(sign(null, payload, secret)),
  };
}

/** Knows the validators 0 to count - 1; `count` can be changed while it runs. */
export function authorityOf(count: number): ValidatorAuthority & { count: number } {
  const keys = new Map<string, { index: number; key: Uint8Array }>();
  for (let index = 0; index < 64; index++) {
    keys.set(validatorIdOf(index), { index, key: ed25519(seedOf(`consensus ${index}`)).publicKey });
  }
  return {
    count,
    consensusKeyOf(id) {
      const entry = keys.get(id);
      return entry !== undefined && entry.index < this.count ? entry.key : undefined;
    },
    verify(key, payload, signature) {
      const publicKey = createPublicKey({
        key: Buffer.concat([spki, key]),
        format: 'der',
        type: 'spki',
      });
      return verify(null, payload, publicKey, signature);
    },
  };
}

export const chainTagOf = (name: string): Uint8Array => seedOf(`chain ${name}`);

export const transactionId = (bytes: Uint8Array): Uint8Array | undefined =>
  bytes[0] === 0xff ? undefined : createHash('sha512').update(bytes).digest();

/** Options of node `index`; the first `validators` nodes are validators. */
export function nodeOptions(
  index: number,
  validators: number,
  overrides: Partial<NetworkOptions> = {},
): NetworkOptions {
  return {
    nodeKey: seedOf(`node ${index}`),
    networkId: 7,
    chainTag: chainTagOf('test'),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    authority: authorityOf(validators),
    ...(index < validators ? { validator: identityOf(index) } : {}),
    transactionId,
    keepPrivateAddresses: true,
    outboundPeers: 0,
    ...overrides,
  };
}

export async function makeNodes(
  count: number,
  validators: number = count,
  overrides: (index: number) => Partial<NetworkOptions> = () => ({}),
): Promise<SocketNetwork[]> {
  return Promise.all(
    Array.from({ length: count }, (_, index) =>
      createNetwork(nodeOptions(index, validators, overrides(index))),
    ),
  );
}

/** Waits for a condition by polling; the one place where tests wait. */
export async function until(
  what: string,
  condition: () => boolean,
  timeoutMs = 10_000,
): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Starts the nodes and connects each with those before it. */
export async function startMesh(nodes: readonly SocketNetwork[]): Promise<void> {
  for (const [index, node] of nodes.entries()) {
    await node.start();
    for (const earlier of nodes.slice(0, index))
      node.addStaticPeer(earlier.self.addresses()[0] as string);
  }
  await until('full mesh', () =>
    nodes.every((node) => node.peers.list().length === nodes.length - 1),
  );
}

export const stopAll = async (nodes: readonly SocketNetwork[]): Promise<void> => {
  await Promise.all(nodes.map((node) => node.stop()));
};
