import { CodedError } from '@mxd/codec';

/** Every code that a node can stop or refuse with, with what it means and what to do. */
export const nodeErrors = {
  NODE_GENESIS_MISSING: 'The genesis file is not where the configuration says; copy it there.',
  NODE_GENESIS_INVALID: 'The genesis file is malformed, or a member has not signed it.',
  NODE_GENESIS_MISMATCH:
    'The genesis is not the one that expectedGenesisHash names: wrong network.',
  NODE_KEY: 'A key file cannot be read or opened.',
  NODE_JOURNAL:
    'The journal of the consensus key is missing, damaged or in use; nothing is signed.',
  NODE_STORE: 'The store cannot be opened or belongs to another network.',
  NODE_SNAPSHOT:
    'A snapshot cannot be made now, or none could be fetched to begin with; the message says why.',
  NODE_PORT: 'A listener cannot be opened; another process may use the port.',
  NODE_PLUGIN: 'A plugin cannot be loaded or failed to start.',
  NODE_HALTED: 'Consensus stopped because going on would be unsafe; the log says why.',
  NODE_UPGRADE: 'The network activates a protocol version that this software does not know.',
  NODE_STOPPED: 'The node is stopping and takes no more work.',
  NODE_CLOCK: 'The clock is too far off for a validator.',
} as const;

export type NodeErrorCode = keyof typeof nodeErrors;

/** Thrown by `createNode` and by a node that stops itself. */
export class NodeError extends CodedError<NodeErrorCode> {}
