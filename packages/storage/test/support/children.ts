import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Starts a script of this directory in a process of its own. */
export function startChild(script: string, args: readonly string[], shell?: string): ChildProcess {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const command = [process.execPath, '--conditions=@mxd/source', path, ...args];
  const stdio = ['ignore', 'pipe', 'pipe'] as const;
  if (shell === undefined) return spawn(command[0]!, command.slice(1), { stdio: [...stdio] });
  return spawn('bash', ['-c', `${shell}; exec "$@"`, 'bash', ...command], { stdio: [...stdio] });
}

export interface ChildOutput {
  readonly lines: readonly string[];
  readonly errors: string;
  readonly exitCode: number | null;
}

/** Collects a child's lines until it ends; `onLine` may kill it. */
export async function collect(
  child: ChildProcess,
  onLine: (line: string, count: number) => void = () => undefined,
): Promise<ChildOutput> {
  const lines: string[] = [];
  let errors = '';
  let rest = '';
  child.stdout!.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() ?? '';
    for (const line of parts) {
      lines.push(line);
      onLine(line, lines.length);
    }
  });
  child.stderr!.setEncoding('utf8').on('data', (chunk: string) => {
    errors += chunk;
  });
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { lines, errors, exitCode };
}
