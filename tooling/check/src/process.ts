/** Starts the tools of the workspace without a shell, so that it works the same on every system. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { root } from './sources.ts';

export interface Finished {
  readonly ok: boolean;
  readonly output: string;
}

interface RunOptions {
  /** Shows the output while it comes instead of keeping it. */
  readonly stream?: boolean;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

const keptBytes = 4 * 1024 * 1024;

/** Node's own program, for scripts of the workspace that run from their sources. */
export const node: readonly string[] = [process.execPath, '--conditions=@mxd/source'];

/** The command of a tool that the root's manifest installs, found through its `bin` field. */
export function tool(packageName: string, binName: string = packageName): readonly string[] {
  const manifestPath = join(root, 'node_modules', packageName, 'package.json');
  const manifest = JSON.parse(readFileSync(manifestPath, 'utf8')) as {
    bin: string | Record<string, string>;
  };
  const bin = typeof manifest.bin === 'string' ? manifest.bin : manifest.bin[binName];
  if (bin === undefined) throw new RangeError(`${packageName} has no command ${binName}`);
  return [process.execPath, join(dirname(manifestPath), bin)];
}

/** pnpm as the bootstrap started it, or as found on PATH. */
export function pnpm(): readonly string[] {
  const path = process.env['npm_execpath'];
  if (path === undefined || !/pnpm/.test(path)) return ['pnpm'];
  return /\.[cm]?js$/.test(path) ? [process.execPath, path] : [path];
}

/** Runs a command to its end. Never throws for a command that fails or does not start. */
export function run(command: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const [program = '', ...args] = command;
  const bin = join(root, 'node_modules', '.bin');
  const env = {
    ...process.env,
    PATH: [dirname(process.execPath), bin, process.env['PATH'] ?? ''].join(delimiter),
    FORCE_COLOR: options.stream === true && process.stdout.isTTY ? '1' : '0',
    ...options.env,
  };
  const child = spawn(program, args, {
    cwd: options.cwd ?? root,
    env,
    stdio: options.stream === true ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'],
    windowsHide: true,
  });
  let output = '';
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString('utf8')).slice(-keptBytes);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ ok: false, output: error.message }));
    child.on('close', (code, signal) => {
      if (signal !== null) output += `\nended by ${signal}`;
      resolve({ ok: code === 0, output });
    });
  });
}
