import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

test('the example of the README runs and prints what it says', () => {
  const code = /```ts\n(?<code>.*?)```/su.exec(readFileSync(`${root}/README.md`, 'utf8'))?.groups?.[
    'code'
  ];
  const output = execFileSync(
    process.execPath,
    ['--conditions=@mxd/source', '--input-type=module-typescript', '-e', code ?? 'missing'],
    { cwd: root, encoding: 'utf8', timeout: 25_000, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const lines = output.trim().split('\n');
  expect(lines[0]).toBe("{ '1': 'sodium', '2': 'node:crypto', '3': 'sodium + node:crypto' }");
  expect(lines[1]).toMatch(/^mx[1-9A-HJ-NP-Za-km-z]{40,60}$/);
  expect(lines.slice(2)).toEqual(['[redacted]', 'true', 'true']);
});
