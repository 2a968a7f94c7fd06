import { copyFile, readFile, rename, writeFile } from 'node:fs/promises';

import { parseDocument, type Document } from 'yaml';

import { ConfigError } from './errors.ts';

/** The version that this software writes and reads. */
export const configVersion = 1;

/** A step from `from` to `from + 1`, on the document so that comments survive. */
export interface ConfigMigration {
  readonly from: number;
  readonly describe: string;
  apply(document: Document): void;
}

/** Released steps; a file of any released version can be brought up to date. */
export const migrations: readonly ConfigMigration[] = [];

function versionOf(document: Document): number {
  const version: unknown = document.get('version');
  return version === undefined ? 1 : Number(version);
}

/**
 * Text of a file brought to `target`, with the steps taken. Comments and order are kept.
 * @throws ConfigError CONFIG_VERSION for a newer or impossible version, CONFIG_MIGRATION.
 */
export function migrateText(
  text: string,
  name: string,
  steps: readonly ConfigMigration[] = migrations,
  target: number = configVersion,
): { readonly text: string; readonly applied: readonly string[] } {
  const document = parseDocument(text);
  if (document.errors.length > 0) return { text, applied: [] }; // reading it says what is wrong
  let version = versionOf(document);
  if (!Number.isInteger(version) || version < 1 || version > target) {
    throw new ConfigError(
      'CONFIG_VERSION',
      `${name}: version ${String(document.get('version'))} is unknown; this software reads 1 to ${target}`,
      { file: name },
    );
  }
  const applied: string[] = [];
  for (; version < target; version++) {
    const step = steps.find(({ from }) => from === version);
    if (step === undefined) {
      throw new ConfigError(
        'CONFIG_MIGRATION',
        `${name}: no step leads on from version ${version}`,
        {
          file: name,
        },
      );
    }
    step.apply(document);
    document.set('version', version + 1);
    applied.push(step.describe);
  }
  return { text: applied.length === 0 ? text : document.toString(), applied };
}

/**
 * Brings a file on disk up to date. The old text stays beside it as `<file>.v<N>.bak`; the new one
 * takes its place by rename, so that a crash leaves one of the two whole.
 */
export async function migrateFile(
  file: string,
  steps: readonly ConfigMigration[] = migrations,
  target: number = configVersion,
): Promise<readonly string[]> {
  const text = await readFile(file, 'utf8');
  const result = migrateText(text, file, steps, target);
  if (result.applied.length === 0) return [];
  await copyFile(file, `${file}.v${versionOf(parseDocument(text))}.bak`);
  await writeFile(`${file}.new`, result.text, { flush: true });
  await rename(`${file}.new`, file);
  return result.applied;
}
