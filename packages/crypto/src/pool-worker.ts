import { parentPort } from 'node:worker_threads';

import { nativeSuites } from './native.ts';
import { verifyChunk, type VerifyRequest, type WorkerMessage } from './pool-messages.ts';

const port = parentPort;
if (port !== null) {
  const suites = nativeSuites();
  port.on('message', (request: VerifyRequest) => {
    const bitmap = verifyChunk(request.buffer, request.count, (suite, key, message, signature) =>
      suites[suite].verify(key, message, signature),
    );
    const answer: WorkerMessage = { kind: 'verdicts', id: request.id, bitmap };
    port.postMessage(answer);
  });
  const ready: WorkerMessage = { kind: 'ready' };
  port.postMessage(ready);
}
