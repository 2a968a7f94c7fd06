/** Results as people read them. */

const cell = (value: unknown): string => {
  if (value === undefined || value === null) return '-';
  if (typeof value === 'string') return value;
  return typeof value === 'bigint' ? value.toString() : JSON.stringify(value);
};

/** Cuts the middle out of long ids, so that a row fits. */
function shorten(text: string, width: number): string {
  if (text.length <= width) return text;
  if (width < 7) return text.slice(0, width);
  const head = Math.ceil((width - 3) / 2);
  return `${text.slice(0, head)}...${text.slice(text.length - (width - 3 - head))}`;
}

type Row = Readonly<Record<string, unknown>>;

/** Widths that fit: the widest column gives way first. */
function fit(natural: readonly number[], width: number): readonly number[] {
  const widths = [...natural];
  const total = (): number => widths.reduce((sum, one) => sum + one + 2, -2);
  while (total() > width) {
    const widest = widths.indexOf(Math.max(...widths));
    const one = widths[widest] ?? 0;
    if (one <= 8) break;
    widths[widest] = one - 1;
  }
  return widths;
}

/** A list of records as a table with one line each; `width` 0 for no bound (pipes). */
export function listTable(rows: readonly Row[], width: number): string {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const body = rows.map((row) => names.map((name) => cell(row[name])));
  const isNumber = names.map((_, i) => body.every((line) => /^-?[\d.,]*$/.test(line[i] ?? '')));
  const natural = names.map((name, i) =>
    Math.max(name.length, ...body.map((line) => (line[i] ?? '').length)),
  );
  const widths = width === 0 ? natural : fit(natural, width);
  const line = (cells: readonly string[]): string =>
    cells
      .map((text, i) => {
        const short = shorten(text, widths[i] ?? 8);
        return isNumber[i] === true ? short.padStart(widths[i] ?? 8) : short.padEnd(widths[i] ?? 8);
      })
      .join('  ')
      .trimEnd();
  return [line(names), ...body.map(line)].join('\n');
}

/** One record as lines of `name  value`; lists of records inside become tables. */
export function recordLines(record: Row, width: number): string {
  const entries = Object.entries(record).filter(([, value]) => value !== undefined);
  const isList = (value: unknown): value is readonly Row[] =>
    Array.isArray(value) && value.every((one) => typeof one === 'object' && one !== null);
  const simple = entries.filter(([, value]) => !isList(value));
  const left = Math.max(0, ...simple.map(([name]) => name.length)) + 2;
  const lines = simple.map(([name, value]) => {
    const text = Array.isArray(value) ? value.map(cell).join(' ') : cell(value);
    return `${name.padEnd(left)}${text}`;
  });
  for (const [name, value] of entries) {
    if (!isList(value) || value.length === 0) continue;
    const table = listTable(value, width === 0 ? 0 : Math.max(width - 2, 20));
    lines.push('', `${name}:`, ...table.split('\n').map((line) => `  ${line}`));
  }
  return lines.join('\n');
}
