/** Rules over the plain text and the names of files. */
import type { SourceFile } from '../sources.ts';
import type { Finding, TidyTable } from './finding.ts';

const drawers = /(^|\/)(utils?|commons?|helpers?|misc)(\.[a-z.]+)?(\/|$)/i;

// Written in two parts, so that this file does not find itself.
const markers = new RegExp(
  `\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK'].join('|')})\\b`,
);
const machinePaths = new RegExp(
  [
    `/wo${'rk'}/(main|shared|\\.)`,
    `/tm${'p'}/mxd/`,
    `/ro${'ot'}/`,
    `/hom${'e'}/(?!node\\b|mxd\\b|nonroot\\b|you\\b|USER)[a-z]`,
    `/Use${'rs'}/[a-z]`,
    `\\.\\./sha${'red'}/`,
  ].join('|'),
);
const registries = /(resolved|tarball)['"]?:\s*['"]?https?:\/\//;

const isText = /\.(ts|tsx|js|mjs|cjs|json|md|ya?ml|sh|css|html|toml|proto|qnt)$|(^|\/)[A-Za-z.]+$/;
const isLock = /(^|\/)(pnpm-lock\.yaml|package-lock\.json)$/;
const isCode = /\.(ts|tsx|mjs)$/;

function* lines(file: SourceFile): Generator<readonly [string, number]> {
  let number = 0;
  for (const line of file.text.split('\n')) yield [line, (number += 1)];
}

/** Findings of one committed file. */
export function checkText(file: SourceFile, table: TidyTable): readonly Finding[] {
  const { path } = file;
  const findings: Finding[] = [];
  const drawer = drawers.exec(path)?.[2];
  if (drawer !== undefined) {
    const text = `nothing is called '${drawer}': a function lives beside what it serves`;
    findings.push({ path, line: 1, rule: 'drawer', text });
  }
  if (isLock.test(path)) {
    for (const [line, number] of lines(file)) {
      if (!registries.test(line)) continue;
      findings.push({
        path,
        line: number,
        rule: 'lock-address',
        text: 'an address in a lock file',
      });
    }
    return findings;
  }
  if (!isText.test(path) || /(vectors|fixtures)\//.test(path)) return findings;
  const { columns, fileLines } = table.limits;
  let count = 0;
  for (const [line, number] of lines(file)) {
    count = number;
    const marker = markers.exec(line)?.[0];
    if (marker !== undefined) {
      const text = `${marker}: finish it, or write an issue`;
      findings.push({ path, line: number, rule: 'marker', text });
    }
    const machine = machinePaths.exec(line)?.[0];
    if (machine !== undefined) {
      const text = `${machine}... exists on one machine only`;
      findings.push({ path, line: number, rule: 'machine-path', text });
    }
    if (isCode.test(path) && line.length > columns) {
      const text = `${line.length} columns`;
      findings.push({ path, line: number, rule: 'columns', text, warning: true });
    }
  }
  if (isCode.test(path) && count > fileLines && !/\/test\//.test(path)) {
    const text = `${count} lines`;
    findings.push({ path, line: 1, rule: 'file-length', text, warning: true });
  }
  return findings;
}
