/** What a token may do. The public API knows `submit` and `plugins`; the rest are the admin API's. */
export const scopes = [
  'submit',
  'plugins',
  'status',
  'peers',
  'log',
  'config',
  'mempool',
  'backup',
  'commands',
  'tokens',
  'stop',
] as const;

export type Scope = (typeof scopes)[number];

export type Role = 'client' | 'viewer' | 'operator' | 'admin';

/** Roles stand for scopes. A token has one role, or none, and may have scopes beside it. */
export const roles: Readonly<Record<Role, readonly Scope[]>> = {
  client: ['submit', 'plugins'],
  viewer: ['status'],
  operator: ['status', 'peers', 'log', 'mempool', 'backup', 'commands', 'plugins', 'submit'],
  admin: scopes,
};

export const roleNames: readonly Role[] = ['client', 'viewer', 'operator', 'admin'];

/** The scopes of a role and those given beside it, each once, in the order of `scopes`. */
export function scopesOf(role: Role | undefined, beside: readonly Scope[]): readonly Scope[] {
  const given: readonly Scope[] = role === undefined ? [] : roles[role];
  return scopes.filter((scope) => given.includes(scope) || beside.includes(scope));
}
