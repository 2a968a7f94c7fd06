import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

/** Of the whole round trip, gzip: the promise of the package's README. */
export const budgetBytes = 45_000;

/** What a browser would load for an entry: one minified script. */
export async function bundle(
  entry: string,
  format: 'esm' | 'iife' = 'esm',
): Promise<{
  readonly code: string;
  readonly gzipBytes: number;
  readonly inputs: readonly string[];
}> {
  const result = await build({
    entryPoints: [fileURLToPath(new URL(entry, import.meta.url))],
    bundle: true,
    minify: true,
    format,
    globalName: 'mxd',
    platform: 'browser',
    target: 'es2024',
    conditions: ['@mxd/source'],
    write: false,
    metafile: true,
    logLevel: 'silent',
  });
  const [file] = result.outputFiles;
  const [output] = Object.values(result.metafile.outputs);
  if (file === undefined || output === undefined) throw new TypeError('esbuild made no file');
  const inputs = Object.entries(output.inputs)
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([path]) => path);
  return { code: file.text, gzipBytes: gzipSync(file.contents, { level: 9 }).length, inputs };
}
