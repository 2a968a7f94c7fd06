import { CodedError } from '@mxd/codec';

/** Every code that this package can report, with what it means. */
export const consensusErrors = {
  // Messages from peers: dropped, state unchanged.
  CONSENSUS_NOT_STARTED: 'The core has not been started yet, or has halted.',
  CONSENSUS_PEER_UNKNOWN: 'A message came from a peer that is not connected.',
  CONSENSUS_MALFORMED: 'The bytes are no consensus message.',
  CONSENSUS_EPOCH: 'The message belongs to another epoch.',
  CONSENSUS_STALE: 'The message is about a view that is already final.',
  CONSENSUS_AHEAD: 'The message is about a view too far ahead.',
  CONSENSUS_NOT_MEMBER: 'The signer is not in the table of the epoch.',
  CONSENSUS_DUPLICATE: 'The same statement is already held.',
  CONSENSUS_FULL: 'A bounded list is full; the message was dropped.',
  CONSENSUS_VOTE_SIGNATURE: 'The signature of a vote does not verify.',
  CONSENSUS_CERTIFICATE: 'A certificate does not verify.',
  CONSENSUS_LEADER_VOTE: 'The vote of a proposal is not its leader’s.',
  CONSENSUS_PART: 'A part of a proposal or an answer does not match the hash that it belongs to.',
  CONSENSUS_UNREQUESTED: 'An answer to a question that was not asked.',
  CONSENSUS_RATE: 'The peer asks more often than it is answered.',
  CONSENSUS_REFUSED: 'The peer has sent garbage three times and is not listened to for a minute.',
  CONSENSUS_EPOCH_PROOF: 'An epoch proof does not verify.',
  CONSENSUS_GENESIS_OVER: 'A genesis message came after genesis.',
  CONSENSUS_RECORD: 'A gossiped system record is not well formed for this chain.',
  // Answers of the host that no longer matter.
  CONSENSUS_OBSOLETE: 'A timer or an answer of the host came too late to matter.',
  // Halts.
  CONSENSUS_HALT_CONFLICT:
    'Two certificates of one view contradict each other: more than a third of the power is faulty.',
  CONSENSUS_HALT_FINAL_INVALID:
    'A certified block fails local verification: the application is not deterministic here.',
  CONSENSUS_HALT_FORK: 'A finalized block does not extend the committed chain.',
  CONSENSUS_HALT_OWN_KEY:
    'The own key signed a vote that the journal does not hold: a second instance or an old journal.',
  CONSENSUS_HALT_HOST: 'The host broke the contract of the core.',
  CONSENSUS_HALT_VERSION: 'The chain has moved to a protocol version that this software lacks.',
  // Warnings.
  CONSENSUS_CLOCK: 'The own clock is far from the median of the validators’ clocks.',
  // Sign guard.
  GUARD_KEY: 'The sign guard does not hold this key.',
  GUARD_EPOCH: 'The sign guard has already signed in a later epoch.',
  GUARD_FLOOR: 'The view is at or below the floor under which nothing is signed again.',
  GUARD_CONFLICT: 'The signature would contradict one that was already made.',
  GUARD_FULL: 'The sign guard remembers too many views above its floor to sign another.',
  GUARD_DISABLED: 'The sign guard does not sign: the journal of the key is lost or foreign.',
  GUARD_MESSAGE:
    'The sign guard signs votes, reports and proofs of this protocol and no other bytes.',
  // Journal.
  JOURNAL_MISSING: 'There is no journal for this key: the key must be rotated.',
  JOURNAL_FOREIGN: 'The journal belongs to another key or chain.',
  JOURNAL_CORRUPT: 'The journal is damaged before its last batch: the key must be rotated.',
  JOURNAL_LOCKED: 'Another process holds the lock of the journal.',
  JOURNAL_EXISTS: 'A journal already exists where a new one was to be made.',
  JOURNAL_FAILED: 'Writing or syncing the journal failed; nothing more is written.',
  JOURNAL_CLOSED: 'The journal is closed.',
  JOURNAL_RECORD: 'A journal record is too large or of an unknown type.',
  // Genesis ceremony.
  GENESIS_STATE: 'The message does not fit the state of the genesis ceremony.',
  GENESIS_MEMBER: 'An announced member is not valid.',
  GENESIS_DOCUMENT: 'A proposed genesis document differs from what this member announced.',
  GENESIS_ATTEMPT: 'A document of this attempt has already been signed, or a complete one is held.',
  GENESIS_PINNED: 'The genesis hash differs from the one that the configuration pins.',
  GENESIS_SIGNATURE: 'A signature of the genesis ceremony does not verify.',
} as const;

export type ConsensusErrorCode = keyof typeof consensusErrors;

/** Thrown for programming errors and by the journal; peers never cause it. */
export class ConsensusError extends CodedError<ConsensusErrorCode> {}
