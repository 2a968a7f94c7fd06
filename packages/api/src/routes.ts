import { type z } from 'zod';

import { type Contract } from './contract.ts';
import * as s from './schemas.ts';

/** Who may call a route. `write` routes need a token only where the operator asks for one. */
export type Access = 'read' | 'write';

export type RouteId = keyof Contract;

/** One route of the public API. Paths are OpenAPI templates. */
export interface Route {
  readonly id: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly access: Access;
  readonly summary: string;
  readonly params?: z.ZodType;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  readonly response: z.ZodType;
  /** 200 unless named. */
  readonly status?: number;
  /** Codes, beside the general ones, that the route may answer with. */
  readonly errors: readonly string[];
}

const get = (id: string, path: string, summary: string, response: z.ZodType): Route => ({
  id,
  method: 'GET',
  path,
  access: 'read',
  summary,
  response,
  errors: [],
});

const notFound = ['API_NOT_FOUND'] as const;
const pages = ['API_CURSOR'] as const;

/** Every route, by id. Handlers and the OpenAPI document are made from this table. */
export const routes: Readonly<Record<RouteId, Route>> = {
  status: get(
    'status',
    '/v1/status',
    'Height, finality, peers, mempool, role and clock.',
    s.statusSchema,
  ),
  parameters: get(
    'parameters',
    '/v1/parameters',
    'Parameters of the chain in force.',
    s.parametersSchema,
  ),
  genesis: get('genesis', '/v1/genesis', 'Genesis document and its signatures.', s.genesisSchema),
  blocks: {
    ...get(
      'blocks',
      '/v1/blocks',
      'Final blocks, newest first.',
      s.pageSchema(s.blockSummarySchema),
    ),
    query: s.pageQuery,
    errors: pages,
  },
  block: {
    ...get('block', '/v1/blocks/{id}', 'A final block by height or hash.', s.blockDetailSchema),
    params: s.blockParams,
    errors: [...notFound, 'API_PRUNED'],
  },
  header: {
    ...get(
      'header',
      '/v1/blocks/{id}/header',
      'A header with the finalization that proves it.',
      s.headerProofSchema,
    ),
    params: s.blockParams,
    errors: notFound,
  },
  submit: {
    id: 'submit',
    method: 'POST',
    path: '/v1/transactions',
    access: 'write',
    summary: 'Takes a signed transaction. Sending it again gives its state.',
    body: s.submissionSchema,
    response: s.submissionResultSchema,
    status: 202,
    errors: ['TX_MALFORMED', 'TX_REJECTED', 'TX_DEFERRED', 'API_NOT_READY'],
  },
  submitBatch: {
    id: 'submitBatch',
    method: 'POST',
    path: '/v1/transactions/batch',
    access: 'write',
    summary: 'Takes up to 256 signed transactions; each is answered for itself.',
    body: s.submissionBatchSchema,
    response: s.submissionBatchResultSchema,
    errors: ['API_NOT_READY'],
  },
  transaction: {
    ...get(
      'transaction',
      '/v1/transactions/{txid}',
      'A transaction and where it stands.',
      s.transactionSchema,
    ),
    params: s.txidParams,
    errors: notFound,
  },
  transactionProof: {
    ...get(
      'transactionProof',
      '/v1/transactions/{txid}/proof',
      'Proof that a final transaction is in the chain.',
      s.transactionProofSchema,
    ),
    params: s.txidParams,
    errors: [...notFound, 'API_PRUNED'],
  },
  balance: {
    ...get('balance', '/v1/addresses/{address}/balance', 'Balance of an address.', s.balanceSchema),
    params: s.addressParams,
  },
  history: {
    ...get(
      'history',
      '/v1/addresses/{address}/history',
      'Final transactions of an address, newest first.',
      s.pageSchema(s.historySchema),
    ),
    params: s.addressParams,
    query: s.pageQuery,
    errors: pages,
  },
  unspent: {
    ...get(
      'unspent',
      '/v1/addresses/{address}/unspent',
      'Unspent outputs of an address in outpoint order.',
      s.pageSchema(s.unspentSchema),
    ),
    params: s.addressParams,
    query: s.pageQuery,
    errors: pages,
  },
  mempool: get(
    'mempool',
    '/v1/mempool',
    'Size, lanes and counters of the mempool.',
    s.mempoolSchema,
  ),
  validators: get('validators', '/v1/validators', 'The Rapid Table in force.', s.epochSchema),
  epoch: {
    ...get('epoch', '/v1/epochs/{epoch}', 'Validators of a recent epoch.', s.epochSchema),
    params: s.epochParams,
    errors: notFound,
  },
  epochProof: {
    ...get(
      'epochProof',
      '/v1/epochs/{epoch}/proof',
      'Proof of an ended epoch and its next table.',
      s.epochProofSchema,
    ),
    params: s.epochParams,
    errors: notFound,
  },
  evidence: get(
    'evidence',
    '/v1/evidence',
    'Punished equivocations that the state still holds.',
    s.pageSchema(s.evidenceSchema),
  ),
  peers: get('peers', '/v1/peers', 'Connected peers.', s.pageSchema(s.peerSchema)),
  snapshots: get(
    'snapshots',
    '/v1/snapshots',
    'Snapshots that this node serves.',
    s.pageSchema(s.snapshotSchema),
  ),
  submitRecord: {
    id: 'submitRecord',
    method: 'POST',
    path: '/v1/system-records',
    access: 'write',
    summary: 'Takes a signed system record: join, leave, rotate or signal.',
    body: s.recordBody,
    response: s.recordResultSchema,
    status: 202,
    errors: ['RECORD_REJECTED', 'API_NOT_READY'],
  },
};
