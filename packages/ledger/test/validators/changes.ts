import { u16, u32 } from '@mxd/codec';
import { changeDocumentCodec, type ParameterChange } from '@mxd/protocol/changes';

/** Encoded change documents of the tests. */
export const change = (...changes: readonly ParameterChange[]): Uint8Array =>
  changeDocumentCodec.encode(changes);
export const maxTransactions = (value: number): ParameterChange => ({
  parameter: 2,
  value: u32.encode(value),
});
export const slashingBp = (value: number): ParameterChange => ({
  parameter: 10,
  value: u16.encode(value),
});
export const minValidators = (value: number): ParameterChange => ({
  parameter: 15,
  value: u16.encode(value),
});
export const maxValidators = (value: number): ParameterChange => ({
  parameter: 16,
  value: u16.encode(value),
});
export const none = change();
