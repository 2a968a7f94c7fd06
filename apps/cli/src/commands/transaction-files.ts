import { fromHex, toHex } from '@mxd/codec';
import { addressOfKey, formatAddress, parseAddress } from '@mxd/crypto/address';
import { installNative } from '@mxd/crypto/native';
import { chainTagOf } from '@mxd/protocol/genesis';
import type { SuiteKey } from '@mxd/protocol/witness';
import { ownerKey, type Account } from '@mxd/wallet';
import type { NamedPolicy } from '@mxd/wallet/policy';
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
import { chosenPlace, ownersOf, readBook, type WalletBook } from '../wallet-book.ts';
import { openNamed } from '../wallet-store.ts';
import { readText, writeText } from './files.ts';
import { buildWanted, wantedPayment } from './payment.ts';
import { labelsOf } from './labels.ts';
import { knownPolicies, policyBookOf } from './policy.ts';
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

/** Who of a policy may still sign, by the names that this machine knows. */
function openNames(
  open: readonly SuiteKey[],
  named: NamedPolicy | undefined,
  network: 'main' | 'test',
): readonly string[] {
  return open.map((key) => {
    const owner = ownerKey(addressOfKey(key.suite, key.publicKey));
    const member = named?.members.find(
      (one) => ownerKey(addressOfKey(one.suite, one.publicKey)) === owner,
    );
    return member?.name ?? formatAddress(addressOfKey(key.suite, key.publicKey), network);
  });
}

async function view(context: Context, file: SigningFile): Promise<Shown> {
  const { set, summary, note } = file;
  const { network } = set.unsigned.chain;
  const known = await knownPolicies(context);
  const inputs = signingStatus(set).map(({ owner, needed, present, open }) => ({
    address: formatAddress(owner, network),
    signatures: `${present} of ${needed}`,
    ...(open.length === 0 || present >= needed
      ? {}
      : { open: openNames(open, known.get(ownerKey(owner)), network) }),
  }));
  const complete = isComplete(set);
  const data = { ...summary, note, complete, inputs };
  const lines = inputs.flatMap(({ address, signatures, open = [] }) => [
    `spends  ${address}  ${signatures} signed`,
    ...(open.length === 0 ? [] : [`        may sign: ${open.join(', ')}`]),
  ]);
  const noted = note === '' ? [] : [`note    ${note}`];
  const state = complete ? 'complete: it can be sent' : 'signatures are missing';
  return new Shown(
    data,
    [...lines, describe(set.unsigned, await labelsOf(context)), ...noted, state].join('\n'),
  );
}

/** Accounts that own an input or are named by the policy of one. */
function mayName({ set }: SigningFile, book: WalletBook): readonly Account[] {
  const keys = new Set([
    ...set.unsigned.spent.map(({ owner }) => ownerKey(owner)),
    ...[...set.policies.values()].flatMap((policy) =>
      policy.keys.map((key) => ownerKey(addressOfKey(key.suite, key.publicKey))),
    ),
  ]);
  return book.accounts.filter(({ owner }) => keys.has(ownerKey(owner)));
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
      ? ownersOf(await readBook(chosenPlace(context)))
      : [parseAddress(from, network)];
  const change = parsed.text('change');
  if (change === 'new') throw usage('--change new needs the key: name an address instead');
  const [first] = owners;
  if (first === undefined) throw new CliError('CLI_WALLET_KIND', 'the wallet has no address');
  const rest = change === undefined ? first : parseAddress(change, network);
  const policies = policyBookOf(await knownPolicies(context));
  const unsigned = await buildWanted(context, open, wanted, owners, rest, policies);
  const path = parsed.text('out');
  if (path !== undefined) context.out.note(describe(unsigned));
  const set = startSigning(unsigned, policies);
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
  if (isDryRun(context)) return view(context, file);
  using wallet = await openNamed(context);
  if (!context.parsed.flag('yes')) context.out.note((await view(context, file)).text);
  const { total } = file.summary;
  await agree(context, `Sign this spending of ${total} MXD?`);
  const signers = wallet.signers(mayName(file, wallet.book));
  const set = signInputs(file.set, signers);
  for (const signer of signers) signer[Symbol.dispose]();
  return emit(context, { ...file, set }, context.parsed.text('out') ?? path);
}

export const inspectFile = async (context: Context): Promise<unknown> =>
  view(context, await openFile(context, context.parsed.word(0)));

export async function mergeFiles(context: Context): Promise<unknown> {
  const [first = '', ...others] = context.parsed.words;
  const file = await openFile(context, first);
  let { set } = file;
  for (const path of others) set = mergeSignatures(set, (await openFile(context, path)).set);
  return emit(context, { ...file, set }, context.parsed.text('out'));
}
