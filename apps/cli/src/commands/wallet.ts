import { fromHex, toHex } from '@mxd/codec';
import { formatAddress } from '@mxd/crypto/address';
import { installNative } from '@mxd/crypto/native';
import { entropyOfMnemonic, mnemonicOfEntropy, parseMnemonic } from '@mxd/crypto/mnemonic';
import { SecretBytes, type Secret } from '@mxd/crypto/secret';
import { suiteInfo, suiteOf, type SuiteId } from '@mxd/crypto/suites';
import { watchOnly, type Account } from '@mxd/wallet';
import { readKeyMaterial, saveKeystore, type KeyMaterial } from '@mxd/wallet/keystore';
import { generateMnemonic, masterKeyOfMnemonic, type Mnemonic } from '@mxd/wallet/mnemonic';

import { usage } from '../arguments.ts';
import { isDryRun, type Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { Shown } from '../output.ts';
import { readSecret } from '../secret-input.ts';
import { keystoreCosts } from '../keystore-costs.ts';
import {
  accountView,
  allBooks,
  chosenPlace,
  newPlace,
  readBook,
  ownersOf,
  suiteName,
  suiteNames,
  writeBook,
  type SuiteName,
  type WalletPlace,
} from '../wallet-book.ts';
import { walletPassphrase } from '../wallet-store.ts';
import { writeSecretText } from './files.ts';

/** The suite that is asked for; hybrid unless told, since it holds if either half does. */
export const suiteFrom = (context: Context): SuiteId =>
  suiteNames[(context.parsed.text('suite') ?? 'hybrid') as SuiteName];

async function checkedPassphrase(context: Context, place: WalletPlace): Promise<Secret> {
  const passphrase = await walletPassphrase(context, place, true);
  if (Array.from(passphrase.expose()).length >= 8) return passphrase;
  throw usage('the passphrase has fewer than 8 characters');
}

async function keep(
  context: Context,
  place: WalletPlace,
  material: KeyMaterial,
  account: Account,
): Promise<unknown> {
  const kind = material.kind === 'key' ? 'key' : 'wallet';
  const view = accountView(account, context.settings.network);
  if (isDryRun(context)) {
    const made = { dryRun: true, name: place.name, kind, ...view, file: place.keystore };
    return new Shown(made, `would make ${place.keystore}\n${view['address'] ?? ''}`);
  }
  using passphrase = await checkedPassphrase(context, place);
  await saveKeystore(place.keystore, material, passphrase, {
    label: place.name,
    ...keystoreCosts(),
  });
  await writeBook(place, { kind, accounts: [account] });
  return { name: place.name, kind, ...view, file: place.keystore };
}

async function keepMnemonic(
  context: Context,
  place: WalletPlace,
  mnemonic: Mnemonic,
): Promise<unknown> {
  installNative();
  using master = await masterKeyOfMnemonic(mnemonic);
  const account = master.watch(suiteFrom(context), { account: 0, change: 0, index: 0 });
  using entropy = entropyOfMnemonic(mnemonic);
  return await keep(
    context,
    place,
    { kind: 'entropy', language: mnemonic.language, entropy },
    account,
  );
}

/** Words go to eyes or to a private file, never into a pipe or a log by accident. */
async function showWords(context: Context, words: string): Promise<void> {
  const file = context.parsed.text('words-file') ?? context.parsed.text('out');
  if (file !== undefined) {
    await writeSecretText(file, `${words}\n`);
    context.out.note(`the words are in ${file}: keep it where nobody else reads it`);
    return;
  }
  if (!process.stdout.isTTY) {
    throw usage('the words are shown at a terminal only; name a new file to write them to');
  }
  process.stdout.write(`\n${words}\n\nWrite these words down. Whoever has them has the money.\n`);
}

export async function newWallet(context: Context): Promise<unknown> {
  const place = await newPlace(context, chosenPlace(context, context.parsed.word(0)).name);
  if (isDryRun(context)) {
    // A wallet that is not kept has no address to show: each one has words of its own.
    const made = { dryRun: true, name: place.name, kind: 'wallet', file: place.keystore };
    return new Shown(made, `would make ${place.keystore}`);
  }
  const language = (context.parsed.text('language') ?? 'english') as Mnemonic['language'];
  const mnemonic = generateMnemonic(24, language);
  using words = mnemonic.text;
  if (context.parsed.text('words-file') === undefined && !process.stdout.isTTY) {
    throw usage('the words are shown at a terminal only; name a new file with --words-file');
  }
  const kept = await keepMnemonic(context, place, mnemonic);
  await showWords(context, words.expose());
  return kept;
}

export async function importWallet(context: Context): Promise<unknown> {
  const place = await newPlace(context, chosenPlace(context, context.parsed.word(0)).name);
  using typed = await readSecret({
    what: 'words',
    file: context.parsed.text('words-file'),
    option: 'words-file',
    variable: 'MXD_WORDS',
  });
  const mnemonic = parseMnemonic(typed);
  using _text = mnemonic.text;
  return await keepMnemonic(context, place, mnemonic);
}

async function keepKey(context: Context, place: WalletPlace, seed: SecretBytes): Promise<unknown> {
  installNative();
  const suite = suiteFrom(context);
  const account = watchOnly(suite, suiteOf(suite).publicKeyOf(seed.expose()));
  return await keep(context, place, { kind: 'key', suite, seed }, account);
}

export async function newKey(context: Context): Promise<unknown> {
  const place = await newPlace(context, chosenPlace(context, context.parsed.word(0)).name);
  if (isDryRun(context)) {
    const made = { dryRun: true, name: place.name, kind: 'key', file: place.keystore };
    return new Shown(made, `would make ${place.keystore}`);
  }
  using seed = SecretBytes.random(suiteInfo[suiteFrom(context)].seedBytes);
  return await keepKey(context, place, seed);
}

export async function importKey(context: Context): Promise<unknown> {
  const place = await newPlace(context, chosenPlace(context, context.parsed.word(0)).name);
  using typed = await readSecret({
    what: 'seed in hexadecimal',
    file: context.parsed.text('seed-file'),
    option: 'seed-file',
    variable: 'MXD_SEED',
  });
  const suite = context.parsed.text('suite') ?? 'ed25519';
  const bytes = suiteInfo[suiteNames[suite as SuiteName]].seedBytes;
  const text = typed.expose().trim();
  if (text.length !== 2 * bytes || !/^[0-9a-f]+$/i.test(text)) {
    throw usage(`a seed of ${suite} has ${2 * bytes} hexadecimal digits`);
  }
  using seed = SecretBytes.own(fromHex(text.toLowerCase()));
  installNative();
  const id = suiteNames[suite as SuiteName];
  const account = watchOnly(id, suiteOf(id).publicKeyOf(seed.expose()));
  return await keep(context, place, { kind: 'key', suite: id, seed }, account);
}

export async function listWallets(context: Context): Promise<unknown> {
  const { network } = context.settings;
  return (await allBooks(context)).map(({ place, book }) => {
    const owners = book === undefined ? [] : ownersOf(book);
    const [first] = owners;
    const suite = book?.accounts[0]?.suite;
    const { policy } = book?.policy ?? {};
    return {
      name: place.name,
      kind: book?.kind ?? 'unknown',
      addresses: owners.length,
      suite:
        policy === undefined
          ? suite && suiteName(suite)
          : `${policy.threshold} of ${policy.keys.length}`,
      address: first && formatAddress(first, network),
    };
  });
}

async function exportSecret(context: Context, place: WalletPlace): Promise<unknown> {
  using passphrase = await walletPassphrase(context, place);
  const material = await readKeyMaterial(place.keystore, passphrase);
  const wantsWords = context.parsed.flag('words');
  if (wantsWords && material.kind === 'entropy') {
    using entropy = material.entropy;
    const mnemonic = mnemonicOfEntropy(entropy, material.language);
    using words = mnemonic.text;
    await showWords(context, words.expose());
  } else if (!wantsWords && material.kind === 'key') {
    using seed = material.seed;
    await showWords(context, toHex(seed.expose()));
  } else {
    const has = material.kind === 'key' ? 'a seed (mxd key export --seed)' : 'words (--words)';
    throw new CliError('CLI_WALLET_KIND', `${place.name} has ${has}`, { name: place.name });
  }
  return context.parsed.text('out') === undefined
    ? undefined
    : { name: place.name, file: context.parsed.text('out') };
}

/** Public keys without a passphrase; words or seed with it. */
export async function exportWallet(context: Context): Promise<unknown> {
  const place = chosenPlace(context, context.parsed.word(0));
  const book = await readBook(place);
  if (context.parsed.flag('words') || context.parsed.flag('seed')) {
    return exportSecret(context, place);
  }
  const accounts = book.accounts.map((account) => ({
    ...accountView(account, context.settings.network),
    publicKey: toHex(account.publicKey),
  }));
  const data = { name: place.name, kind: book.kind, accounts };
  const out = context.parsed.text('out');
  if (out === undefined) return new Shown(data, JSON.stringify(data, null, 2));
  await writeSecretText(out, `${JSON.stringify(data, null, 2)}\n`);
  return { name: place.name, file: out };
}
