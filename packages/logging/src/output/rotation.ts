/** Names of rotated files and the rule of which to delete. */
import { readdirSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';

/** What is kept of rotated files; a file goes when any bound is passed. */
export interface Retention {
  readonly keepFiles: number;
  readonly keepAgeMs: number;
  readonly keepBytes: number;
}

interface RotatedFile {
  readonly path: string;
  readonly name: string;
  readonly timeMs: number;
}

const stampPattern = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z-(\d{4})$/;

function splitName(path: string): { readonly stem: string; readonly extension: string } {
  const extension = extname(path);
  return { stem: basename(path, extension), extension };
}

/** Where a log file goes at `timeMs`: `node.log` becomes `node.20261121T211900000Z-0001.log`. */
export function rotatedPath(path: string, timeMs: number, sequence: number): string {
  const { stem, extension } = splitName(path);
  const stamp = new Date(timeMs).toISOString().replace(/[-:.]/g, '');
  return join(dirname(path), `${stem}.${stamp}-${String(sequence).padStart(4, '0')}${extension}`);
}

/** The rotated files of `path`, newest first. Only names that `rotatedPath` gives are seen. */
export function rotatedFiles(path: string): RotatedFile[] {
  const { stem, extension } = splitName(path);
  const files: RotatedFile[] = [];
  for (const name of readdirSync(dirname(path))) {
    if (!name.startsWith(`${stem}.`) || !name.endsWith(extension)) continue;
    const match = stampPattern.exec(name.slice(stem.length + 1, name.length - extension.length));
    if (match === null) continue;
    const part = (i: number): number => Number(match[i]);
    const timeMs = Date.UTC(part(1), part(2) - 1, part(3), part(4), part(5), part(6), part(7));
    files.push({ path: join(dirname(path), name), name, timeMs });
  }
  return files.sort((a, b) => (a.name < b.name ? 1 : -1));
}

/** Deletes the rotated files of `path` that `keep` does not cover; answers how many. */
export function prune(path: string, keep: Retention, nowMs: number): number {
  let kept = 0;
  let bytes = 0;
  let removed = 0;
  for (const file of rotatedFiles(path)) {
    const sizeBytes = statSync(file.path).size;
    const fits =
      kept < keep.keepFiles &&
      nowMs - file.timeMs <= keep.keepAgeMs &&
      bytes + sizeBytes <= keep.keepBytes;
    if (fits) {
      kept++;
      bytes += sizeBytes;
    } else {
      rmSync(file.path, { force: true });
      removed++;
    }
  }
  return removed;
}
