import { fromHex, toHex } from '@mxd/codec';
import { formatAddress, parseAddress } from '@mxd/crypto/address';
import { installNative } from '@mxd/crypto/native';
import { chainTagOf } from '@mxd/protocol/genesis';
import {
  formatSigningFile,
  isComplete,
  mergeSignatures,
  parseSigningFile,
  signingStatus,
  signInputs,
  startSigning,
  summarize,
  type SigningFile,
} from '@mxd/wallet/signing-file';

import { usage } from '../arguments.ts';
import { offlineGenesis, openChain } from '../chain.ts';
import { agree, isDryRun, type Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { Shown } from '../output.ts';
import { accountsOf, chosenPlace, openNamed, readBook } from '../wallet-store.ts';
import { readText, writeText } from './files.ts';
import { buildWanted, wantedPayment } from './payment.ts';
import { describe } from './send.ts';

/** The chain that a file says it is for; the caller decides whether to believe it. */
function toldChain(text: string): Uint8Array {
  try {
    const { chain } = JSON.parse(text) as { readonly chain: { readonly chainTag: string } };
    return fromHex(chain.chainTag);
  } catch (cause) {
    throw new CliError('CLI_FILE', 'the file is no signing file', {}, { cause });
  }
}

/** Reads a signing file for the chain of `--genesis`, or for the one that it names. */
async function openFile(context: Context, path: string): Promise<SigningFile> {
  const text = await readText(path);
  const genesis = await offlineGenesis(context);
  const chainTag = genesis === undefined ? toldChain(text) : chainTagOf(genesis.document);
  return parseSigningFile(text, { chainTag });
}

function view(file: SigningFile): Shown {
  const { set, summary, note } = file;
  const { network } = set.unsigned.chain;
  const inputs = signingStatus(set).map(({ owner, needed, present }) => ({
    address: formatAddress(owner, network),
    signatures: `${present} of ${needed}`,
  }));
  const complete = isComplete(set);
  const data = { ...summary, note, complete, inputs };
  const lines = inputs.map(({ address, signatures }) => `spends  ${address}  ${signatures} signed`);
  const noted = note === '' ? [] : [`note    ${note}`];
  const state = complete ? 'complete: it can be sent' : 'signatures are missing';
  return new Shown(data, [...lines, describe(set.unsigned), ...noted, state].join('\n'));
}

async function emit(
  context: Context,
  file: SigningFile,
  path: string | undefined,
): Promise<unknown> {
  const text = formatSigningFile(file.set, file.note);
  const complete = isComplete(file.set);
  if (path === undefined) {
    process.stdout.write(text);
    return undefined;
  }
  await writeText(path, text);
  const txid = toHex(file.set.unsigned.txid);
  return new Shown(
    { file: path, txid, complete },
    `${path}: ${complete ? 'complete' : 'unfinished'}`,
  );
}

export async function buildFile(context: Context): Promise<unknown> {
  const { parsed } = context;
  const open = await openChain(context);
  const { network } = open.chain;
  const wanted = wantedPayment(context, network);
  const from = parsed.text('from');
  const owners =
    from === undefined
      ? (await readBook(chosenPlace(context))).accounts.map(({ owner }) => owner)
      : [parseAddress(from, network)];
  const change = parsed.text('change');
  if (change === 'new') throw usage('--change new needs the key: name an address instead');
  const [first] = owners;
  if (first === undefined) throw new CliError('CLI_WALLET_KIND', 'the wallet has no address');
  const rest = change === undefined ? first : parseAddress(change, network);
  const unsigned = await buildWanted(context, open, wanted, owners, rest);
  const path = parsed.text('out');
  if (path !== undefined) context.out.note(describe(unsigned));
  const set = startSigning(unsigned);
  const summary = summarize(unsigned);
  return emit(context, { set, summary, note: parsed.text('note') ?? '' }, path);
}

export async function signFile(context: Context): Promise<unknown> {
  const path = context.parsed.word(0);
  installNative();
  const file = await openFile(context, path);
  if (context.parsed.text('genesis') === undefined && (process.env['MXD_GENESIS'] ?? '') === '') {
    const tag = toHex(file.set.unsigned.chain.chainTag).slice(0, 16);
    context.out.note(`signing for chain ${tag}...; --genesis makes sure that it is yours`);
  }
  if (isDryRun(context)) return view(file);
  using wallet = await openNamed(context);
  if (!context.parsed.flag('yes')) context.out.note(view(file).text);
  const { total } = file.summary;
  await agree(context, `Sign this spending of ${total} MXD?`);
  const spent = file.set.unsigned.spent.map(({ owner }) => owner);
  const own = accountsOf(wallet.book, spent);
  // Policies name keys, not addresses: any account may be one of theirs.
  const signers = wallet.signers(own.length > 0 ? own : wallet.book.accounts);
  const set = signInputs(file.set, signers);
  for (const signer of signers) signer[Symbol.dispose]();
  return emit(context, { ...file, set }, context.parsed.text('out') ?? path);
}

export const inspectFile = async (context: Context): Promise<unknown> =>
  view(await openFile(context, context.parsed.word(0)));

export async function mergeFiles(context: Context): Promise<unknown> {
  const [first = '', ...others] = context.parsed.words;
  const file = await openFile(context, first);
  let { set } = file;
  for (const path of others) set = mergeSignatures(set, (await openFile(context, path)).set);
  return emit(context, { ...file, set }, context.parsed.text('out'));
}
