import type { Status } from '@mxd/api';
import { ClientError, waitForFinal, type Connection } from '@mxd/client';

import { usage } from '../arguments.ts';
import { caughtUp } from '../caught-up.ts';
import { connect, openChain, openLight, saveLight, txidOf } from '../chain.ts';
import type { Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { Shown } from '../output.ts';

const pollMs = 100;

/** Asks until a condition holds. @throws CliError CLI_TIMEOUT; the last failure if none answered. */
async function until(
  context: Context,
  connection: Connection,
  what: string,
  holds: (status: Status) => boolean,
): Promise<Status> {
  const end = performance.now() + context.settings.timeout * 1_000;
  let failure: ClientError | undefined;
  for (;;) {
    try {
      const { value } = await connection.request('status', {}, { attempts: 1 });
      failure = undefined;
      if (holds(value)) return value;
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      failure = error;
    }
    if (performance.now() >= end) break;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  if (failure !== undefined) throw failure;
  const seconds = context.settings.timeout;
  throw new CliError('CLI_TIMEOUT', `${what}: not within ${seconds} s`, { seconds });
}

async function waitFinal(context: Context, word: string): Promise<unknown> {
  const txid = txidOf(word);
  const open = await openChain(context);
  const light = await openLight(context, open);
  try {
    const proven = await waitForFinal(light, txid, {
      timeoutMs: context.settings.timeout * 1_000,
    });
    const { height } = proven.block.header;
    await caughtUp(open.connection, height);
    return new Shown(
      { txid: word, state: 'final', height, proven: true },
      `final at height ${height}, proven`,
    );
  } finally {
    await saveLight(context, light);
  }
}

export async function wait(context: Context): Promise<unknown> {
  const { parsed } = context;
  const word = parsed.word(0);
  const height = parsed.whole('height', 0, 0xffff_ffff);
  const epoch = parsed.whole('epoch', 0, 0xffff_ffff);
  const wanted = [word !== '', height !== undefined, epoch !== undefined, parsed.flag('ready')];
  if (wanted.filter(Boolean).length !== 1) {
    throw usage('say one thing to wait for: a transaction id, --height, --epoch or --ready');
  }
  if (word !== '') return waitFinal(context, word);
  const connection = connect(context);
  const status = await until(
    context,
    connection,
    height !== undefined
      ? `height ${height}`
      : epoch === undefined
        ? 'a node that is ready'
        : `epoch ${epoch}`,
    (seen) =>
      height !== undefined
        ? seen.height >= height
        : epoch === undefined
          ? seen.ready && !seen.syncing
          : seen.epoch >= epoch,
  );
  const text = `height ${status.height}, epoch ${status.epoch}`;
  return new Shown({ height: status.height, epoch: status.epoch, ready: status.ready }, text);
}
