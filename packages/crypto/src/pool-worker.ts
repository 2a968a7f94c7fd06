import { parentPort, type MessagePort } from 'node:worker_threads';

import { nativeSuites } from './native.ts';
import { verifyChunk, type VerifyRequest, type WorkerMessage } from './pool-messages.ts';

/** Answers each chunk of a pool with its verdicts, from "ready" until the port is closed. */
export function serve(port: MessagePort): void {
  const suites = nativeSuites();
  const tell = (message: WorkerMessage): void => port.postMessage(message);
  port.on('message', (request: VerifyRequest) => {
    const bitmap = verifyChunk(request.buffer, request.count, (suite, key, message, signature) =>
      suites[suite].verify(key, message, signature),
    );
    tell({ kind: 'verdicts', id: request.id, bitmap });
  });
  tell({ kind: 'ready' });
}

if (parentPort !== null) serve(parentPort);
