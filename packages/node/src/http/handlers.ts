import {
  ApiError,
  type Contract,
  type RouteId,
  type SubmissionFailure,
  type SubmissionResult,
} from '@mxd/api';
import { CodedError, fromHex, toHex } from '@mxd/codec';
import { tryParseAddress } from '@mxd/crypto/address';
import { MerkleTree } from '@mxd/crypto/merkle';
import { LedgerError, outpointKeyOf, type BlockState, type ChainPoint } from '@mxd/ledger';
import type { OrderedMap } from '@mxd/ledger/validators';
import { genesisDocumentCodec } from '@mxd/protocol/genesis';
import { epochProofCodec } from '@mxd/protocol/messages';
import { parametersToJson } from '@mxd/protocol/parameters-json';
import { systemRecordCodec } from '@mxd/protocol/system-records';
import { transactionCodec, wtxidOfBytes, type Owner } from '@mxd/protocol/transaction';

import type { NodeView, SubmissionOutcome, SubmissionRefusal } from '../view.ts';
import {
  blockDetail,
  blockSummary,
  epochView,
  finalTransactionView,
  headerProof,
  peerView,
  sameId,
  transactionView,
} from './convert.ts';
import { decodeCursor, encodeCursor, heightAt } from './cursor.ts';

type Part<Id extends RouteId, Name extends string> =
  Contract[Id] extends Readonly<Record<Name, infer Value>> ? Value : undefined;

/** What a handler gets: checked parts of the request, and who asks. */
export interface Call<Id extends RouteId> {
  readonly params: Part<Id, 'params'>;
  readonly query: Part<Id, 'query'>;
  readonly body: Part<Id, 'body'>;
  /** Names the client in limits and logs: its address. */
  readonly source: string;
}

/** A handler per route of the contract. */
export type Handlers = {
  readonly [Id in RouteId]: (call: Call<Id>) => Promise<Contract[Id]['response']>;
};

/** The owner behind an address text. @throws ApiError API_BAD_REQUEST naming the broken rule. */
function ownerOf(view: NodeView, text: string): Owner {
  const parsed = tryParseAddress(text, view.addressNetwork);
  if (parsed.ok) return parsed.value;
  throw new ApiError('API_BAD_REQUEST', parsed.error.message, { reason: parsed.error.code });
}

async function pointOf(view: NodeView, id: string): Promise<ChainPoint> {
  const { reader } = view.ledger;
  const height = id.length === 128 ? await reader.heightOf(fromHex(id)) : Number(id);
  const point = height === undefined ? undefined : await reader.header(height);
  if (point === undefined) {
    const what = id.length === 128 ? `hash ${id.slice(0, 16)}...` : `height ${id}`;
    throw new ApiError('API_NOT_FOUND', `there is no final block of ${what}`);
  }
  return point;
}

const refusalCodes = {
  malformed: 'TX_MALFORMED',
  rejected: 'TX_REJECTED',
  deferred: 'TX_DEFERRED',
} as const;

function refuse(refusal: SubmissionRefusal): never {
  throw new ApiError(refusalCodes[refusal.kind], refusal.reason, { reason: refusal.code });
}

/** The answer for one transaction of a batch. */
function itemOf(outcome: SubmissionOutcome): SubmissionResult | SubmissionFailure {
  if (outcome.ok) return { txid: outcome.txid, state: outcome.state, fresh: outcome.fresh };
  return { code: refusalCodes[outcome.kind], reason: outcome.code, detail: outcome.reason };
}

/** Runs a read of an index; one that is off is a clear refusal, not a failure. */
async function indexed<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof LedgerError && error.code === 'LEDGER_INDEX_OFF') {
      throw new ApiError('API_NOT_FOUND', `this node does not keep that index: ${error.message}`);
    }
    throw error;
  }
}

function blockHandlers(view: NodeView): Pick<Handlers, 'blocks' | 'block' | 'header'> {
  const { reader } = view.ledger;
  return {
    async blocks({ query }) {
      const from =
        query.cursor === undefined
          ? view.ledger.head.height
          : heightAt(decodeCursor('blocks', query.cursor), 0);
      const lowest = Math.max(0, from - query.limit + 1);
      const points = await reader.headers(lowest, from - lowest + 1);
      const items = await Promise.all(
        points.map(async (point) => blockSummary(point, await reader.block(point.height))),
      );
      const next = lowest === 0 ? {} : { next: encodeCursor('blocks', [lowest - 1]) };
      return { items: items.toReversed(), ...next };
    },
    async block({ params }) {
      const point = await pointOf(view, params.id);
      return blockDetail(point, await reader.block(point.height));
    },
    async header({ params }) {
      return headerProof(view, await pointOf(view, params.id));
    },
  };
}

function transactionHandlers(
  view: NodeView,
): Pick<Handlers, 'submit' | 'submitBatch' | 'transaction' | 'transactionProof'> {
  const { reader } = view.ledger;
  return {
    async submit({ body, source }) {
      const outcome = await view.submit(fromHex(body.transaction), source);
      if (!outcome.ok) refuse(outcome);
      const { txid, state, fresh } = outcome;
      return { txid, state, fresh };
    },
    async submitBatch({ body, source }) {
      const outcomes = await view.submitAll(body.transactions.map(fromHex), source);
      return { items: outcomes.map(itemOf) };
    },
    async transaction({ params }) {
      const txid = fromHex(params.txid);
      const found = await indexed(reader.transaction(txid));
      if (found !== undefined) return finalTransactionView(view, found);
      const pending = view.pending(txid);
      if (pending === undefined) {
        throw new ApiError('API_NOT_FOUND', 'no transaction of this id is known here');
      }
      const { body } = transactionCodec.decode(pending.bytes);
      const spent = await Promise.all(body.inputs.map((input) => reader.output(input)));
      return transactionView(pending.bytes, spent, pending.state, view.addressNetwork);
    },
    async transactionProof({ params }) {
      const found = await indexed(reader.transaction(fromHex(params.txid)));
      if (found === undefined) {
        throw new ApiError('API_NOT_FOUND', 'no final transaction of this id is known here');
      }
      const [point, block] = await Promise.all([
        reader.header(found.height),
        reader.block(found.height),
      ]);
      if (point === undefined || block === undefined || found.bytes === undefined) {
        throw new ApiError('API_PRUNED', 'the body of the block has been pruned here');
      }
      const tree = new MerkleTree();
      for (const bytes of block.transactions) tree.append(wtxidOfBytes(bytes));
      return {
        txid: params.txid,
        transaction: toHex(found.bytes),
        index: found.position,
        txCount: block.transactions.length,
        path: tree.inclusionProof(found.position).map((step) => toHex(step)),
        header: await headerProof(view, point),
      };
    },
  };
}

function addressHandlers(view: NodeView): Pick<Handlers, 'balance' | 'history' | 'unspent'> {
  const { reader } = view.ledger;
  return {
    async balance({ params }) {
      const owner = ownerOf(view, params.address);
      const { height } = view.ledger.head;
      const sums = await indexed(reader.balance(owner));
      const { delta } = await view.pendingOf(owner);
      return {
        address: params.address,
        available: sums.plain.toString(),
        bonded: sums.bonded.toString(),
        unbonding: sums.unbonding.toString(),
        pending: delta.toString(),
        unspentCount: sums.outputs,
        height,
      };
    },
    async history({ params, query }) {
      const owner = ownerOf(view, params.address);
      const place = query.cursor === undefined ? undefined : decodeCursor('history', query.cursor);
      const before =
        place === undefined
          ? {}
          : { before: { height: heightAt(place, 0), position: heightAt(place, 1) } };
      const page = await indexed(reader.history(owner, { limit: query.limit, ...before }));
      const items = await Promise.all(
        page.items.map(async (entry) => ({
          txid: toHex(entry.txid),
          height: entry.height,
          position: entry.position,
          timeMs: (await reader.header(entry.height))?.header.timestampMs ?? 0,
          received: entry.received.toString(),
          sent: entry.spent.toString(),
        })),
      );
      if (page.next === undefined) return { items };
      return { items, next: encodeCursor('history', [page.next.height, page.next.position]) };
    },
    async unspent({ params, query }) {
      const owner = ownerOf(view, params.address);
      const place = query.cursor === undefined ? undefined : decodeCursor('unspent', query.cursor);
      const after =
        place === undefined
          ? {}
          : { after: { txid: fromHex(String(place[0])), index: heightAt(place, 1) } };
      const page = await indexed(reader.unspent(owner, { limit: query.limit, ...after }));
      const { spentBy } = await view.pendingOf(owner);
      const items = page.items.map(({ outpoint, amount, createdHeight, lock }) => {
        const spender = spentBy.get(outpointKeyOf(outpoint));
        return {
          txid: toHex(outpoint.txid),
          index: outpoint.index,
          amount: amount.toString(),
          createdHeight,
          lock: lock.kind,
          ...(lock.kind === 'plain' ? {} : { validatorId: toHex(lock.validatorId) }),
          ...(lock.kind === 'unbonding' ? { spendableFrom: lock.spendableFrom } : {}),
          ...(spender === undefined ? {} : { spentBy: spender }),
        };
      });
      if (page.next === undefined) return { items };
      return { items, next: encodeCursor('unspent', [toHex(page.next.txid), page.next.index]) };
    },
  };
}

function validatorHandlers(
  view: NodeView,
): Pick<Handlers, 'validators' | 'epoch' | 'epochProof' | 'evidence'> {
  const { ledger } = view;
  const epoch = (number: number): Contract['epoch']['response'] => {
    const state = ledger.state(ledger.head.hash);
    const held = state?.table(number);
    if (state === undefined || held === undefined) {
      throw new ApiError('API_NOT_FOUND', `epoch ${number} is not among the recent ones`);
    }
    return epochView(view, held.table, held.anchorHash, (id) => metricsOf(state.validators, id));
  };
  return {
    validators: async () => epoch(ledger.state(ledger.head.hash)?.childEpoch ?? 1),
    epoch: async ({ params }) => epoch(params.epoch),
    async epochProof({ params }) {
      const proof = await ledger.reader.epochProof(params.epoch);
      if (proof === undefined) {
        throw new ApiError('API_NOT_FOUND', `epoch ${params.epoch} has no stored proof here`);
      }
      return { epoch: params.epoch, proof: toHex(epochProofCodec.encode(proof)) };
    },
    evidence: async () => {
      const keys = valuesOf(ledger.state(ledger.head.hash)?.validators.evidence);
      return { items: keys.map(({ id, epoch: of }) => ({ validatorId: toHex(id), epoch: of })) };
    },
  };
}

/** The values of one of the state's ordered maps. */
function valuesOf<T>(map: OrderedMap<T> | undefined): readonly T[] {
  return map?.chunks.flatMap((chunk) => chunk.values) ?? [];
}

/** Slots that a member led and missed in the running epoch. */
function metricsOf(
  validators: BlockState['validators'],
  id: Uint8Array,
): { readonly proposed: number; readonly missed: number } {
  for (const entry of valuesOf(validators.metrics)) {
    if (sameId(entry.id, id)) return { proposed: entry.proposed, missed: entry.missed };
  }
  return { proposed: 0, missed: 0 };
}

/** Handlers of every route, over what the node shows. */
export function createHandlers(view: NodeView): Handlers {
  return {
    status: async () => view.status(),
    parameters: async () => parametersToJson(view.parameters()),
    genesis: async () => ({
      document: toHex(genesisDocumentCodec.encode(view.genesis.document)),
      signatures: view.genesis.signatures.map((signature) => toHex(signature)),
    }),
    ...blockHandlers(view),
    ...transactionHandlers(view),
    ...addressHandlers(view),
    ...validatorHandlers(view),
    mempool: async () => view.mempool(),
    peers: async () => ({ items: view.peers().map(peerView) }),
    snapshots: async () => ({ items: view.snapshots() }),
    async submitRecord({ body }) {
      let record;
      try {
        record = systemRecordCodec.decode(fromHex(body.record));
      } catch (error) {
        if (!(error instanceof CodedError)) throw error;
        throw new ApiError('RECORD_REJECTED', error.message, { reason: error.code });
      }
      const outcome = await view.submitRecord(record);
      if (!outcome.ok) {
        throw new ApiError('RECORD_REJECTED', outcome.reason, { reason: outcome.code });
      }
      return { type: record.type, fresh: outcome.fresh };
    },
  };
}
