import { commands, groups } from './tree/index.ts';

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** The command whose name is nearest to what was typed, if any is near. */
export function closest(typed: string): string | undefined {
  const names = [...commands.map(({ path }) => path.join(' ')), ...groups.map(({ name }) => name)];
  const [best] = names
    .map((name) => [distance(typed, name), name] as const)
    .toSorted(([a], [b]) => a - b);
  return best !== undefined && best[0] <= 2 ? best[1] : undefined;
}
