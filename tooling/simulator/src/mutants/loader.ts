import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';

import { type Mutant } from './mutant.ts';

const root = new URL('../../../../', import.meta.url);
/** What is loaded anew for each mutant: all that holds rules, and the simulator itself. */
const places = [
  'packages/protocol/',
  'packages/consensus/',
  'packages/ledger/',
  'tooling/simulator/',
];
const known = new Map<string, Mutant>();
let isHooked = false;

function nameOf(url: string | undefined): string | undefined {
  const at = url?.indexOf('?mutant=') ?? -1;
  return url === undefined || at < 0 ? undefined : url.slice(at + 8);
}

/** The text of a file with the edits of a mutant. */
export function mutated(mutant: Mutant, file: string, text: string): string {
  let result = text;
  for (const edit of mutant.edits) {
    if (edit.file !== file) continue;
    const pieces = result.split(edit.find);
    if (pieces.length !== 2) {
      throw new RangeError(`${mutant.id}: ${pieces.length - 1} places in ${file} fit its edit`);
    }
    result = pieces.join(edit.replace);
  }
  return result;
}

function hook(): void {
  if (isHooked) return;
  isHooked = true;
  registerHooks({
    resolve(specifier, context, next) {
      const found = next(specifier, context);
      const name = nameOf(context.parentURL);
      if (name === undefined || nameOf(found.url) !== undefined) return found;
      const isOurs = places.some((place) => found.url.startsWith(new URL(place, root).href));
      return isOurs ? { ...found, url: `${found.url}?mutant=${name}` } : found;
    },
    load(url, context, next) {
      const name = nameOf(url);
      const mutant = name === undefined ? undefined : known.get(name);
      if (mutant === undefined) return next(url, context);
      const bare = url.slice(0, url.indexOf('?'));
      const file = bare.slice(root.href.length);
      if (!mutant.edits.some((edit) => edit.file === file)) return next(url, context);
      const source = mutated(mutant, file, readFileSync(fileURLToPath(bare), 'utf8'));
      return { format: 'module-typescript', source, shortCircuit: true };
    },
  });
}

type Scenarios = typeof import('../scenarios/index.ts');

/** The simulator on top of mutated sources: modules of their own, beside the true ones. */
export async function loadMutant(mutant: Mutant): Promise<Scenarios> {
  hook();
  known.set(mutant.id, mutant);
  const url = new URL('../scenarios/index.ts', import.meta.url);
  return (await import(`${url.href}?mutant=${mutant.id}`)) as Scenarios;
}
