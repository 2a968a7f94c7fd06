/** Pieces of Markdown that the generated documents are made of. */

/** A table; cells are escaped, line breaks become spaces. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ')).join(' | ')} |`;
  return [line(head), `|${head.map(() => ' --- ').join('|')}|`, ...rows.map(line)].join('\n');
}

export function code(text: string): string {
  return `\`${text}\``;
}

const open = (name: string): string => `<!-- generated:${name} -->`;
const close = (name: string): string => `<!-- /generated:${name} -->`;

/** Replaces what stands between the marks of a block; throws a RangeError where they are missing. */
export function replaceBlock(document: string, name: string, content: string): string {
  const start = document.indexOf(open(name));
  const end = document.indexOf(close(name));
  if (start === -1 || end < start) throw new RangeError(`the document has no block '${name}'`);
  const head = document.slice(0, start + open(name).length);
  return `${head}\n\n${content}\n\n${document.slice(end)}`;
}
