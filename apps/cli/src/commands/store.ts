import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { auditLedger } from '@mxd/ledger/maintenance';
import { Ledger, ledgerSchema } from '@mxd/ledger';
import { buckets, headCodec, metaKey } from '@mxd/ledger/buckets';
import { formatAmount } from '@mxd/codec';
import { installNative } from '@mxd/crypto/native';
import { VerificationPool } from '@mxd/crypto/pool';
import { verifySignature } from '@mxd/crypto/suites';
import { readGenesis } from '@mxd/node';
import type { Genesis } from '@mxd/protocol/genesis';
import { genesisDocumentHash } from '@mxd/protocol/genesis';
import { openDatabase, StorageError, type KeyValueStore, type NetworkIdentity } from '@mxd/storage';
import {
  createBackup,
  listBackups,
  restoreBackup,
  verifyBackups,
  type BackupKey,
  type BackupPoint,
  type BackupProgress,
} from '@mxd/storage/backup';

import { agree, isDryRun, type Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { exitCodes } from '../exit-codes.ts';
import { openFolder, type NodeFolder } from '../node-folder.ts';
import { Shown } from '../output.ts';
import { readSecret } from '../secret-input.ts';

const genesisOf = ({ config }: NodeFolder): Promise<Genesis> =>
  readGenesis(join(config.dataDir, config.genesisFile), config.expectedGenesisHash);

const networkOf = ({ document }: Genesis): NetworkIdentity => ({
  id: document.networkId,
  genesisHash: genesisDocumentHash(document),
});

const storePath = ({ config }: NodeFolder): string => join(config.dataDir, 'chain');

/** Opens the store of a node that does not run. @throws CliError CLI_RUNNING; StorageError. */
async function openStore(folder: NodeFolder, genesis: Genesis): Promise<KeyValueStore> {
  try {
    return await openDatabase({
      directory: storePath(folder),
      schema: ledgerSchema,
      network: networkOf(genesis),
      createIfMissing: false,
    });
  } catch (error) {
    if (!(error instanceof StorageError) || error.code !== 'STORAGE_LOCKED') throw error;
    const text = `a node uses ${storePath(folder)}: mxd node stop ${folder.directory}`;
    throw new CliError('CLI_RUNNING', text, {}, { cause: error });
  }
}

const seriesOf = (context: Context, folder: NodeFolder): string => {
  const told = context.parsed.text('to');
  return told === undefined ? join(folder.config.dataDir, 'backups') : resolve(told);
};

async function keyOf(context: Context, isNew: boolean): Promise<{ readonly key?: BackupKey }> {
  if (!context.parsed.flag('encrypt')) return {};
  const passphrase = await readSecret({
    what: 'passphrase of the backups',
    file: context.parsed.text('passphrase-file'),
    option: 'passphrase-file',
    variable: 'MXD_BACKUP_PASSPHRASE',
    repeat: isNew,
  });
  return { key: { kind: 'passphrase', passphrase } };
}

const onProgress =
  (context: Context) =>
  ({ phase, bytes, totalBytes }: BackupProgress): void =>
    context.out.progress(phase, bytes, totalBytes);

const pointView = (point: BackupPoint): object => ({
  sequence: point.sequence,
  height: point.height,
  time: new Date(point.createdAtMs).toISOString(),
  entries: point.entries,
  bytes: point.sizeBytes,
  added: point.addedBytes,
});

export async function backup(context: Context): Promise<unknown> {
  const folder = await openFolder(context);
  const store = await openStore(folder, await genesisOf(folder));
  const directory = seriesOf(context, folder);
  try {
    if (isDryRun(context)) {
      const text = `would back up ${storePath(folder)} to ${directory}`;
      return new Shown({ dryRun: true, directory }, text);
    }
    const point = await createBackup(store, {
      directory,
      ...(await keyOf(context, true)),
      onProgress: onProgress(context),
      describe: (reader) => {
        const head = buckets.meta.on(reader).getSync(metaKey.head);
        return { height: head === undefined ? 0 : headCodec.decode(head).height };
      },
    });
    return pointView(point);
  } finally {
    await store.close();
  }
}

export async function listPoints(context: Context): Promise<unknown> {
  const folder = await openFolder(context);
  const directory = seriesOf(context, folder);
  return (await listBackups({ directory, ...(await keyOf(context, false)) })).map(pointView);
}

export async function verifyPoints(context: Context): Promise<unknown> {
  const folder = await openFolder(context);
  const directory = seriesOf(context, folder);
  const key = await keyOf(context, false);
  const points = await verifyBackups({ directory, ...key, onProgress: onProgress(context) });
  return new Shown(points.map(pointView), `${points.length} points, every chunk is as written`);
}

export async function restore(context: Context): Promise<unknown> {
  const folder = await openFolder(context);
  const genesis = await genesisOf(folder);
  const directory = seriesOf(context, folder);
  const key = await keyOf(context, false);
  const height = context.parsed.whole('height', 0, 0xffff_ffff);
  const target = storePath(folder);
  if (isDryRun(context)) {
    const points = await listBackups({ directory, ...key });
    return new Shown({ dryRun: true, target, points: points.length }, `would replace ${target}`);
  }
  // A node that runs holds the lock; restoring under its feet would lose its writes. Where no store
  // is, opening one would leave files behind, and the restore would not take them for its target.
  if (existsSync(join(target, 'CURRENT'))) {
    await openStore(folder, genesis).then(
      (store) => store.close(),
      (error: unknown) => {
        if (error instanceof CliError) throw error;
      },
    );
  }
  await agree(context, `Replace the chain in ${target}?`);
  const point = await restoreBackup({
    directory,
    ...key,
    target,
    network: networkOf(genesis),
    replace: true,
    ...(height === undefined ? {} : { height }),
    onProgress: onProgress(context),
  });
  return pointView(point);
}

export async function audit(context: Context): Promise<unknown> {
  installNative();
  const folder = await openFolder(context);
  const genesis = await genesisOf(folder);
  const store = await openStore(folder, genesis);
  const pool = new VerificationPool({ workers: 1 });
  try {
    const { indexTransactions, indexAddresses } = folder.config.storage;
    const ledger = await Ledger.open({
      store,
      genesis: genesis.document,
      verifySignatures: (checks) => pool.verify(checks),
      verifyConsensusSignature: (k, message, signature) =>
        verifySignature(1, k, message, signature),
      indexes: { transactions: indexTransactions, history: indexAddresses, owners: indexAddresses },
    });
    try {
      const report = await auditLedger(ledger, {
        progress: (stage, entries) => context.out.progress(`${stage} ${entries}`, 0, 1),
      });
      const { ok, height, outputs, headers, sum, totalSupply, problems } = report;
      const text = [
        `${ok ? 'good' : 'WRONG'}: height ${height}, ${headers} headers, ${outputs} outputs`,
        `sum ${formatAmount(sum)} MXD of ${formatAmount(totalSupply)} MXD`,
        ...problems.map(({ code, detail }) => `${code}: ${detail}`),
      ].join('\n');
      return new Shown(report, text, ok ? exitCodes.ok : exitCodes.failure);
    } finally {
      await ledger.close();
    }
  } finally {
    await pool.close({ drain: false });
    await store.close();
  }
}
