import type { BenchmarkSuite } from '../../../tooling/bench/src/harness.ts';
import { transactionCodec, type Transaction } from '../src/transaction.ts';

const fill = (length: number, byte: number): Uint8Array => new Uint8Array(length).fill(byte);

/** A payment with two inputs and two outputs, Ed25519: the commonest shape. */
const payment: Transaction = {
  body: {
    version: 5,
    chainId: 7,
    kind: 0,
    validFrom: 0,
    expiresAt: 1000,
    inputs: [
      { txid: fill(64, 1), index: 0 },
      { txid: fill(64, 2), index: 1 },
    ],
    outputs: [
      { owner: { version: 0x32, hash: fill(20, 3) }, amount: 5_000_000_000n },
      { owner: { version: 0x32, hash: fill(20, 4) }, amount: 123_456_789n },
    ],
    tip: 0n,
    commitment: new Uint8Array(0),
    payload: new Uint8Array(0),
  },
  witnesses: [
    { form: 1, suite: 1, publicKey: fill(32, 5), signature: fill(64, 6) },
    { form: 1, suite: 1, publicKey: fill(32, 7), signature: fill(64, 8) },
  ],
};

const encoded = transactionCodec.encode(payment);

/** The same layout by hand, with the same checks: what the combinators are compared with. */
function decodeByHand(bytes: Uint8Array): Transaction {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const need = (count: number): void => {
    if (at + count > bytes.length) throw new RangeError('truncated');
  };
  const take = (count: number): Uint8Array => {
    need(count);
    const part = bytes.subarray(at, at + count);
    at += count;
    return part;
  };
  const u8 = (): number => (need(1), view.getUint8(at++));
  const u16 = (): number => (need(2), (at += 2), view.getUint16(at - 2));
  const u32 = (): number => (need(4), (at += 4), view.getUint32(at - 4));
  const u64 = (): bigint => (need(8), (at += 8), view.getBigUint64(at - 8));
  const version = u16();
  if (version !== 5) throw new RangeError('version');
  const chainId = u32();
  const kind = u8();
  if (kind !== 0) throw new RangeError('kind');
  const validFrom = u32();
  const expiresAt = u32();
  const inputCount = u16();
  if (inputCount < 1 || inputCount > 256) throw new RangeError('inputs');
  const inputs = [];
  for (let i = 0; i < inputCount; i++) inputs.push({ txid: take(64), index: u32() });
  const outputCount = u16();
  if (outputCount < 1 || outputCount > 256) throw new RangeError('outputs');
  const outputs = [];
  for (let i = 0; i < outputCount; i++) {
    const ownerVersion = u8();
    if (ownerVersion !== 0x32) throw new RangeError('owner');
    outputs.push({ owner: { version: ownerVersion, hash: take(20) } as const, amount: u64() });
  }
  const tip = u64();
  const commitmentLength = u8();
  if (commitmentLength !== 0 && commitmentLength !== 32) throw new RangeError('commitment');
  const commitment = take(commitmentLength);
  const payloadLength = u32();
  if (payloadLength !== 0) throw new RangeError('payload');
  const payload = take(payloadLength);
  const witnesses = [];
  for (let i = 0; i < inputCount; i++) {
    if (u8() !== 1 || u8() !== 1) throw new RangeError('witness');
    const publicKey = take(32);
    witnesses.push({ form: 1, suite: 1, publicKey, signature: take(64) } as const);
  }
  if (at !== bytes.length) throw new RangeError('trailing');
  const body = {
    version,
    chainId,
    kind,
    validFrom,
    expiresAt,
    inputs,
    outputs,
    tip,
    commitment,
    payload,
  } as const;
  return { body, witnesses };
}

function encodeByHand(tx: Transaction): Uint8Array {
  const { body } = tx;
  const out = new Uint8Array(1024);
  const view = new DataView(out.buffer);
  let at = 0;
  const u8 = (value: number): void => view.setUint8(at++, value);
  const u16 = (value: number): void => (view.setUint16(at, value), void (at += 2));
  const u32 = (value: number): void => (view.setUint32(at, value), void (at += 4));
  const u64 = (value: bigint): void => (view.setBigUint64(at, value), void (at += 8));
  const put = (value: Uint8Array): void => (out.set(value, at), void (at += value.length));
  u16(body.version);
  u32(body.chainId);
  u8(body.kind);
  u32(body.validFrom);
  u32(body.expiresAt);
  u16(body.inputs.length);
  for (const input of body.inputs) {
    put(input.txid);
    u32(input.index);
  }
  u16(body.outputs.length);
  for (const output of body.outputs) {
    u8(output.owner.version);
    put(output.owner.hash);
    u64(output.amount);
  }
  u64(body.tip);
  u8(body.commitment.length);
  put(body.commitment);
  u32(body.payload.length);
  put(body.payload);
  for (const witness of tx.witnesses) {
    if (witness.form !== 1) throw new RangeError('witness');
    u8(1);
    u8(witness.suite);
    put(witness.publicKey);
    put(witness.signature);
  }
  return out.slice(0, at);
}

const suite: BenchmarkSuite = {
  name: 'codec',
  benchmarks: [
    {
      name: 'encode 2-in 2-out transaction',
      target: { atLeast: 300_000 },
      prepare: ({ figure }) => {
        figure('transaction', encoded.length, 'bytes');
        return () => transactionCodec.encode(payment);
      },
    },
    {
      name: 'decode 2-in 2-out transaction',
      target: { atLeast: 300_000 },
      prepare: () => () => transactionCodec.decode(encoded),
    },
    {
      name: 'encode: combinators against by hand',
      target: { atLeast: 0.5 },
      compare: [
        { name: 'combinators', prepare: () => () => transactionCodec.encode(payment) },
        { name: 'by hand', prepare: () => () => encodeByHand(payment) },
      ],
    },
    {
      name: 'decode: combinators against by hand',
      target: { atLeast: 0.5 },
      compare: [
        { name: 'combinators', prepare: () => () => transactionCodec.decode(encoded) },
        { name: 'by hand', prepare: () => () => decodeByHand(encoded) },
      ],
    },
  ],
};
export default suite;
