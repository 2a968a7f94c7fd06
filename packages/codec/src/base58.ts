import { base58 } from '@scure/base';

import { concatBytes, equalBytes } from './bytes.ts';
import { CodecError } from './errors.ts';

const alphabet = /^[1-9A-HJ-NP-Za-km-z]*$/;
/** Base58 costs time quadratic in its length: nothing of this project is near this bound. */
const maxText = 128;

/** Computes the checksum of a payload; its length is the checksum's. */
export type Checksum = (payload: Uint8Array) => Uint8Array;

/** Base58 text (Bitcoin's alphabet) of payload || checksum(payload). */
export function encodeBase58Check(payload: Uint8Array, checksum: Checksum): string {
  return base58.encode(concatBytes(payload, checksum(payload)));
}

/**
 * The payload of a Base58Check text.
 * @throws CodecError BASE58_LENGTH, BASE58_CHARACTER or BASE58_CHECKSUM.
 */
export function decodeBase58Check(text: string, checksum: Checksum, checksumBytes = 4): Uint8Array {
  if (text.length > maxText) {
    throw new CodecError('BASE58_LENGTH', `${text.length} characters are too many`, {
      length: text.length,
    });
  }
  if (!alphabet.test(text)) {
    const position = text.search(/[^1-9A-HJ-NP-Za-km-z]/);
    throw new CodecError('BASE58_CHARACTER', `character ${position + 1} is not Base58`, {
      position,
    });
  }
  const decoded = base58.decode(text);
  if (decoded.length < checksumBytes) {
    throw new CodecError('BASE58_LENGTH', 'the text is too short to hold a checksum', {
      length: text.length,
    });
  }
  const payload = decoded.slice(0, decoded.length - checksumBytes);
  if (!equalBytes(checksum(payload), decoded.subarray(payload.length))) {
    throw new CodecError('BASE58_CHECKSUM', 'the checksum does not match; check for typing errors');
  }
  return payload;
}
