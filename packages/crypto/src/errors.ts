import { CodedError } from '@mxd/codec';

/** Every code that this package can throw or return, with what it means and what to do. */
export const cryptoErrors = {
  CRYPTO_LENGTH: 'A key, seed, message or output has a length that the algorithm does not allow.',
  CRYPTO_TAG: 'The domain tag is not in the table of domain tags.',
  CRYPTO_SUITE: 'The number names no signature suite; suites are 1, 2 and 3.',
  MERKLE_SIZE: 'The tree size is not a whole number within the tree.',
  MERKLE_INDEX: 'The leaf index lies outside the tree.',
  ADDRESS_PREFIX: 'The address does not start with "mx".',
  ADDRESS_LENGTH: 'The address has the wrong length for its version.',
  ADDRESS_CHARACTER: 'The address has a character that Base58 does not use.',
  ADDRESS_CHECKSUM: 'The checksum of the address does not match: it was mistyped or cut.',
  ADDRESS_VERSION: 'The version byte names no kind of address.',
  ADDRESS_NETWORK: 'The address belongs to another kind of network (test or main).',
  POLICY_THRESHOLD: 'The threshold of a policy is not between 1 and its number of keys.',
  POLICY_KEYS: 'The keys of a policy are too many, out of order, repeated or of a wrong length.',
  MNEMONIC_LENGTH: 'A mnemonic has 12, 15, 18, 21 or 24 words.',
  MNEMONIC_WORD: 'A word is not in the word list of the language.',
  MNEMONIC_CHECKSUM:
    'The words are all known, but their checksum fails: one is wrong or misplaced.',
  MNEMONIC_LANGUAGE: 'No word list is known for the language.',
  DERIVATION_PATH: "The derivation path is not of the form m/44'/7979'/0'/0'/0'.",
  DERIVATION_SEED: 'The seed of a derivation has 16 to 64 bytes.',
  SECRET_DISPOSED: 'The secret has been wiped and cannot be used any more.',
  KEYSTORE_PASSPHRASE: 'The passphrase does not open the keystore.',
  KEYSTORE_CORRUPT: 'The keystore file is damaged or not a keystore.',
  KEYSTORE_VERSION: 'The keystore was written by a newer version of the software.',
  KEYSTORE_PARAMETERS: 'The cost parameters of the keystore lie outside the range allowed.',
  KEYSTORE_EXISTS: 'A keystore file of that name exists and will not be replaced.',
  KEYSTORE_IO: 'The keystore file cannot be read or written.',
  VERIFY_POOL_CLOSED: 'The verification pool has been closed.',
  VERIFY_POOL_FULL: 'The queue of the verification pool is full; wait for room and try again.',
  VERIFY_POOL_BATCH: 'A batch for the verification pool is empty, too large or malformed.',
  VERIFY_POOL_CRASHED: 'The worker that verified the batch ended twice; no verdict exists.',
} as const;

/** A code of this package. */
export type CryptoErrorCode = keyof typeof cryptoErrors;

/** Thrown for wrong arguments, malformed texts and files, and backends that cannot be trusted. */
export class CryptoError extends CodedError<CryptoErrorCode> {}
