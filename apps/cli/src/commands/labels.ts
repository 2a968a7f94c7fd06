import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { decodeAddress } from '@mxd/crypto/address';
import { LabelStore, type LabelKind } from '@mxd/wallet/labels';

import { usage } from '../arguments.ts';
import { agree, isDryRun, type Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { Shown } from '../output.ts';
import { readText, writeText } from './files.ts';

const fileOf = (context: Context): string => join(context.settings.home, 'labels.jsonl');

/** The labels of this machine. They are for its user alone and never sent anywhere. */
export async function labelsOf(context: Context): Promise<LabelStore> {
  const labels = new LabelStore();
  const path = fileOf(context);
  if (existsSync(path)) labels.import(await readText(path));
  return labels;
}

async function save(context: Context, labels: LabelStore): Promise<void> {
  await mkdir(context.settings.home, { recursive: true, mode: 0o700 });
  await writeText(fileOf(context), labels.export(), 0o600);
}

/** What a word names: an address, a transaction, or an output of one. @throws CliError CLI_USAGE. */
function kindOf(word: string): LabelKind {
  if (/^[0-9a-f]{128}$/.test(word)) return 'tx';
  if (/^[0-9a-f]{128}:\d{1,5}$/.test(word)) return 'output';
  if (!word.startsWith('mx')) {
    throw usage(`"${word}" is no address, no transaction id and no output (id:index)`);
  }
  decodeAddress(word);
  return 'addr';
}

export async function set(context: Context): Promise<unknown> {
  const [ref = '', ...words] = context.parsed.words;
  const label = words.join(' ');
  const type = kindOf(ref);
  const labels = await labelsOf(context);
  const before = labels.get(type, ref);
  if (label === '' && before === undefined) {
    throw new CliError('CLI_LABEL', `${ref} has no label`, { ref });
  }
  labels.set(type, ref, label);
  const data = { type, ref, label, before };
  const what = label === '' ? `no label for ${ref}` : `${ref}: ${label}`;
  if (isDryRun(context)) return new Shown({ dryRun: true, ...data }, `would keep ${what}`);
  await save(context, labels);
  return new Shown(data, what);
}

export async function list(context: Context): Promise<unknown> {
  return [...(await labelsOf(context))].map(({ type, label, ref }) => ({ type, label, ref }));
}

/** The form is BIP-329: one JSON object a line. */
export async function exportAll(context: Context): Promise<unknown> {
  const labels = await labelsOf(context);
  const out = context.parsed.text('out');
  if (out === undefined) {
    process.stdout.write(labels.export());
    return undefined;
  }
  await writeText(out, labels.export(), 0o600);
  return { file: out, labels: labels.size };
}

export async function importAll(context: Context): Promise<unknown> {
  const labels = await labelsOf(context);
  const text = await readText(context.parsed.word(0));
  const read = labels.import(text);
  const data = { read, labels: labels.size };
  if (isDryRun(context)) return new Shown({ dryRun: true, ...data }, `would read ${read} labels`);
  await agree(context, `Take over ${read} labels? Those of the same name are replaced.`);
  await save(context, labels);
  return new Shown(data, `${read} labels were read; there are ${labels.size}`);
}
