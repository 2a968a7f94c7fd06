/**
 * Personal data in the audit log: HMAC-SHA-512 under a fresh 32-byte salt for each value. Whoever
 * has value and salt can show what was recorded; once the salt is erased nobody can, and not even
 * equal values can be linked.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { isIP } from 'node:net';

import { equalBytes, fromHex } from '@mxd/codec';

import { canonicalJson } from './canonical-json.ts';

const saltBytes = 32;
const hexCommitment = /^[0-9a-f]{128}$/;
const hexSalt = /^[0-9a-f]{64}$/;

/** What opens a commitment. The caller keeps it, apart from the log, and erases it when due. */
export interface Opening {
  readonly field: string;
  readonly value: string;
  /** 32 bytes in hexadecimal. */
  readonly salt: string;
}

function commitmentOf(field: string, value: string, salt: Uint8Array): string {
  return createHmac('sha512', salt).update(canonicalJson({ field, value }), 'utf8').digest('hex');
}

/** Commits to a value; the commitment is 64 bytes in hexadecimal. */
export function commit(
  field: string,
  value: string,
): { readonly commitment: string; readonly opening: Opening } {
  const salt = randomBytes(saltBytes);
  return {
    commitment: commitmentOf(field, value, salt),
    opening: { field, value, salt: salt.toString('hex') },
  };
}

/** Whether an opening is that of a commitment. Never throws. */
export function verifyOpening(commitment: string, opening: Opening): boolean {
  if (!hexCommitment.test(commitment) || !hexSalt.test(opening.salt)) return false;
  if (!opening.value.isWellFormed() || !opening.field.isWellFormed()) return false;
  const expected = commitmentOf(opening.field, opening.value, fromHex(opening.salt));
  return equalBytes(fromHex(expected), fromHex(commitment));
}

const separators = /[\s/,;()<>[\]{}"'=|]+/;
const port = /:\d{1,5}$/;

function isPersonalToken(token: string): boolean {
  if (token.length > 320) return false;
  if (isIP(token) !== 0 || isIP(token.replace(port, '')) !== 0) return true;
  const at = token.lastIndexOf('@');
  return at > 0 && token.indexOf('.', at) > at + 1;
}

/** Whether a text holds an e-mail or IP address. */
export function looksPersonal(text: string): boolean {
  return text.split(separators).some(isPersonalToken);
}
