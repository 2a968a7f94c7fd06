/** Trust that starts at genesis. */
import { equalBytes, isZeroBytes } from '@mxd/codec';
import { merkleRoot } from '@mxd/crypto/merkle';
import { blockHashOf, noSystemRecords, sysRootOf, type Header } from '@mxd/protocol/block';
import { verifyGenesis, type VerifySignature } from '@mxd/protocol/checks';
import { chainTagOf, type Genesis } from '@mxd/protocol/genesis';
import { powerMode } from '@mxd/protocol/parameters';
import { keyOf } from '@mxd/protocol/primitives';
import { tableHash, type Table } from '@mxd/protocol/table';

import { badCheckpoint, verifyConsensus, type Checkpoint } from './checkpoint.ts';

/** What execution makes of a genesis document: `genesisValidatorState` of `@mxd/ledger`. */
export interface GenesisResult {
  readonly header: Header;
  readonly table: Table;
}

/** Whether the first table gives the members the stake and power of the document, and no others. */
function tableProblem({ document }: Genesis, table: Table): string | undefined {
  const { members, parameters } = document;
  const byId = new Map(members.map((member) => [keyOf(member.id), member]));
  const total = members.reduce((sum, { stake }) => sum + stake, 0n);
  if (table.epoch !== 1 || table.entries.length !== members.length) return 'is of other members';
  for (const { id, consensusKey, stake, power } of table.entries) {
    const member = byId.get(keyOf(id));
    if (member === undefined || !equalBytes(member.consensusKey, consensusKey)) {
      return 'is of other members';
    }
    // docs/protocol/rsc.md, "Power"
    const equal = parameters.powerMode === powerMode.equal || total === 0n;
    const share = equal ? 1 : Math.max(1, Number((member.stake * 1_000_000n) / total));
    if (stake !== member.stake || power !== share) return 'gives other stake or power';
  }
  return undefined;
}

function headerProblem({ document }: Genesis, header: Header, table: Table): string | undefined {
  const supply =
    document.allocations.reduce((sum, { amount }) => sum + amount, 0n) +
    document.members.reduce((sum, { stake }) => sum + stake, 0n);
  const zeros = [header.parentHash, header.validationRoot, header.proposerId];
  const numbers = [
    header.epoch,
    header.view,
    header.parentView,
    header.height,
    header.txCount,
    Number(header.tipTotal),
  ];
  const same =
    header.version === 1 &&
    header.networkId === document.networkId &&
    header.timestampMs === document.genesisTimeMs &&
    header.totalSupply === supply &&
    numbers.every((value) => value === 0) &&
    zeros.every(isZeroBytes) &&
    equalBytes(header.txRoot, merkleRoot([])) &&
    equalBytes(header.sysRoot, sysRootOf(noSystemRecords)) &&
    equalBytes(header.nextTableHash, tableHash(table));
  return same ? undefined : 'is not the one of the document';
}

/**
 * The checkpoint at the start of a chain. Members must have signed the document; table and header
 * come from executing it, and all but the application root is checked against the document again.
 * A wrong application root or order of the table can only make later proofs fail, never pass: every
 * vote is signed for this chain tag by keys whose power is checked here.
 * @throws ClientError CLIENT_CHECKPOINT.
 */
export function checkpointOfGenesis(
  genesis: Genesis,
  { header, table }: GenesisResult,
  verify: VerifySignature = verifyConsensus,
): Checkpoint {
  const verdict = verifyGenesis(genesis, verify);
  if (!verdict.ok) throw badCheckpoint(verdict.reason);
  const inTable = tableProblem(genesis, table);
  if (inTable !== undefined) throw badCheckpoint(`the first table ${inTable}`);
  const inHeader = headerProblem(genesis, header, table);
  if (inHeader !== undefined) throw badCheckpoint(`the genesis header ${inHeader}`);
  const { document } = genesis;
  return {
    chainTag: chainTagOf(document),
    networkId: document.networkId,
    network: document.testNetwork === 1 ? 'test' : 'main',
    epochLength: document.parameters.epochLength,
    leaderMode: document.parameters.leaderMode,
    anchorHash: blockHashOf(header),
    table,
  };
}
