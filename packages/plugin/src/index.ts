/** The public extension contract of an MXD node: see docs/guides/write-a-plugin.md. */
export {
  capability,
  type Capability,
  type CapabilityId,
  type LedgerReader,
  type MempoolReader,
  type PeersReader,
  type SecretReader,
  type SubmitOutcome,
  type TransactionSubmitter,
} from './capability.ts';
export type {
  Commands,
  NetworkFacts,
  PluginContext,
  PluginCounter,
  PluginGauge,
  PluginLog,
  PluginMetrics,
  RouteRequest,
  Routes,
  RouteSchema,
} from './context.ts';
export {
  contractVersion,
  definePlugin,
  type Plugin,
  type PluginInstance,
  type PluginOptions,
} from './define.ts';
export { notFound, PluginError, type PluginErrorCode } from './errors.ts';
export type {
  AdmissionDecision,
  AdmissionRequest,
  ConfigChanged,
  EvidenceFound,
  FinalBlock,
  InputFacts,
  OutputFacts,
  PeerConnected,
  PeerDisconnected,
  ProposalDecision,
  ProposedBlock,
  TransactionFacts,
} from './facts.ts';
export type { HookName, Hooks } from './hooks.ts';
export type { PluginStorage, StorageKey, StorageOperation, StorageRange } from './storage.ts';
