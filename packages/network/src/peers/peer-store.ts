import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type PeerId } from '../contract.ts';
import { NetworkError } from '../errors.ts';
import { limits } from '../limits.ts';
import { type BookEntry } from './address-book.ts';
import { type Ban } from './scores.ts';

/** Where the address book and the bans are kept across restarts. */
export interface PeerStore {
  load(): Promise<PeerStoreContent | undefined>;
  save(content: PeerStoreContent): Promise<void>;
}

export interface PeerStoreContent {
  readonly peers: readonly BookEntry[];
  readonly bans: readonly Ban[];
}

const formatVersion = 1;

/**
 * A JSON file, replaced in one step. A file that is missing or damaged gives an empty start: nothing
 * in it is needed for safety, and a node must not stay down for it.
 */
export function filePeerStore(path: string, onDamage: (error: NetworkError) => void): PeerStore {
  return {
    async load() {
      let text: string;
      try {
        text = await readFile(path, 'utf8');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        onDamage(storeError(path, error));
        return undefined;
      }
      try {
        return parseContent(JSON.parse(text));
      } catch (error) {
        onDamage(storeError(path, error));
        return undefined;
      }
    },
    async save(content) {
      await mkdir(dirname(path), { recursive: true });
      const temporary = `${path}.${process.pid}.tmp`;
      const file = await open(temporary, 'w', 0o600);
      try {
        await file.writeFile(JSON.stringify({ version: formatVersion, ...content }));
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, path);
    },
  };
}

function storeError(path: string, cause: unknown): NetworkError {
  const text = cause instanceof Error ? cause.message : String(cause);
  return new NetworkError('NETWORK_STORE', `${path}: ${text}`, { path }, { cause });
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const numberOr = (value: unknown, fallback: number): number =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : fallback;

function parseContent(input: unknown): PeerStoreContent {
  if (!isRecord(input) || input['version'] !== formatVersion) {
    throw new NetworkError('NETWORK_STORE', 'unknown format or version of the peer file');
  }
  const peers = Array.isArray(input['peers']) ? input['peers'] : [];
  const bans = Array.isArray(input['bans']) ? input['bans'] : [];
  return {
    peers: peers.slice(0, limits.addressBookEntries.value).flatMap(parseEntry),
    bans: bans.slice(0, limits.bans.value).flatMap(parseBan),
  };
}

function parseEntry(input: unknown): BookEntry[] {
  if (!isRecord(input) || typeof input['peerId'] !== 'string') return [];
  const addresses = Array.isArray(input['addresses'])
    ? input['addresses'].filter((text): text is string => typeof text === 'string')
    : [];
  const source = typeof input['source'] === 'string' ? input['source'] : 'self';
  return [
    {
      peerId: input['peerId'] as PeerId,
      addresses: addresses.slice(0, limits.addressesPerPeer.value),
      source: source as PeerId | 'self' | 'dht',
      lastSessionMs: numberOr(input['lastSessionMs'], 0),
      lastTriedMs: numberOr(input['lastTriedMs'], 0),
      failures: numberOr(input['failures'], 0),
      anchor: input['anchor'] === true,
      isPrivate: input['isPrivate'] === true,
    },
  ];
}

function parseBan(input: unknown): Ban[] {
  if (!isRecord(input) || typeof input['peerId'] !== 'string') return [];
  return [
    {
      peerId: input['peerId'] as PeerId,
      untilMs: numberOr(input['untilMs'], 0),
      reason: typeof input['reason'] === 'string' ? input['reason'].slice(0, 200) : '',
      times: numberOr(input['times'], 1),
    },
  ];
}
