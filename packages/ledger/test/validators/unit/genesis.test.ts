import { taggedHash } from '@mxd/crypto/hash';
import { blockHashOf, sysRootOf } from '@mxd/protocol/block';
import { chainTagOf, genesisDocumentCodec } from '@mxd/protocol/genesis';
import { keyOf } from '@mxd/protocol/primitives';
import { tableHash } from '@mxd/protocol/table';
import { sha512 } from '@mxd/crypto/hash';
import { describe, expect, test } from 'vitest';

import {
  applicationRoot,
  bondedOf,
  bondedTotal,
  chainConstants,
  currentTable,
  epochOf,
  genesisOutputs,
  genesisValidatorState,
  governance,
  registryEntry,
  validatorSets,
} from '../../../src/validators/index.ts';
import { documentOf, people, person } from '../fixture.ts';

const zeros = new Uint8Array(64);
const digest = new Uint8Array(64).fill(5);
const members = people(3).map((who, i) => ({ ...who, stake: BigInt(i) * 1_000_000n }));
const document = documentOf(members, { free: 7_000_000n });
const { state, table, header, hash } = genesisValidatorState(document, digest);

describe('genesis', () => {
  test('outputs: allocations, then stakes; nothing for an amount of 0', () => {
    const outputs = genesisOutputs(document);
    const txid = taggedHash('RSC1GALL', genesisDocumentCodec.encode(document));
    expect(outputs.map(({ index, amount, bondedTo }) => [index, amount, bondedTo])).toStrictEqual([
      [0, 7_000_000n, undefined],
      [1, 1_000_000n, members[1]!.id],
      [2, 2_000_000n, members[2]!.id],
    ]);
    for (const output of outputs) expect(output.txid).toStrictEqual(txid);
    // The address of an Ed25519 account has the hash that is its id.
    expect(outputs[1]!.owner).toStrictEqual({ version: 0x32, hash: members[1]!.id });
    const hybrid = genesisOutputs(documentOf([person('h', 3), person('q', 2)], { free: 0n }));
    expect(
      new Set(hybrid.map(({ owner }) => [owner.version, owner.hash.length].join())),
    ).toStrictEqual(new Set(['51,20', '52,32']));
  });

  test('state', () => {
    expect(state.totals).toStrictEqual({ totalSupply: 10_000_000n, tipCarry: 0n });
    expect(bondedTotal(state)).toBe(3_000_000n);
    expect(bondedOf(state, members[0]!.id)).toBe(0n);
    expect(state.bonded.size).toBe(2);
    expect(epochOf(state)).toBe(1);
    expect(registryEntry(state, members[0]!.id)).toMatchObject({
      lastSeq: 0,
      lastRecordEpoch: 0,
      blacklistedUntil: 0,
      lastEvidenceHeight: 0,
    });
    expect(state.metrics.size).toBe(3);
    expect(governance(state).parameters).toStrictEqual(document.parameters);
  });

  test('the key chain, member by member', () => {
    let chain = zeros as Uint8Array;
    for (const { consensusKey } of document.members) {
      chain = sha512(
        Buffer.concat([Buffer.from('RSC1APPS'), Uint8Array.of(4), chain, consensusKey]),
      );
    }
    expect(state.keys.chain).toStrictEqual(chain);
  });

  test('first table', () => {
    expect(table).toBe(currentTable(state));
    expect(table.epoch).toBe(1);
    // 2.14 with latency 500 and participation 10000: 9600 with the largest stake; half of it 8100.
    expect(table.entries.map(({ stake, score, power }) => [stake, score, power])).toStrictEqual([
      [2_000_000n, 9_600, 666_666],
      [1_000_000n, 8_100, 333_333],
      [0n, 6_600, 1],
    ]);
    for (const entry of table.entries) {
      expect(entry).toMatchObject({
        newMember: true,
        tipEligible: true,
        latencyMs: 500,
        participationBp: 10_000,
        consecutiveMisses: 0,
      });
    }
  });

  test('listed ids are the members and those of the document, ascending', () => {
    const extra = [person('x').id, members[0]!.id];
    const listed = genesisValidatorState(documentOf(members, { listed: extra }), digest).state.chain
      .genesisGovernance.listed;
    const expected = [...new Set([...members.map((who) => who.id), ...extra].map(keyOf))];
    expect(listed.map(keyOf)).toStrictEqual(expected.toSorted());
  });

  test('block 0, whose hash is the anchor of epoch 1', () => {
    expect(header).toStrictEqual({
      version: 1,
      networkId: 7_979,
      epoch: 0,
      view: 0,
      parentView: 0,
      height: 0,
      timestampMs: 1_700_000_000_000,
      proposerId: new Uint8Array(20),
      parentHash: zeros,
      validationRoot: zeros,
      txRoot: sha512(new Uint8Array()),
      sysRoot: sysRootOf(new Uint8Array(2)),
      appRoot: applicationRoot(state, digest),
      nextTableHash: tableHash(table),
      txCount: 0,
      tipTotal: 0n,
      totalSupply: 10_000_000n,
    });
    expect(hash).toStrictEqual(blockHashOf(header));
    expect(state.chain.genesisHash).toStrictEqual(hash);
    expect(validatorSets(state).map((set) => [set.epoch, set.anchorHash])).toStrictEqual([
      [1, hash],
    ]);
    expect(chainConstants(document, hash)).toStrictEqual(state.chain);
    expect(state.chain.chainTag).toStrictEqual(chainTagOf(document));
    const other = genesisValidatorState(document, zeros);
    expect(other.hash).not.toStrictEqual(hash);
  });
});
