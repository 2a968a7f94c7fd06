/** Local networks of real validators: made, started, watched, ended. */
export { accountAt, openMaster } from './accounts.ts';
export { createDevnet, freeBasePort, type CreateOptions } from './create.ts';
export { runDetached, runForeground, type LaunchOptions } from './launch.ts';
export {
  pathsOf,
  readSpec,
  type DevnetAccount,
  type DevnetNode,
  type DevnetPaths,
  type DevnetSpec,
} from './layout.ts';
export { chainOfFile, NodeRefusal, Payer, waitFinal } from './payer.ts';
export {
  endNetwork,
  endProcesses,
  isAlive,
  runningPid,
  startNode,
  statusOf,
  waitReady,
} from './processes.ts';
export { endpoints, screen } from './view.ts';
