import { compareBytes, equalBytes, toHex } from '@mxd/codec';
import { messageCodec, type Genesis, type GenesisDocument } from '@mxd/protocol';
import {
  genesisDocumentCodec,
  genesisDocumentHash,
  genesisMemberCodec,
  genesisPossessionMessage,
  genesisSigningMessage,
  validatorIdOf,
  type GenesisMember,
} from '@mxd/protocol/genesis';
import { messageType } from '@mxd/protocol/messages';

import { type ConsensusErrorCode } from '../errors.ts';
import {
  type GenesisConfig,
  type GenesisInput,
  type GenesisOutcome,
  type GenesisStatus,
  type GenesisSteps,
} from './types.ts';

/** A document under signature. */
interface Candidate {
  readonly document: GenesisDocument;
  readonly hash: Uint8Array;
  readonly message: Uint8Array;
  readonly signatures: Map<string, Uint8Array>;
  signedByMe: boolean;
}

interface State {
  readonly config: GenesisConfig;
  readonly members: Map<string, GenesisMember>;
  attempt: number;
  candidate: Candidate | undefined;
  /** Signatures that came before their document: by document hash and id, bounded. */
  readonly early: Map<string, { readonly id: Uint8Array; readonly signature: Uint8Array }>;
  complete: Genesis | undefined;
  wallMs: number;
}

const ok: GenesisOutcome = { ok: true };
const no = (code: ConsensusErrorCode): GenesisOutcome => ({ ok: false, code });
const maxEarly = 512;

/**
 * The ceremony of one member (docs/protocol/rsc.md, "Genesis coordination"). Pure; time comes in
 * with `step`.
 */
export interface GenesisCeremony {
  step(input: GenesisInput, wallMs: number): GenesisSteps<GenesisOutcome>;
  status(): GenesisStatus;
  readonly result: Genesis | undefined;
}

export function createCeremony(config: GenesisConfig): GenesisCeremony {
  const s: State = {
    config,
    members: new Map([[toHex(config.own.id), config.own]]),
    attempt: 0,
    candidate: undefined,
    early: new Map(),
    complete: undefined,
    wallMs: 0,
  };
  return {
    step(input, wallMs) {
      s.wallMs = wallMs;
      return handle(s, input);
    },
    status: () => ({
      attempt: s.attempt,
      announced: s.members.size,
      members: s.candidate?.document.members.length ?? 0,
      signatures: s.candidate?.signatures.size ?? 0,
      isComplete: s.complete !== undefined,
    }),
    get result() {
      return s.complete;
    },
  };
}

function* handle(s: State, input: GenesisInput): GenesisSteps<GenesisOutcome> {
  switch (input.type) {
    case 'start':
      yield* announce(s);
      yield { type: 'setTimer', name: 'repeat', attempt: 0, afterMs: s.config.repeatMs };
      yield { type: 'setTimer', name: 'collect', attempt: 0, afterMs: s.config.collectMs };
      yield* proposeWhenAllAreHere(s);
      return ok;
    case 'message':
      return yield* onMessage(s, input.bytes);
    case 'timer':
      return yield* onTimer(s, input);
    default: {
      const never: never = input;
      return never;
    }
  }
}

function* announce(s: State): GenesisSteps {
  const bytes = messageCodec.encode({ type: messageType.genesisAnnounce, member: s.config.own });
  yield { type: 'broadcast', bytes };
}

function* onTimer(
  s: State,
  input: Extract<GenesisInput, { type: 'timer' }>,
): GenesisSteps<GenesisOutcome> {
  if (input.name === 'repeat') {
    yield* repeat(s);
    yield { type: 'setTimer', name: 'repeat', attempt: 0, afterMs: s.config.repeatMs };
    return ok;
  }
  if (s.complete !== undefined || input.attempt !== s.attempt) return no('GENESIS_STATE');
  if (input.name === 'collect') {
    if (s.candidate === undefined) yield* propose(s);
    return ok;
  }
  yield* dropSilent(s);
  return ok;
}

/** Lossy networks: what one knows is said again until all have it. */
function* repeat(s: State): GenesisSteps {
  if (s.complete === undefined) yield* announce(s);
  const { candidate } = s;
  if (candidate === undefined) return;
  const { document, hash } = candidate;
  yield { type: 'broadcast', bytes: messageCodec.encode({ type: 0x1e, document }) };
  for (const member of document.members) {
    const signature = candidate.signatures.get(toHex(member.id));
    if (signature === undefined) continue;
    const { id } = member;
    const bytes = messageCodec.encode({ type: 0x1f, documentHash: hash, id, signature });
    yield { type: 'broadcast', bytes };
  }
}

function* onMessage(s: State, bytes: Uint8Array): GenesisSteps<GenesisOutcome> {
  const decoded = messageCodec.tryDecode(bytes);
  if (!decoded.ok) return no('CONSENSUS_MALFORMED');
  const m = decoded.value;
  if (m.type === messageType.genesisAnnounce) return yield* onAnnounce(s, m.member, bytes);
  if (m.type === messageType.genesisDocument) return yield* onDocument(s, m.document);
  if (m.type !== messageType.genesisSignature) return no('GENESIS_STATE');
  return yield* onSignature(s, m.documentHash, m.id, m.signature);
}

/** Whether an entry proves itself: the id is its account key's, the consensus key is held. */
function isGenuine(config: GenesisConfig, member: GenesisMember): boolean {
  const { id, accountSuite, accountKey, consensusKey, possessionSignature } = member;
  if (!equalBytes(id, validatorIdOf(accountSuite, accountKey))) return false;
  const message = genesisPossessionMessage(config.networkId, id, consensusKey);
  return config.verify(consensusKey, message, possessionSignature);
}

function isExpected(config: GenesisConfig, id: Uint8Array): boolean {
  return config.expected === undefined || config.expected.some((other) => equalBytes(other, id));
}

function* onAnnounce(
  s: State,
  member: GenesisMember,
  bytes: Uint8Array,
): GenesisSteps<GenesisOutcome> {
  const key = toHex(member.id);
  if (s.members.has(key)) return no('CONSENSUS_DUPLICATE');
  if (s.complete !== undefined) return no('GENESIS_STATE');
  if (s.members.size >= s.config.parameters.maxValidators) return no('CONSENSUS_FULL');
  if (!isExpected(s.config, member.id) || !isGenuine(s.config, member)) return no('GENESIS_MEMBER');
  for (const other of s.members.values()) {
    if (equalBytes(other.consensusKey, member.consensusKey)) return no('GENESIS_MEMBER');
  }
  s.members.set(key, member);
  yield { type: 'broadcast', bytes };
  yield* proposeWhenAllAreHere(s);
  return ok;
}

function sorted(members: Iterable<GenesisMember>): GenesisMember[] {
  return [...members].sort((a, b) => compareBytes(a.id, b.id));
}

function* proposeWhenAllAreHere(s: State): GenesisSteps {
  const { expected } = s.config;
  if (expected === undefined || s.candidate !== undefined) return;
  if (expected.every((id) => s.members.has(toHex(id)))) yield* propose(s);
}

/** The lexicographically smallest announced id makes the document; the others wait for it. */
function* propose(s: State): GenesisSteps {
  const { config } = s;
  const members = sorted(s.members.values());
  const [first] = members;
  if (first === undefined || !equalBytes(first.id, config.own.id)) return;
  const document: GenesisDocument = {
    networkId: config.networkId,
    testNetwork: config.testNetwork,
    attempt: s.attempt,
    genesisTimeMs: s.wallMs + config.leadMs,
    parameters: config.parameters,
    allocations: config.allocations,
    members,
    listed: config.listed,
  };
  const candidate = adopt(s, document);
  yield { type: 'broadcast', bytes: messageCodec.encode({ type: 0x1e, document }) };
  yield* sign(s, candidate);
  yield {
    type: 'setTimer',
    name: 'sign',
    attempt: s.attempt,
    afterMs: config.signMs,
  };
}

/** A member that did not sign in time is left out of the next attempt. */
function* dropSilent(s: State): GenesisSteps {
  const { candidate } = s;
  if (candidate === undefined) return;
  const [first] = candidate.document.members;
  if (first === undefined || !equalBytes(first.id, s.config.own.id)) return;
  for (const key of s.members.keys()) {
    if (!candidate.signatures.has(key)) s.members.delete(key);
  }
  s.attempt++;
  s.candidate = undefined;
  yield* propose(s);
}

function adopt(s: State, document: GenesisDocument): Candidate {
  const candidate: Candidate = {
    document,
    hash: genesisDocumentHash(document),
    message: genesisSigningMessage(document),
    signatures: new Map(),
    signedByMe: false,
  };
  s.candidate = candidate;
  s.attempt = document.attempt;
  return candidate;
}

function sameList(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  return a.length === b.length && a.every((one, i) => equalBytes(one, b[i] as Uint8Array));
}

/** Everything but members, attempt and time must be what this node's operator configured. */
function differs(config: GenesisConfig, document: GenesisDocument): boolean {
  const mine: GenesisDocument = {
    ...document,
    networkId: config.networkId,
    testNetwork: config.testNetwork,
    parameters: config.parameters,
    allocations: config.allocations,
    listed: config.listed,
  };
  return !sameList([genesisDocumentCodec.encode(mine)], [genesisDocumentCodec.encode(document)]);
}

function documentProblem(s: State, document: GenesisDocument): ConsensusErrorCode | undefined {
  const { config } = s;
  if (differs(config, document)) return 'GENESIS_DOCUMENT';
  const own = document.members.find((member) => equalBytes(member.id, config.own.id));
  const isMine =
    own !== undefined &&
    equalBytes(genesisMemberCodec.encode(own), genesisMemberCodec.encode(config.own));
  if (!isMine) return 'GENESIS_DOCUMENT';
  const isGood = document.members.every(
    (member) => isExpected(config, member.id) && isGenuine(config, member),
  );
  if (!isGood) return 'GENESIS_MEMBER';
  const pinned = config.expectedHash;
  if (pinned !== undefined && !equalBytes(pinned, genesisDocumentHash(document))) {
    return 'GENESIS_PINNED';
  }
  return undefined;
}

/**
 * A proposed document. It is signed only after its proposer's own signature has come: otherwise a
 * stranger could make members spend their one signature of an attempt on a document of nobody's.
 */
function* onDocument(s: State, document: GenesisDocument): GenesisSteps<GenesisOutcome> {
  if (s.complete !== undefined) return no('GENESIS_STATE');
  const held = s.candidate;
  if (held !== undefined) {
    if (equalBytes(held.hash, genesisDocumentHash(document))) return no('CONSENSUS_DUPLICATE');
    if (document.attempt < held.document.attempt) return no('GENESIS_ATTEMPT');
    if (document.attempt === held.document.attempt && held.signedByMe) return no('GENESIS_ATTEMPT');
  }
  const problem = documentProblem(s, document);
  if (problem !== undefined) return no(problem);
  const hash = genesisDocumentHash(document);
  const early = s.early.get(`${toHex(hash)}${toHex(document.members[0]?.id ?? hash)}`);
  // Without the proposer's signature a document only replaces one that is in the same case.
  if (early === undefined && held?.signedByMe === true) return no('GENESIS_SIGNATURE');
  const candidate = adopt(s, document);
  for (const member of document.members) {
    const known = s.early.get(`${toHex(hash)}${toHex(member.id)}`);
    if (known !== undefined) yield* take(s, candidate, known.id, known.signature);
  }
  return ok;
}

function* onSignature(
  s: State,
  hash: Uint8Array,
  id: Uint8Array,
  signature: Uint8Array,
): GenesisSteps<GenesisOutcome> {
  const { candidate } = s;
  if (candidate === undefined || !equalBytes(candidate.hash, hash)) {
    if (s.early.size < maxEarly) s.early.set(`${toHex(hash)}${toHex(id)}`, { id, signature });
    return no('GENESIS_STATE');
  }
  if (s.complete !== undefined) return no('GENESIS_STATE');
  return yield* take(s, candidate, id, signature);
}

function* take(
  s: State,
  candidate: Candidate,
  id: Uint8Array,
  signature: Uint8Array,
): GenesisSteps<GenesisOutcome> {
  const key = toHex(id);
  const member = candidate.document.members.find((one) => equalBytes(one.id, id));
  if (member === undefined) return no('GENESIS_MEMBER');
  if (candidate.signatures.has(key)) return no('CONSENSUS_DUPLICATE');
  if (!s.config.verify(member.consensusKey, candidate.message, signature)) {
    return no('GENESIS_SIGNATURE');
  }
  candidate.signatures.set(key, signature);
  const bytes = messageCodec.encode({ type: 0x1f, documentHash: candidate.hash, id, signature });
  yield { type: 'broadcast', bytes };
  const [proposer] = candidate.document.members;
  if (proposer !== undefined && candidate.signatures.has(toHex(proposer.id))) {
    yield* sign(s, candidate);
  }
  yield* finish(s, candidate);
  return ok;
}

/** At most one document per attempt: the guard says so too. */
function* sign(s: State, candidate: Candidate): GenesisSteps {
  if (candidate.signedByMe) return;
  const answer = yield { type: 'sign', document: candidate.document };
  if (answer?.ok !== true) return;
  candidate.signedByMe = true;
  const { id } = s.config.own;
  const { signature } = answer;
  candidate.signatures.set(toHex(id), signature);
  const bytes = messageCodec.encode({ type: 0x1f, documentHash: candidate.hash, id, signature });
  yield { type: 'broadcast', bytes };
  yield* finish(s, candidate);
}

function* finish(s: State, candidate: Candidate): GenesisSteps {
  if (s.complete !== undefined) return;
  const signatures: Uint8Array[] = [];
  for (const member of candidate.document.members) {
    const signature = candidate.signatures.get(toHex(member.id));
    if (signature === undefined) return;
    signatures.push(signature);
  }
  const genesis: Genesis = { document: candidate.document, signatures };
  s.complete = genesis;
  yield { type: 'complete', genesis };
}
