import type { Ledger } from '@mxd/ledger';
import type { PeerId, RequestProtocols } from '@mxd/network';
import {
  blockCodec,
  validatorSet,
  verifyCertificate,
  type Block,
  type BlockHash,
  type VerifySignature,
} from '@mxd/protocol';
import { blockHashOf } from '@mxd/protocol/block';
import { certificateCodec } from '@mxd/protocol/certificate';
import { voteKind } from '@mxd/protocol/vote';

import { rangeItemCodec, rangeRequestCodec } from './wire.ts';

export interface HistorySyncParts {
  readonly ledger: Ledger;
  readonly requests: RequestProtocols;
  /** Peers to ask, best first; asked anew before each range. */
  readonly peers: () => readonly PeerId[];
  readonly verify: VerifySignature;
  /** A block has been verified as final: commit it and tell everybody. */
  readonly onFinal: (block: Block, hash: BlockHash, finalization: Uint8Array) => Promise<void>;
  readonly onProgress: (height: number, target: number) => void;
  /** A peer sent something that is provably wrong. */
  readonly onLie: (peer: PeerId, reason: string) => void;
}

/** Why a range ended early. `lie`: the peer is at fault; `end`: it has no more. */
type RangeEnd = 'complete' | 'end' | 'lie';

const blocksPerRequest = 128;

/**
 * Follows the chain from peers by replaying it: every block is executed, and committed when a
 * finalization of it (or of a descendant) verifies under the table of its epoch. Nothing a peer
 * says is believed; a height is only a wish.
 */
export class HistorySync {
  readonly #parts: HistorySyncParts;
  #running: Promise<void> | undefined;
  #stopped = false;

  constructor(parts: HistorySyncParts) {
    this.#parts = parts;
  }

  get active(): boolean {
    return this.#running !== undefined;
  }

  /** Syncs until `target` is reached or no peer has more. One run at a time. */
  run(target: number): Promise<void> {
    this.#running ??= this.#run(target).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  stop(): void {
    this.#stopped = true;
  }

  async #run(target: number): Promise<void> {
    const { ledger, onProgress } = this.#parts;
    const exhausted = new Set<PeerId>();
    while (!this.#stopped && ledger.head.height < target) {
      const peer = this.#parts.peers().find((candidate) => !exhausted.has(candidate));
      if (peer === undefined) return;
      const before = ledger.head.height;
      await this.#range(peer);
      if (ledger.head.height === before) exhausted.add(peer);
      else exhausted.clear();
      onProgress(ledger.head.height, target);
    }
  }

  /** One request to one peer, each block verified as it arrives. */
  async #range(peer: PeerId): Promise<RangeEnd> {
    const { ledger, requests, onLie } = this.#parts;
    const from = ledger.head.height + 1;
    const payload = rangeRequestCodec.encode({ from, count: blocksPerRequest });
    let hasLied = false;
    const result = await requests.request(peer, 'blocks-by-range', payload, {
      onItem: async (item) => {
        if (this.#stopped) return false;
        const reason = await this.#take(item);
        if (reason === undefined) return true;
        hasLied = true;
        onLie(peer, reason);
        return false;
      },
    });
    if (hasLied) return 'lie';
    return result.ok && result.end === 'complete' ? 'complete' : 'end';
  }

  /** Executes one block; commits what its finalization proves. Gives what is wrong, if anything. */
  async #take(item: Uint8Array): Promise<string | undefined> {
    const { ledger, onFinal } = this.#parts;
    const decoded = rangeItemCodec.tryDecode(item);
    if (!decoded.ok) return decoded.error.message;
    const block = blockCodec.tryDecode(decoded.value.block);
    if (!block.ok) return block.error.message;
    const { header } = block.value;
    if (header.height <= ledger.head.height) return undefined; // consensus was faster
    const executed = await ledger.executeBlock(block.value);
    if (!executed.ok) return `block ${header.height}: ${executed.code}: ${executed.reason}`;
    if (decoded.value.finalization.length === 0) return undefined; // a descendant's will cover it
    const hash = blockHashOf(header);
    const problem = this.#finalizationProblem(block.value, hash, decoded.value.finalization);
    if (problem !== undefined) return problem;
    await onFinal(block.value, hash, decoded.value.finalization);
    return undefined;
  }

  #finalizationProblem(block: Block, hash: BlockHash, bytes: Uint8Array): string | undefined {
    const { ledger, verify } = this.#parts;
    const { epoch, parentHash } = block.header;
    const state = ledger.state(parentHash) ?? ledger.state(hash);
    const known = state?.table(epoch);
    if (state === undefined || known === undefined) return 'the table of its epoch is unknown';
    const certificate = certificateCodec.tryDecode(bytes);
    if (!certificate.ok) return certificate.error.message;
    if (certificate.value.kind !== voteKind.finalize) return 'the certificate is no finalization';
    if (Buffer.compare(certificate.value.blockHash, hash) !== 0)
      return 'it finalizes another block';
    const set = validatorSet(
      ledger.chain.chainTag,
      known.table,
      state.parameters,
      known.anchorHash,
    );
    const verdict = verifyCertificate(set, certificate.value, verify);
    return verdict.ok ? undefined : verdict.reason;
  }
}
