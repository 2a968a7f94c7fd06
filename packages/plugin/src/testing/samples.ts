import type { FinalBlock, TransactionFacts } from '../facts.ts';

const hex = (seed: number, bytes: number): string =>
  (seed >>> 0)
    .toString(16)
    .padStart(8, '0')
    .repeat(Math.ceil(bytes / 4))
    .slice(0, 2 * bytes);

let counter = 0;

/** A transaction that pays 1 MXD from one address to another, with what you change. */
export function sampleTransaction(changes: Partial<TransactionFacts> = {}): TransactionFacts {
  counter++;
  return {
    txid: hex(counter, 64),
    kind: 0,
    inputs: [{ txid: hex(counter + 1, 64), index: 0, address: 'payer', amount: 200_000_000n }],
    outputs: [{ address: 'payee', amount: 100_000_000n }],
    tip: 0n,
    commitment: '',
    validFrom: 0,
    expiresAt: 0,
    bytes: new Uint8Array(0),
    ...changes,
  };
}

/** A final block of a height, empty but for what you change. */
export function sampleBlock(height: number, changes: Partial<FinalBlock> = {}): FinalBlock {
  return {
    height,
    hash: hex(height, 64),
    parentHash: hex(height - 1, 64),
    epoch: 1,
    view: height,
    timeMs: 1_700_000_000_000 + height * 100,
    proposer: hex(1, 20),
    tipTotal: 0n,
    totalSupply: 0n,
    transactions: [],
    missedBefore: 0,
    ...changes,
  };
}
