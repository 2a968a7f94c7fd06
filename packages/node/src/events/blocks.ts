import type { StreamEvent } from '@mxd/api';
import { toHex } from '@mxd/codec';
import {
  addressOfKey,
  addressOfPolicy,
  formatAddress,
  type AddressNetwork,
} from '@mxd/crypto/address';
import type { Ledger } from '@mxd/ledger';
import { transactionCodec, txidOfBytes, type Transaction } from '@mxd/protocol/transaction';

import { blockSummary } from '../http/convert.ts';
import { formatPlace, type FinalEvents } from './feed.ts';

/** Addresses that a transaction spends from, by its witnesses, and pays to. Each once. */
export function addressesOf(tx: Transaction, network: AddressNetwork): readonly string[] {
  const seen = new Set<string>();
  for (const witness of tx.witnesses) {
    const owner =
      witness.form === 1
        ? addressOfKey(witness.suite, witness.publicKey)
        : addressOfPolicy(witness.policy);
    seen.add(formatAddress(owner, network));
  }
  for (const { owner } of tx.body.outputs) seen.add(formatAddress(owner, network));
  return [...seen];
}

/** The events of a final block: its transactions in order, then itself. */
export async function eventsOfBlock(
  ledger: Ledger,
  network: AddressNetwork,
  height: number,
): Promise<FinalEvents | undefined> {
  const [point, block] = await Promise.all([
    ledger.reader.header(height),
    ledger.reader.block(height),
  ]);
  if (point === undefined || (block === undefined && height > 0)) return undefined;
  const events: StreamEvent[] = [];
  for (const bytes of block?.transactions ?? []) {
    const tx = transactionCodec.decode(bytes);
    events.push({
      topic: 'transaction',
      cursor: formatPlace({ height, offset: events.length + 1 }),
      data: {
        txid: toHex(txidOfBytes(bytes, tx.body)),
        state: 'final',
        height,
        addresses: addressesOf(tx, network),
      },
    });
  }
  const cursor = formatPlace({ height, offset: events.length + 1 });
  events.push({ topic: 'block', cursor, data: blockSummary(point, block) });
  return { height, events };
}
