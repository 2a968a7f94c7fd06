/** Breaks a text at spaces so that lines have at most `width` characters; words stay whole. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

/** The same with what follows the first line indented; `width` 0 for no bound (pipes). */
export function wrapIndented(text: string, width: number, indent: number): string {
  if (width === 0 || text.length <= width) return text;
  const words = text.trimStart();
  const lead = text.slice(0, text.length - words.length);
  const [first = ''] = wrap(words, width - lead.length);
  const rest = words.slice(first.length + 1);
  if (rest === '') return lead + first;
  const room = Math.max(width - indent, 20);
  return [lead + first, ...wrap(rest, room).map((line) => ' '.repeat(indent) + line)].join('\n');
}

/** Breaks a line between its parts, which stand two spaces apart. */
export function wrapParts(parts: readonly string[], width: number): string {
  const lines: string[] = [];
  for (const part of parts) {
    const last = lines.at(-1);
    if (last !== undefined && (width === 0 || last.length + 2 + part.length <= width)) {
      lines[lines.length - 1] = `${last}  ${part}`;
    } else lines.push(last === undefined ? part : `  ${part}`);
  }
  return lines.join('\n');
}
