import type {
  AdmissionDecision,
  AdmissionRequest,
  ConfigChanged,
  EvidenceFound,
  FinalBlock,
  PeerConnected,
  PeerDisconnected,
  ProposalDecision,
  ProposedBlock,
  TransactionFacts,
} from './facts.ts';
import type { StorageOperation } from './storage.ts';

/**
 * What a handler of `block:final` may give back: operations on the private storage, written in one
 * atomic batch with the plugin's cursor. What is kept this way is kept exactly once per block.
 */
export interface FinalOutcome {
  readonly store: readonly StorageOperation[];
}

/** Questions and answers of every hook. Gates come first; the others observe. */
export interface HookTypes {
  'transaction:admit': { readonly input: AdmissionRequest; readonly output: AdmissionDecision };
  'block:proposing': { readonly input: ProposedBlock; readonly output: ProposalDecision };
  'transaction:accepted': { readonly input: TransactionFacts; readonly output: void };
  'block:final': { readonly input: FinalBlock; readonly output: FinalOutcome | void };
  'peer:connected': { readonly input: PeerConnected; readonly output: void };
  'peer:disconnected': { readonly input: PeerDisconnected; readonly output: void };
  'consensus:evidence': { readonly input: EvidenceFound; readonly output: void };
  'config:changed': { readonly input: ConfigChanged; readonly output: void };
}

export type HookName = keyof HookTypes;
export type HookInput<Hook extends HookName> = HookTypes[Hook]['input'];
export type HookOutput<Hook extends HookName> = HookTypes[Hook]['output'];

/** Hooks that deliver in batches; `on` takes them one by one, `onBatch` as they come. */
export type BatchedHook = 'transaction:admit' | 'transaction:accepted';

export type HookHandler<Hook extends HookName> = (
  input: HookInput<Hook>,
) => HookOutput<Hook> | Promise<HookOutput<Hook>>;

/** One output per input, in order. */
export type BatchHandler<Hook extends BatchedHook> = (
  inputs: readonly HookInput<Hook>[],
) => readonly HookOutput<Hook>[] | Promise<readonly HookOutput<Hook>[]>;

/** Where `block:final` begins when the plugin runs on this node for the first time. */
export interface HookOptions {
  /** `head` (the default): blocks that become final from now on; or a height, 1 for all. */
  readonly from?: 'head' | number;
}

/** Registers handlers, in `setup` only. They run in the order of registration. */
export interface Hooks {
  on<Hook extends HookName>(hook: Hook, handler: HookHandler<Hook>, options?: HookOptions): void;
  onBatch<Hook extends BatchedHook>(hook: Hook, handler: BatchHandler<Hook>): void;
}

/** Gates decide, and fail closed: no answer in time is a no. */
export const gates: readonly HookName[] = ['transaction:admit', 'block:proposing'];

/** Every hook, gates first. */
export const hookNames: readonly HookName[] = [
  ...gates,
  'transaction:accepted',
  'block:final',
  'peer:connected',
  'peer:disconnected',
  'consensus:evidence',
  'config:changed',
];
