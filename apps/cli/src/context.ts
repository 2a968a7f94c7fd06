import type { Parsed } from './arguments.ts';
import { Shown, type Output } from './output.ts';
import { confirm } from './prompt.ts';
import type { Origin, Settings } from './settings.ts';

/** What a command works with. */
export interface Context {
  readonly parsed: Parsed;
  readonly out: Output;
  readonly settings: Settings;
  readonly origins: readonly Origin[];
}

/** Whether to go on: yes with `--yes`, else somebody is asked. */
export async function agree(context: Context, question: string): Promise<void> {
  if (context.parsed.flag('yes')) return;
  await confirm(question);
}

/** A result as it would be: marked in data, said in words. */
export const dryRun = ({ data, text }: Shown, would: string): Shown =>
  new Shown({ dryRun: true, ...(data as object) }, `${would}\n${text}`);

export const isDryRun = (context: Context): boolean => context.parsed.flag('dry-run');
