import type { AdmissionVerdict, Mempool, Submission } from '@mxd/ledger';
import type { RelayedTransaction, Sender, TransactionHandler } from '@mxd/network';
import { wtxidOfBytes } from '@mxd/protocol/transaction';
import { describe, expect, test } from 'vitest';

import { TransactionAdmission } from '../../src/admission.ts';

const bytesOf = (n: number): Uint8Array => Uint8Array.of(n >>> 8, n & 255, 1, 2, 3);
const numberOf = (bytes: Uint8Array): number => (bytes[0] ?? 0) * 256 + (bytes[1] ?? 0);
const validator = { peerId: 'peer', validatorId: 'validator' } as unknown as Sender;

/** Admission before a pool that accepts even numbers, and answers when it is told to. */
function setUp(): {
  readonly admission: TransactionAdmission;
  readonly batches: number[][];
  readonly told: number[];
  readonly spread: number[];
  relay(...numbers: readonly number[]): ReturnType<TransactionHandler>;
  answer(): Promise<void>;
} {
  const batches: number[][] = [];
  const told: number[] = [];
  const spread: number[] = [];
  const open: (() => void)[] = [];
  let handler: TransactionHandler = () => [];
  const submit = async (batch: readonly Submission[]): Promise<AdmissionVerdict[]> => {
    batches.push(batch.map(({ bytes }) => numberOf(bytes)));
    await new Promise<void>((resolve) => open.push(resolve));
    return batch.map(({ bytes }): AdmissionVerdict => {
      const txid = bytes as never;
      if (numberOf(bytes) % 2 === 0) return { status: 'accepted', txid, replaced: [] };
      return { status: 'refused', code: 'TX_SIGNATURE', reason: '', txid, mayRetry: false };
    });
  };
  const admission = new TransactionAdmission({
    mempool: { submit } as unknown as Mempool,
    network: {
      transactions: {
        onTransactions: (given: TransactionHandler) => {
          handler = given;
        },
        submit: (batch: readonly RelayedTransaction[]) =>
          spread.push(...batch.map(({ bytes }) => numberOf(bytes))),
      } as never,
    },
    onAccepted: (accepted) => told.push(...accepted.map(({ bytes }) => numberOf(bytes))),
    onRefused: () => {},
    quiet: () => Promise.resolve(),
  });
  return {
    admission,
    batches,
    told,
    spread,
    relay: (...numbers) =>
      handler(
        numbers.map((n) => ({ id: wtxidOfBytes(bytesOf(n)), bytes: bytesOf(n) })),
        validator,
      ),
    async answer() {
      while (open.length === 0) await new Promise((resolve) => setImmediate(resolve));
      open.shift()?.();
    },
  };
}

describe('admission', () => {
  test('what arrives while others are judged is judged together, from peers and clients', async () => {
    const { admission, answer, batches, relay, spread, told } = setUp();
    const first = admission.submit(bytesOf(2), 'client');
    while (batches.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const second = admission.submitAll([bytesOf(4), bytesOf(5)], 'client');
    const relayed = relay(6, 7);
    await answer();
    await answer();
    expect(await first).toMatchObject({ ok: true, fresh: true });
    expect(await second).toMatchObject([{ ok: true }, { ok: false, code: 'TX_SIGNATURE' }]);
    expect(await relayed).toEqual(['accept', 'invalid']);
    expect(batches).toEqual([[2], [6, 7, 4, 5]]);
    expect(told).toEqual([2, 6, 4]);
    // What a peer sent is spread by the relay itself.
    expect(spread).toEqual([2, 4]);
  });

  test('many from peers leave room for clients, and the other way round', async () => {
    const { admission, answer, batches, relay } = setUp();
    const numbers = Array.from({ length: 1_000 }, (_, i) => 2 * i);
    const relayed = relay(...numbers);
    const own = admission.submitAll(
      numbers.map((n) => bytesOf(n + 10_000)),
      'client',
    );
    let isDone = false;
    const all = Promise.all([relayed, own]).then(() => {
      isDone = true;
    });
    const feed = async (): Promise<void> => {
      while (!isDone) await Promise.race([answer(), all]);
    };
    await feed();
    for (const batch of batches) expect(batch.length).toBeLessThanOrEqual(256);
    const clients = batches[0]?.filter((n) => n >= 10_000) ?? [];
    expect(clients.length).toBeGreaterThanOrEqual(64);
    expect(clients.length).toBeLessThan(batches[0]?.length ?? 0);
    expect(batches.flat()).toHaveLength(2_000);
  });
});
