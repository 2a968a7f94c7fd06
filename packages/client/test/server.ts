import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fromHex, toHex } from '@mxd/codec';
import { formatAddress } from '@mxd/crypto/address';
import { transactionCodec, txidOf } from '@mxd/protocol/transaction';

import { routes, type RouteId } from '../src/index.ts';
import type { TestChain } from './chain.ts';
import type { Json } from './json.ts';

/** What a test node does wrong: changes an answer, or takes the request over. */
export interface Behaviour {
  /** Changes what is about to be answered. */
  tamper?: (route: RouteId, answer: Json) => Json;
  /** Handles a request itself if it answers true. */
  intercept?: (
    route: RouteId | 'events',
    request: IncomingMessage,
    response: ServerResponse,
  ) => boolean;
  /** Drops what is submitted. */
  forgetful?: boolean;
}

const matchers = Object.entries(routes).map(([id, [method, path]]) => {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
  const pattern = new RegExp(`^${path.replaceAll(/\{\w+\}/g, '([^/]+)')}$`);
  return { id: id as RouteId, method, names, pattern };
});

/** A node that speaks the HTTP contract over a chain in memory. */
export class TestNode {
  readonly chain: TestChain;
  readonly behaviour: Behaviour = {};
  readonly pending = new Map<string, Uint8Array>();
  readonly asked: string[] = [];
  readonly #server: Server;
  readonly #streams = new Set<() => void>();
  url = '';

  constructor(chain: TestChain) {
    this.chain = chain;
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  /** Open event streams. */
  get listeners(): number {
    return this.#streams.size;
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    return this;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  /** Puts what is pending into a block and tells the streams. */
  mine(): void {
    const transactions = [...this.pending.values()];
    this.pending.clear();
    this.chain.add(transactions);
    this.tell();
  }

  tell(): void {
    for (const wake of this.#streams) wake();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://node');
    response.setHeader('access-control-allow-origin', '*');
    response.setHeader('access-control-allow-headers', '*');
    if (request.method === 'OPTIONS') return void response.writeHead(204).end();
    if (url.pathname === '/v1/events') {
      if (this.behaviour.intercept?.('events', request, response) === true) return;
      return this.#stream(url, response);
    }
    for (const { id, method, names, pattern } of matchers) {
      const match = pattern.exec(url.pathname);
      if (match === null || method !== request.method) continue;
      this.asked.push(id);
      if (this.behaviour.intercept?.(id, request, response) === true) return;
      const params = Object.fromEntries(
        names.map((name, i) => [name, decodeURIComponent(match[i + 1]!)]),
      );
      let body = '';
      for await (const part of request) body += String(part);
      const answer = this.#answer(
        id,
        params,
        url.searchParams,
        body === '' ? {} : JSON.parse(body),
      );
      if (answer === undefined) return problem(response, 404, 'API_NOT_FOUND');
      const told = this.behaviour.tamper?.(id, answer) ?? answer;
      if (told.code !== undefined) return problem(response, told.status, told.code, told.reason);
      response.writeHead(method === 'POST' ? 202 : 200, { 'content-type': 'application/json' });
      return void response.end(JSON.stringify(told));
    }
    problem(response, 404, 'API_NOT_FOUND');
  }

  #answer(id: RouteId, params: Record<string, string>, query: URLSearchParams, body: Json): Json {
    const { chain } = this;
    switch (id) {
      case 'status':
        return {
          height: chain.height,
          headHash: toHex(chain.blocks.at(-1)?.hash ?? new Uint8Array(64)),
        };
      case 'header':
        return chain.headerProof(Number(params['id']));
      case 'epochProof': {
        const proof = chain.proofs[Number(params['epoch']) - 1];
        return proof === undefined
          ? undefined
          : { epoch: Number(params['epoch']), proof: toHex(proof) };
      }
      case 'transactionProof':
        return chain.transactionProof(params['txid']!);
      case 'transaction': {
        const txid = params['txid']!;
        const place = chain.places.get(txid);
        if (place !== undefined) return { txid, state: 'final', height: place.height };
        return this.pending.has(txid) ? { txid, state: 'pending' } : undefined;
      }
      case 'submit': {
        const bytes = fromHex(body.transaction);
        const txid = toHex(txidOf(transactionCodec.decode(bytes).body));
        const fresh = !this.pending.has(txid) && !chain.places.has(txid);
        if (this.behaviour.forgetful !== true && !chain.places.has(txid))
          this.pending.set(txid, bytes);
        return { txid, state: chain.places.has(txid) ? 'final' : 'pending', fresh };
      }
      case 'balance': {
        const sum = this.#coins(params['address']!).reduce(
          (total, coin) => total + BigInt(coin.amount),
          0n,
        );
        return {
          address: params['address'],
          available: String(sum),
          bonded: '0',
          unbonding: '0',
          pending: '0',
          unspentCount: 1,
          height: chain.height,
        };
      }
      case 'unspent': {
        const all = this.#coins(params['address']!);
        const from = Number(query.get('cursor') ?? 0);
        const items = all.slice(from, from + 2);
        return { items, ...(from + 2 < all.length ? { next: String(from + 2) } : {}) };
      }
      default:
        return undefined;
    }
  }

  #coins(address: string): Json[] {
    return this.chain.blocks.flatMap(({ header, transactions }) =>
      transactions.flatMap((bytes) => {
        const { body } = transactionCodec.decode(bytes);
        return body.outputs
          .map((output, index) => ({ output, index }))
          .filter(({ output }) => formatAddress(output.owner, 'test') === address)
          .map(({ output, index }) => ({
            txid: toHex(txidOf(body)),
            index,
            amount: String(output.amount),
            createdHeight: header.height,
            lock: 'plain',
          }));
      }),
    );
  }

  /** Block events from a cursor on, as a node sends them. */
  #stream(url: URL, response: ServerResponse): void {
    const [height = 0, offset = 0] = (
      url.searchParams.get('cursor') ?? `${this.chain.height + 1}.0`
    )
      .split('.')
      .map(Number);
    let next = offset > 0 ? height + 1 : height;
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(': open\n\n');
    const wake = (): void => {
      for (; next <= this.chain.height; next++) {
        const cursor = `${next}.1`;
        const event = { topic: 'block', cursor, data: { height: Math.max(next, 1) } };
        response.write(`id: ${cursor}\nevent: block\ndata: ${JSON.stringify(event)}\n\n`);
      }
    };
    this.#streams.add(wake);
    response.on('close', () => this.#streams.delete(wake));
    wake();
  }
}

export function problem(
  response: ServerResponse,
  status: number,
  code: string,
  reason?: string,
): void {
  const body = {
    type: 'about:blank',
    title: code,
    status,
    code,
    detail: `${code} happened`,
    requestId: 'r1',
    reason,
  };
  response
    .writeHead(status, { 'content-type': 'application/problem+json' })
    .end(JSON.stringify(body));
}
