import type { Contract } from '@mxd/api/contract';

/** The routes of a node's HTTP API. */
export type RouteId = keyof Contract;

/** Method and path of each route; `@mxd/api` has their schemas. A test holds the two together. */
export const routes: Readonly<Record<RouteId, readonly ['GET' | 'POST', string]>> = {
  status: ['GET', '/v1/status'],
  parameters: ['GET', '/v1/parameters'],
  genesis: ['GET', '/v1/genesis'],
  blocks: ['GET', '/v1/blocks'],
  block: ['GET', '/v1/blocks/{id}'],
  header: ['GET', '/v1/blocks/{id}/header'],
  submit: ['POST', '/v1/transactions'],
  submitBatch: ['POST', '/v1/transactions/batch'],
  transaction: ['GET', '/v1/transactions/{txid}'],
  transactionProof: ['GET', '/v1/transactions/{txid}/proof'],
  balance: ['GET', '/v1/addresses/{address}/balance'],
  history: ['GET', '/v1/addresses/{address}/history'],
  unspent: ['GET', '/v1/addresses/{address}/unspent'],
  mempool: ['GET', '/v1/mempool'],
  validators: ['GET', '/v1/validators'],
  epoch: ['GET', '/v1/epochs/{epoch}'],
  epochProof: ['GET', '/v1/epochs/{epoch}/proof'],
  evidence: ['GET', '/v1/evidence'],
  peers: ['GET', '/v1/peers'],
  snapshots: ['GET', '/v1/snapshots'],
  submitRecord: ['POST', '/v1/system-records'],
};

type Part<Id extends RouteId, Name extends 'params' | 'body'> =
  Contract[Id] extends Readonly<Record<Name, infer Value>>
    ? Readonly<Record<Name, Value>>
    : unknown;

type Query<Id extends RouteId> = Contract[Id] extends { readonly query: infer Value }
  ? { readonly query?: Partial<Value> }
  : unknown;

/** What a route takes: `params`, `query` (all optional) and `body`, as the contract has them. */
export type Input<Id extends RouteId> = Part<Id, 'params'> & Query<Id> & Part<Id, 'body'>;

/** What a route answers. */
export type Output<Id extends RouteId> = Contract[Id]['response'];

/** Path and query of a call. */
export function targetOf(id: RouteId, input: Readonly<Record<string, unknown>>): string {
  const params = (input['params'] ?? {}) as Readonly<Record<string, string | number>>;
  const path = routes[id][1].replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(String(params[name])),
  );
  const query = Object.entries((input['query'] ?? {}) as Record<string, unknown>)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`)
    .join('&');
  return query === '' ? path : `${path}?${query}`;
}
