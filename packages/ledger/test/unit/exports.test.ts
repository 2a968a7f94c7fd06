import { readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

/** The values that each entry point exports; types are not seen here. */
const frozen: Readonly<Record<string, string>> = {
  '.': 'ChainReader Ledger LedgerError Mempool ledgerBuckets ledgerErrors ledgerSchema outpointKeyOf outpointOf poolChainOf',
  './buckets':
    'buckets headCodec heightCodec identityCodec layoutVersion ledgerBuckets ledgerSchema metaKey storedHeaderCodec',
  './errors': 'LedgerError broken ledgerErrors passed',
  './lattice-hash': 'LatticeHash latticeBytes',
  './limits': 'limits',
  './maintenance': 'auditLedger replay',
  './mempool': 'Mempool defaultRates',
  './outputs':
    'binaryBytes binaryText commitmentElement outpointBytes outpointKeyOf outpointOf outputKey outputMemoryBytes ownerText plainLock unspentOutputCodec writeBinaryText',
  './rules':
    'checkSpending checkStateless checkWindow lockOfOutput ownsOutput prepareKnown prepareTransaction signatureChecks unbondSpendableFrom',
  './snapshot':
    'StateExport StateImport chunkHash chunkTree followEpochs manifestCodec snapshotId snapshotVersion',
  './testing':
    'World addressVersion certify contextOn craftBlock defaultGenesisTime finalizationOf genesisOutputs genesisTxid key makeGenesis makeTransaction openLedger policyOf suites verifyHere',
};

const manifest = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as { exports: Record<string, string | { readonly '@mxd/source': string }> };

// The entry `./validators` has a list of its own beside its tests.
const entries = Object.entries(manifest.exports).filter(
  (entry): entry is [string, { readonly '@mxd/source': string }] =>
    typeof entry[1] === 'object' && entry[0] !== './validators',
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
