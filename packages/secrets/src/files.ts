import { readFileSync, watch, type FSWatcher } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';

import { Secret } from '@mxd/crypto/secret';

import { SecretsError } from './errors.ts';
import { limits } from './limits.ts';
import { checkName, checkSize, type SecretProvider, type Unwatch } from './provider.ts';

export interface FileSecretsOptions {
  /** Folder with one file per secret, named as the secret. */
  readonly directory: string;
  /** Refuse files that group or others can read; off for mounts whose modes are not ours. */
  readonly strictModes?: boolean;
  /** Told about failures while watching, which have no caller to throw to. */
  readonly onError?: (error: SecretsError) => void;
}

interface Watched {
  last: Uint8Array | undefined;
  readonly callbacks: Set<(secret: Secret) => void>;
}

/** One line end at the end belongs to the editor, not to the secret. */
function withoutLineEnd(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  if (bytes[end - 1] === 0x0a) end -= bytes[end - 2] === 0x0d ? 2 : 1;
  return bytes.subarray(0, end);
}

/**
 * Secrets from files, as Kubernetes mounts them. Kubernetes replaces the `..data` link of the folder
 * when a secret rotates, so the folder is watched, not the file.
 */
export class FileSecrets implements SecretProvider {
  readonly name: string;
  readonly #options: FileSecretsOptions;
  readonly #watched = new Map<string, Watched>();
  #watcher: FSWatcher | undefined;
  #check: Promise<void> = Promise.resolve();
  #checkQueued = false;

  constructor(options: FileSecretsOptions) {
    this.name = `files ${options.directory}`;
    this.#options = options;
  }

  async get(name: string): Promise<Secret | undefined> {
    const bytes = await this.#read(checkName(name));
    return bytes === undefined ? undefined : Secret.ownUtf8(bytes);
  }

  /** The content as bytes that the caller owns. */
  async #read(name: string): Promise<Uint8Array | undefined> {
    const path = join(this.#options.directory, name);
    try {
      await using file = await open(path, 'r');
      const stat = await file.stat();
      if (this.#options.strictModes === true && (stat.mode & 0o077) !== 0) {
        const mode = (stat.mode & 0o777).toString(8);
        throw new SecretsError('SECRET_FILE_MODE', `${path} has mode ${mode}; chmod 600 it`, {
          path,
        });
      }
      checkSize(name, stat.size);
      const buffer = new Uint8Array(stat.size);
      const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
      const content = withoutLineEnd(buffer.subarray(0, bytesRead)).slice();
      buffer.fill(0);
      checkSize(name, content.length);
      return content;
    } catch (cause) {
      if (cause instanceof SecretsError) throw cause;
      const code = (cause as NodeJS.ErrnoException).code ?? 'unknown';
      if (code === 'ENOENT') return undefined;
      throw new SecretsError(
        'SECRET_READ',
        `${path} cannot be read (${code})`,
        { path },
        { cause },
      );
    }
  }

  /** What a file holds now; undefined for anything that `get` would refuse. */
  #readNow(name: string): Uint8Array | undefined {
    try {
      const bytes = readFileSync(join(this.#options.directory, name));
      return bytes.length > limits.secretBytes.value ? undefined : withoutLineEnd(bytes).slice();
    } catch {
      return undefined;
    }
  }

  watch(name: string, onChange: (secret: Secret) => void): Unwatch {
    checkName(name);
    if (this.#watched.size >= limits.watchers.value) {
      throw new SecretsError('SECRET_READ', 'too many secrets are watched', { name });
    }
    const entry = this.#watched.get(name) ?? { last: undefined, callbacks: new Set() };
    const isNew = !this.#watched.has(name);
    this.#watched.set(name, entry);
    entry.callbacks.add(onChange);
    this.#watcher ??= watch(this.#options.directory, () => this.#queueCheck());
    // Read at once: a change right after this call must be told from what was there before.
    if (isNew) entry.last = this.#readNow(name);
    return () => {
      entry.callbacks.delete(onChange);
      if (entry.callbacks.size > 0) return;
      entry.last?.fill(0);
      this.#watched.delete(name);
      if (this.#watched.size === 0) {
        this.#watcher?.close();
        this.#watcher = undefined;
      }
    };
  }

  /** Looks at all watched files once after a burst of events. */
  #queueCheck(): void {
    if (this.#checkQueued) return;
    this.#checkQueued = true;
    this.#check = this.#check.then(async () => {
      this.#checkQueued = false;
      for (const [name, entry] of this.#watched) await this.#compare(name, entry);
    });
  }

  async #compare(name: string, entry: Watched): Promise<void> {
    try {
      const now = await this.#read(name);
      if (now === undefined) return; // between removal and replacement: the old value stays
      if (entry.last !== undefined && Buffer.compare(entry.last, now) === 0) return;
      entry.last?.fill(0);
      entry.last = now;
      for (const callback of entry.callbacks) callback(Secret.ownUtf8(now.slice()));
    } catch (error) {
      if (error instanceof SecretsError) this.#options.onError?.(error);
      else throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watcher?.close();
    this.#watcher = undefined;
    await this.#check;
    for (const entry of this.#watched.values()) entry.last?.fill(0);
    this.#watched.clear();
  }
}
