import type { FinalBlock, OutputFacts, PeerConnected } from './facts.ts';

export type CapabilityId =
  | 'ledger:read'
  | 'mempool:read'
  | 'peers:read'
  | 'transactions:submit'
  | 'secrets:read';

declare const service: unique symbol;

/**
 * A token for something that a plugin may use. A plugin names its tokens in `requires`, so that an
 * operator sees them before it runs; `ctx.use(token)` then gives the service. The host checks every
 * single call again, on its own side.
 */
export interface Capability<Service = unknown> {
  readonly id: CapabilityId;
  readonly [service]?: Service;
}

/** Reads of the final chain. */
export interface LedgerReader {
  head(): Promise<{ readonly height: number; readonly hash: string }>;
  /** Undefined above the head, and where the body has been pruned. */
  block(height: number): Promise<FinalBlock | undefined>;
  /** Where a final transaction is. Needs the node's index of transactions. */
  locate(txid: string): Promise<{ readonly height: number; readonly position: number } | undefined>;
  /** An unspent output. */
  output(txid: string, index: number): Promise<OutputFacts | undefined>;
  /** Sum of an address's unspent outputs. Needs the node's index of addresses. */
  balance(address: string): Promise<{ readonly amount: bigint; readonly outputs: number }>;
}

export interface MempoolReader {
  size(): Promise<{ readonly transactions: number; readonly bytes: number }>;
  has(txid: string): Promise<boolean>;
}

export interface PeersReader {
  list(): Promise<readonly PeerConnected[]>;
}

export type SubmitOutcome =
  | { readonly ok: true; readonly txid: string; readonly state: string; readonly fresh: boolean }
  | { readonly ok: false; readonly code: string; readonly reason: string };

export interface TransactionSubmitter {
  submit(bytes: Uint8Array): Promise<SubmitOutcome>;
}

/** Secrets that the operator made for this plugin: `hmac-key` is `plugin-<name>-hmac-key` there. */
export interface SecretReader {
  get(name: string): Promise<string | undefined>;
}

const token = <Service>(id: CapabilityId): Capability<Service> => ({ id });

/** Every capability that exists. */
export const capability: {
  readonly ledgerRead: Capability<LedgerReader>;
  readonly mempoolRead: Capability<MempoolReader>;
  readonly peersRead: Capability<PeersReader>;
  readonly transactionSubmit: Capability<TransactionSubmitter>;
  readonly secretsRead: Capability<SecretReader>;
} = {
  ledgerRead: token('ledger:read'),
  mempoolRead: token('mempool:read'),
  peersRead: token('peers:read'),
  transactionSubmit: token('transactions:submit'),
  secretsRead: token('secrets:read'),
};

/** The methods of each service, which hosts serve and check. */
export const serviceMethods: Readonly<Record<CapabilityId, readonly string[]>> = {
  'ledger:read': ['head', 'block', 'locate', 'output', 'balance'],
  'mempool:read': ['size', 'has'],
  'peers:read': ['list'],
  'transactions:submit': ['submit'],
  'secrets:read': ['get'],
};
