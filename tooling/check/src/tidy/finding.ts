/** What a tidy rule found. Warnings are told and do not fail. */
export interface Finding {
  readonly path: string;
  readonly line: number;
  readonly rule: string;
  readonly text: string;
  readonly warning?: true;
}

interface Area {
  readonly in: readonly string[];
  readonly except: readonly string[];
}

/** tooling/tidy.json */
export interface TidyTable {
  readonly pure: Area;
  readonly browser: Area;
  readonly limits: {
    readonly fileLines: number;
    readonly functionLines: number;
    readonly columns: number;
  };
}

export function inArea(area: Area, path: string): boolean {
  const starts = (prefix: string): boolean => path.startsWith(prefix);
  return area.in.some(starts) && !area.except.some(starts);
}
