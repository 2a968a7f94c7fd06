import {
  bytes,
  bytesU16,
  compareBytes,
  list,
  refine,
  struct,
  u32,
  u53,
  u64,
  u8,
  Writer,
  type Codec,
} from '@mxd/codec';
import { hash160, tagBytes, taggedHash } from '@mxd/crypto/hash';
import { suiteInfo, type SuiteId } from '@mxd/crypto/suites';

import * as bounds from './bounds.ts';
import { parametersCodec, type ChainParameters } from './parameters.ts';
import {
  keyOf,
  validatorIdCodec,
  type Amount,
  type ChainTag,
  type Digest,
  type ValidatorId,
} from './primitives.ts';
import { consensusKeyBytes, isSuiteId, suiteIdCodec, voteSignatureBytes } from './suite-sizes.ts';
import { outputCodec, type TransactionOutput } from './transaction.ts';

/** A validator of the first epoch. */
export interface GenesisMember {
  readonly id: ValidatorId;
  readonly accountSuite: SuiteId;
  readonly accountKey: Uint8Array;
  readonly consensusKey: Uint8Array;
  /** Bonded at genesis, in base units. */
  readonly stake: Amount;
  /** By the consensus key over `genesisPossessionMessage`. */
  readonly possessionSignature: Uint8Array;
}

/** What all members sign before the first block. Its hash names the chain. */
export interface GenesisDocument {
  readonly networkId: number;
  /** 0 for a main network, 1 for a test network: decides the text form of addresses. */
  readonly testNetwork: 0 | 1;
  readonly attempt: number;
  readonly genesisTimeMs: number;
  readonly parameters: ChainParameters;
  /** Plain outputs that exist from the start. */
  readonly allocations: readonly TransactionOutput[];
  /** Ascending by id. */
  readonly members: readonly GenesisMember[];
  /** Ids that a LISTED chain admits beside its members, ascending. */
  readonly listed: readonly ValidatorId[];
}

/** A document with the signatures of all its members, in their order. */
export interface Genesis {
  readonly document: GenesisDocument;
  readonly signatures: readonly Uint8Array[];
}

/** HASH160(suite u8 || account public key): a validator's id for life. */
export function validatorIdOf(suite: SuiteId, accountKey: Uint8Array): ValidatorId {
  const input = new Uint8Array(1 + accountKey.length);
  input[0] = suite;
  input.set(accountKey, 1);
  return hash160(input);
}

export const genesisMemberCodec: Codec<GenesisMember> = refine(
  struct({
    id: validatorIdCodec,
    accountSuite: suiteIdCodec,
    accountKey: bytesU16(suiteInfo[3].publicKeyBytes),
    consensusKey: bytes(consensusKeyBytes),
    stake: u64,
    possessionSignature: bytes(voteSignatureBytes),
  }),
  (member) =>
    !isSuiteId(member.accountSuite) || // refused by its own field
    member.accountKey.length === suiteInfo[member.accountSuite].publicKeyBytes
      ? undefined
      : 'the account key has a wrong length',
);

function ascending(ids: readonly Uint8Array[]): boolean {
  return ids.every((id, i) => i === 0 || compareBytes(ids[i - 1] as Uint8Array, id) < 0);
}

function documentProblem(document: GenesisDocument): string | undefined {
  if (!ascending(document.members.map((member) => member.id))) return 'members are out of order';
  if (!ascending(document.listed)) return 'listed ids are out of order';
  const keys = new Set(document.members.map((member) => keyOf(member.consensusKey)));
  if (keys.size !== document.members.length) return 'two members share a consensus key';
  let supply = 0n;
  for (const allocation of document.allocations) supply += allocation.amount;
  for (const member of document.members) supply += member.stake;
  if (supply > 0xffff_ffff_ffff_ffffn) return 'the supply is more than 2^64 - 1 base units';
  return document.members.length <= document.parameters.maxValidators
    ? undefined
    : 'there are more members than maxValidators';
}

export const genesisDocumentCodec: Codec<GenesisDocument> = refine(
  struct({
    networkId: u32,
    testNetwork: refine(u8, (kind) =>
      kind <= 1 ? undefined : `network kind ${kind} is unknown`,
    ) as Codec<0 | 1>,
    attempt: u32,
    genesisTimeMs: u53,
    parameters: parametersCodec,
    allocations: list(outputCodec, { count: 'u32', max: bounds.genesisAllocations }),
    members: list(genesisMemberCodec, {
      count: 'u16',
      min: 1,
      max: bounds.genesisMembers,
    }),
    listed: list(validatorIdCodec, { count: 'u16', max: bounds.genesisListed }),
  }),
  documentProblem,
);

export const genesisCodec: Codec<Genesis> = refine(
  struct({
    document: genesisDocumentCodec,
    signatures: list(bytes(voteSignatureBytes), {
      count: 'u16',
      min: 1,
      max: bounds.genesisMembers,
    }),
  }),
  (genesis) =>
    genesis.signatures.length === genesis.document.members.length
      ? undefined
      : 'a genesis has one signature per member',
);

/** A document never changes; encoding one of a million allocations takes a second. */
const hashes = new WeakMap<GenesisDocument, Digest>();

/** H(`RSC1GENE`, document). */
export function genesisDocumentHash(document: GenesisDocument): Digest {
  let hash = hashes.get(document);
  if (hash === undefined) {
    hash = taggedHash('RSC1GENE', genesisDocumentCodec.encode(document));
    hashes.set(document, hash);
  }
  return hash.slice();
}

/**
 * Decodes a genesis that stays for as long as a process runs. Its document is hashed as it was
 * encoded, and holds its allocations as bytes, decoded whenever they are asked for: a million of
 * them take 30 MB in place of 600.
 * @throws CodecError.
 */
export function decodeGenesis(bytes: Uint8Array): Genesis {
  const { document, signatures } = genesisCodec.decode(bytes);
  const kept = {
    ...document,
    get allocations(): readonly TransactionOutput[] {
      return genesisCodec.decode(bytes).document.allocations;
    },
  };
  // The signatures follow the document: a count and 64 bytes each.
  const end = bytes.length - 2 - signatures.length * voteSignatureBytes;
  hashes.set(kept, taggedHash('RSC1GENE', bytes.subarray(0, end)));
  return { document: kept, signatures: signatures.map((signature) => signature.slice()) };
}

/** The tag that binds every signature to the chain of this document. */
export function chainTagOf(document: GenesisDocument): ChainTag {
  return genesisDocumentHash(document).slice(0, 32);
}

/** What a genesis member's consensus key signs to prove that it is held. */
export function genesisPossessionMessage(
  networkId: number,
  id: ValidatorId,
  consensusKey: Uint8Array,
): Uint8Array {
  const writer = new Writer(8 + 4 + 20 + consensusKey.length);
  writer.bytes(tagBytes('RSC1GPOP'));
  writer.u32(networkId);
  writer.bytes(id);
  writer.bytes(consensusKey);
  return writer.finish();
}

/** What every member's consensus key signs to accept a document. */
export function genesisSigningMessage(document: GenesisDocument): Uint8Array {
  const hash = genesisDocumentHash(document);
  const writer = new Writer(8 + 32 + 64);
  writer.bytes(tagBytes('RSC1GSIG'));
  writer.bytes(hash.subarray(0, 32));
  writer.bytes(hash);
  return writer.finish();
}
