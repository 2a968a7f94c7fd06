/** What a run tells about its failures at its very end, where a reader of a long log looks first. */
import { relative } from 'node:path';
import { root } from './sources.ts';

/** What this reads of vitest's JSON report. */
export interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults?: readonly VitestFile[];
}

interface VitestFile {
  readonly name: string;
  readonly status: string;
  readonly message?: string;
  readonly assertionResults: readonly {
    readonly status: string;
    readonly fullName: string;
    readonly failureMessages?: readonly string[] | null;
  }[];
}

/** File, name and message of each test that failed, and of each file that did not load. */
export function failuresOf(report: VitestReport | undefined): readonly string[] {
  return (report?.testResults ?? []).flatMap((file) => {
    const path = relative(root, file.name);
    const failed = file.assertionResults.filter(({ status }) => status === 'failed');
    if (failed.length === 0 && file.status === 'failed') return [`${path}\n${file.message ?? ''}`];
    return failed.map(({ fullName, failureMessages }) => {
      const message = (failureMessages ?? []).join('\n').replaceAll(/^ {4}at .*\n?/gm, '');
      return `${path}: ${fullName}\n${message}`;
    });
  });
}

const shownLines = 25;
const firstLines = 5;

/** The beginning and the end of a text, at most 25 lines of it. */
export function shortened(text: string): string {
  const lines = text.trimEnd().split('\n');
  const left = lines.length - shownLines;
  if (left <= 1) return lines.join('\n');
  const kept = lines.slice(firstLines - shownLines);
  return [...lines.slice(0, firstLines), `[${left} lines]`, ...kept].join('\n');
}
