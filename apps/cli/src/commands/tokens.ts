import { join } from 'node:path';

import { TokenStore, type IssuedToken, type NewToken, type TokenInfo } from '@mxd/node/tokens';

import { usage } from '../arguments.ts';
import { agree, isDryRun, type Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { openFolder } from '../node-folder.ts';
import { Shown } from '../output.ts';
import { writeSecretText } from './files.ts';

const dayMs = 86_400_000;

interface OpenTokens {
  readonly store: TokenStore;
  readonly path: string;
}

/** The tokens file of a node's folder; a running node sees changes within a second. */
async function openStore(context: Context): Promise<OpenTokens> {
  const { config } = await openFolder(context);
  const path = join(config.dataDir, config.admin.tokensFile);
  return { store: await TokenStore.open(path), path };
}

const time = (ms: number): string => new Date(ms).toISOString();

const view = ({ id, name, role, scopes, createdMs, expiresMs }: TokenInfo): object => ({
  id,
  name,
  role: role ?? '-',
  scopes: scopes.join(' '),
  created: time(createdMs),
  expires: time(expiresMs),
  state: expiresMs > Date.now() ? 'good' : 'expired',
});

/** The token itself is shown here and never again: as the result, or in a new private file. */
async function issued(context: Context, { token, info }: IssuedToken): Promise<Shown> {
  const out = context.parsed.text('out');
  const about = `token ${info.id} of ${info.name}, ${info.role ?? 'no role'}, until ${time(info.expiresMs)}`;
  if (out === undefined) {
    context.out.note(`${about}; it is shown this once`);
    return new Shown({ token, ...view(info) }, token);
  }
  await writeSecretText(out, `${token}\n`);
  return new Shown({ file: out, ...view(info) }, `${about}, is in ${out}`);
}

export async function create(context: Context): Promise<unknown> {
  const { parsed } = context;
  const name = parsed.text('name') ?? '';
  const role = parsed.text('role') as NewToken['role'];
  const scopes = parsed.texts('scope') as NonNullable<NewToken['scopes']>;
  if (!/^[^\p{C}]{1,64}$/u.test(name))
    throw usage('--name TEXT says whose token it is, in 1 to 64 characters');
  if (role === undefined && scopes.length === 0) {
    throw usage('--role ROLE or --scope SCOPE says what the token may do');
  }
  const days = parsed.whole('days', 1, 3_650);
  const { store, path } = await openStore(context);
  if (isDryRun(context)) {
    const data = { dryRun: true, name, role, scopes, file: path };
    return new Shown(data, `would add a token for ${name} to ${path}`);
  }
  const lifeMs = days === undefined ? undefined : days * dayMs;
  return await issued(context, await store.create({ name, role, scopes, lifeMs }));
}

export async function list(context: Context): Promise<unknown> {
  return (await openStore(context)).store.list().map(view);
}

/** The token that the word names by id, or by a name that only one has. */
function chosen({ store, path }: OpenTokens, word: string): TokenInfo {
  const all = store.list();
  const byId = all.find(({ id }) => id === word);
  const named = all.filter(({ name }) => name === word);
  const found = byId ?? (named.length === 1 ? named[0] : undefined);
  if (found !== undefined) return found;
  const why =
    named.length > 1
      ? `${named.length} tokens are named ${word}: use the id`
      : `${path} has no token ${word}`;
  throw new CliError('CLI_TOKEN', why, { token: word });
}

/** The folder is the first word; the token the second. */
const tokenWord = (context: Context): string => context.parsed.word(1);

export async function revoke(context: Context): Promise<unknown> {
  const open = await openStore(context);
  const info = chosen(open, tokenWord(context));
  const what = `token ${info.id} of ${info.name}`;
  if (isDryRun(context)) return new Shown({ dryRun: true, ...view(info) }, `would revoke ${what}`);
  await agree(context, `Revoke ${what}?`);
  await open.store.revoke(info.id);
  return new Shown({ revoked: info.id, name: info.name }, `revoked ${what}`);
}

export async function rotate(context: Context): Promise<unknown> {
  const open = await openStore(context);
  const info = chosen(open, tokenWord(context));
  const hours = context.parsed.whole('grace', 0, 168) ?? 24;
  const what = `token ${info.id} of ${info.name}`;
  if (isDryRun(context)) {
    const text = `would give ${what} a new secret; the old one works for ${hours} h`;
    return new Shown({ dryRun: true, ...view(info), graceHours: hours }, text);
  }
  await agree(context, `Give ${what} a new secret?`);
  const rotated = await open.store.rotate(info.id, hours * 3_600_000);
  if (rotated === undefined) throw new CliError('CLI_TOKEN', `${what} has just been revoked`);
  context.out.note(hours === 0 ? 'the old one is void' : `the old one works for ${hours} h more`);
  return await issued(context, rotated);
}
