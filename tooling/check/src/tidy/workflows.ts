/** Workflows: every action is pinned by commit hash, and permissions are stated. */
import type { SourceFile } from '../sources.ts';
import type { Finding } from './finding.ts';

/** Findings of one file of `.github/workflows`. */
export function checkWorkflow(file: SourceFile): readonly Finding[] {
  const findings: Finding[] = [];
  const report = (line: number, text: string): void => {
    findings.push({ path: file.path, line, rule: 'workflow', text });
  };
  for (const [index, line] of file.text.split('\n').entries()) {
    const used = /^\s*(?:- )?uses:\s*(\S+)/.exec(line)?.[1];
    if (used === undefined || used.startsWith('./')) continue;
    if (!/^[\w./-]+@[0-9a-f]{40}$/.test(used)) report(index + 1, `${used} is not pinned by hash`);
    else if (!/#\s*v\d/.test(line)) report(index + 1, `${used}: say its version in a comment`);
  }
  if (!/^permissions:/m.test(file.text)) report(1, 'states no permissions');
  if (/^permissions:\s*(write-all|\n(?: .*\n)* .*: write)/m.test(file.text)) {
    report(1, 'gives rights to write to all jobs');
  }
  return findings;
}
