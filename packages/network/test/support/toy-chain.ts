import { createHash } from 'node:crypto';
import { type Network } from '../../src/index.ts';
import {
  chunkCodec,
  rangeCodec,
  type BodyStage,
  type ChainStage,
  type SnapshotStage,
} from '../../src/sync/index.ts';

/** A chain that is easy to check: headers commit to their parent and to their body. */

const hash = (...parts: Uint8Array[]): Buffer => {
  const h = createHash('sha512');
  for (const part of parts) h.update(part);
  return h.digest();
};

export interface ToyChain {
  readonly headers: Uint8Array[];
  readonly bodies: Uint8Array[];
}

/** Header: height u32, hash of the parent's header, hash of the body. Heights from 1. */
export function makeChain(height: number, bodyBytes = 200): ToyChain {
  const headers: Uint8Array[] = [];
  const bodies: Uint8Array[] = [];
  for (let i = 1; i <= height; i++) {
    const body = new Uint8Array(bodyBytes).fill(i & 0xff);
    new DataView(body.buffer).setUint32(0, i);
    const number = Buffer.alloc(4);
    number.writeUInt32BE(i);
    bodies.push(body);
    headers.push(Buffer.concat([number, hash(headers.at(-1) ?? Buffer.alloc(0)), hash(body)]));
  }
  return { headers, bodies };
}

const chunkBytes = 1_000;
const stateOf = (chain: ToyChain, height: number): Buffer =>
  Buffer.concat(chain.bodies.slice(0, height));

/** Serves a chain honestly; `perAnswer` makes the answers partial. */
export function serveChain(network: Network, chain: () => ToyChain, perAnswer = 1_000): void {
  network.requests.serve('headers', function* (payload) {
    const { from, count } = rangeCodec.decode(payload);
    const { headers } = chain();
    const end = Math.min(headers.length, from + count - 1);
    for (let i = from; i <= end && i - from < perAnswer; i++) yield headers[i - 1]!;
    return end - from + 1 > perAnswer || headers.length > end ? 'partial' : 'complete';
  });
  network.requests.serve('blocks-by-range', function* (payload) {
    const { from, count } = rangeCodec.decode(payload);
    const { bodies } = chain();
    if (bodies[from - 1] === undefined) return 'unavailable';
    for (let i = from; i < from + count && i - from < perAnswer; i++) {
      const body = bodies[i - 1];
      if (body === undefined) return 'partial';
      yield body;
    }
    return count > perAnswer ? 'partial' : 'complete';
  });
  network.requests.serve('snapshot-manifest', function* () {
    const { headers } = chain();
    const state = stateOf(chain(), headers.length);
    const chunks = Math.ceil(state.length / chunkBytes);
    const hashes = Array.from({ length: chunks }, (_, i) =>
      hash(state.subarray(i * chunkBytes, (i + 1) * chunkBytes)),
    );
    const height = Buffer.alloc(4);
    height.writeUInt32BE(headers.length);
    yield Buffer.concat([height, hash(state), ...hashes]);
    return 'complete';
  });
  network.requests.serve('snapshot-chunk', function* (payload) {
    const { chunk } = chunkCodec.decode(payload);
    const state = stateOf(chain(), chain().headers.length);
    yield state.subarray(chunk * chunkBytes, (chunk + 1) * chunkBytes);
    return 'complete';
  });
}

/** A node's side: what it has proven and applied, kept across runs. */
export class ToyNode {
  readonly headers: Uint8Array[] = [];
  readonly applied: Uint8Array[] = [];
  readonly chunks: Map<number, Uint8Array> = new Map();
  manifest: { id: Uint8Array; chunks: number; hashes: Buffer[]; height: number } | undefined =
    undefined;
  checks = 0;

  readonly chain: ChainStage = {
    next: () => ({
      kind: 'headers',
      payload: rangeCodec.encode({ from: this.headers.length + 1, count: 500 }),
    }),
    accept: (item) => {
      const height = Buffer.from(item).readUInt32BE(0);
      if (height <= this.headers.length) return 'stale';
      const parent = hash(this.headers.at(-1) ?? Buffer.alloc(0));
      if (height !== this.headers.length + 1 || item.length !== 132) return 'invalid';
      if (!parent.equals(item.subarray(4, 68))) return 'invalid';
      this.headers.push(item.slice());
      return 'accepted';
    },
    provenHeight: () => this.headers.length,
  };

  readonly bodies: BodyStage = {
    appliedHeight: () => this.applied.length,
    check: (height, item) => {
      this.checks += 1;
      return hash(item).equals(this.headers[height - 1]!.subarray(68));
    },
    apply: async (height, item) => {
      if (height !== this.applied.length + 1) throw new RangeError('out of order');
      this.applied.push(item.slice());
    },
    perRequest: 20,
  };

  readonly snapshot: SnapshotStage = {
    wanted: (proven) => proven - this.applied.length > 100,
    adopt: async (manifest) => {
      const bytes = Buffer.from(manifest);
      const height = bytes.readUInt32BE(0);
      if (height > this.headers.length) return 'unusable';
      const hashes: Buffer[] = [];
      for (let at = 68; at < bytes.length; at += 64) hashes.push(bytes.subarray(at, at + 64));
      this.manifest = { id: bytes.subarray(4, 68), chunks: hashes.length, hashes, height };
      return this.manifest;
    },
    resume: () => this.manifest,
    has: (chunk) => this.chunks.has(chunk),
    check: (chunk, item) => hash(item).equals(this.manifest!.hashes[chunk]!),
    store: async (chunk, item) => void this.chunks.set(chunk, item.slice()),
    finish: async () => {
      const state = Buffer.concat(
        Array.from({ length: this.manifest!.chunks }, (_, i) => this.chunks.get(i)!),
      );
      if (!hash(state).equals(this.manifest!.id)) throw new RangeError('wrong state');
      const size = state.length / this.manifest!.height;
      this.applied.length = 0;
      for (let at = 0; at < state.length; at += size)
        this.applied.push(state.subarray(at, at + size));
    },
  };

  get state(): string {
    return hash(...this.applied).toString('hex');
  }
}

export const stateHash = (chain: ToyChain): string => hash(...chain.bodies).toString('hex');
