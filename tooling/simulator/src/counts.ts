/** How often each named thing happened, by group. */
export class Counts {
  readonly groups: Map<string, Map<string, number>> = new Map();

  add(group: string, name: string, count = 1): void {
    let names = this.groups.get(group);
    if (names === undefined) {
      names = new Map();
      this.groups.set(group, names);
    }
    names.set(name, (names.get(name) ?? 0) + count);
  }

  merge(other: Readonly<Record<string, Readonly<Record<string, number>>>>): void {
    for (const [group, names] of Object.entries(other)) {
      for (const [name, count] of Object.entries(names)) this.add(group, name, count);
    }
  }

  of(group: string, name: string): number {
    return this.groups.get(group)?.get(name) ?? 0;
  }

  toJSON(): Record<string, Record<string, number>> {
    return Object.fromEntries(
      [...this.groups].map(([group, names]) => [group, Object.fromEntries(names)]),
    );
  }
}
