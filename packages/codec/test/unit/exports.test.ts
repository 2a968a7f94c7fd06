import { expect, test } from 'vitest';

import * as entry from '../../src/index.ts';

test('the main entry shows these names', () => {
  expect(Object.keys(entry).toSorted()).toMatchInlineSnapshot(`
    [
      "CodecError",
      "CodedError",
      "Reader",
      "Writer",
      "addAmounts",
      "asciiBytes",
      "bytes",
      "bytesU16",
      "bytesU32",
      "bytesU8",
      "checkAmount",
      "compareBytes",
      "concatBytes",
      "constant",
      "decodeBase58Check",
      "encodeBase58Check",
      "equalBytes",
      "formatAmount",
      "fromHex",
      "isZeroBytes",
      "list",
      "makeCodec",
      "mapped",
      "maxAmount",
      "parseAmount",
      "refine",
      "sized",
      "struct",
      "subtractAmounts",
      "toHex",
      "u16",
      "u32",
      "u53",
      "u64",
      "u8",
      "union",
      "unitsPerMxd",
    ]
  `);
});
