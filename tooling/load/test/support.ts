import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { createDevnet, freeBasePort, pathsOf, waitReady, type DevnetSpec } from '@mxd/cli/devnet';

const daemon = join(
  dirname(fileURLToPath(import.meta.resolve('@mxd/daemon/package.json'))),
  'src',
  'main.ts',
);

/** A local network of processes that run the sources, in a folder of its own. */
export class SourceNetwork implements AsyncDisposable {
  readonly directory: string;
  readonly spec: DevnetSpec;
  readonly #children: ChildProcess[] = [];

  private constructor(directory: string, spec: DevnetSpec) {
    this.directory = directory;
    this.spec = spec;
  }

  static async start(
    options: { readonly loadOutputs?: number; readonly minBlockMs?: number } = {},
  ): Promise<SourceNetwork> {
    const directory = await mkdtemp(join(tmpdir(), 'mxd-load-'));
    const validators = 4;
    const basePort = await freeBasePort(31_000 + (process.pid % 300) * 40, 3 * validators + 1);
    const spec = await createDevnet({
      directory,
      validators,
      basePort,
      epochLength: 256,
      loadOutputs: 400,
      minBlockMs: 20,
      ...options,
    });
    const network = new SourceNetwork(directory, spec);
    try {
      await network.#startNodes(spec);
    } catch (error) {
      await network[Symbol.asyncDispose]();
      throw error;
    }
    return network;
  }

  async #startNodes(spec: DevnetSpec): Promise<void> {
    const paths = pathsOf(this.directory);
    for (const { name, directory } of spec.nodes) {
      const args = ['--conditions=@mxd/source', daemon, '--config', join(directory, 'config.json')];
      const child = spawn(process.execPath, args, { stdio: 'ignore' });
      this.#children.push(child);
      await writeFile(paths.nodePid(name), String(child.pid));
    }
    if (!(await waitReady(spec.nodes, 150_000))) throw new Error('the network did not start');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    }
    await rm(this.directory, { recursive: true, force: true });
  }
}
