import { constants, existsSync } from 'node:fs';
import { access, readdir, stat, statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';

import type { Status } from '@mxd/api';
import { CodedError, toHex } from '@mxd/codec';
import { ledgerSchema } from '@mxd/ledger';
import { readGenesis } from '@mxd/node';
import { chainTagOf } from '@mxd/protocol/genesis';
import { openLevelStore, readMetadata } from '@mxd/storage';

import type { NodeFolder } from '../node-folder.ts';

/** What one check found. `mend` says what to do about a fault. */
export interface Finding {
  readonly check: string;
  readonly state: 'ok' | 'fault' | 'skipped';
  readonly detail: string;
  readonly mend?: string;
}

/** What checks look at: a node's folder, whether its process runs, and what nodes say. */
export interface Subject {
  readonly folder: NodeFolder | undefined;
  readonly pid: number | undefined;
  readonly status: Status | undefined;
  /** Free space that a node shall have, in GiB. */
  readonly roomGib: number;
}

const ok = (check: string, detail: string): Finding => ({ check, state: 'ok', detail });
const skipped = (check: string, detail: string): Finding => ({ check, state: 'skipped', detail });
const fault = (check: string, detail: string, mend: string): Finding => ({
  check,
  state: 'fault',
  detail,
  mend,
});

const reason = (error: unknown): string =>
  error instanceof CodedError ? `${error.code}: ${error.message}` : String(error);

/** Most that a validator's clock may be off; rounds tolerate more, timeouts suffer. */
const clockMs = 500;

function clock({ status }: Subject): Finding {
  if (status === undefined) return skipped('clock', 'no node answers');
  const behindMs = status.headTimeMs - Date.now();
  if (behindMs > 2_000) {
    const text = `this clock is ${behindMs} ms behind the newest block`;
    return fault('clock', text, 'run a time service: timedatectl set-ntp true');
  }
  const { clockOffsetMs } = status;
  if (clockOffsetMs === null) return skipped('clock', 'the node has not measured it yet');
  const detail = `${clockOffsetMs.toFixed(1)} ms from its peers`;
  return Math.abs(clockOffsetMs) <= clockMs
    ? ok('clock', detail)
    : fault('clock', detail, 'run a time service: timedatectl set-ntp true');
}

function portIsFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}

async function ports({ folder, pid }: Subject): Promise<Finding> {
  if (folder === undefined) return skipped('ports', 'no folder was named');
  if (pid !== undefined) return ok('ports', 'the node runs and has them');
  const { api, metrics, network } = folder.config;
  const listens = network.listen.flatMap((address) => {
    const [, host = '0.0.0.0', port = '0'] = /\/ip4\/([\d.]+)\/tcp\/(\d+)/.exec(address) ?? [];
    return port === '0' ? [] : [{ host, port: Number(port), what: 'peers' }];
  });
  const wanted = [
    ...listens,
    ...(api.enabled ? [{ host: api.host, port: api.port, what: 'api' }] : []),
    ...(metrics.enabled ? [{ host: metrics.host, port: metrics.port, what: 'metrics' }] : []),
  ].filter(({ port }) => port !== 0);
  const taken: string[] = [];
  for (const { host, port, what } of wanted) {
    if (!(await portIsFree(port, host))) taken.push(`${port} (${what})`);
  }
  if (taken.length === 0)
    return ok('ports', `${wanted.map(({ port }) => port).join(', ')} are free`);
  const text = `in use by another program: ${taken.join(', ')}`;
  return fault('ports', text, `stop that program, or change the ports in ${folder.configFile}`);
}

const gibBytes = 1_073_741_824;

async function disk({ folder, roomGib }: Subject): Promise<Finding> {
  if (folder === undefined) return skipped('disk', 'no folder was named');
  const { bavail, bsize } = await statfs(folder.directory);
  const free = bavail * bsize;
  const detail = `${(free / gibBytes).toFixed(1)} GiB are free, ${roomGib} are needed`;
  return free >= roomGib * gibBytes
    ? ok('disk', detail)
    : fault('disk', detail, 'free space, set storage.keepBodies, or move dataDir to a larger disk');
}

async function permissions({ folder }: Subject): Promise<Finding> {
  if (folder === undefined) return skipped('permissions', 'no folder was named');
  const { dataDir } = folder.config;
  const places = [dataDir, join(dataDir, 'chain'), join(dataDir, 'validator')].filter(existsSync);
  for (const place of places) {
    try {
      await access(place, constants.R_OK | constants.W_OK | constants.X_OK);
    } catch {
      const mend = `give it to the account that runs the node: chown -R "$USER" ${place}`;
      return fault('permissions', `${place} cannot be written`, mend);
    }
  }
  return ok('permissions', `${dataDir} can be written`);
}

async function network({ folder, status }: Subject): Promise<Finding> {
  if (folder === undefined) return skipped('network', 'no folder was named');
  const { config } = folder;
  const path = join(config.dataDir, config.genesisFile);
  try {
    const { document } = await readGenesis(path, config.expectedGenesisHash);
    const tag = toHex(chainTagOf(document));
    const detail = `chain ${tag.slice(0, 16)}..., network ${document.networkId}`;
    if (status === undefined || status.network.chainTag === tag) return ok('network', detail);
    const other = status.network.chainTag.slice(0, 16);
    const text = `${detail}, but the node that answers is of chain ${other}...`;
    return fault('network', text, `copy the right genesis to ${path}, or ask another node`);
  } catch (error) {
    return fault('network', reason(error), `copy the chain's genesis to ${path}`);
  }
}

function lock({ folder, pid }: Subject): Finding {
  if (folder === undefined) return skipped('lock', 'no folder was named');
  if (pid !== undefined) return ok('lock', `process ${pid} runs`);
  if (!existsSync(folder.pidFile)) return ok('lock', 'nothing is left over');
  const text = `${folder.pidFile} names a process that does not run: the node crashed or was killed`;
  return fault('lock', text, `look at ${folder.logFile}, then rm ${folder.pidFile}`);
}

async function journal({ folder }: Subject): Promise<Finding> {
  if (folder === undefined) return skipped('journal', 'no folder was named');
  const { config } = folder;
  if (config.role !== 'validator') return skipped('journal', `a ${config.role} node signs nothing`);
  const key = join(config.dataDir, config.validator.keyFile);
  const directory = join(key, '..', 'journal');
  if (!existsSync(key)) {
    return fault('journal', `there is no consensus key at ${key}`, `mxd validator key ${key}`);
  }
  const files = await readdir(directory).catch(() => []);
  if (files.length > 0) return ok('journal', `${files.length} files beside the key`);
  const detail = `${directory} is missing: the node follows and would not sign`;
  return fault('journal', detail, await journalAdvice(folder));
}

/**
 * A rotation has to become final, which takes a quorum without this validator. Alone it cannot, and
 * then accepting the risk is the way: nobody else is there to see two votes.
 */
async function journalAdvice({ config, configFile }: NodeFolder): Promise<string> {
  const path = join(config.dataDir, config.genesisFile);
  const members = await readGenesis(path, config.expectedGenesisHash).then(
    ({ document }) => document.members.length,
    () => undefined,
  );
  const accept = `set validator.acceptEquivocationRisk in ${configFile} until the node signs again`;
  if (members === 1) {
    return `this validator is alone, so no rotation can become final: ${accept}`;
  }
  return (
    'never bring back an old journal, it has forgotten what was signed since; make a new key and ' +
    'mxd validator rotate. Only if more than a third of the power has lost its journals, so that ' +
    `nothing becomes final: ${accept}`
  );
}

/** Files that nobody but the owner may read. */
async function privateFiles({ config }: NodeFolder): Promise<readonly string[]> {
  const { dataDir, validator, secrets, admin } = config;
  const names = secrets.directory === '' ? [] : await readdir(secrets.directory).catch(() => []);
  return [
    join(dataDir, validator.keyFile),
    join(dataDir, 'node.key'),
    join(dataDir, admin.tokensFile),
    ...names.map((name) => join(secrets.directory, name)),
  ].filter(existsSync);
}

async function modes({ folder }: Subject): Promise<Finding> {
  if (folder === undefined) return skipped('modes', 'no folder was named');
  if (process.platform === 'win32') return skipped('modes', 'Windows keeps no file modes');
  const files = await privateFiles(folder);
  const weak: string[] = [];
  for (const file of files) if (((await stat(file)).mode & 0o077) !== 0) weak.push(file);
  return weak.length === 0
    ? ok('modes', `${files.length} private files`)
    : fault('modes', `others may read ${weak.join(', ')}`, `chmod 600 ${weak.join(' ')}`);
}

async function schema({ folder, pid }: Subject): Promise<Finding> {
  if (folder === undefined) return skipped('schema', 'no folder was named');
  const directory = join(folder.config.dataDir, 'chain');
  if (!existsSync(directory)) return ok('schema', 'the chain will be made at the first start');
  if (pid !== undefined) return ok('schema', 'the node runs with it');
  try {
    const store = await openLevelStore(directory, { createIfMissing: false });
    try {
      const found = readMetadata(store)?.schemaVersion;
      const { version } = ledgerSchema;
      if (found === version) return ok('schema', `version ${version}`);
      const text = `the chain is of version ${found ?? 'unknown'}, this software of ${version}`;
      const mend =
        found !== undefined && found < version
          ? 'mxd backup create, then mxd node start: it brings the chain up to date'
          : 'install the newer version of this software that wrote it';
      return fault('schema', text, mend);
    } finally {
      await store.close();
    }
  } catch (error) {
    return fault('schema', reason(error), 'mxd restore from a backup, or sync anew');
  }
}

function peers({ status, folder }: Subject): Finding {
  if (status === undefined) return skipped('peers', 'no node answers');
  if (status.peers > 0) return ok('peers', `${status.peers} connected`);
  if (status.uptimeMs < 10_000) return skipped('peers', 'the node has just started');
  const where = folder === undefined ? 'the configuration' : folder.configFile;
  const mend = `name peers under network.bootstrap in ${where}, and open the port for peers`;
  return fault('peers', 'none is connected', mend);
}

/** The ten checks, in the order in which faults are best mended. */
export const checks: readonly ((subject: Subject) => Finding | Promise<Finding>)[] = [
  permissions,
  disk,
  modes,
  network,
  schema,
  lock,
  journal,
  ports,
  clock,
  peers,
];
