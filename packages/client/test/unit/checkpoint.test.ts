import { installNative } from '@mxd/crypto/native';
import { suiteOf } from '@mxd/crypto/suites';
import { genesisValidatorState } from '@mxd/ledger/validators';
import {
  genesisPossessionMessage,
  genesisSigningMessage,
  validatorIdOf,
  type Genesis,
  type GenesisDocument,
} from '@mxd/protocol/genesis';
import { defaultParameters } from '@mxd/protocol/parameters';
import { describe, expect, test } from 'vitest';

import { checkpointOfGenesis } from '../../src/genesis.ts';
import { formatCheckpoint, parseCheckpoint } from '../../src/index.ts';
import { TestChain } from '../chain.ts';
import type { Json } from '../json.ts';

installNative();

const codeOf = (body: () => unknown): string => {
  try {
    body();
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
  return 'none';
};

describe('checkpoint files', () => {
  const { checkpoint } = new TestChain();
  test('come back as they were', () => {
    expect(parseCheckpoint(formatCheckpoint(checkpoint))).toEqual(checkpoint);
  });
  const changes: readonly (readonly [string, (json: Json) => void])[] = [
    ['another format', (j) => (j.format = 'x')],
    ['another version', (j) => (j.version = 2)],
    ['another table', (j) => (j.tableHash = '00'.repeat(64))],
    ['a damaged table', (j) => (j.table = j.table.slice(2))],
    ['another epoch', (j) => (j.epoch = 9)],
    ['a short hash', (j) => (j.anchorHash = '00')],
    ['no hex', (j) => (j.chainTag = 'zz')],
    ['an unknown network', (j) => (j.network = 'moon')],
    ['an unknown schedule', (j) => (j.leaderMode = 7)],
    ['epochs of no length', (j) => (j.epochLength = 0)],
    ['a network in parts', (j) => (j.networkId = 0.5)],
  ];
  test.each(changes)('with %s are refused', (_, change) => {
    const json = JSON.parse(formatCheckpoint(checkpoint));
    change(json);
    expect(codeOf(() => parseCheckpoint(JSON.stringify(json)))).toBe('CLIENT_CHECKPOINT');
  });
  test('text that is no JSON is refused', () => {
    for (const text of ['', '7', 'null']) {
      expect(codeOf(() => parseCheckpoint(text))).toBe('CLIENT_CHECKPOINT');
    }
  });
});

describe('genesis', () => {
  const suite = suiteOf(1);
  const seeds = [1, 2, 3, 4].map((fill) => new Uint8Array(32).fill(fill));
  const members = seeds
    .map((seed, i) => {
      const accountKey = suite.publicKeyOf(new Uint8Array(32).fill(90 + i));
      const id = validatorIdOf(1, accountKey);
      const consensusKey = suite.publicKeyOf(seed);
      const possession = genesisPossessionMessage(9, id, consensusKey);
      return {
        seed,
        member: {
          id,
          accountSuite: 1 as const,
          accountKey,
          consensusKey,
          stake: BigInt(i + 1) * 1_000_000n,
          possessionSignature: suite.sign(seed, possession),
        },
      };
    })
    .toSorted((a, b) => Buffer.compare(a.member.id, b.member.id));
  const document: GenesisDocument = {
    networkId: 9,
    testNetwork: 1,
    attempt: 0,
    genesisTimeMs: 1_000,
    parameters: defaultParameters,
    allocations: [{ owner: { version: 0x32, hash: new Uint8Array(20) }, amount: 5_000n }],
    members: members.map(({ member }) => member),
    listed: [],
  };
  const sign = (signed: GenesisDocument): Genesis => ({
    document: signed,
    signatures: members.map(({ seed }) => suite.sign(seed, genesisSigningMessage(signed))),
  });
  const genesis = sign(document);
  const state = genesisValidatorState(document, new Uint8Array(64).fill(1));

  test('leads to a checkpoint of epoch 1', () => {
    const checkpoint = checkpointOfGenesis(genesis, state);
    expect(checkpoint.table).toEqual(state.table);
    expect(checkpoint.anchorHash).toEqual(state.hash);
    expect(checkpoint.network).toBe('test');
    expect(parseCheckpoint(formatCheckpoint(checkpoint))).toEqual(checkpoint);
    const main = sign({ ...document, testNetwork: 0 });
    const executed = genesisValidatorState(main.document, new Uint8Array(64));
    expect(checkpointOfGenesis(main, executed).network).toBe('main');
  });

  const { header, table } = state;
  const [first] = table.entries as [(typeof table.entries)[number]];
  const withFirst = (changes: Partial<typeof first>) => ({
    header,
    table: { ...table, entries: [{ ...first, ...changes }, ...table.entries.slice(1)] },
  });
  test.each([
    ['more power', withFirst({ power: first.power + 1 })],
    ['more stake', withFirst({ stake: first.stake + 1n })],
    ['another key', withFirst({ consensusKey: new Uint8Array(32) })],
    ['another member', withFirst({ id: new Uint8Array(20) })],
    ['another order', { header, table: { ...table, entries: table.entries.toReversed() } }],
    ['another epoch', { header, table: { ...table, epoch: 2 } }],
    ['fewer members', { header, table: { ...table, entries: table.entries.slice(1) } }],
    ['another time', { table, header: { ...header, timestampMs: 5 } }],
    ['another supply', { table, header: { ...header, totalSupply: 5n } }],
    ['a height', { table, header: { ...header, height: 1 } }],
    ['a parent', { table, header: { ...header, parentHash: new Uint8Array(64).fill(1) } }],
    ['another network', { table, header: { ...header, networkId: 1 } }],
  ])('a result with %s is refused', (_, result) => {
    expect(codeOf(() => checkpointOfGenesis(genesis, result))).toBe('CLIENT_CHECKPOINT');
  });

  test('a document that its members have not signed is refused', () => {
    const unsigned = { document, signatures: genesis.signatures.toReversed() };
    expect(codeOf(() => checkpointOfGenesis(unsigned, state))).toBe('CLIENT_CHECKPOINT');
  });
});
