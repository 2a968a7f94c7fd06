import { formatAddress, type AddressNetwork } from '@mxd/crypto/address';
import type { Owner } from '@mxd/protocol/transaction';

import { limits } from '../limits.ts';

/**
 * Texts of addresses for events. A text costs ten times a look-up, and every payment is told twice:
 * as it arrives and when it is final.
 */
export class AddressTexts {
  readonly #network: AddressNetwork;
  readonly #texts = new Map<string, string>();

  constructor(network: AddressNetwork) {
    this.#network = network;
  }

  get size(): number {
    return this.#texts.size;
  }

  of(owner: Owner): string {
    return this.ofText(
      String.fromCharCode(owner.version) + Buffer.prototype.latin1Slice.call(owner.hash),
    );
  }

  /** Of an owner as the mempool names it: version and hash, one character per byte. */
  ofText(key: string): string {
    const known = this.#texts.get(key);
    if (known !== undefined) return known;
    const owner = {
      version: key.charCodeAt(0) as Owner['version'],
      hash: Buffer.from(key.slice(1), 'latin1'),
    };
    const text = formatAddress(owner, this.#network);
    this.#texts.set(key, text);
    if (this.#texts.size > limits.addressTexts.value) {
      const [oldest] = this.#texts.keys();
      if (oldest !== undefined) this.#texts.delete(oldest);
    }
    return text;
  }
}
