import {
  ClientError,
  formatCheckpoint,
  makeReceipt,
  parseCheckpoint,
  verifyReceipt,
} from '@mxd/client';
import { installNative } from '@mxd/crypto/native';

import { usage } from '../arguments.ts';
import { lightOfGenesis, openChain, txidOf } from '../chain.ts';
import type { Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { readText, writeText } from './files.ts';

async function emit(context: Context, text: string, data: object): Promise<unknown> {
  const path = context.parsed.text('out');
  if (path === undefined) {
    process.stdout.write(text);
    return undefined;
  }
  await writeText(path, text);
  return { file: path, ...data };
}

/** The receipt leads from genesis on, so that everybody who knows the chain can verify it. */
export async function make(context: Context): Promise<unknown> {
  const txid = txidOf(context.parsed.word(0));
  const light = await lightOfGenesis(await openChain(context));
  const proven = await light.transaction(txid);
  const { height, epoch } = proven.block.header;
  return emit(context, makeReceipt(light, proven), { height, epoch });
}

export async function verify(context: Context): Promise<unknown> {
  const path = context.parsed.text('checkpoint') ?? process.env['MXD_CHECKPOINT'];
  if (path === undefined || path === '') {
    throw usage('--checkpoint FILE says what to trust: mxd receipt checkpoint writes one');
  }
  installNative();
  const checkpoint = parseCheckpoint(await readText(path));
  const { summary } = verifyReceipt(await readText(context.parsed.word(0)), checkpoint);
  return { verified: true, ...summary };
}

export async function checkpoint(context: Context): Promise<unknown> {
  const open = await openChain(context);
  try {
    const light = await lightOfGenesis(open);
    const { table, chainTag } = light.epochs.checkpoint;
    const data = { epoch: table.epoch, chain: Buffer.from(chainTag).toString('hex') };
    return await emit(context, formatCheckpoint(light.epochs.checkpoint), data);
  } catch (error) {
    if (!(error instanceof ClientError) || error.code !== 'CLIENT_CHECKPOINT') throw error;
    throw new CliError('CLI_GENESIS', error.message, {}, { cause: error });
  }
}
