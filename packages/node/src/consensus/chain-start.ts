import type { Anchor, ChainState } from '@mxd/consensus';
import type { Ledger } from '@mxd/ledger';

import { NodeError } from '../errors.ts';

const corrupt = (what: string): NodeError =>
  new NodeError('NODE_STORE', `the store lacks ${what} although its head needs it`);

async function anchorAt(ledger: Ledger, height: number): Promise<Anchor> {
  if (height === 0) return { header: ledger.chain.genesisHeader, certificate: new Uint8Array(0) };
  const point = await ledger.reader.header(height);
  if (point === undefined) throw corrupt(`the header of block ${height}`);
  const certificate = await ledger.reader.finalization(height);
  if (certificate === undefined) throw corrupt(`the finalization of block ${height}`);
  return { header: point.header, certificate };
}

/** Where the chain store stands, as the consensus core wants to be told. */
export async function chainStateOf(ledger: Ledger): Promise<ChainState> {
  const { head } = ledger;
  const state = ledger.state(head.hash);
  if (state === undefined) throw corrupt('the state of its head');
  const epoch = state.childEpoch;
  const current = state.table(epoch);
  if (current === undefined) throw corrupt(`the table of epoch ${epoch}`);
  const anchorHeight = (epoch - 1) * state.parameters.epochLength;
  const anchor = await anchorAt(ledger, anchorHeight);
  const finalization = (await ledger.reader.finalization(head.height)) ?? new Uint8Array(0);
  const before = epoch > 1 ? state.table(epoch - 1) : undefined;
  const chain = {
    table: current.table,
    anchor,
    head: { header: head.header, finalization },
  };
  if (before === undefined) return chain;
  return { ...chain, previous: { table: before.table, anchorHash: before.anchorHash } };
}
