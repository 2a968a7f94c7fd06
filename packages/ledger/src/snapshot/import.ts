import { equalBytes, struct, bytes, u64, type Codec } from '@mxd/codec';
import type { Digest, GenesisDocument, Header, VerifySignature } from '@mxd/protocol';
import { blockHashOf } from '@mxd/protocol/block';
import { certificateCodec } from '@mxd/protocol/certificate';
import { verifyFinalHeader, type ValidatorSet } from '@mxd/protocol/checks';
import type { KeyValueStore, Operation } from '@mxd/storage';

import { buckets, headCodec, heightCodec, metaKey } from '../buckets.ts';
import {
  chainStateOf,
  genesisChain,
  identityOperations,
  type GenesisChain,
} from '../chain-store.ts';
import type { ChainState } from '../chain-state.ts';
import { createOutput, type IndexSet } from '../commit-batch.ts';
import { LedgerError, type LedgerErrorCode } from '../errors.ts';
import { latticeBytes, LatticeHash } from '../lattice-hash.ts';
import { binaryText, outpointBytes } from '../outputs.ts';
import type { Pace } from '../types.ts';
import { accrualTotal, exportSections, stateFromSections } from '../validators/index.ts';
import { chunkCodec, elementKey, elementValue, type ChunkEntry } from './chunk.ts';
import { chunkHash, manifestCodec, snapshotId, snapshotVersion } from './manifest.ts';
import type { SnapshotManifest } from './manifest.ts';

export interface ImportOptions {
  readonly store: KeyValueStore;
  readonly genesis: GenesisDocument;
  readonly manifest: SnapshotManifest;
  /**
   * The validators of the finalized header's epoch, from a trusted checkpoint and the epoch proofs
   * after it (`followEpochs`): what the whole import rests on.
   */
  readonly validators: ValidatorSet;
  readonly verify: VerifySignature;
  readonly owners?: boolean;
  readonly pace?: Pace;
}

export type ImportVerdict =
  | { readonly ok: true }
  | { readonly ok: false; readonly code: LedgerErrorCode; readonly reason: string };

/** What is kept of an imported chunk until all are there. */
interface ChunkNote {
  readonly lattice: Uint8Array;
  readonly amount: bigint;
  readonly outputs: bigint;
  readonly first: Uint8Array;
  readonly last: Uint8Array;
}

const noteCodec: Codec<ChunkNote> = struct({
  lattice: bytes(latticeBytes),
  amount: u64,
  outputs: u64,
  first: bytes(68),
  last: bytes(68),
});

const noBytes = new Uint8Array(0);
const noPace: Pace = { due: () => false, pause: () => Promise.resolve() };
const no = (code: LedgerErrorCode, reason: string): ImportVerdict & { ok: false } => ({
  ok: false,
  code,
  reason,
});

/**
 * Fills an empty store from a snapshot, chunk by chunk in any order, from any number of peers. What
 * has been taken survives a restart. Nothing of it counts before `finish` has proven the whole.
 */
export class StateImport {
  readonly id: Digest;
  readonly #options: ImportOptions;
  readonly #genesis: GenesisChain;
  readonly #state: ChainState;
  readonly #done: Set<number>;
  readonly #indexes: IndexSet;
  readonly #pace: Pace;

  private constructor(
    options: ImportOptions,
    genesis: GenesisChain,
    state: ChainState,
    done: Set<number>,
  ) {
    this.#options = options;
    this.#genesis = genesis;
    this.#state = state;
    this.#done = done;
    this.id = snapshotId(options.manifest.content);
    this.#indexes = { transactions: true, history: true, owners: options.owners ?? true };
    this.#pace = options.pace ?? noPace;
  }

  /**
   * Checks a manifest, and begins or resumes its import.
   * @throws LedgerError SNAPSHOT_*: the manifest proves nothing; SNAPSHOT_TARGET: the store holds
   *   a chain, or the import of another snapshot.
   */
  static async begin(options: ImportOptions): Promise<StateImport> {
    const { store, manifest } = options;
    const pace = options.pace ?? noPace;
    const meta = buckets.meta.on(store);
    if (meta.getSync(metaKey.identity) !== undefined) {
      throw new LedgerError('SNAPSHOT_TARGET', 'the store holds a chain already');
    }
    const genesis = await genesisChain(options.genesis, pace);
    const state = checkManifest(options, genesis);
    const encoded = manifestCodec.encode({ version: snapshotVersion, ...manifest });
    const begun = meta.getSync(metaKey.importing);
    const done = new Set<number>();
    if (begun === undefined) {
      await store.batch([buckets.meta.put(metaKey.importing, encoded)], { sync: true });
    } else {
      const before = snapshotId(manifestCodec.decode(begun).content);
      if (!equalBytes(before, snapshotId(manifest.content))) {
        throw new LedgerError('SNAPSHOT_TARGET', 'the import of another snapshot has begun');
      }
      for await (const [index] of buckets.imports.on(store).range()) done.add(index);
    }
    return new StateImport(options, genesis, state, done);
  }

  /** Chunks that are still to come. */
  get missing(): readonly number[] {
    const out: number[] = [];
    const total = this.#options.manifest.content.chunks.length;
    for (let index = 0; index < total; index++) if (!this.#done.has(index)) out.push(index);
    return out;
  }

  /** Takes a chunk; a wrong one changes nothing. Taking one twice changes nothing either. */
  async addChunk(index: number, chunk: Uint8Array): Promise<ImportVerdict> {
    const { store, manifest } = this.#options;
    const expected = manifest.content.chunks[index];
    if (expected === undefined || !equalBytes(chunkHash(chunk), expected)) {
      return no('SNAPSHOT_CHUNK', `not chunk ${index} of this snapshot`);
    }
    if (this.#done.has(index)) return { ok: true };
    const decoded = chunkCodec.tryDecode(chunk);
    if (!decoded.ok) return no('SNAPSHOT_FORMAT', decoded.error.message);
    const entries = decoded.value;
    const lattice = new LatticeHash();
    const operations: Operation[] = [];
    let amount = 0n;
    let previous: Uint8Array | undefined;
    for (const entry of entries) {
      const { element, output } = entry;
      const key = elementKey(element);
      if (previous !== undefined && Buffer.compare(key, previous) <= 0) {
        return no('SNAPSHOT_ORDER', `chunk ${index} is out of order`);
      }
      previous = key;
      amount += output.amount;
      lattice.add(element);
      storeEntry(operations, entry, this.#indexes);
      if (this.#pace.due()) await this.#pace.pause();
    }
    const { totalSupply } = this.#state.validators.totals;
    if (amount > totalSupply) return no('SNAPSHOT_SUPPLY', `chunk ${index} exceeds the supply`);
    const note = noteCodec.encode({
      lattice: lattice.bytes(),
      amount,
      outputs: BigInt(entries.length),
      first: keyBytes(entries[0]),
      last: keyBytes(entries.at(-1)),
    });
    operations.push(buckets.imports.put(index, note));
    await store.batch(operations, { sync: true });
    this.#done.add(index);
    return { ok: true };
  }

  /**
   * Proves the whole and makes the store a chain. Fails without a trace in the chain's state; a
   * store whose import failed here is to be emptied.
   */
  async finish(): Promise<ImportVerdict> {
    if (this.missing.length > 0) {
      return no('SNAPSHOT_INCOMPLETE', `${this.missing.length} chunks are missing`);
    }
    const { store, manifest } = this.#options;
    const { validators, outputsDigest } = this.#state;
    const lattice = new LatticeHash();
    let amount = accrualTotal(validators) + validators.totals.tipCarry;
    let outputs = 0n;
    let last: Uint8Array | undefined;
    for await (const [, bytesOfNote] of buckets.imports.on(store).range()) {
      const note = noteCodec.decode(bytesOfNote);
      lattice.addAll(LatticeHash.from(note.lattice));
      amount += note.amount;
      outputs += note.outputs;
      if (last !== undefined && Buffer.compare(last, note.first) >= 0) {
        return no('SNAPSHOT_ORDER', 'chunks overlap or are out of order');
      }
      last = note.last.slice();
    }
    if (
      !equalBytes(lattice.digest(), outputsDigest) ||
      outputs !== BigInt(manifest.content.outputs)
    ) {
      return no('SNAPSHOT_ROOT', 'the outputs are not those that the final header commits to');
    }
    if (amount !== validators.totals.totalSupply) {
      return no('SNAPSHOT_SUPPLY', `${amount} of ${validators.totals.totalSupply}`);
    }
    await store.batch(this.#closing(), { sync: true });
    return { ok: true };
  }

  #closing(): Operation[] {
    const { manifest } = this.#options;
    const { hash, header, root, validators, lattice } = this.#state;
    const { height } = header;
    const operations: Operation[] = [];
    for (const each of manifest.headers) {
      if (each.height > height) break;
      const own = blockHashOf(each);
      operations.push(
        buckets.headers.put(each.height, { hash: own, header: each }),
        buckets.heights.put(own, each.height),
      );
    }
    for (const [id, section] of exportSections(validators)) {
      operations.push(buckets.sections.put(id, section));
    }
    for (const { epoch, table } of validators.epochs) {
      operations.push(buckets.tables.put(epoch, table));
    }
    for (let index = 0; index < manifest.content.chunks.length; index++) {
      operations.push(buckets.imports.delete(index));
    }
    operations.push(
      ...identityOperations(this.#genesis.identity, this.#indexes, height + 1),
      buckets.meta.put(metaKey.lattice, lattice.bytes()),
      buckets.meta.put(metaKey.head, headCodec.encode({ height, hash, root })),
      buckets.meta.put(metaKey.historyFrom, heightCodec.encode(height + 1)),
      buckets.meta.delete(metaKey.importing),
    );
    return operations;
  }
}

function keyBytes(entry: ChunkEntry | undefined): Uint8Array {
  return entry === undefined ? new Uint8Array(0) : elementKey(entry.element);
}

/** What `createOutput` writes, from bytes that are encoded already. */
function storeEntry(operations: Operation[], entry: ChunkEntry, indexes: IndexSet): void {
  const { element, output } = entry;
  const key = elementKey(element);
  if (output.lock.kind !== 'plain') {
    createOutput(operations, binaryText(key), output, indexes);
    return;
  }
  operations.push(buckets.outputs.putEncoded(key, elementValue(element)));
  if (!indexes.owners) return;
  const ownerBytes = 1 + output.owner.hash.length;
  const owned = new Uint8Array(ownerBytes + outpointBytes);
  owned.set(element.subarray(outpointBytes, outpointBytes + ownerBytes));
  owned.set(key, ownerBytes);
  operations.push(buckets.owned.putEncoded(owned, noBytes));
}

function fail(code: LedgerErrorCode, reason: string): never {
  throw new LedgerError(code, reason);
}

/** Everything that a manifest proves by itself: the state after its height, but for the outputs. */
function checkManifest(options: ImportOptions, genesis: GenesisChain): ChainState {
  const { manifest, validators: set, verify } = options;
  const { content, headers, finalization } = manifest;
  if (!equalBytes(content.chainTag, genesis.identity.chainTag)) {
    fail('SNAPSHOT_NETWORK', 'the snapshot is of another chain');
  }
  const { at, next } = checkHeaders(headers, content.height);
  const certificate = certificateCodec.tryDecode(finalization);
  if (!certificate.ok) return fail('SNAPSHOT_CERTIFICATE', certificate.error.message);
  const top = headers.at(-1) as Header;
  const verdict = verifyFinalHeader(set, top, certificate.value, verify);
  if (!verdict.ok) fail('SNAPSHOT_CERTIFICATE', `${verdict.code}: ${verdict.reason}`);
  const sections = new Map(content.sections.map(({ id, bytes: section }) => [id, section]));
  if (sections.size !== content.sections.length) fail('SNAPSHOT_FORMAT', 'a section is repeated');
  const decoded = stateFromSections(genesis.constants, sections as never);
  if (!decoded.ok) return fail('SNAPSHOT_FORMAT', `${decoded.code}: ${decoded.reason}`);
  const state = chainStateOf(blockHashOf(at), at, decoded.value, LatticeHash.from(content.lattice));
  if (!equalBytes(state.root, next.appRoot)) {
    fail('SNAPSHOT_ROOT', 'the state is not the one that the next header commits to');
  }
  return state;
}

/** The header of the state and the one after it; the headers chain up without a gap. */
function checkHeaders(
  headers: readonly Header[],
  height: number,
): { readonly at: Header; readonly next: Header } {
  for (let i = 1; i < headers.length; i++) {
    const before = headers[i - 1] as Header;
    const after = headers[i] as Header;
    const follows =
      after.height === before.height + 1 && equalBytes(after.parentHash, blockHashOf(before));
    if (!follows) fail('SNAPSHOT_HEADERS', `header ${i} does not follow the one before it`);
  }
  const index = headers.findIndex((header) => header.height === height);
  const at = headers[index];
  const next = headers[index + 1];
  if (at === undefined || next === undefined) {
    return fail('SNAPSHOT_HEADERS', `no header of height ${height} and the one after it`);
  }
  if (index < Math.min(127, height)) {
    fail('SNAPSHOT_HEADERS', 'too few headers below the state');
  }
  return { at, next };
}
