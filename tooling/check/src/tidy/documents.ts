/** Documents must not name what is gone: links, paths and scripts that they mention exist. */
import { dirname, join } from 'node:path/posix';
import type { SourceFile } from '../sources.ts';
import type { Finding } from './finding.ts';

const link = /\]\(([^)\s]+)\)/g;
const codePath = /`((?:packages|apps|tooling|docs)\/[A-Za-z0-9_./-]+)(?::\d+)?`/g;
const script = /npm (?:run |-s run |run -s )([a-z:]+)/g;

/** Findings of one Markdown file; `exists` tells whether a path from the root is there. */
export function checkDocument(
  file: SourceFile,
  exists: (path: string) => boolean,
  scripts: ReadonlySet<string>,
): readonly Finding[] {
  const findings: Finding[] = [];
  let number = 0;
  let fenced = false;
  for (const line of file.text.split('\n')) {
    number += 1;
    if (/^\s*(```|~~~)/.test(line)) fenced = !fenced;
    const report = (text: string): void => {
      findings.push({ path: file.path, line: number, rule: 'gone', text });
    };
    for (const [, target = ''] of fenced ? [] : line.matchAll(link)) {
      if (/^([a-z]+:|#)/.test(target)) continue;
      const path = join(dirname(file.path), target.replace(/#.*$/, ''));
      if (!exists(path)) report(`links to ${target}, which is not there`);
    }
    for (const [, path = ''] of fenced ? [] : line.matchAll(codePath)) {
      if (!exists(path.replace(/\/$/, ''))) report(`names ${path}, which is not there`);
    }
    for (const [, name = ''] of line.matchAll(script)) {
      if (!scripts.has(name))
        report(`names the script '${name}', which package.json does not have`);
    }
  }
  return findings;
}
