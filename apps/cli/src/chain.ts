import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { Connection, formatCheckpoint, LightClient, parseCheckpoint } from '@mxd/client';
import { checkpointOfGenesis } from '@mxd/client/genesis';
import { fromHex, toHex } from '@mxd/codec';
import { installNative } from '@mxd/crypto/native';
import { verifySignature } from '@mxd/crypto/suites';
import { verifyGenesis } from '@mxd/protocol/checks';
import {
  chainTagOf,
  genesisCodec,
  genesisDocumentCodec,
  type Genesis,
} from '@mxd/protocol/genesis';
import { chainOfGenesis, type Chain } from '@mxd/wallet';

import { usage } from './arguments.ts';
import type { Context } from './context.ts';
import { CliError } from './errors.ts';

/** How long one answer may take; waits for finality have the whole of `--timeout`. */
const answerMs = (context: Context): number =>
  Math.min(Math.max(context.settings.timeout * 1_000, 100), 10_000);

/** The nodes that the settings name. */
export function connect(context: Context): Connection {
  return new Connection({
    endpoints: context.settings.endpoint,
    timeoutMs: answerMs(context),
    attempts: Math.max(2, context.settings.endpoint.length),
  });
}

function checked(genesis: Genesis, source: string): Genesis {
  const verdict = verifyGenesis(genesis, (key, message, signature) =>
    verifySignature(1, key, message, signature),
  );
  if (verdict.ok) return genesis;
  throw new CliError('CLI_GENESIS', `${source}: ${verdict.reason}`, { source });
}

async function genesisOfFile(path: string): Promise<Genesis> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new CliError('CLI_FILE', `${path} cannot be read`, { path }, { cause });
  }
  const decoded = genesisCodec.tryDecode(bytes);
  if (!decoded.ok) {
    throw new CliError('CLI_GENESIS', `${path} is no genesis file: ${decoded.error.message}`);
  }
  return checked(decoded.value, path);
}

const isLoopback = (endpoint: string): boolean =>
  /^https?:\/\/(127\.|localhost[:/]|\[::1\])/.test(`${endpoint}/`);

async function writeWhole(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text, { mode: 0o600 });
  await rename(`${path}.new`, path);
}

/** The chain of a node is remembered at first contact; loopback is exempt, networks there come and go. */
async function pin(context: Context, endpoint: string, chainTag: string): Promise<void> {
  if (isLoopback(endpoint)) return;
  const path = join(context.settings.home, 'known-networks.json');
  const known = existsSync(path)
    ? (JSON.parse(await readFile(path, 'utf8')) as Record<string, string>)
    : {};
  const before = known[endpoint];
  if (before === chainTag) return;
  if (before !== undefined) {
    throw new CliError(
      'CLI_NETWORK_CHANGED',
      `${endpoint} was of chain ${before.slice(0, 16)} and says ${chainTag.slice(0, 16)} now; ` +
        `if that is right, take its line out of ${path}`,
      { endpoint, before, now: chainTag },
    );
  }
  context.out.note(`first contact with ${endpoint}: chain ${chainTag} is remembered`);
  await mkdir(context.settings.home, { recursive: true, mode: 0o700 });
  await writeWhole(path, `${JSON.stringify({ ...known, [endpoint]: chainTag }, null, 2)}\n`);
}

/** A chain and the nodes to ask about it. */
export interface OpenChain {
  readonly chain: Chain;
  readonly genesis: Genesis;
  readonly connection: Connection;
}

/** The chain: of the genesis file that is named, or of the nodes. */
export async function openChain(context: Context): Promise<OpenChain> {
  installNative();
  const connection = connect(context);
  const file = context.parsed.text('genesis') ?? process.env['MXD_GENESIS'];
  if (file !== undefined && file !== '') {
    const genesis = await genesisOfFile(file);
    return { chain: chainOfGenesis(genesis.document), genesis, connection };
  }
  const { value, endpoint } = await connection.request('genesis', {});
  const document = genesisDocumentCodec.tryDecode(fromHex(value.document));
  if (!document.ok) throw new CliError('CLI_GENESIS', `${endpoint} shows a genesis that is none`);
  const signatures = value.signatures.map((signature) => fromHex(signature));
  const genesis = checked({ document: document.value, signatures }, endpoint);
  await pin(context, endpoint, toHex(chainTagOf(genesis.document)));
  return { chain: chainOfGenesis(genesis.document), genesis, connection };
}

/** The chain for offline work: of `--genesis` alone. @throws CliError CLI_USAGE. */
export async function offlineGenesis(context: Context): Promise<Genesis | undefined> {
  const file = context.parsed.text('genesis') ?? process.env['MXD_GENESIS'];
  return file === undefined || file === '' ? undefined : genesisOfFile(file);
}

const checkpointPath = (context: Context, chainTag: Uint8Array): string =>
  join(context.settings.home, 'checkpoints', `${toHex(chainTag).slice(0, 32)}.json`);

/** A light client whose trust starts at genesis. */
export async function lightOfGenesis({ genesis, connection }: OpenChain): Promise<LightClient> {
  const [{ genesisValidatorState }, { headerCodec }, { zeroHash }] = await Promise.all([
    import('@mxd/ledger/validators'),
    import('@mxd/protocol/block'),
    import('@mxd/protocol/primitives'),
  ]);
  const proof = await connection.request('header', { params: { id: '0' } });
  // The table follows from the document alone; the header is a node's word that
  // `checkpointOfGenesis` holds against the document, and a wrong one lets no later proof pass.
  const { table } = genesisValidatorState(genesis.document, zeroHash);
  const decoded = headerCodec.tryDecode(fromHex(proof.value.header));
  if (!decoded.ok) throw new CliError('CLI_GENESIS', 'the genesis header is malformed');
  const checkpoint = checkpointOfGenesis(genesis, { header: decoded.value, table });
  return new LightClient({ connection, checkpoint });
}

/** A light client from the newest point that was proven here before, or from genesis. */
export async function openLight(context: Context, open: OpenChain): Promise<LightClient> {
  const path = checkpointPath(context, open.chain.chainTag);
  if (!existsSync(path)) return lightOfGenesis(open);
  try {
    const checkpoint = parseCheckpoint(await readFile(path, 'utf8'));
    return new LightClient({ connection: open.connection, checkpoint });
  } catch {
    context.out.note(`${path} is damaged: starting from genesis`);
    return lightOfGenesis(open);
  }
}

/** Remembers how far the chain was proven. A failure costs time later and nothing else. */
export async function saveLight(context: Context, light: LightClient): Promise<void> {
  if (light.epochs.epoch === light.epochs.checkpoint.table.epoch) return;
  const path = checkpointPath(context, light.epochs.checkpoint.chainTag);
  try {
    await mkdir(join(context.settings.home, 'checkpoints'), { recursive: true, mode: 0o700 });
    await writeWhole(path, formatCheckpoint(light.checkpoint()));
  } catch (error) {
    context.out.note(`the checkpoint was not kept: ${String(error)}`);
  }
}

/** 64 bytes of hexadecimal. @throws CliError CLI_USAGE. */
export function txidOf(text: string): Uint8Array {
  if (/^[0-9a-f]{128}$/i.test(text)) return fromHex(text.toLowerCase());
  throw usage(`"${text}" is no transaction id: it has 128 hexadecimal digits`);
}
