export { createNode, type CreateNodeOptions } from './create-node.ts';
export { NodeError, type NodeErrorCode } from './errors.ts';
export { MxdNode, type NodeListeners } from './node.ts';
export { createConsensusKey, openConsensusKey, type ConsensusKey } from './validator-key.ts';
export { readGenesis } from './genesis-file.ts';
