/** The console as a process of its own sees it: what is written, and what a stopped reader costs. */
import { spawn } from 'node:child_process';

import { describe, expect, it } from 'vitest';

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(program: string, reads: boolean, closesAtOnce = false): Promise<Ended> {
  const child = spawn(
    process.execPath,
    ['--conditions=@mxd/source', '--input-type=module-typescript', '-'],
    { cwd: new URL('../..', import.meta.url), stdio: ['pipe', 'pipe', 'pipe'] },
  );
  let stdout = '';
  let stderr = '';
  if (closesAtOnce) child.stdout.destroy();
  if (reads) child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.end(`
    import { consoleDestination, createLogger } from '@mxd/logging';
    const destination = consoleDestination('stdout');
    const log = createLogger({ outputs: [{ destination, format: 'text' }] });
    ${program}
  `);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', () => {
      if (!reads) child.stdout.destroy();
    });
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

describe('the console', () => {
  it('has every line once flushed, without colours in a pipe', async () => {
    const ended = await run(
      "for (let i = 0; i < 500; i++) log.info('line', { i }); log.flush();",
      true,
    );
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    const lines = ended.stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(500);
    expect(lines.at(-1)).toMatch(/^\S+ INFO  line i=499$/);
  });

  it('costs lines, not the process, when nobody reads', async () => {
    const ended = await run(
      `for (let i = 0; i < 1500; i++) log.info('x'.repeat(6000));
       console.error(destination.counts.dropped > 0, log.counts.failed);
       process.reallyExit(0);`,
      false,
    );
    expect(ended).toMatchObject({ code: 0, stderr: 'true 0\n' });
  });

  it('is flushed to an end when its reader is gone', async () => {
    const ended = await run(
      `for (let i = 0; i < 3000; i++) log.info('x'.repeat(6000));
       log.flush();
       console.error('went on');
       process.reallyExit(0);`,
      false,
      true,
    );
    expect(ended).toMatchObject({ code: 0, stderr: 'went on\n' });
  });
});
