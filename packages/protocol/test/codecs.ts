import type { Codec } from '@mxd/codec';
import type * as fc from 'fast-check';

import { blockCodec, headerCodec } from '../src/block.ts';
import { changeDocumentCodec } from '../src/changes.ts';
import { certificateCodec } from '../src/certificate.ts';
import { genesisCodec, genesisDocumentCodec } from '../src/genesis.ts';
import { messageCodec } from '../src/messages.ts';
import { parametersCodec } from '../src/parameters.ts';
import { systemRecordCodec, systemRecordListCodec } from '../src/system-records.ts';
import { tableCodec } from '../src/table.ts';
import { transactionBodyCodec, transactionCodec } from '../src/transaction.ts';
import { voteCodec } from '../src/vote.ts';
import { policyCodec, witnessCodec } from '../src/witness.ts';
import * as a from './arbitraries.ts';

/** Every consensus-critical codec with an arbitrary value of it. */
export const codecs: Readonly<Record<string, readonly [Codec<never>, fc.Arbitrary<unknown>]>> = {
  body: [transactionBodyCodec as never, a.body],
  transaction: [transactionCodec as never, a.transaction],
  witness: [witnessCodec as never, a.witness],
  policy: [policyCodec as never, a.policy],
  vote: [voteCodec as never, a.vote],
  certificate: [certificateCodec as never, a.certificate],
  table: [tableCodec as never, a.table],
  header: [headerCodec as never, a.header],
  block: [blockCodec as never, a.block],
  systemRecord: [systemRecordCodec as never, a.systemRecord],
  systemRecordList: [systemRecordListCodec as never, a.systemRecordList],
  parameters: [parametersCodec as never, a.parameters],
  genesisDocument: [genesisDocumentCodec as never, a.genesisDocument],
  genesis: [genesisCodec as never, a.genesis],
  changeDocument: [changeDocumentCodec as never, a.changeDocument],
  message: [messageCodec as never, a.message],
};
