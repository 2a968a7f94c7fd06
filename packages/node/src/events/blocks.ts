import type { StreamEvent } from '@mxd/api';
import { toHex } from '@mxd/codec';
import { addressOfKey, addressOfPolicy } from '@mxd/crypto/address';
import type { ChainPoint, CommittedBlock, Ledger, Pace } from '@mxd/ledger';
import type { Block } from '@mxd/protocol';
import { transactionCodec, txidOfBytes, type Transaction } from '@mxd/protocol/transaction';

import { blockSummary } from '../http/convert.ts';
import { limits } from '../limits.ts';
import type { AddressTexts } from './address-texts.ts';
import { formatPlace, type FinalEvents } from './feed.ts';

/** Addresses that a transaction spends from, by its witnesses, and pays to. Each once. */
function addressesOf(tx: Transaction, texts: AddressTexts): readonly string[] {
  const seen = new Set<string>();
  for (const witness of tx.witnesses) {
    const owner =
      witness.form === 1
        ? addressOfKey(witness.suite, witness.publicKey)
        : addressOfPolicy(witness.policy);
    seen.add(texts.of(owner));
  }
  for (const { owner } of tx.body.outputs) seen.add(texts.of(owner));
  return [...seen];
}

/** Makes the events of final blocks: their transactions in order, then the block itself. */
export class BlockEvents {
  readonly #texts: AddressTexts;
  readonly #pace: Pace;
  /** Of waiting transactions that were told, by txid: neither decoded nor hashed again when final. */
  readonly #told = new Map<string, readonly string[]>();

  constructor(texts: AddressTexts, pace: Pace) {
    this.#texts = texts;
    this.#pace = pace;
  }

  /** Addresses of a waiting transaction, `owners` as the mempool names them. */
  pending(txid: string, owners: readonly string[]): readonly string[] {
    const addresses = owners.map((owner) => this.#texts.ofText(owner));
    this.#told.set(txid, addresses);
    if (this.#told.size > limits.streamEvents.value) {
      const [oldest] = this.#told.keys();
      if (oldest !== undefined) this.#told.delete(oldest);
    }
    return addresses;
  }

  #addressesOf(txid: string, bytes: Uint8Array): readonly string[] {
    const told = this.#told.get(txid);
    if (told === undefined) return addressesOf(transactionCodec.decode(bytes), this.#texts);
    this.#told.delete(txid);
    return told;
  }

  /** Of an old block, from the store; undefined if it has been pruned. */
  async load({ reader }: Ledger, height: number): Promise<FinalEvents | undefined> {
    const [point, block] = await Promise.all([reader.header(height), reader.block(height)]);
    if (point === undefined || (block === undefined && height > 0)) return undefined;
    return this.#make(point, block, undefined);
  }

  /** Of a block that was committed just now. */
  committed({ hash, height, block, txids }: CommittedBlock): Promise<FinalEvents> {
    return this.#make({ hash, height, header: block.header }, block, txids);
  }

  async #make(
    point: ChainPoint,
    block: Block | undefined,
    txids: readonly Uint8Array[] | undefined,
  ): Promise<FinalEvents> {
    const { height } = point;
    const events: StreamEvent[] = [];
    for (const [i, bytes] of (block?.transactions ?? []).entries()) {
      const txid = toHex(txids?.[i] ?? txidOfBytes(bytes, transactionCodec.decode(bytes).body));
      events.push({
        topic: 'transaction',
        cursor: formatPlace({ height, offset: events.length + 1 }),
        data: { txid, state: 'final', height, addresses: this.#addressesOf(txid, bytes) },
      });
      if (this.#pace.due()) await this.#pace.pause();
    }
    const cursor = formatPlace({ height, offset: events.length + 1 });
    events.push({ topic: 'block', cursor, data: blockSummary(point, block) });
    return { height, events };
  }
}
