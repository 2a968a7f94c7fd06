import {
  changedSettings,
  settings,
  valueAt,
  type LoadedConfig,
  type NodeConfig,
} from '@mxd/config';

/** Takes a new configuration for the settings under one path. */
export type ApplySetting = (config: NodeConfig) => void;

export interface ReloadOutcome {
  readonly applied: readonly string[];
  /** Changed in the files, but in force only after a restart. */
  readonly needRestart: readonly string[];
}

export interface ShownSetting {
  readonly path: string;
  readonly value: unknown;
  /** `default`, `node.yaml:7`, `MXD_API_PORT`, `--api-port`. */
  readonly origin: string;
  readonly reloadable: boolean;
}

export interface ConfigControlOptions {
  readonly loaded: LoadedConfig;
  /** Loads all layers again; undefined for a configuration that did not come from layers. */
  readonly load?: () => Promise<LoadedConfig>;
  /** By path: how a change gets into force without a restart. */
  readonly apply: Readonly<Record<string, ApplySetting>>;
  /** Reads again what settings name without holding: files of certificates. */
  readonly renew?: () => Promise<void>;
  readonly onChanged?: (
    changed: readonly { readonly path: string; readonly value: unknown }[],
  ) => void;
}

const isSecret = (path: string): boolean =>
  settings.some((setting) => setting.path === path && setting.secret);

/** Plugins' own parts may hold anything, so only their frame is shown. */
function shown(path: string, value: unknown): unknown {
  if (isSecret(path)) return '[redacted]';
  if (path !== 'plugins') return value;
  return (value as NodeConfig['plugins']).map((entry) => ({ ...entry, config: '[redacted]' }));
}

/**
 * The configuration of a running node: what it is, where it came from, and reloading it (SIGHUP or
 * the admin API). A file with a mistake changes nothing at all.
 */
export class ConfigControl {
  readonly #options: ConfigControlOptions;
  #loaded: LoadedConfig;
  #needRestart: readonly string[] = [];

  constructor(options: ConfigControlOptions) {
    this.#options = options;
    this.#loaded = options.loaded;
  }

  get canReload(): boolean {
    return this.#options.load !== undefined;
  }

  show(): readonly ShownSetting[] {
    const { config, origins } = this.#loaded;
    return settings.map(({ path, reloadable }) => ({
      path,
      value: shown(path, valueAt(config, path)),
      origin: origins.get(path) ?? 'default',
      reloadable,
    }));
  }

  /** @throws ConfigError for a mistake in any layer. */
  async reload(): Promise<ReloadOutcome> {
    const { load, apply, onChanged, renew } = this.#options;
    if (load === undefined) return { applied: [], needRestart: [] };
    const next = await load();
    await renew?.();
    const applied: string[] = [];
    for (const { path, reloadable } of changedSettings(this.#loaded.config, next.config)) {
      const put = reloadable ? apply[path] : undefined;
      if (put === undefined) continue;
      put(next.config);
      applied.push(path);
    }
    this.#loaded = merged(this.#loaded, next, applied);
    if (applied.length > 0) {
      onChanged?.(
        applied.map((path) => ({ path, value: shown(path, valueAt(next.config, path)) })),
      );
    }
    this.#needRestart = changedSettings(this.#loaded.config, next.config).map(({ path }) => path);
    return { applied, needRestart: this.#needRestart };
  }

  /** Settings that differ between the files and what runs, as of the last reload. */
  get needRestart(): readonly string[] {
    return this.#needRestart;
  }
}

/** The configuration in force: the old one with what has been applied. */
function merged(
  before: LoadedConfig,
  next: LoadedConfig,
  applied: readonly string[],
): LoadedConfig {
  const config = structuredClone(before.config);
  const origins = new Map(before.origins);
  for (const path of applied) {
    const parts = path.split('.');
    let node = config as unknown as Record<string, unknown>;
    for (const part of parts.slice(0, -1)) node = node[part] as Record<string, unknown>;
    node[parts.at(-1) as string] = valueAt(next.config, path);
    origins.set(path, next.origins.get(path) ?? 'default');
  }
  return { config, origins };
}
