import type * as t from './types.ts';

interface ById<Key extends string, Value = string> {
  readonly params: Readonly<Record<Key, Value>>;
}

/** Types of every route: parameters, query, body, response. The client and handlers share them. */
export interface Contract {
  readonly status: { readonly response: t.Status };
  readonly parameters: { readonly response: Readonly<Record<string, number | string>> };
  readonly genesis: { readonly response: t.GenesisView };
  readonly blocks: { readonly query: t.PageQuery; readonly response: t.Page<t.BlockSummary> };
  readonly block: ById<'id'> & { readonly response: t.BlockDetail };
  readonly header: ById<'id'> & { readonly response: t.HeaderProof };
  readonly submit: { readonly body: t.Submission; readonly response: t.SubmissionResult };
  readonly submitBatch: {
    readonly body: t.SubmissionBatch;
    readonly response: t.SubmissionBatchResult;
  };
  readonly transaction: ById<'txid'> & { readonly response: t.TransactionView };
  readonly transactionProof: ById<'txid'> & { readonly response: t.TransactionProof };
  readonly balance: ById<'address'> & { readonly response: t.AddressBalance };
  readonly history: ById<'address'> & {
    readonly query: t.PageQuery;
    readonly response: t.Page<t.HistoryEntry>;
  };
  readonly unspent: ById<'address'> & {
    readonly query: t.PageQuery;
    readonly response: t.Page<t.UnspentOutput>;
  };
  readonly mempool: { readonly response: t.MempoolSummary };
  readonly validators: { readonly response: t.EpochView };
  readonly epoch: ById<'epoch', number> & { readonly response: t.EpochView };
  readonly epochProof: ById<'epoch', number> & { readonly response: t.EpochProofView };
  readonly evidence: { readonly response: t.Page<t.EvidenceView> };
  readonly peers: { readonly response: t.Page<t.PeerView> };
  readonly snapshots: { readonly response: t.Page<t.SnapshotView> };
  readonly submitRecord: { readonly body: t.RecordSubmission; readonly response: t.RecordResult };
}
