export interface Snippet {
  /** Line of the document where the block opens. */
  readonly line: number;
  readonly text: string;
}

/** The blocks of a Markdown text that are marked exactly `ts`; lines keep their numbers. */
export function snippetsOf(document: string): readonly Snippet[] {
  const found: Snippet[] = [];
  let open: { line: number; runs: boolean; lines: string[] } | undefined;
  for (const [index, line] of document.split('\n').entries()) {
    const fence = /^```(.*)$/.exec(line);
    if (fence === null) open?.lines.push(line);
    else if (open === undefined) {
      open = { line: index + 1, runs: fence[1]?.trim() === 'ts', lines: [] };
    } else {
      if (open.runs) found.push({ line: open.line, text: open.lines.join('\n') });
      open = undefined;
    }
  }
  return found;
}
