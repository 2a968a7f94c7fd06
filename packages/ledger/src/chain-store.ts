/** Opening a chain in a store: the genesis state, or the final head as it was left. */
import { equalBytes } from '@mxd/codec';
import { chainTagOf, type BlockHash, type GenesisDocument, type Header } from '@mxd/protocol';
import type { KeyValueStore, Operation } from '@mxd/storage';

import {
  buckets,
  headCodec,
  heightCodec,
  identityCodec,
  layoutVersion,
  metaKey,
  storedHeaderCodec,
} from './buckets.ts';
import type { ChainState } from './chain-state.ts';
import { createOutput, indexPayouts, stateOperations, type IndexSet } from './commit-batch.ts';
import { LedgerError } from './errors.ts';
import { LatticeHash } from './lattice-hash.ts';
import { binaryText, commitmentElement, outputKey, plainLock } from './outputs.ts';
import type { ChainIdentity, Pace, UnspentOutput } from './types.ts';
import {
  applicationRoot,
  chainConstants,
  genesisOutputs,
  genesisValidatorState,
  stateFromSections,
  type ChainConstants,
  type GenesisOutput,
  type ValidatorState,
} from './validators/index.ts';

/** Operations of one batch while a large genesis is written. */
const genesisBatch = 50_000;

/** A chain as its genesis document defines it, before anything was written. */
export interface GenesisChain {
  readonly identity: ChainIdentity;
  readonly constants: ChainConstants;
  readonly outputs: readonly GenesisOutput[];
  readonly state: ChainState;
}

export function genesisOutput(output: GenesisOutput): UnspentOutput {
  const { owner, amount, bondedTo } = output;
  const lock =
    bondedTo === undefined ? plainLock : ({ kind: 'bonded', validatorId: bondedTo } as const);
  return { owner, amount, createdHeight: 0, lock };
}

/** The state after genesis. About 10 us per allocation. */
export async function genesisChain(document: GenesisDocument, pace: Pace): Promise<GenesisChain> {
  const outputs = genesisOutputs(document);
  const lattice = new LatticeHash();
  for (const output of outputs) {
    const key = outputKey(binaryText(output.txid), output.index);
    lattice.add(commitmentElement(key, genesisOutput(output)));
    if (pace.due()) await pace.pause();
  }
  const outputsDigest = lattice.digest();
  const { state: validators, header, hash } = genesisValidatorState(document, outputsDigest);
  const root = applicationRoot(validators, outputsDigest);
  const state = { hash, key: binaryText(hash), header, validators, lattice, outputsDigest, root };
  const identity = {
    chainTag: chainTagOf(document),
    networkId: document.networkId,
    genesis: document,
    genesisHash: hash,
    genesisHeader: header,
  };
  return { identity, constants: validators.chain, outputs, state };
}

/** Writes genesis. The head comes last, so an interrupted run starts again. */
async function writeGenesis(
  store: KeyValueStore,
  chain: GenesisChain,
  indexes: IndexSet,
  pace: Pace,
): Promise<void> {
  let operations: Operation[] = [];
  for (const output of chain.outputs) {
    const key = outputKey(binaryText(output.txid), output.index);
    createOutput(operations, key, genesisOutput(output), indexes);
    if (operations.length >= genesisBatch) {
      await store.batch(operations);
      operations = [];
    }
    if (pace.due()) await pace.pause();
  }
  const txid = chain.outputs[0]?.txid ?? new Uint8Array(64);
  indexPayouts(operations, txid, chain.outputs, { height: 0, position: 0 }, indexes);
  const { state, identity } = chain;
  const { hash, header } = state;
  operations.push(
    buckets.headers.put(0, { hash, header }),
    buckets.heights.put(hash, 0),
    ...identityOperations(identity, indexes, 1),
    ...stateOperations(state, undefined),
  );
  await store.batch(operations, { sync: true });
}

/** The lasting notes about a chain in a store. */
export function identityOperations(
  { chainTag, genesisHash, genesisHeader }: ChainIdentity,
  indexes: IndexSet,
  firstBody: number,
): Operation[] {
  const identity = identityCodec.encode({ layout: layoutVersion, chainTag });
  const genesis = storedHeaderCodec.encode({ hash: genesisHash, header: genesisHeader });
  return [
    buckets.meta.put(metaKey.identity, identity),
    buckets.meta.put(metaKey.genesis, genesis),
    buckets.meta.put(metaKey.indexes, Uint8Array.of(indexFlags(indexes))),
    buckets.meta.put(metaKey.firstBody, heightCodec.encode(firstBody)),
  ];
}

export const indexFlags = (indexes: IndexSet): number =>
  (indexes.transactions ? 1 : 0) | (indexes.history ? 2 : 0) | (indexes.owners ? 4 : 0);

export const indexesOf = (flags: number): IndexSet => ({
  transactions: (flags & 1) !== 0,
  history: (flags & 2) !== 0,
  owners: (flags & 4) !== 0,
});

function corrupt(message: string): never {
  throw new LedgerError('LEDGER_CORRUPT', message);
}

/** A chain as it stands in a store. */
export interface OpenedChain {
  readonly identity: ChainIdentity;
  readonly head: ChainState;
  /** Indexes that are complete. */
  readonly complete: IndexSet;
  readonly firstBody: number;
  readonly historyFrom: number;
}

/** The state that the store holds. @throws LedgerError LEDGER_CORRUPT. */
export async function readHead(
  store: KeyValueStore,
  constants: ChainConstants,
): Promise<ChainState> {
  const meta = buckets.meta.on(store);
  const stored = meta.getSync(metaKey.head) ?? corrupt('there is no head');
  const head = headCodec.decode(stored);
  const { hash, header } =
    buckets.headers.on(store).getSync(head.height) ?? corrupt('the head has no header');
  if (!equalBytes(hash, head.hash)) corrupt('the head and its header differ');
  const sections = new Map<number, Uint8Array>();
  for await (const [id, bytes] of buckets.sections.on(store).range()) {
    sections.set(id, bytes.slice());
  }
  const decoded = stateFromSections(constants, sections as never);
  if (!decoded.ok) corrupt(`state sections: ${decoded.code}: ${decoded.reason}`);
  const lattice = LatticeHash.from(meta.getSync(metaKey.lattice) ?? corrupt('no lattice'));
  const state = chainStateOf(hash, header, decoded.value, lattice);
  if (!equalBytes(state.root, head.root)) corrupt('the state has another application root');
  return state;
}

export function chainStateOf(
  hash: BlockHash,
  header: Header,
  validators: ValidatorState,
  lattice: LatticeHash,
): ChainState {
  const outputsDigest = lattice.digest();
  const root = applicationRoot(validators, outputsDigest);
  return { hash, key: binaryText(hash), header, validators, lattice, outputsDigest, root };
}

/** The identity of a stored chain. The tag is the document's hash, so the rest follows from it. */
function readIdentity(
  stored: Uint8Array,
  genesis: Uint8Array | undefined,
  document: GenesisDocument,
): ChainIdentity {
  const { layout, chainTag } = identityCodec.decode(stored);
  if (layout !== layoutVersion) {
    throw new LedgerError('LEDGER_FORMAT', `layout ${layout}, not ${layoutVersion}`);
  }
  if (!equalBytes(chainTag, chainTagOf(document))) {
    throw new LedgerError('LEDGER_NETWORK', 'the store holds the chain of another genesis');
  }
  if (genesis === undefined) corrupt('the genesis block is missing');
  const { hash, header } = storedHeaderCodec.decode(genesis);
  return {
    chainTag: chainTag.slice(),
    networkId: document.networkId,
    genesis: document,
    genesisHash: hash.slice(),
    genesisHeader: header,
  };
}

/**
 * Opens the chain of a genesis document in a store, writing genesis into an empty one.
 * @throws LedgerError LEDGER_NETWORK, LEDGER_FORMAT, LEDGER_CORRUPT; StorageError.
 */
export async function openChain(
  store: KeyValueStore,
  document: GenesisDocument,
  wanted: IndexSet,
  pace: Pace,
): Promise<OpenedChain> {
  const meta = buckets.meta.on(store);
  const stored = meta.getSync(metaKey.identity);
  if (stored === undefined) {
    if (meta.getSync(metaKey.importing) !== undefined) {
      throw new LedgerError('SNAPSHOT_INCOMPLETE', 'the import of a snapshot has not ended');
    }
    const genesis = await genesisChain(document, pace);
    await writeGenesis(store, genesis, wanted, pace);
    return {
      identity: genesis.identity,
      head: genesis.state,
      complete: wanted,
      firstBody: 1,
      historyFrom: 0,
    };
  }
  const identity = readIdentity(stored, meta.getSync(metaKey.genesis), document);
  const head = await readHead(store, chainConstants(document, identity.genesisHash));
  const flags = meta.getSync(metaKey.indexes)?.[0] ?? 0;
  const known = indexesOf(flags);
  // An index that is switched off now will have gaps: it is complete only after a rebuild.
  const complete = {
    transactions: known.transactions && wanted.transactions,
    history: known.history && wanted.history,
    owners: known.owners && wanted.owners,
  };
  if (indexFlags(complete) !== flags) {
    const note = buckets.meta.put(metaKey.indexes, Uint8Array.of(indexFlags(complete)));
    await store.batch([note], { sync: true });
  }
  const heightAt = (key: number, otherwise: number): number => {
    const bytes = meta.getSync(key);
    return bytes === undefined ? otherwise : heightCodec.decode(bytes);
  };
  const firstBody = heightAt(metaKey.firstBody, 1);
  return { identity, head, complete, firstBody, historyFrom: heightAt(metaKey.historyFrom, 0) };
}
