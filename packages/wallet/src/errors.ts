import { CodedError } from '@mxd/codec';

/** Every code that this package can throw, with what it means and what to do. */
export const walletErrors = {
  WALLET_FUNDS: 'The coins that may be spent are worth less than what is to be paid.',
  WALLET_INPUTS_TOO_MANY:
    'The amount needs more coins than one transaction can hold: consolidate first, or pay in parts.',
  WALLET_CHANGE_DUST:
    'The rest is too small for an output of its own: pay it too, or give it as tip.',
  WALLET_AMOUNT: 'An amount is below the dust limit of the chain or not a number of base units.',
  WALLET_COIN: 'A coin is listed twice, is locked, or is not the kind that this transaction needs.',
  WALLET_UNBALANCED: 'Inputs are not worth exactly the outputs and the tip together.',
  WALLET_TOO_LARGE: 'The transaction would be larger than the chain allows.',
  WALLET_WINDOW: 'The heights between which the transaction is valid are not a window.',
  WALLET_COMMITMENT: 'A commitment has 32 bytes.',
  WALLET_NO_KEY: 'No key at hand owns the output that an input spends.',
  WALLET_INCOMPLETE: 'Signatures are missing: collect them from the other signers first.',
  WALLET_SIGNATURE: 'A signature is not by a key of the owner, or does not verify.',
  WALLET_POLICY: 'The policy is not the one that the address of the input stands for.',
  WALLET_OTHER_TRANSACTION: 'The signatures belong to another transaction or chain.',
  WALLET_FILE: 'The signing file is damaged or is none.',
  WALLET_FILE_VERSION: 'The signing file was written by a newer version of the software.',
  WALLET_FILE_SUMMARY:
    'What the signing file says about the transaction is not what the transaction does.',
  WALLET_FILE_CHAIN: 'The signing file is for another chain than this machine signs for.',
  WALLET_KEY_MATERIAL: 'The opened keystore holds no key material of a wallet.',
  WALLET_RECORD: 'A field of the membership record is out of range, or its signature is wrong.',
  WALLET_SUITE: 'The account that coins shall move to is not of the hybrid suite.',
  WALLET_NOTHING: 'There is nothing to move or to join: no coin may be spent.',
  WALLET_URI: 'The text is no payment request: it starts with "mxd:" and an address.',
  WALLET_URI_AMOUNT: 'The amount of the payment request is malformed.',
  WALLET_URI_PARAMETER:
    'A parameter of the payment request is repeated, malformed, or required and unknown.',
  WALLET_REQUEST_EXPIRED: 'The payment request has expired: ask the payee for a new one.',
  WALLET_QR_SIZE: 'The text is too long for a QR code.',
  WALLET_LABEL: 'A label is too long, or there are too many labels.',
  WALLET_LABEL_FILE: 'A line of the label file is malformed.',
  WALLET_DISCOVERY: 'The answer to a discovery query does not fit the addresses asked about.',
} as const;

/** A code of this package. */
export type WalletErrorCode = keyof typeof walletErrors;

/** Thrown for requests that cannot be met and for files and texts that are not what they claim. */
export class WalletError extends CodedError<WalletErrorCode> {}
