import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** What the launcher is asked to do. */
export interface DevnetOptions {
  readonly command: 'up' | 'down' | 'status' | 'reset' | 'help';
  readonly directory: string;
  readonly isDetached: boolean;
  readonly isReset: boolean;
  readonly isJson: boolean;
  readonly hasTrickle: boolean;
  readonly validators: number;
  readonly basePort: number | undefined;
  readonly epochLength: number;
  readonly loadOutputs: number;
  readonly minBlockMs: number;
}

/** Where the network lives unless told. */
export const defaultDirectory: string = fileURLToPath(new URL('../../../.devnet', import.meta.url));

export const helpText = `Usage: npm start -- [up|down|status|reset] [options]

  up       start the local network and show it (the default)
  down     stop it; its state stays
  status   one line per node
  reset    stop it and delete its state

Options:
  --dir DIR          folder of the network (default .devnet in the repository)
  --detach           start in the background and return when it is ready
  --reset            with up: begin from a new genesis
  --validators N     number of validators of a new network (default 4)
  --base-port P      first port of a new network (default: the first free range from 27000)
  --epoch-length E   blocks per epoch of a new network (default 256)
  --load-outputs N   funded outputs for the load generator of a new network (default 2000)
  --min-block-ms MS  shortest time between blocks of a new network (default 100)
  --no-trickle       no sample payments
  --json             status as JSON
`;

function whole(text: string | undefined, fallback: number, min: number, max: number): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`${text} is no whole number from ${min} to ${max}`);
  }
  return value;
}

/** @throws RangeError, TypeError for words that make no sense. */
export function parseOptions(words: readonly string[]): DevnetOptions {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      dir: { type: 'string' },
      detach: { type: 'boolean', default: false },
      reset: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
      'no-trickle': { type: 'boolean', default: false },
      validators: { type: 'string' },
      'base-port': { type: 'string' },
      'epoch-length': { type: 'string' },
      'load-outputs': { type: 'string' },
      'min-block-ms': { type: 'string' },
    },
  });
  const [named = 'up', ...rest] = positionals;
  const isKnown = named === 'up' || named === 'down' || named === 'status' || named === 'reset';
  if (!isKnown || rest.length > 0) throw new RangeError(`"${positionals.join(' ')}" is no command`);
  const base = values['base-port'];
  return {
    command: values.help ? 'help' : named,
    directory: values.dir ?? defaultDirectory,
    isDetached: values.detach,
    isReset: values.reset,
    isJson: values.json,
    hasTrickle: !values['no-trickle'],
    validators: whole(values.validators, 4, 1, 31),
    basePort: base === undefined ? undefined : whole(base, 0, 1_024, 64_000),
    epochLength: whole(values['epoch-length'], 256, 16, 65_536),
    loadOutputs: whole(values['load-outputs'], 2_000, 0, 500_000),
    minBlockMs: whole(values['min-block-ms'], 100, 0, 60_000),
  };
}
