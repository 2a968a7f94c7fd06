import { ApiError } from '@mxd/api';
import { fromHex } from '@mxd/codec';
import { ConfigError } from '@mxd/config';
import { isLogLevel, logLevels } from '@mxd/logging';
import type { Mempool } from '@mxd/ledger';
import type { PeerId, Peers } from '@mxd/network';
import type { TxId } from '@mxd/protocol';
import { z } from 'zod';

import { NodeError } from '../errors.ts';
import { peerView } from '../http/convert.ts';
import type { PluginHost } from '../plugins/host.ts';
import { limits as pluginLimits } from '../plugins/limits.ts';
import { apiErrorOf } from '../plugins/routes.ts';
import type { ChainBackups } from './backup.ts';
import { limits } from './limits.ts';
import type { LogLevelControl } from './log-level.ts';
import type { ConfigControl } from './reload.ts';
import { roleNames, scopes, scopesOf, type Role, type Scope } from './scopes.ts';
import type { TokenInfo, TokenStore } from './tokens.ts';

/** Parts of a node that its operators work on. */
export interface AdminControls {
  readonly tokens: TokenStore;
  readonly peers: Peers;
  readonly mempool: Pick<Mempool, 'drop'>;
  readonly plugins: Pick<PluginHost, 'status' | 'find'>;
  readonly log: LogLevelControl;
  readonly config: ConfigControl;
  readonly backups: Pick<ChainBackups, 'create' | 'list'>;
  /** Makes a snapshot for peers now; undefined where this node makes none. */
  readonly snapshot: (() => Promise<{ readonly height: number }>) | undefined;
  /** Begins to stop the node, in the order of its parts. */
  readonly stop: () => void;
}

/** What an audit record says of an action, beside who did it. */
export interface AuditedAction {
  readonly action: string;
  readonly target?: string;
}

export interface AdminCall<Params, Query, Body> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly caller: TokenInfo;
  /** Writes the action to the audit log. An action that cannot be recorded does not happen. */
  readonly record: (action: AuditedAction) => Promise<void>;
}

/** One route of the admin API. */
export interface AdminRoute {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly url: string;
  /** Undefined: any valid token. */
  readonly scope: Scope | undefined;
  readonly params?: z.ZodType;
  readonly body?: z.ZodType;
  readonly run: (call: AdminCall<never, never, never>, controls: AdminControls) => unknown;
}

function route<Params extends z.ZodType = z.ZodUndefined, Body extends z.ZodType = z.ZodUndefined>(
  definition: Omit<AdminRoute, 'run' | 'params' | 'body'> & {
    readonly params?: Params;
    readonly body?: Body;
    readonly run: (
      call: AdminCall<z.output<Params>, undefined, z.output<Body>>,
      controls: AdminControls,
    ) => unknown;
  },
): AdminRoute {
  return definition;
}

const tokenId = z.object({ id: z.string().regex(/^[0-9a-f]{16}$/) });
const peerId = z.object({ peerId: z.string().regex(/^[1-9A-HJ-NP-Za-km-z]{20,120}$/) });
const nothing = (what: string): ApiError => new ApiError('API_NOT_FOUND', `there is no ${what}`);

/** Nobody makes a token that may do more than they may. */
function checkGrant(caller: TokenInfo, granted: readonly Scope[]): void {
  const more = granted.filter((scope) => !caller.scopes.includes(scope));
  if (more.length === 0) return;
  throw new ApiError('API_FORBIDDEN', `the calling token itself lacks: ${more.join(', ')}`);
}

const tokenRoutes: readonly AdminRoute[] = [
  route({
    method: 'GET',
    url: '/admin/v1/whoami',
    scope: undefined,
    run: ({ caller }) => caller,
  }),
  route({
    method: 'GET',
    url: '/admin/v1/tokens',
    scope: 'tokens',
    run: (_, { tokens }) => ({ items: tokens.list() }),
  }),
  route({
    method: 'POST',
    url: '/admin/v1/tokens',
    scope: 'tokens',
    body: z.strictObject({
      name: z.string().min(1).max(64),
      role: z.enum(roleNames as [Role, ...Role[]]).optional(),
      scopes: z.array(z.enum(scopes)).default([]),
      lifeMs: z.int().min(1_000).max(limits.tokenLifeMs.value).optional(),
    }),
    async run({ body, caller, record }, { tokens }) {
      const granted = scopesOf(body.role, body.scopes);
      checkGrant(caller, granted);
      await record({ action: 'tokens.create', target: `${body.name}: ${granted.join(' ')}` });
      const { token, info } = await tokens.create(body);
      return { token, ...info };
    },
  }),
  route({
    method: 'POST',
    url: '/admin/v1/tokens/:id/rotate',
    scope: 'tokens',
    params: tokenId,
    body: z.strictObject({ graceMs: z.int().min(0).max(limits.rotationGraceMs.value).default(0) }),
    async run({ params, body, caller, record }, { tokens }) {
      const target = tokens.list().find(({ id }) => id === params.id);
      if (target === undefined) throw nothing(`token ${params.id}`);
      // Whoever rotates a token holds its new secret.
      checkGrant(caller, target.scopes);
      await record({ action: 'tokens.rotate', target: params.id });
      const issued = await tokens.rotate(params.id, body.graceMs);
      if (issued === undefined) throw nothing(`token ${params.id}`);
      return { token: issued.token, ...issued.info };
    },
  }),
  route({
    method: 'DELETE',
    url: '/admin/v1/tokens/:id',
    scope: 'tokens',
    params: tokenId,
    async run({ params, record }, { tokens }) {
      await record({ action: 'tokens.revoke', target: params.id });
      if (!(await tokens.revoke(params.id))) throw nothing(`token ${params.id}`);
      return { revoked: params.id };
    },
  }),
];

const peerRoutes: readonly AdminRoute[] = [
  route({
    method: 'GET',
    url: '/admin/v1/peers',
    scope: 'status',
    run: (_, { peers }) => ({ items: peers.list().map(peerView), bans: peers.bans() }),
  }),
  route({
    method: 'POST',
    url: '/admin/v1/peers/:peerId/disconnect',
    scope: 'peers',
    params: peerId,
    async run({ params, record }, { peers }) {
      const id = params.peerId as PeerId;
      if (peers.get(id) === undefined) throw nothing(`connection to ${id}`);
      await record({ action: 'peers.disconnect', target: id });
      peers.disconnect(id, 'asked by the operator');
      return { disconnected: id };
    },
  }),
  route({
    method: 'PUT',
    url: '/admin/v1/bans/:peerId',
    scope: 'peers',
    params: peerId,
    body: z.strictObject({
      durationMs: z.int().min(1_000).max(limits.banMs.value),
      reason: z.string().min(1).max(200).default('asked by the operator'),
    }),
    async run({ params, body, record }, { peers }) {
      const id = params.peerId as PeerId;
      await record({ action: 'peers.ban', target: id });
      peers.ban(id, body.durationMs, body.reason);
      return { banned: id, durationMs: body.durationMs };
    },
  }),
  route({
    method: 'DELETE',
    url: '/admin/v1/bans/:peerId',
    scope: 'peers',
    params: peerId,
    async run({ params, record }, { peers }) {
      const id = params.peerId as PeerId;
      if (!peers.bans().some((ban) => ban.peerId === id)) throw nothing(`ban of ${id}`);
      await record({ action: 'peers.unban', target: id });
      peers.unban(id);
      return { unbanned: id };
    },
  }),
];

const settingRoutes: readonly AdminRoute[] = [
  route({
    method: 'GET',
    url: '/admin/v1/log',
    scope: 'status',
    run: (_, { log }) => ({ level: log.get() }),
  }),
  route({
    method: 'PUT',
    url: '/admin/v1/log',
    scope: 'log',
    body: z.strictObject({
      level: z.string().refine(isLogLevel, `one of ${logLevels.join(', ')}`),
    }),
    async run({ body, record }, { log }) {
      await record({ action: 'log.level', target: body.level });
      log.set(body.level);
      return { level: log.get() };
    },
  }),
  route({
    method: 'GET',
    url: '/admin/v1/config',
    scope: 'config',
    run: (_, { config }) => ({ items: config.show(), needRestart: config.needRestart }),
  }),
  route({
    method: 'POST',
    url: '/admin/v1/config/reload',
    scope: 'config',
    async run({ record }, { config }) {
      if (!config.canReload) {
        throw new ApiError('API_NOT_FOUND', 'this configuration does not come from files');
      }
      await record({ action: 'config.reload' });
      try {
        return await config.reload();
      } catch (error) {
        if (error instanceof ConfigError) throw new ApiError('API_BAD_REQUEST', error.message);
        throw error;
      }
    },
  }),
];

const workRoutes: readonly AdminRoute[] = [
  route({
    method: 'DELETE',
    url: '/admin/v1/mempool/:txid',
    scope: 'mempool',
    params: z.object({ txid: z.string().regex(/^[0-9a-f]{128}$/) }),
    async run({ params, record }, { mempool }) {
      await record({ action: 'mempool.drop', target: params.txid });
      const dropped = mempool.drop(fromHex(params.txid) as TxId);
      if (!dropped) throw nothing('such transaction in the mempool');
      return { dropped: params.txid };
    },
  }),
  route({
    method: 'GET',
    url: '/admin/v1/backups',
    scope: 'status',
    run: async (_, { backups }) => ({ items: await backups.list() }),
  }),
  route({
    method: 'POST',
    url: '/admin/v1/backups',
    scope: 'backup',
    async run({ record }, { backups }) {
      await record({ action: 'backup.create' });
      try {
        return await backups.create();
      } catch (error) {
        if (error instanceof NodeError) throw new ApiError('API_BUSY', error.message);
        throw error;
      }
    },
  }),
  route({
    method: 'POST',
    url: '/admin/v1/snapshots',
    scope: 'backup',
    async run({ record }, { snapshot }) {
      if (snapshot === undefined) throw new ApiError('API_NOT_FOUND', 'this node makes none');
      await record({ action: 'snapshot.create' });
      return snapshot();
    },
  }),
  route({
    method: 'GET',
    url: '/admin/v1/plugins',
    scope: 'status',
    run: (_, { plugins }) => ({ items: plugins.status() }),
  }),
  route({
    method: 'POST',
    url: '/admin/v1/plugins/:name/commands/:command',
    scope: 'commands',
    params: z.object({ name: z.string().max(64), command: z.string().max(64) }),
    body: z.record(z.string(), z.unknown()),
    async run({ params: { name, command }, body, record }, { plugins }) {
      const slot = plugins.find(name);
      const isKnown = slot?.manifest?.commands.some((one) => one.name === command) === true;
      if (slot === undefined || !isKnown) throw nothing(`command ${name} ${command}`);
      await record({ action: 'plugins.run', target: `${name} ${command}` });
      try {
        const budgetMs = pluginLimits.routeMs.value;
        return {
          result: await slot.call({ kind: 'command', name: command, input: body }, budgetMs),
        };
      } catch (error) {
        throw apiErrorOf(error, name);
      }
    },
  }),
  route({
    method: 'POST',
    url: '/admin/v1/stop',
    scope: 'stop',
    async run({ record }, { stop }) {
      await record({ action: 'node.stop' });
      // The answer goes out first.
      setTimeout(stop, 50);
      return { stopping: true };
    },
  }),
];

/** Every route of the admin API. */
export const adminRoutes: readonly AdminRoute[] = [
  ...tokenRoutes,
  ...peerRoutes,
  ...settingRoutes,
  ...workRoutes,
];
