import { addressOfKey } from '@mxd/crypto/address';
import { taggedHash } from '@mxd/crypto/hash';
import { merkleRoot } from '@mxd/crypto/merkle';
import { blockHashOf, noSystemRecords, sysRootOf, type Header } from '@mxd/protocol/block';
import { type Governance } from '@mxd/protocol/changes';
import { chainTagOf, genesisDocumentCodec, type GenesisDocument } from '@mxd/protocol/genesis';
import { keyOf, zeroHash, zeroId, type BlockHash, type Digest } from '@mxd/protocol/primitives';
import { tableHash, type Table } from '@mxd/protocol/table';

import { noKeys, registerKey } from './keys.ts';
import { rank } from './next-table.ts';
import { emptyMap, mapFromSorted } from './ordered-map.ts';
import { unmeasured } from './scores.ts';
import { applicationRoot } from './sections.ts';
import { type ChainConstants, type GenesisOutput, type ValidatorState } from './types.ts';

/**
 * The outputs that exist from the start: allocations, then the members' stakes, numbered from 0. An
 * amount of 0 makes no output (decision 0060).
 */
export function genesisOutputs(document: GenesisDocument): readonly GenesisOutput[] {
  const txid = taggedHash('RSC1GALL', genesisDocumentCodec.encode(document));
  const plain = document.allocations.map(({ owner, amount }) => ({
    owner,
    amount,
    bondedTo: undefined,
  }));
  const stakes = document.members.map(({ id, accountSuite, accountKey, stake }) => ({
    owner: addressOfKey(accountSuite, accountKey),
    amount: stake,
    bondedTo: id,
  }));
  return [...plain, ...stakes]
    .filter(({ amount }) => amount > 0n)
    .map((output, index) => ({ txid, index, ...output }));
}

function genesisGovernance({ parameters, members, listed }: GenesisDocument): Governance {
  const admitted = new Map(
    [...members.map(({ id }) => id), ...listed].map((id) => [keyOf(id), id]),
  );
  const sorted = [...admitted].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return { parameters, listed: sorted.map(([, id]) => id) };
}

function firstTable({ members, parameters }: GenesisDocument): Table {
  const candidates = members.map(({ id, consensusKey, stake }) => ({
    id,
    consensusKey,
    stake,
    ...unmeasured,
    proposed: 0,
    missed: 0,
    consecutiveMisses: 0,
    newMember: true,
  }));
  return { epoch: 1, entries: rank(candidates, parameters) };
}

function firstState(
  document: GenesisDocument,
  chain: ChainConstants,
  table: Table,
): ValidatorState {
  const { members } = document;
  const totalSupply = genesisOutputs(document).reduce((sum, { amount }) => sum + amount, 0n);
  const never = { lastSeq: 0, lastRecordEpoch: 0, blacklistedUntil: 0, lastEvidenceHeight: 0 };
  const noCounts = { proposed: 0, missed: 0, consecutiveMisses: 0 };
  return {
    chain,
    totals: { totalSupply, tipCarry: 0n },
    registry: mapFromSorted(
      members.map(({ id, accountSuite, accountKey }) => [
        keyOf(id),
        { id, accountSuite, accountKey, ...never },
      ]),
    ),
    keys: members.reduce((keys, member) => registerKey(keys, member.consensusKey), noKeys()),
    bonded: mapFromSorted(
      members
        .filter(({ stake }) => stake > 0n)
        .map(({ id, stake }) => [keyOf(id), { id, amount: stake }]),
    ),
    queue: [],
    metrics: mapFromSorted(members.map(({ id }) => [keyOf(id), { id, ...noCounts }])),
    latencyReports: [],
    evidence: emptyMap(),
    epochs: [{ epoch: 1, anchorHash: zeroHash, table }],
    accruals: emptyMap(),
    upgrades: { protocolVersion: 1, changes: [], signals: emptyMap(), scheduled: undefined },
  };
}

/** The state, first table and block of a chain. */
export interface GenesisState {
  readonly state: ValidatorState;
  readonly table: Table;
  readonly header: Header;
  readonly hash: BlockHash;
}

/**
 * The state before the first block and the genesis block (rule B2). `outputsDigest` is the digest of
 * the unspent set that holds `genesisOutputs(document)`. The document is one that
 * `genesisDocumentCodec` accepts and `verifyGenesis` has checked.
 */
export function genesisValidatorState(
  document: GenesisDocument,
  outputsDigest: Digest,
  contractsRoot: Digest = zeroHash,
): GenesisState {
  const table = firstTable(document);
  const chain: ChainConstants = {
    networkId: document.networkId,
    chainTag: chainTagOf(document),
    genesisHash: zeroHash,
    genesisGovernance: genesisGovernance(document),
  };
  const unsealed = firstState(document, chain, table);
  const header: Header = {
    version: 1,
    networkId: document.networkId,
    epoch: 0,
    view: 0,
    parentView: 0,
    height: 0,
    timestampMs: document.genesisTimeMs,
    proposerId: zeroId,
    parentHash: zeroHash,
    validationRoot: zeroHash,
    txRoot: merkleRoot([]),
    sysRoot: sysRootOf(noSystemRecords),
    appRoot: applicationRoot(unsealed, outputsDigest, contractsRoot),
    nextTableHash: tableHash(table),
    txCount: 0,
    tipTotal: 0n,
    totalSupply: unsealed.totals.totalSupply,
  };
  const hash = blockHashOf(header);
  const state = { ...unsealed, chain: { ...chain, genesisHash: hash } };
  return { state, table, header, hash };
}

/** What snapshots and restarts need beside the sections. `genesisHash` is the hash of block 0. */
export function chainConstants(document: GenesisDocument, genesisHash: BlockHash): ChainConstants {
  return {
    networkId: document.networkId,
    chainTag: chainTagOf(document),
    genesisHash,
    genesisGovernance: genesisGovernance(document),
  };
}
