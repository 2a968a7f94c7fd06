/** Entry of a plugin's thread. */
import { workerData, type MessagePort } from 'node:worker_threads';

import type { ToPlugin } from '@mxd/plugin/host';

import { bootPlugin, type Boot } from './boot.ts';

const { boot, port } = workerData as { readonly boot: Boot; readonly port: MessagePort };
const receive = bootPlugin(boot, (message) => port.postMessage(message));
port.on('message', (message: ToPlugin) => receive(message));
