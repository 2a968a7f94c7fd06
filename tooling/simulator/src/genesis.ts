import { genesisValidatorState } from '@mxd/ledger/validators';
import { type GenesisDocument, type Header, type Table } from '@mxd/protocol';
import { chainTagOf, genesisPossessionMessage } from '@mxd/protocol/genesis';
import { defaultParameters, type ChainParameters } from '@mxd/protocol/parameters';
import { keyOf, zeroHash } from '@mxd/protocol/primitives';
import { addressOfKey } from '@mxd/crypto/address';

import { type CheapGenesis } from './cheap-application.ts';
import { type RunConfig } from './config.ts';
import { type Identity } from './keys.ts';

/** Base units of a coin. */
export const coin = 100_000_000n;
export const networkId = 7_979;
export const genesisTimeMs = 1_700_000_000_000;

export function parametersOf(config: RunConfig): ChainParameters {
  return {
    ...defaultParameters,
    epochLength: config.epochLength,
    powerMode: config.powerMode,
    leaderMode: config.leaderMode,
    joinPolicy: config.powerMode === 0 ? 1 : config.joinPolicy,
    blacklistBlocks: config.blacklistBlocks,
    minValidators: config.minValidators,
    minStakePpm: config.minStakePpm,
    dustLimit: 10n,
  };
}

/** The genesis of a run: its first `n` identities, with as much again in plain outputs. */
export function documentOf(config: RunConfig, identities: readonly Identity[]): GenesisDocument {
  const parameters = parametersOf(config);
  const stakes = config.stakes.slice(0, config.n);
  const total = stakes.reduce((sum, stake) => sum + stake, 0);
  const byId = (a: { id: Uint8Array }, b: { id: Uint8Array }): number =>
    keyOf(a.id) < keyOf(b.id) ? -1 : 1;
  const owner = addressOfKey(1, (identities[0] as Identity).account.publicKey);
  return {
    networkId,
    testNetwork: 1,
    attempt: 0,
    genesisTimeMs,
    parameters,
    allocations: [{ owner, amount: BigInt(Math.max(total, 1)) * coin }],
    members: identities
      .slice(0, config.n)
      .map((one, i) => ({
        id: one.id,
        accountSuite: one.suite,
        accountKey: one.account.publicKey,
        consensusKey: one.firstKey.publicKey,
        stake: BigInt(stakes[i] ?? 1) * coin,
        possessionSignature: one.firstKey.sign(
          genesisPossessionMessage(networkId, one.id, one.firstKey.publicKey),
        ),
      }))
      .sort(byId),
    listed:
      parameters.joinPolicy === 1
        ? identities
            .slice(config.n)
            .map((one) => one.id)
            .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
        : [],
  };
}

export interface SimGenesis extends CheapGenesis {
  readonly document: GenesisDocument;
  readonly chainTag: Uint8Array;
  readonly header: Header;
  readonly table: Table;
}

export function genesisOf(config: RunConfig, identities: readonly Identity[]): SimGenesis {
  const document = documentOf(config, identities);
  const { state, table, header, hash } = genesisValidatorState(document, zeroHash);
  return { document, chainTag: chainTagOf(document), state, table, header, hash };
}
