import { existsSync, globSync } from 'node:fs';
import { defaultServerConditions } from 'vite';
import { defineConfig } from 'vitest/config';

const conditions = ['@mxd/source', ...defaultServerConditions];
const roots = globSync('{packages,apps,tooling}/*')
  .map((root) => root.replaceAll('\\', '/'))
  .filter((root) => existsSync(`${root}/test`))
  .sort();

/** `vitest run` runs the tests of sources; `--mode e2e` those that start the real programs. */
export default defineConfig(({ mode }) => {
  const endToEnd = mode === 'e2e';
  return {
    resolve: { conditions },
    ssr: { resolve: { conditions, externalConditions: ['@mxd/source'] } },
    test: {
      // Worker threads and children that a test starts need the condition too.
      execArgv: ['--conditions=@mxd/source'],
      testTimeout: endToEnd ? 180_000 : 30_000,
      hookTimeout: endToEnd ? 180_000 : 30_000,
      fileParallelism: !endToEnd,
      projects: roots.map((root) => ({
        extends: true as const,
        root,
        test: {
          name: root,
          root,
          include: [endToEnd ? 'test/e2e/**/*.test.ts' : 'test/**/*.test.ts'],
          exclude: endToEnd ? [] : ['test/e2e/**'],
        },
      })),
      coverage: {
        provider: 'v8',
        reportOnFailure: true,
        // Matched from the root where all projects run, and from each project's own folder where
        // `--project` picks some. Files that no test loads are counted too.
        include: ['packages/*/src/**', 'src/**'],
        reporter: ['text-summary', 'json-summary'],
      },
    },
  };
});
