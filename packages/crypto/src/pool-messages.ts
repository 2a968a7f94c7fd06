import { isSuiteId, suiteInfo, type SuiteId } from './suite-info.ts';

/** One signature to verify. Its bytes must not change before the verdict is there. */
export interface VerifyItem {
  readonly suite: SuiteId;
  readonly publicKey: Uint8Array;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
}

/** To a worker: a chunk of items in one buffer, which is transferred, not copied. */
export interface VerifyRequest {
  readonly id: number;
  readonly count: number;
  readonly buffer: ArrayBuffer;
}

/** From a worker: it is ready, or a chunk's verdicts as a bitmap. */
export type WorkerMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'verdicts'; readonly id: number; readonly bitmap: Uint8Array };

/** Before each item: suite u8, length of the message u32 (little-endian, inside one machine). */
const headerBytes = 5;

/** Whether key and signature have their suite's lengths: else the verdict is false unasked. */
export function hasSuiteLengths(item: VerifyItem): boolean {
  if (!isSuiteId(item.suite)) return false;
  const info = suiteInfo[item.suite];
  return (
    item.publicKey.length === info.publicKeyBytes && item.signature.length === info.signatureBytes
  );
}

/** Bytes that an item takes in a chunk. */
export const encodedBytes = (item: VerifyItem): number =>
  hasSuiteLengths(item)
    ? headerBytes + item.publicKey.length + item.signature.length + item.message.length
    : headerBytes;

/** Joins the items from `start` to `end`; a malformed one becomes suite 0, which is never valid. */
export function encodeChunk(items: readonly VerifyItem[], start: number, end: number): ArrayBuffer {
  let total = 0;
  for (let i = start; i < end; i++) total += encodedBytes(items[i] as VerifyItem);
  const bytes = new Uint8Array(total);
  let offset = 0;
  for (let i = start; i < end; i++) {
    const item = items[i] as VerifyItem;
    if (!hasSuiteLengths(item)) {
      offset += headerBytes;
      continue;
    }
    const length = item.message.length;
    bytes[offset] = item.suite;
    bytes[offset + 1] = length;
    bytes[offset + 2] = length >>> 8;
    bytes[offset + 3] = length >>> 16;
    bytes[offset + 4] = length >>> 24;
    offset += headerBytes;
    bytes.set(item.publicKey, offset);
    offset += item.publicKey.length;
    bytes.set(item.signature, offset);
    offset += item.signature.length;
    bytes.set(item.message, offset);
    offset += length;
  }
  return bytes.buffer;
}

/** A verdict function: `verifySignature` of a registry. */
export type Verify = (
  suite: SuiteId,
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
) => boolean;

/** The verdicts of a chunk, bit i of the bitmap (lowest first) for item i. */
export function verifyChunk(buffer: ArrayBuffer, count: number, verify: Verify): Uint8Array {
  const bytes = new Uint8Array(buffer);
  const bitmap = new Uint8Array(Math.ceil(count / 8));
  let offset = 0;
  for (let i = 0; i < count; i++) {
    const suite = bytes[offset];
    const view = new DataView(buffer, offset);
    const length = view.getUint32(1, true);
    offset += headerBytes;
    if (!isSuiteId(suite)) continue;
    const info = suiteInfo[suite];
    const publicKey = bytes.subarray(offset, (offset += info.publicKeyBytes));
    const signature = bytes.subarray(offset, (offset += info.signatureBytes));
    const message = bytes.subarray(offset, (offset += length));
    if (verify(suite, publicKey, message, signature)) markValid(bitmap, i);
  }
  return bitmap;
}

/** Sets bit `index` of a bitmap. */
export function markValid(bitmap: Uint8Array, index: number): void {
  bitmap[index >> 3] = (bitmap[index >> 3] as number) | (1 << (index & 7));
}
