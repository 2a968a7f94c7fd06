import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdir, open, readFile, rename, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';

import { z } from 'zod';

import { NodeError } from '../errors.ts';
import { limits } from './limits.ts';
import { roleNames, scopes, scopesOf, type Role, type Scope } from './scopes.ts';

const secretEntry = z.strictObject({
  /** SHA-512 of the secret part. It has 256 random bits, so nothing slower is needed. */
  hash: z.string().regex(/^[0-9a-f]{128}$/),
  expiresMs: z.int().min(0),
});

const tokenEntry = z.strictObject({
  id: z.string().regex(/^[0-9a-f]{16}$/),
  name: z.string().min(1).max(64),
  role: z.enum(roleNames as [Role, ...Role[]]).optional(),
  scopes: z.array(z.enum(scopes)),
  createdMs: z.int().min(0),
  /** The newest first. An older one is there after a rotation until its grace is over. */
  secrets: z.array(secretEntry).min(1).max(2),
});

const tokensFile = z.strictObject({
  version: z.literal(1),
  tokens: z.array(tokenEntry).max(limits.tokens.value),
});

type StoredToken = z.infer<typeof tokenEntry>;

/** A token as operators see it: nothing of its secret. */
export interface TokenInfo {
  readonly id: string;
  readonly name: string;
  readonly role: Role | undefined;
  readonly scopes: readonly Scope[];
  readonly createdMs: number;
  readonly expiresMs: number;
}

export interface NewToken {
  readonly name: string;
  readonly role?: Role | undefined;
  readonly scopes?: readonly Scope[] | undefined;
  /** From now; 90 days unless given. */
  readonly lifeMs?: number | undefined;
}

/** Shown once, when it is made. */
export interface IssuedToken {
  readonly token: string;
  readonly info: TokenInfo;
}

export type TokenVerdict =
  | { readonly ok: true; readonly info: TokenInfo }
  | { readonly ok: false; readonly reason: 'malformed' | 'unknown' | 'expired' };

const tokenPattern = /^mxd_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/;
const hashOf = (secret: string): Buffer => createHash('sha512').update(secret).digest();
const nobody = hashOf('');

const infoOf = (token: StoredToken): TokenInfo => ({
  id: token.id,
  name: token.name,
  role: token.role,
  scopes: scopesOf(token.role, token.scopes),
  createdMs: token.createdMs,
  expiresMs: token.secrets[0]?.expiresMs ?? 0,
});

/**
 * API tokens in one file of mode 0600, hashes only. Changes that another program makes to the file
 * (`mxd token create` while the node is down, or up) are seen within a second.
 */
export class TokenStore {
  readonly #path: string;
  readonly #now: () => number;
  #tokens = new Map<string, StoredToken>();
  #stamp = '';
  #checkedMs = -Infinity;
  #tail: Promise<unknown> = Promise.resolve();
  /** Bad tokens that were shown. */
  failures = 0;

  private constructor(path: string, now: () => number) {
    this.#path = path;
    this.#now = now;
  }

  /** Opens a tokens file; one that is not there has no tokens. @throws NodeError NODE_KEY. */
  static async open(path: string, now: () => number = Date.now): Promise<TokenStore> {
    const store = new TokenStore(path, now);
    await store.#load();
    return store;
  }

  list(): readonly TokenInfo[] {
    return [...this.#tokens.values()].map(infoOf);
  }

  /** Whose token this is. Takes the same time for an unknown id as for a wrong secret. */
  async verify(token: string): Promise<TokenVerdict> {
    await this.#refresh();
    const [, id = '', secret = ''] = tokenPattern.exec(token) ?? [];
    if (id === '') {
      this.failures++;
      return { ok: false, reason: 'malformed' };
    }
    const found = this.#tokens.get(id);
    const hash = hashOf(secret);
    const known = [0, 1].map((i) => {
      const entry = found?.secrets[i];
      const expected = entry === undefined ? nobody : Buffer.from(entry.hash, 'hex');
      const isSame = timingSafeEqual(hash, expected) && entry !== undefined;
      return isSame ? entry : undefined;
    });
    const match = known[0] ?? known[1];
    if (found === undefined || match === undefined) {
      this.failures++;
      return { ok: false, reason: 'unknown' };
    }
    if (match.expiresMs <= this.#now()) {
      this.failures++;
      return { ok: false, reason: 'expired' };
    }
    return { ok: true, info: infoOf(found) };
  }

  /** Whether a token may use a scope: for the public API. */
  async authorize(token: string, scope: Scope): Promise<boolean> {
    const verdict = await this.verify(token);
    return verdict.ok && verdict.info.scopes.includes(scope);
  }

  /** Makes a token. @throws NodeError NODE_KEY when there are too many. */
  create({ name, role, scopes: beside = [], lifeMs }: NewToken): Promise<IssuedToken> {
    return this.#change(async () => {
      if (this.#tokens.size >= limits.tokens.value) {
        throw new NodeError('NODE_KEY', `there are ${this.#tokens.size} tokens: revoke some`);
      }
      const id = randomBytes(8).toString('hex');
      const createdMs = this.#now();
      const { token, entry } = this.#secret(id, lifeMs ?? limits.tokenDefaultMs.value);
      const base = { id, name, scopes: [...beside], createdMs, secrets: [entry] };
      const stored: StoredToken = role === undefined ? base : { ...base, role };
      await this.#save(new Map(this.#tokens).set(id, stored));
      return { token, info: infoOf(stored) };
    });
  }

  /** A new secret for a token, for as long as it had before; the old one works for `graceMs`. */
  rotate(id: string, graceMs: number): Promise<IssuedToken | undefined> {
    return this.#change(async () => {
      const before = this.#tokens.get(id);
      const [newest] = before?.secrets ?? [];
      if (before === undefined || newest === undefined) return undefined;
      const lifeMs = Math.max(newest.expiresMs - before.createdMs, 1);
      const { token, entry } = this.#secret(id, lifeMs);
      const nowMs = this.#now();
      const old = { ...newest, expiresMs: Math.min(newest.expiresMs, nowMs + graceMs) };
      const secrets = graceMs > 0 ? [entry, old] : [entry];
      const stored = { ...before, createdMs: nowMs, secrets };
      await this.#save(new Map(this.#tokens).set(id, stored));
      return { token, info: infoOf(stored) };
    });
  }

  /** False if there is no such token. */
  revoke(id: string): Promise<boolean> {
    return this.#change(async () => {
      const tokens = new Map(this.#tokens);
      if (!tokens.delete(id)) return false;
      await this.#save(tokens);
      return true;
    });
  }

  #secret(
    id: string,
    lifeMs: number,
  ): { readonly token: string; readonly entry: StoredToken['secrets'][number] } {
    const secret = randomBytes(32).toString('base64url');
    const expiresMs = this.#now() + Math.min(lifeMs, limits.tokenLifeMs.value);
    return {
      token: `mxd_${id}_${secret}`,
      entry: { hash: hashOf(secret).toString('hex'), expiresMs },
    };
  }

  /** One change at a time, each on what the file says now. */
  #change<Value>(make: () => Promise<Value>): Promise<Value> {
    const next = this.#tail.then(async () => {
      await this.#load();
      return make();
    });
    this.#tail = next.catch(() => undefined);
    return next;
  }

  async #refresh(): Promise<void> {
    const nowMs = performance.now();
    if (nowMs - this.#checkedMs < limits.fileCheckMs.value) return;
    this.#checkedMs = nowMs;
    const stamp = await stampOf(this.#path);
    if (stamp !== this.#stamp) await this.#load();
  }

  async #load(): Promise<void> {
    const stamp = await stampOf(this.#path);
    this.#stamp = stamp;
    if (stamp === '') {
      this.#tokens = new Map();
      return;
    }
    const parsed = tokensFile.safeParse(await readJson(this.#path));
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      const why = `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'malformed'}`;
      throw new NodeError('NODE_KEY', `${this.#path} is no tokens file: ${why}`, {
        path: this.#path,
      });
    }
    this.#tokens = new Map(parsed.data.tokens.map((token) => [token.id, token]));
  }

  /** On disk before anybody hears of it: written beside, then put in place. */
  async #save(tokens: Map<string, StoredToken>): Promise<void> {
    const text = `${JSON.stringify({ version: 1, tokens: [...tokens.values()] }, undefined, 2)}\n`;
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
    const temporary = `${this.#path}.${randomBytes(8).toString('hex')}.tmp`;
    try {
      await using file = await open(temporary, 'wx', 0o600);
      await file.writeFile(text);
      await file.sync();
      await rename(temporary, this.#path);
    } catch (error) {
      await unlink(temporary).catch(() => undefined);
      throw error;
    }
    this.#tokens = tokens;
    this.#stamp = await stampOf(this.#path);
  }
}

/** Changes whenever the file does; empty if there is none. */
async function stampOf(path: string): Promise<string> {
  try {
    const { mtimeNs, ino, size } = await stat(path, { bigint: true });
    return `${mtimeNs}:${ino}:${size}`;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

async function readJson(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8');
  if (text.length > limits.tokenFileBytes.value) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
