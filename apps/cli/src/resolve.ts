import { commands, groups } from './tree/index.ts';
import type { CommandSpec, GroupSpec } from './spec.ts';

/** What the first words name. */
export type Resolved =
  | { readonly kind: 'command'; readonly command: CommandSpec; readonly used: number }
  | { readonly kind: 'group'; readonly group: GroupSpec; readonly rest: readonly string[] }
  | { readonly kind: 'none'; readonly word: string | undefined };

/** The group or single command that a first word stands for. */
export function canonical(word: string): string {
  const group = groups.find(({ name, aliases = [] }) => name === word || aliases.includes(word));
  if (group !== undefined) return group.name;
  const single = commands.find(({ path, aliases = [] }) => {
    return path.length === 1 && aliases.includes(word);
  });
  return single?.path[0] ?? word;
}

/** Commands of a group, in the order of the table. */
export const commandsOf = (group: string): readonly CommandSpec[] =>
  commands.filter(({ path }) => path[0] === group);

/** Finds the command that words name; the longest path wins. */
export function resolve(words: readonly string[]): Resolved {
  const [first, second] = words;
  if (first === undefined) return { kind: 'none', word: undefined };
  const noun = canonical(first);
  const found = commandsOf(noun);
  const sub = found.find(
    ({ path, aliases = [] }) =>
      path.length === 2 && second !== undefined && (path[1] === second || aliases.includes(second)),
  );
  if (sub !== undefined) return { kind: 'command', command: sub, used: 2 };
  const bare = found.find(({ path }) => path.length === 1);
  if (bare !== undefined) return { kind: 'command', command: bare, used: 1 };
  const group = groups.find(({ name }) => name === noun);
  if (group !== undefined) return { kind: 'group', group, rest: words.slice(1) };
  return { kind: 'none', word: first };
}
