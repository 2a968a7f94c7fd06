import { CodedError } from '@mxd/codec';

/** Every code that this package throws or gives as a reason, with what it means. */
export const networkErrors = {
  NETWORK_CONFIG: 'The network options contradict each other or leave their range.',
  NETWORK_STATE: 'The call does not fit the state: not started, or stopped already.',
  NETWORK_KEY: 'The node key is not a 32-byte Ed25519 seed.',
  NETWORK_ADDRESS: 'The text is not a multiaddr that this node can use.',
  NETWORK_CIDR: 'The text is not an address range such as 10.0.0.0/8 or 2001:db8::/32.',
  NETWORK_LISTEN: 'The node could not listen on an address: it is in use or not permitted.',
  NETWORK_REQUEST_UNCONNECTED: 'There is no session with the peer that was asked.',
  NETWORK_REQUEST_TIMEOUT: 'The answer was not complete before the deadline.',
  NETWORK_REQUEST_CANCELLED: 'The asker cancelled the request.',
  NETWORK_REQUEST_OVERLOADED: 'Too many requests to that peer are under way; ask another.',
  NETWORK_REQUEST_CLOSED: 'The stream or connection ended before the answer did.',
  NETWORK_REQUEST_MALFORMED: 'The answer breaks the wire format; the peer was scored.',
  NETWORK_REQUEST_OVERSIZED: 'The answer is larger than was asked for; the peer was scored.',
  NETWORK_REQUEST_REJECTED: 'An item of the answer is provably wrong; the peer was scored.',
  NETWORK_STORE: 'The address book or ban list on disk could not be read or written.',
} as const;

/** Thrown for misuse and for failures that a caller has to handle. */
export class NetworkError extends CodedError<keyof typeof networkErrors> {}

/**
 * Why a session was refused or ended; sent on the wire as one byte, logged as its name.
 * Numbers are part of the protocol: never reused.
 */
export const closeReasons = {
  'wrong-network': 1,
  'wrong-chain': 2,
  'no-common-version': 3,
  'malformed-hello': 4,
  'bad-validator-proof': 5,
  'not-allowed': 6,
  banned: 7,
  'too-many-peers': 8,
  'handshake-timeout': 9,
  shutdown: 10,
  'duplicate-connection': 11,
  'malformed-frame': 12,
  'oversized-frame': 13,
  'too-slow': 14,
  'score-too-low': 15,
  'operator-request': 16,
  'unsupported-key': 17,
  'connection-lost': 18,
  'own-error': 19,
} as const;

/** The name of a close reason. */
export type CloseReason = keyof typeof closeReasons;

const reasonNames = new Map<number, CloseReason>(
  Object.entries(closeReasons).map(([name, code]) => [code, name as CloseReason]),
);

/** The reason of a wire byte, if it is one. */
export function closeReasonOf(code: number): CloseReason | undefined {
  return reasonNames.get(code);
}
