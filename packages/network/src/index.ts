export { createNetwork, type SocketNetwork } from './network.ts';
export { type AccessOptions, type NetworkOptions } from './options.ts';
export {
  type AnswerEnd,
  type Gossip,
  type GossipHandler,
  type GossipTopic,
  type Lane,
  type MessageHandler,
  type Network,
  type Offence,
  type PeerEvent,
  type PeerId,
  type PeerInspection,
  type Peers,
  type RelayedTransaction,
  type RequestContext,
  type RequestFailure,
  type RequestHandler,
  type RequestKind,
  type RequestOptions,
  type RequestProtocols,
  type RequestResult,
  type SendOutcome,
  type Sender,
  type TransactionHandler,
  type TransactionRelay,
  type ValidatorId,
  type ValidatorLinks,
  type Verdict,
} from './contract.ts';
export { nodeKeyOf } from './host/host.ts';
export { peerIdOfSeed } from './host/peer-id.ts';
export { type ValidatorAuthority, type ValidatorIdentity } from './session/handshake.ts';
export { filePeerStore, type PeerStore, type PeerStoreContent } from './peers/peer-store.ts';
export { type ClockReport } from './clock/offset.ts';
