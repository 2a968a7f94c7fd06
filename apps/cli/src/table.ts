/** Results as people read them. */

const cell = (value: unknown): string => {
  if (value === undefined || value === null) return '-';
  // Milliseconds of a time are for programs.
  if (typeof value === 'string') return value.replace(/(?<=^[\d-]{10}T[\d:]{8})\.\d{3}Z$/, 'Z');
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

/** An id that people know by its ends; anything else loses its meaning when it is cut. */
const isId = (text: string): boolean => text.length > 20 && /^[\w/.:-]+$/.test(text);

/** Least width of a column: ids can be cut, but the ends must still tell them apart. */
const leastOf = (name: string, cells: readonly string[]): number =>
  Math.max(name.length, ...cells.map((text) => (isId(text) ? 11 : text.length)));

/** Widths that fit, the widest column giving way first; undefined if nothing fits. */
function fit(
  natural: readonly number[],
  least: readonly number[],
  width: number,
): readonly number[] | undefined {
  const widths = [...natural];
  let excess = widths.reduce((sum, one) => sum + one + 2, -2) - width;
  for (; excess > 0; excess--) {
    let widest = -1;
    for (const [i, one] of widths.entries()) {
      if (one > (least[i] ?? 0) && one > (widths[widest] ?? 0)) widest = i;
    }
    if (widest < 0) return undefined;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return widths;
}

/**
 * A list of records as a table with one line each; `width` 0 for no bound (pipes). Where not even
 * cut ids fit, each record stands by itself.
 */
export function listTable(rows: readonly Row[], width: number): string {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const body = rows.map((row) => names.map((name) => cell(row[name])));
  const isNumber = names.map((_, i) => body.every((line) => /^-?[\d.,]*$/.test(line[i] ?? '')));
  const natural = names.map((name, i) =>
    Math.max(name.length, ...body.map((line) => (line[i] ?? '').length)),
  );
  const least = names.map((name, i) =>
    leastOf(
      name,
      body.map((line) => line[i] ?? ''),
    ),
  );
  const widths = width === 0 ? natural : fit(natural, least, width);
  if (widths === undefined) return rows.map((row) => recordLines(row, width)).join('\n\n');
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
