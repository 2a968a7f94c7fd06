import type { BenchmarkSuite, TimedBenchmark } from '../../../tooling/bench/src/harness.ts';
import { argon2id } from '../src/argon2.ts';
import { addressOfKey, formatAddress, parseAddress } from '../src/address.ts';
import { sha512, shake128, taggedHash } from '../src/hash.ts';
import { nobleHashes } from '../src/hash-backend.ts';
import { defaultKeystoreParameters } from '../src/keystore-format.ts';
import { merkleRoot, MerkleTree, verifyInclusion } from '../src/merkle.ts';
import { nodeEd25519 } from '../src/native-ed25519.ts';
import { nativeSuites } from '../src/native.ts';
import type { SignatureSuite } from '../src/suite-info.ts';
import { pureSuites, type SuiteId } from '../src/suites.ts';

const message = new Uint8Array(32).fill(0x6d);
const suites: Readonly<Record<SuiteId, string>> = { 1: 'ed25519', 2: 'ml-dsa-87', 3: 'hybrid' };

function signing(suite: SignatureSuite, name: string): TimedBenchmark[] {
  const seed = new Uint8Array(suite.seedBytes).fill(1);
  return [
    {
      name: `${name} sign`,
      unit: 'us/op',
      samples: 15,
      prepare: () => {
        const signer = suite.signer(seed);
        return () => signer.sign(message);
      },
    },
    {
      name: `${name} verify`,
      unit: 'us/op',
      samples: 15,
      prepare: () => {
        const publicKey = suite.publicKeyOf(seed);
        const signature = suite.sign(seed, message);
        return () => suite.verify(publicKey, message, signature);
      },
    },
  ];
}

const leaves = Array.from({ length: 5000 }, (_, i) => {
  const leaf = new Uint8Array(64);
  new DataView(leaf.buffer).setUint32(0, i);
  return leaf;
});
const data = new Uint8Array(102).fill(0xa5);

const suite: BenchmarkSuite = {
  name: 'crypto',
  benchmarks: [
    ...([1, 2, 3] as const).flatMap((id) => [
      ...signing(nativeSuites()[id], `${suites[id]} native`),
      ...signing(pureSuites[id], `${suites[id]} portable`),
    ]),
    ...signing(nodeEd25519, 'ed25519 node:crypto'),
    {
      name: 'tagged hash of 110 bytes, native against portable',
      compare: [
        { name: 'node:crypto', prepare: () => () => taggedHash('MXD5TXID', data) },
        { name: 'noble', prepare: () => () => nobleHashes.sha512(data) },
      ],
    },
    { name: 'sha512 of 110 bytes', unit: 'ns/op', prepare: () => () => sha512(data) },
    { name: 'shake128 to 2048 bytes', unit: 'us/op', prepare: () => () => shake128(data, 2048) },
    { name: 'merkle root of 5000 leaves', unit: 'ms/op', prepare: () => () => merkleRoot(leaves) },
    {
      name: 'merkle inclusion proof in 5000 leaves',
      unit: 'us/op',
      prepare: () => {
        const tree = MerkleTree.of(leaves);
        return () => tree.inclusionProof(1234);
      },
    },
    {
      name: 'merkle inclusion verified in 5000 leaves',
      unit: 'us/op',
      prepare: () => {
        const tree = MerkleTree.of(leaves);
        const [leaf] = leaves.slice(1234);
        const claim = {
          root: tree.root(),
          size: 5000,
          index: 1234,
          leaf: leaf ?? message,
          proof: tree.inclusionProof(1234),
        };
        return () => verifyInclusion(claim);
      },
    },
    {
      name: 'address formatted and parsed',
      unit: 'us/op',
      prepare: () => {
        const address = addressOfKey(1, message);
        return () => parseAddress(formatAddress(address, 'main'), 'main');
      },
    },
    {
      name: 'keystore key, Argon2id 64 MiB',
      unit: 'ms/op',
      samples: 7,
      prepare: () => () => argon2id(message, new Uint8Array(16), defaultKeystoreParameters, 32),
    },
  ],
};

export default suite;
