export {
  addAmounts,
  checkAmount,
  formatAmount,
  maxAmount,
  parseAmount,
  subtractAmounts,
  unitsPerMxd,
} from './amount.ts';
export { decodeBase58Check, encodeBase58Check, type Checksum } from './base58.ts';
export { bytes, bytesU16, bytesU32, bytesU8 } from './byte-strings.ts';
export { asciiBytes, compareBytes, concatBytes, equalBytes, isZeroBytes } from './bytes.ts';
export { makeCodec, type Codec, type CodecParts } from './codec.ts';
export {
  CodedError,
  type ErrorCatalogue,
  type ErrorDetails,
  type Result,
  type SerializedError,
} from './coded-error.ts';
export {
  constant,
  list,
  mapped,
  refine,
  sized,
  struct,
  union,
  type CodecValue,
  type ListBounds,
  type StructValue,
  type UnionValue,
} from './composites.ts';
export { CodecError } from './errors.ts';
export { fromHex, toHex } from './hex.ts';
export { u16, u32, u53, u64, u8 } from './integers.ts';
export { Reader } from './reader.ts';
export { Writer } from './writer.ts';
