import { concatBytes } from '@mxd/codec';
import { hash160, sha512, shake128 } from '@mxd/crypto/hash';
import { suiteInfo, type SuiteId } from '@mxd/crypto/suites';
import { type GenesisDocument, type GenesisMember } from '@mxd/protocol/genesis';
import { defaultParameters, type ChainParameters } from '@mxd/protocol/parameters';
import { keyOf, type BlockHash, type ValidatorId } from '@mxd/protocol/primitives';
import {
  accountMessage,
  latencyMessage,
  noSample,
  possessionMessage,
  type EvidenceRecord,
  type JoinRecord,
  type LatencyRecord,
  type LeaveRecord,
  type RotateRecord,
  type SignalRecord,
} from '@mxd/protocol/system-records';
import { previousValidatorId, type ValidatorSet } from '@mxd/protocol/checks';
import { voteSigningMessage, type Vote, type VoteContent } from '@mxd/protocol/vote';

import {
  currentTable,
  epochOf,
  genesisValidatorState,
  validatorSetOf,
  type RecordContext,
  type ValidatorState,
  type VerifySuiteSignature,
} from '../../src/validators/index.ts';

/** A stand-in for signatures: whoever knows a public key can make them, and no other fits. */
export const fakeSign = (suite: SuiteId, publicKey: Uint8Array, message: Uint8Array): Uint8Array =>
  shake128(sha512(concatBytes(publicKey, message)), suiteInfo[suite].signatureBytes);

export const fakeVerify: VerifySuiteSignature = (suite, publicKey, message, signature) =>
  Buffer.compare(fakeSign(suite, publicKey, message), signature) === 0;

const seed = (name: string): Uint8Array => sha512(new TextEncoder().encode(name));

/** Everything public about a named validator. */
export interface Person {
  readonly name: string;
  readonly suite: SuiteId;
  readonly id: ValidatorId;
  readonly accountKey: Uint8Array;
  readonly consensusKey: Uint8Array;
}

export function person(name: string, suite: SuiteId = 1): Person {
  const accountKey = shake128(seed(`account ${name}`), suiteInfo[suite].publicKeyBytes);
  const id = hash160(concatBytes(Uint8Array.of(suite), accountKey));
  return { name, suite, id, accountKey, consensusKey: keyNamed(name) };
}

/** A consensus key of this name. */
export const keyNamed = (name: string): Uint8Array => shake128(seed(`vote ${name}`), 32);

/** Names a, b, c ... of the first `count` people, by ascending id. */
export function people(count: number): readonly Person[] {
  return Array.from({ length: count }, (_, i) => person(`member ${i}`)).toSorted((a, b) =>
    keyOf(a.id) < keyOf(b.id) ? -1 : 1,
  );
}

export const parametersOf = (changes: Partial<ChainParameters> = {}): ChainParameters => ({
  ...defaultParameters,
  epochLength: 16,
  ...changes,
});

export function documentOf(
  members: readonly (Person & { readonly stake?: bigint })[],
  options: {
    readonly parameters?: Partial<ChainParameters>;
    readonly free?: bigint;
    readonly listed?: readonly ValidatorId[];
  } = {},
): GenesisDocument {
  const { free = 1_000_000n } = options;
  const member = (one: Person & { readonly stake?: bigint }): GenesisMember => ({
    id: one.id,
    accountSuite: one.suite,
    accountKey: one.accountKey,
    consensusKey: one.consensusKey,
    stake: one.stake ?? 1_000_000n,
    possessionSignature: new Uint8Array(64),
  });
  return {
    networkId: 7_979,
    testNetwork: 1,
    attempt: 0,
    genesisTimeMs: 1_700_000_000_000,
    parameters: parametersOf(options.parameters),
    allocations:
      free === 0n ? [] : [{ owner: { version: 0x32, hash: new Uint8Array(20) }, amount: free }],
    members: members.map(member).toSorted((a, b) => (keyOf(a.id) < keyOf(b.id) ? -1 : 1)),
    listed: [...(options.listed ?? [])].toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)),
  };
}

/** The state of a chain at its genesis; the unspent set has a digest of zeros. */
export const genesisOf = (
  ...given: Parameters<typeof documentOf>
): ReturnType<typeof genesisValidatorState> =>
  genesisValidatorState(documentOf(...given), new Uint8Array(64));

/** The hash that this fixture gives the block at a height. */
export const hashAt = (height: number): BlockHash => seed(`block ${height}`);

export const contextAt = (height: number, changes: Partial<RecordContext> = {}): RecordContext => ({
  height,
  ancestorHash: (ancestor) => (ancestor < height ? hashAt(ancestor) : undefined),
  verify: fakeVerify,
  ...changes,
});

type Without<Record, Field extends string> = Partial<Omit<Record, 'type' | Field>>;

export function joinOf(
  state: ValidatorState,
  who: Person,
  changes: Without<JoinRecord, 'possessionSignature' | 'accountSignature'> = {},
): JoinRecord {
  const { chainTag } = state.chain;
  const bare: JoinRecord = {
    type: 1,
    id: who.id,
    accountSuite: who.suite,
    accountKey: who.accountKey,
    consensusKey: who.consensusKey,
    seq: 1,
    expiryEpoch: epochOf(state) + 3,
    recentHeight: 0,
    recentHash: hashAt(0),
    possessionSignature: new Uint8Array(64),
    accountSignature: new Uint8Array(suiteInfo[who.suite].signatureBytes),
    ...changes,
  };
  const possessionSignature = fakeSign(1, bare.consensusKey, possessionMessage(chainTag, bare));
  const proven = { ...bare, possessionSignature };
  const message = accountMessage(chainTag, proven);
  return { ...proven, accountSignature: fakeSign(who.suite, who.accountKey, message) };
}

export function leaveOf(
  state: ValidatorState,
  who: Person,
  changes: Without<LeaveRecord, 'accountSignature'> = {},
): LeaveRecord {
  const bare: LeaveRecord = {
    type: 2,
    id: who.id,
    seq: 1,
    expiryEpoch: epochOf(state) + 3,
    accountSignature: new Uint8Array(suiteInfo[who.suite].signatureBytes),
    ...changes,
  };
  const message = accountMessage(state.chain.chainTag, bare);
  return { ...bare, accountSignature: fakeSign(who.suite, who.accountKey, message) };
}

export function rotateOf(
  state: ValidatorState,
  who: Person,
  newConsensusKey: Uint8Array,
  changes: Without<RotateRecord, 'accountSignature' | 'possessionSignature'> = {},
): RotateRecord {
  const { chainTag } = state.chain;
  const bare: RotateRecord = {
    type: 3,
    id: who.id,
    newConsensusKey,
    seq: 1,
    expiryEpoch: epochOf(state) + 3,
    possessionSignature: new Uint8Array(64),
    accountSignature: new Uint8Array(suiteInfo[who.suite].signatureBytes),
    ...changes,
  };
  const possessionSignature = fakeSign(1, bare.newConsensusKey, possessionMessage(chainTag, bare));
  const proven = { ...bare, possessionSignature };
  const message = accountMessage(chainTag, proven);
  return { ...proven, accountSignature: fakeSign(who.suite, who.accountKey, message) };
}

export function signalOf(
  state: ValidatorState,
  who: Person,
  change: Uint8Array,
  changes: Without<SignalRecord, 'accountSignature' | 'change'> = {},
): SignalRecord {
  const bare: SignalRecord = {
    type: 6,
    id: who.id,
    seq: 1,
    expiryEpoch: epochOf(state) + 3,
    protocolVersion: 1,
    change,
    accountSignature: new Uint8Array(suiteInfo[who.suite].signatureBytes),
    ...changes,
  };
  const message = accountMessage(state.chain.chainTag, bare);
  return { ...bare, accountSignature: fakeSign(who.suite, who.accountKey, message) };
}

/** A vote by the key that the set has at the signer index. */
export function voteOf(
  set: ValidatorSet,
  signerIndex: number,
  content: Partial<VoteContent> = {},
): Vote {
  const bare = {
    kind: 1,
    epoch: set.epoch,
    view: 5,
    timestampMs: content.kind === 2 ? 0 : 1_700_000_000_500,
    blockHash: content.kind === 2 ? new Uint8Array(64) : new Uint8Array(64).fill(1),
    ...content,
  } as const;
  const publicKey = set.table.entries[signerIndex]!.consensusKey;
  const previous = previousValidatorId(set, bare.view, signerIndex);
  const message = voteSigningMessage(set.chainTag, bare, previous);
  return { ...bare, signerIndex, signature: fakeSign(1, publicKey, message) };
}

/** Two notarizations of one view by the validator at an index of the table of an epoch. */
export function evidenceOf(
  state: ValidatorState,
  signerIndex: number,
  epoch: number = epochOf(state),
  view = 5,
): EvidenceRecord {
  const set = validatorSetOf(state, epoch)!;
  return {
    type: 4,
    voteA: voteOf(set, signerIndex, { view, blockHash: new Uint8Array(64).fill(1) }),
    voteB: voteOf(set, signerIndex, { view, blockHash: new Uint8Array(64).fill(2) }),
    signerId: set.table.entries[signerIndex]!.id,
  };
}

/** A report in which everybody but the reporter has the same values. */
export function reportOf(
  state: ValidatorState,
  reporterIndex: number,
  value: { readonly latencyMs: number; readonly participationBp: number } = {
    latencyMs: 80,
    participationBp: 9_900,
  },
  changes: Without<LatencyRecord, 'signature'> = {},
): LatencyRecord {
  const table = currentTable(state);
  const none = { latencyMs: noSample, participationBp: noSample };
  const bare: LatencyRecord = {
    type: 5,
    epoch: epochOf(state),
    reporterIndex,
    samples: table.entries.map((_, i) => (i === reporterIndex ? none : value)),
    signature: new Uint8Array(64),
    ...changes,
  };
  const publicKey = table.entries[reporterIndex]?.consensusKey ?? new Uint8Array(32);
  const message = latencyMessage(state.chain.chainTag, bare);
  return { ...bare, signature: fakeSign(1, publicKey, message) };
}

/** Table index of a person in the table in force. */
export const indexOf = (state: ValidatorState, who: Person): number =>
  currentTable(state).entries.findIndex((entry) => keyOf(entry.id) === keyOf(who.id));

/** The names' ids as hex, in the order of the table in force. */
export const seats = (state: ValidatorState): readonly string[] =>
  currentTable(state).entries.map((entry) => keyOf(entry.id));
