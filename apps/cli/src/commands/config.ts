import { completionScript, type Shell } from '../complete.ts';
import { isDryRun, type Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { unlockEnvironment } from '../node-folder.ts';
import { Shown } from '../output.ts';
import { writeSetting } from '../settings.ts';

/** What a node with this configuration would run with. */
async function nodeSettings(file: string, withOrigin: boolean): Promise<unknown> {
  const { loadConfig, settings, valueAt } = await import('@mxd/config');
  const loaded = await loadConfig({
    files: [{ path: file, required: true }],
    environment: unlockEnvironment(),
    flags: [],
  });
  return settings.map(({ path, secret }) => ({
    setting: path,
    value: secret ? '[redacted]' : JSON.stringify(valueAt(loaded.config, path)),
    ...(withOrigin ? { origin: loaded.origins.get(path) ?? 'default' } : {}),
  }));
}

export async function show(context: Context): Promise<unknown> {
  const withOrigin = context.parsed.flag('origin');
  const file = context.parsed.text('node');
  if (file !== undefined) return nodeSettings(file, withOrigin);
  return context.origins.map(({ name, value, origin }) => ({
    setting: name,
    value,
    ...(withOrigin ? { origin } : {}),
  }));
}

export async function set(context: Context): Promise<unknown> {
  const [name = '', value] = context.parsed.words;
  if (name === 'passphrase') {
    throw new CliError('CLI_CONFIG', 'secrets are no settings', { name });
  }
  const isDry = isDryRun(context);
  const file = await writeSetting(name, value, isDry);
  const data = { ...(isDry ? { dryRun: true } : {}), name, value: value ?? null, file };
  const text = `${name}: ${value ?? 'default'} (${file})`;
  return new Shown(data, isDry ? `would set ${text}` : text);
}

export async function check(context: Context): Promise<unknown> {
  const file = context.parsed.word(0);
  const { loadConfig } = await import('@mxd/config');
  const { config } = await loadConfig({
    files: [{ path: file, required: true }],
    environment: unlockEnvironment(),
    flags: [],
  });
  return new Shown({ file, ok: true, role: config.role }, `${file}: good, role ${config.role}`);
}

export function completion(context: Context): Promise<unknown> {
  const shell = context.parsed.word(0) as Shell;
  const script = completionScript(shell);
  return Promise.resolve(new Shown({ shell, script }, script));
}
