import { toHex } from '@mxd/codec';
import type { AnswerEnd, RequestProtocols } from '@mxd/network';
import { chunkCodec } from '@mxd/network/sync';

import { readChunk, readManifest, type SnapshotFolder } from './folder.ts';

/** Serves snapshots to peers: manifests, newest first, and chunks of those by id and number. */
export function serveSnapshots(folder: SnapshotFolder, requests: RequestProtocols): void {
  requests.serve('snapshot-manifest', async function* (payload): AsyncGenerator<
    Uint8Array,
    AnswerEnd
  > {
    if (payload.length > 0) return 'refused';
    const { stored } = folder;
    for (const snapshot of stored) yield await readManifest(snapshot);
    return stored.length === 0 ? 'unavailable' : 'complete';
  });
  requests.serve('snapshot-chunk', async function* (payload): AsyncGenerator<
    Uint8Array,
    AnswerEnd
  > {
    const decoded = chunkCodec.tryDecode(payload);
    if (!decoded.ok) return 'refused';
    const id = toHex(decoded.value.snapshot);
    const snapshot = folder.stored.find((candidate) => candidate.id === id);
    const chunk =
      snapshot === undefined ? undefined : await readChunk(snapshot, decoded.value.chunk);
    if (chunk === undefined) return 'unavailable';
    yield chunk;
    return 'complete';
  });
}
