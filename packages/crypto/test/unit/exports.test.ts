import { readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

/** The values that each entry point exports; types are not seen here. */
const frozen: Readonly<Record<string, string>> = {
  '.': 'CryptoError MerkleFrontier MerkleTree accountId activeSuites addressOfKey addressOfPolicy domainTags formatAddress hash160 installSuites isSuiteId merkleRoot parseAddress pureSuites sha256 sha512 shake128 suiteIds suiteInfo suiteOf tagBytes taggedHash tryParseAddress verifyConsistency verifyInclusion verifySignature',
  './address':
    'accountId addressHashBytes addressOfKey addressOfPolicy decodeAddress formatAddress isAddressVersion parseAddress policyVersion sortPolicyKeys tryParseAddress versionOfSuite',
  './constant-time': 'equalConstantTime',
  './derivation': 'coinType deriveNode deriveSuiteSeed formatKeyPath hkdfSha512',
  './errors': 'CryptoError cryptoErrors',
  './hash':
    'domainTags hash160 hash160Bytes hashBackendName hashBytes sha256 sha512 sha512Of shake128 tagBytes tagBytesLength taggedHash',
  './keystore':
    'changePassphrase createKeystore defaultKeystoreParameters openKeystore readKeystoreInfo',
  './limits': 'limits',
  './locked-memory': 'allocateLocked lockSecret probeLockedMemory',
  './merkle':
    'MerkleFrontier MerkleTree emptyRoot leafHash merkleRoot nodeHash verifyConsistency verifyInclusion',
  './mnemonic':
    'entropyOfMnemonic generateMnemonic mnemonicLanguages mnemonicOfEntropy mnemonicWords parseMnemonic seedOfMnemonic',
  './native': 'installNative mlDsaKeyCacheStats nativeCandidates nativeSuites',
  './pool': 'VerificationPool allValid isValid',
  './secret': 'Secret SecretBytes wipe',
  './suites':
    'activeSuites installSuites isSuiteId pureSuites suiteIds suiteInfo suiteOf verifySignature',
};

const manifest = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as { exports: Record<string, string | { readonly '@mxd/source': string }> };

const entries = Object.entries(manifest.exports).filter(
  (entry): entry is [string, { readonly '@mxd/source': string }] => typeof entry[1] === 'object',
);

test.each(entries)('%s exports what it did', async (name, target) => {
  const module: object = await import(
    new URL(`../../${target['@mxd/source']}`, import.meta.url).href
  );
  expect(Object.keys(module).toSorted().join(' ')).toBe(frozen[name]);
});

test('no entry point is missing or too many', () => {
  expect(entries.map(([name]) => name).toSorted()).toEqual(Object.keys(frozen).toSorted());
});
