/** Strangers that connect, shake hands as far as they get, and leave: in a process of their own. */
import { fork } from 'node:child_process';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';

interface Work {
  readonly ports: readonly number[];
  readonly perSecond: number;
}

/** Starts the flood; the returned function stops it and gives the number of attempts. */
export function floodHandshakes(
  addresses: readonly string[],
  perSecond: number,
): () => Promise<number> {
  const child = fork(fileURLToPath(import.meta.url), { execArgv: ['--conditions=@mxd/source'] });
  const ports = addresses.map((address) => Number(/tcp\/(\d+)/.exec(address)?.[1]));
  child.send({ ports, perSecond } satisfies Work);
  return () =>
    new Promise((resolve) => {
      child.once('message', (attempts: number) => {
        child.disconnect();
        resolve(attempts);
      });
      child.send('stop');
    });
}

/** As much of a handshake as costs the other side most: multistream, then half of Noise. */
function attempt(port: number, number: number): void {
  const localAddress = `127.0.${1 + (number % 100)}.${1 + (number % 200)}`;
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  socket.on('error', () => undefined);
  const line = (text: string): Buffer =>
    Buffer.from(`${String.fromCharCode(text.length + 1)}${text}\n`);
  socket.write(Buffer.concat([line('/multistream/1.0.0'), line('/noise')]));
  const ephemeralKey = Buffer.alloc(34, number & 0xff);
  ephemeralKey.writeUInt16BE(32);
  socket.write(ephemeralKey);
  setTimeout(() => socket.destroy(), 500).unref();
}

if (process.send !== undefined && process.argv[1] === fileURLToPath(import.meta.url)) {
  let attempts = 0;
  process.on('message', (message: Work | 'stop') => {
    if (message === 'stop') {
      process.send?.(attempts);
      return;
    }
    setInterval(() => {
      attempt(message.ports[attempts % message.ports.length] ?? 0, attempts);
      attempts += 1;
    }, 1000 / message.perSecond);
  });
  process.on('disconnect', () => process.exit(0));
}
