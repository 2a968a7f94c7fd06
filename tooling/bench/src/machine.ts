import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';

/** The machine a figure was measured on; printed with every figure. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly platform: string;
  readonly node: string;
  /** Load average of the last minute when the benchmark began; 0 on Windows, which has none. */
  readonly load: number;
}

export function readMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    platform: `${process.platform}-${process.arch}`,
    node: process.version,
    load: Math.round((loadavg()[0] ?? 0) * 100) / 100,
  };
}

/** `Intel Xeon, 2 cores, 8 GiB, linux-x64, Node v24.21.0, load 0.30`. */
export function machineLine(machine: Machine): string {
  const memory = `${(machine.memoryBytes / 2 ** 30).toFixed(0)} GiB`;
  return [
    machine.cpu,
    `${machine.cores} cores`,
    memory,
    machine.platform,
    `Node ${machine.node}`,
    `load ${machine.load.toFixed(2)}`,
  ].join(', ');
}
