import { spawn } from 'node:child_process';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Gives a program a terminal of its own. */
export const terminalProgram = '/usr/bin/script';

/** The compiled program that users run. */
export const program: string = fileURLToPath(new URL('../../bin/mxd.cjs', import.meta.url));

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** A folder and an environment of their own for the real program; removed at the end. */
export class Sandbox implements AsyncDisposable {
  readonly directory: string;
  readonly env: Record<string, string>;

  private constructor(directory: string) {
    this.directory = directory;
    this.env = {
      PATH: `${join(directory, 'bin')}${delimiter}${process.env['PATH'] ?? ''}`,
      HOME: directory,
      MXD_HOME: join(directory, 'home'),
      MXD_NETWORK: 'test',
      MXD_WEAK_KEYSTORE: '1',
      MXD_PASSPHRASE: 'correct horse battery',
      MXD_KEY_PASSPHRASE: 'validator passphrase',
    };
  }

  static async open(): Promise<Sandbox> {
    const directory = await mkdtemp(join(tmpdir(), 'mxd-cli-'));
    const bin = join(directory, 'bin');
    await mkdir(bin);
    const shim = `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`;
    await writeFile(join(bin, 'mxd'), shim, { mode: 0o755 });
    return new Sandbox(directory);
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  run(command: string, words: readonly string[], options: RunOptions = {}): Promise<Ran> {
    return new Promise((resolve, reject) => {
      const child = spawn(command, words, {
        cwd: this.directory,
        env: { ...this.env, ...options.env },
      });
      let stdout = '';
      let stderr = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
      child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
      child.once('error', reject);
      child.once('close', (code) => resolve({ code, stdout, stderr }));
      child.stdin.on('error', () => {});
      child.stdin.end(options.input ?? '');
    });
  }

  /** Runs `mxd` with these words. */
  mxd(words: readonly string[], options?: RunOptions): Promise<Ran> {
    return this.run(process.execPath, [program, ...words], options);
  }

  /** Runs `mxd` and gives its JSON; throws with its error otherwise. */
  async json<T>(words: readonly string[], options?: RunOptions): Promise<T> {
    const { code, stdout, stderr } = await this.mxd([...words, '--json'], options);
    if (code !== 0) throw new Error(`mxd ${words.join(' ')}: ${code}: ${stderr}`);
    return JSON.parse(stdout) as T;
  }

  /**
   * Runs `mxd` at a terminal of its own, `columns` wide; each of the keys is typed once what stands
   * before it has shown. Standard output and error come as one.
   */
  terminal(
    words: readonly string[],
    typed: readonly (readonly [shown: string, keys: string])[] = [],
    options: RunOptions & { readonly columns?: number } = {},
  ): Promise<Ran> {
    const quoted = [process.execPath, program, ...words].map((word) => `'${word}'`).join(' ');
    const line = `stty cols ${options.columns ?? 80} rows 24; exec ${quoted}`;
    return new Promise((resolve, reject) => {
      const child = spawn(terminalProgram, ['-qec', line, '/dev/null'], {
        cwd: this.directory,
        env: { ...this.env, ...options.env },
      });
      const waiting = [...typed];
      let stdout = '';
      let seen = 0;
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        stdout += text;
        for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
          const at = stdout.indexOf(next[0], seen);
          if (at < 0) break;
          seen = at + next[0].length;
          child.stdin.write(next[1]);
          waiting.shift();
        }
      });
      child.once('error', reject);
      child.once('close', (code) => {
        child.stdin.end();
        resolve({ code, stdout: stdout.replaceAll('\r', ''), stderr: '' });
      });
      child.stdin.on('error', () => {});
    });
  }

  /** Runs a line as a shell would. */
  shell(line: string, options?: RunOptions): Promise<Ran> {
    return this.run('/bin/sh', ['-c', line], options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.directory, { recursive: true, force: true, maxRetries: 5 });
  }
}
