import { CodedError } from '@mxd/codec';

/** Every code that this package can report, with what it means. */
export const protocolErrors = {
  CERT_EPOCH: 'The certificate belongs to another epoch than the table it is checked against.',
  CERT_SIZE: 'The certificate names another number of validators than the table has.',
  CERT_POWER: 'The signers of the certificate hold too little power for a quorum.',
  CERT_SIGNATURE: 'A signature of the certificate does not verify.',
  CERT_VIEW: 'The certificate is for view 0, which no certificate can be for.',
  EPOCH_PROOF_KIND: 'The certificate of an epoch proof is not a finalization.',
  EPOCH_PROOF_HASH: 'The certificate of an epoch proof is for another block than its header.',
  EPOCH_PROOF_HEIGHT: 'The header of an epoch proof is not the last block of its epoch.',
  EPOCH_PROOF_TABLE: 'The next table of an epoch proof is not the one its header commits to.',
  EPOCH_PROOF_VERSION: 'The header has a protocol version that this software does not know.',
  INCLUSION_PROOF: 'The inclusion proof does not lead to the root that it is checked against.',
  GENESIS_MEMBERS: 'The genesis document lists members that are out of order, repeated or forged.',
  GENESIS_SIGNATURES: 'A member signature under the genesis document is missing or wrong.',
  GENESIS_PARAMETERS: 'The parameters of the genesis document break a rule.',
  PARAMETER_FORM: 'The parameters are no JSON object of names and values.',
  PARAMETER_UNKNOWN: 'A parameter is named that does not exist, or that cannot change.',
  PARAMETER_RANGE: 'A parameter lies outside the range that the protocol allows.',
  PARAMETER_CONFLICT: 'Two parameters contradict each other.',
} as const;

export type ProtocolErrorCode = keyof typeof protocolErrors;

/** Thrown by functions of this package whose caller handed in something impossible. */
export class ProtocolError extends CodedError<ProtocolErrorCode> {}

/** The answer of a check on data from outside: never an exception. */
export type Verdict =
  | { readonly ok: true }
  | { readonly ok: false; readonly code: ProtocolErrorCode; readonly reason: string };

export const accepted: Verdict = { ok: true };

export function rejected(code: ProtocolErrorCode, reason: string): Verdict {
  return { ok: false, code, reason };
}
