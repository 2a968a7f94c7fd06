import { expect, test } from 'vitest';

import * as entry from '../../src/index.ts';

test('the main entry shows these names', () => {
  expect(Object.keys(entry).toSorted()).toMatchInlineSnapshot(`
    [
      "ProtocolError",
      "blockCodec",
      "blockHashOf",
      "certificateCodec",
      "chainTagOf",
      "defaultParameters",
      "genesisCodec",
      "genesisDocumentCodec",
      "headerCodec",
      "honest",
      "inputSigningMessage",
      "leaderOf",
      "messageCodec",
      "nextValidatorSet",
      "policyCodec",
      "quorum",
      "relay",
      "systemRecordCodec",
      "systemRecordListCodec",
      "tableCodec",
      "tableHash",
      "transactionCodec",
      "txRootOf",
      "txidOf",
      "validated",
      "validatorIdOf",
      "validatorSet",
      "verifyCertificate",
      "verifyEpochProof",
      "verifyFinalHeader",
      "verifyGenesis",
      "verifyTransactionInclusion",
      "verifyVote",
      "voteCodec",
      "voteKind",
      "voteSigningMessage",
      "witnessCodec",
      "wtxidOfBytes",
    ]
  `);
});
