import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

import { CodedError, parseAmount } from '@mxd/codec';
import { tryParseAddress } from '@mxd/crypto/address';

import { NodeRefusal, type Payer } from './payer.ts';

/** Most that one request gets, in base units: 1,000 MXD. */
const most = 100_000_000_000n;
const bodyLimit = 4_096;
const perMinute = 60;

async function readBody(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) {
    text += String(chunk);
    if (text.length > bodyLimit) throw new RangeError('the body is too large');
  }
  return text;
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(body)}\n`);
}

function parse(text: string): { readonly address: string; readonly amount: bigint } {
  const { address, amount = '10' } = JSON.parse(text) as { address?: unknown; amount?: unknown };
  if (typeof address !== 'string' || typeof amount !== 'string') {
    throw new RangeError('send {"address": "mx...", "amount": "10"}');
  }
  const parsed = tryParseAddress(address, 'test');
  if (!parsed.ok) throw parsed.error;
  const units = parseAmount(amount);
  if (units === 0n || units > most) throw new RangeError('the amount is more than 0, at most 1000');
  return { address, amount: units };
}

/**
 * Opens the faucet of a local network: it pays out of a funded account like anybody else, so nothing
 * is minted. POST /fund {"address", "amount" in MXD}.
 */
export function startFaucet(payer: Payer, port: number): Promise<Server> {
  let windowStart = 0;
  let used = 0;
  const server = createServer((request, response) => {
    const handle = async (): Promise<void> => {
      if (request.method !== 'POST' || request.url !== '/fund') {
        return send(response, 404, { error: 'POST /fund {"address": "mx...", "amount": "10"}' });
      }
      if (Date.now() - windowStart > 60_000) {
        windowStart = Date.now();
        used = 0;
      }
      if (++used > perMinute) return send(response, 429, { error: 'come back in a minute' });
      const { address, amount } = parse(await readBody(request));
      const result = await payer.pay(address, amount);
      return send(response, 202, result);
    };
    handle().catch((error: unknown) => {
      const isTheirs =
        error instanceof CodedError || error instanceof SyntaxError || error instanceof RangeError;
      const code =
        error instanceof CodedError || error instanceof NodeRefusal ? error.code : 'FAUCET';
      const message = error instanceof Error ? error.message : 'failed';
      send(response, isTheirs ? 400 : 502, { code, error: message });
    });
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
