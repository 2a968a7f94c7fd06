import { MessageChannel, Worker } from 'node:worker_threads';

import type { FromPlugin, ToPlugin } from '@mxd/plugin/host';

import { bootPlugin, type Boot } from './boot.ts';
import { limits } from './limits.ts';

/** The way to one running instance of a plugin. */
export interface Link {
  post(message: ToPlugin): void;
  /** Bytes of buffers outside of the heap, which no heap limit bounds; 0 where unknown. */
  externalBytes(): Promise<number>;
  /** Ends it, whatever it does. Nothing is heard of it afterwards. */
  close(): Promise<void>;
}

export interface LinkEvents {
  onMessage(message: FromPlugin): void;
  /** It ended by itself. */
  onEnd(reason: string): void;
  /** It wrote to its standard output or error. */
  onOutput(text: string): void;
}

export interface LinkLimits {
  readonly heapMegabytes: number;
}

const fromSource = import.meta.url.endsWith('.ts');
const workerUrl = new URL(fromSource ? './worker.ts' : './worker.js', import.meta.url);

/** A thread of its own, with bounded heap, without the process's environment. */
export function threadLink(boot: Boot, events: LinkEvents, { heapMegabytes }: LinkLimits): Link {
  const { port1, port2 } = new MessageChannel();
  const worker = new Worker(workerUrl, {
    name: 'plugin',
    workerData: { boot, port: port2 },
    transferList: [port2],
    env: {},
    stdout: true,
    stderr: true,
    resourceLimits: {
      maxOldGenerationSizeMb: heapMegabytes,
      maxYoungGenerationSizeMb: Math.max(4, Math.floor(heapMegabytes / 8)),
      stackSizeMb: 4,
    },
  });
  let closed = false;
  const end = (reason: string): void => {
    if (closed) return;
    closed = true;
    port1.close();
    events.onEnd(reason);
  };
  port1.on('message', (message: FromPlugin) => {
    if (!closed) events.onMessage(message);
  });
  worker.on('error', (error: unknown) => {
    const code = (error as NodeJS.ErrnoException | undefined)?.code;
    const text = error instanceof Error ? error.message : String(error);
    end(code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'out of memory' : `uncaught: ${text}`);
  });
  worker.on('exit', (code) => end(`exited with ${code}`));
  for (const stream of [worker.stdout, worker.stderr]) {
    stream.on('data', (chunk: Buffer) => events.onOutput(chunk.toString('utf8')));
  }
  return {
    post: (message) => {
      if (!closed) port1.postMessage(message);
    },
    async externalBytes() {
      if (closed) return 0;
      const statistics = await worker.getHeapStatistics();
      return statistics.external_memory;
    },
    async close() {
      closed = true;
      port1.close();
      await worker.terminate();
    },
  };
}

/** On the main thread: for plugins that the operator trusts not to hold it up. */
export function localLink(boot: Boot, events: LinkEvents): Link {
  let closed = false;
  const receive = bootPlugin(boot, (message) => {
    queueMicrotask(() => {
      if (!closed) events.onMessage(message);
    });
  });
  return {
    post: (message) => {
      if (!closed) receive(message);
    },
    externalBytes: () => Promise.resolve(0),
    close() {
      closed = true;
      return Promise.resolve();
    },
  };
}

/** Bytes of buffers that a thread may hold. */
export const externalLimitBytes = (megabytes: number = limits.externalMegabytes.value): number =>
  megabytes * 1_048_576;
