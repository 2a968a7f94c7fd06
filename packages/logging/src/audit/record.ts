/** Records and checkpoints of the audit log: their shapes, encodings and strict parsing. */
import { concatBytes, fromHex } from '@mxd/codec';
import { tagBytes } from '@mxd/crypto/hash';
import { isSuiteId, verifySignature, type SuiteId } from '@mxd/crypto/suites';

import { canonicalJson, parseCanonicalJson, type JsonValue } from './canonical-json.ts';

/** The first record, which says whose log it is; its leaf hash is the log's id. */
export interface AuditHeader {
  readonly version: 1;
  readonly sequence: 0;
  readonly timeMs: number;
  /** Random, 32 bytes in hexadecimal: no two logs have one id. */
  readonly nonce: string;
  readonly suite: SuiteId;
  /** The signer's public key in hexadecimal. */
  readonly publicKey: string;
  /** The network (docs/protocol/rsc.md, 2.3), 32 bytes in hexadecimal. */
  readonly chainTag: string;
  /** Where this log goes on from an earlier one that was closed: that log's last checkpoint. */
  readonly previous?: AuditCheckpoint;
}

/** A fact of an event: text, a finite number, or a truth value. */
export type AuditFact = string | number | boolean;

/** One event. Personal data stands in `commitments` only. */
export interface AuditRecord {
  readonly sequence: number;
  /** Milliseconds since 1970 on the writer's clock. */
  readonly timeMs: number;
  readonly event: string;
  readonly facts: Readonly<Record<string, AuditFact>>;
  /** HMAC-SHA-512 under a salt of its own, in hexadecimal, by field. */
  readonly commitments: Readonly<Record<string, string>>;
}

/** The signer's word that the log had this root at this size. Bytes in hexadecimal. */
export interface AuditCheckpoint {
  readonly logId: string;
  /** Counts checkpoints from 0, so that a missing one is noticed. */
  readonly number: number;
  readonly size: number;
  readonly root: string;
  readonly timeMs: number;
  readonly signature: string;
}

/** Whose signature a checkpoint must carry. */
export interface AuditKey {
  readonly suite: SuiteId;
  readonly publicKey: Uint8Array;
  readonly chainTag: Uint8Array;
}

type JsonObject = { readonly [name: string]: JsonValue };

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0;
const isHex = (value: unknown, sizeBytes?: number): value is string =>
  typeof value === 'string' &&
  /^(?:[0-9a-f]{2})+$/.test(value) &&
  (sizeBytes === undefined || value.length === 2 * sizeBytes);

function parseObject(line: string): JsonObject | undefined {
  const value = parseCanonicalJson(line);
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : undefined;
}

function hasKeys(value: JsonObject, names: readonly string[], optional?: string): boolean {
  const keys = Object.keys(value).filter((key) => key !== optional);
  return keys.length === names.length && names.every((name) => Object.hasOwn(value, name));
}

const isFact = (value: JsonValue | undefined): value is AuditFact =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';

function isMapOf(value: JsonValue | undefined, check: (item: JsonValue) => boolean): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value as JsonObject).every(check);
}

/** The record of a line, or undefined when it is not exactly one. */
export function parseRecord(line: string): AuditRecord | undefined {
  const value = parseObject(line);
  if (value === undefined) return undefined;
  if (!hasKeys(value, ['sequence', 'timeMs', 'event', 'facts', 'commitments'])) return undefined;
  const { sequence, timeMs, event, facts, commitments } = value;
  const isValid =
    isCount(sequence) &&
    sequence > 0 &&
    isCount(timeMs) &&
    typeof event === 'string' &&
    isMapOf(facts, isFact) &&
    isMapOf(commitments, (item) => isHex(item, 64));
  return isValid ? (value as unknown as AuditRecord) : undefined;
}

/** The header of a line, or undefined when it is not exactly one. */
export function parseHeader(line: string): AuditHeader | undefined {
  const value = parseObject(line);
  if (value === undefined) return undefined;
  const names = ['version', 'sequence', 'timeMs', 'nonce', 'suite', 'publicKey', 'chainTag'];
  if (!hasKeys(value, names, 'previous')) return undefined;
  const { version, sequence, timeMs, nonce, suite, publicKey, chainTag, previous } = value;
  const isValid =
    version === 1 &&
    sequence === 0 &&
    isCount(timeMs) &&
    isHex(nonce, 32) &&
    isSuiteId(suite) &&
    isHex(publicKey) &&
    isHex(chainTag, 32) &&
    (previous === undefined || isCheckpoint(previous));
  return isValid ? (value as unknown as AuditHeader) : undefined;
}

function isCheckpoint(input: JsonValue): boolean {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return false;
  const value = input as JsonObject;
  if (!hasKeys(value, ['logId', 'number', 'size', 'root', 'timeMs', 'signature'])) return false;
  const { logId, number, size, root, timeMs, signature } = value;
  return (
    isHex(logId, 64) &&
    isCount(number) &&
    isCount(size) &&
    isHex(root, 64) &&
    isCount(timeMs) &&
    isHex(signature)
  );
}

/** The checkpoint of a line, or undefined when it is not exactly one. */
export function parseCheckpoint(line: string): AuditCheckpoint | undefined {
  const value = parseObject(line);
  return value !== undefined && isCheckpoint(value)
    ? (value as unknown as AuditCheckpoint)
    : undefined;
}

/** The line of a record, header or checkpoint, without its line break. */
export function lineOf(value: AuditHeader | AuditRecord | AuditCheckpoint): string {
  return canonicalJson(value as unknown as JsonValue);
}

function u64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}

/**
 * What is signed: "MXD5AUDT" || chainTag 32 || logId 64 || number u64 || size u64 || timeMs u64 ||
 * root 64, integers big-endian; 192 bytes.
 */
export function checkpointMessage(
  checkpoint: Omit<AuditCheckpoint, 'signature'>,
  chainTag: Uint8Array,
): Uint8Array {
  return concatBytes(
    tagBytes('MXD5AUDT'),
    chainTag,
    fromHex(checkpoint.logId),
    u64(checkpoint.number),
    u64(checkpoint.size),
    u64(checkpoint.timeMs),
    fromHex(checkpoint.root),
  );
}

/** Whether a checkpoint carries the signature of a key. Never throws. */
export function verifyCheckpoint(checkpoint: AuditCheckpoint, key: AuditKey): boolean {
  try {
    return verifySignature(
      key.suite,
      key.publicKey,
      checkpointMessage(checkpoint, key.chainTag),
      fromHex(checkpoint.signature),
    );
  } catch {
    return false;
  }
}

/** Whether two checkpoints of one key contradict each other by themselves: proof of a fork. */
export function isFork(a: AuditCheckpoint, b: AuditCheckpoint, key: AuditKey): boolean {
  if (a.logId !== b.logId || !verifyCheckpoint(a, key) || !verifyCheckpoint(b, key)) return false;
  if (a.size === b.size && a.root !== b.root) return true;
  if (a.number === b.number && (a.size !== b.size || a.root !== b.root)) return true;
  return a.number < b.number ? a.size > b.size : a.number > b.number && a.size < b.size;
}

/** Bytes of a header's key. */
export function keyOf(header: AuditHeader): AuditKey {
  return {
    suite: header.suite,
    publicKey: fromHex(header.publicKey),
    chainTag: fromHex(header.chainTag),
  };
}
