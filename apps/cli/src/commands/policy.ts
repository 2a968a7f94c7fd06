import { existsSync } from 'node:fs';

import { formatAddress, type AddressNetwork } from '@mxd/crypto/address';
import { ownerKey, type Account, type PolicyBook } from '@mxd/wallet';
import {
  formatKeyFile,
  formatPolicyFile,
  makePolicy,
  parseKeyFile,
  parsePolicyFile,
  type NamedPolicy,
} from '@mxd/wallet/policy';

import { usage } from '../arguments.ts';
import { dryRun, isDryRun, type Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { Shown } from '../output.ts';
import {
  allBooks,
  chosenPlace,
  newPlace,
  readBook,
  suiteName,
  writeBook,
  type WalletPlace,
} from '../wallet-book.ts';
import { readText, writeText } from './files.ts';

/** The policies of all wallets of this machine, and of a chosen one that lies elsewhere. */
export async function knownPolicies(context: Context): Promise<ReadonlyMap<string, NamedPolicy>> {
  const books = await allBooks(context);
  const chosen = chosenPlace(context);
  const extra = existsSync(chosen.accounts) ? [await readBook(chosen)] : [];
  const policies = [...books.map(({ book }) => book), ...extra].flatMap((book) => {
    return book?.policy === undefined ? [] : [book.policy];
  });
  return new Map(policies.map((named) => [ownerKey(named.owner), named]));
}

/** The same, as builders and signers take it. */
export const policyBookOf = (known: ReadonlyMap<string, NamedPolicy>): PolicyBook =>
  new Map([...known].map(([key, { policy }]) => [key, policy]));

/** A joint address as it is shown in lists. */
export const jointView = (
  named: NamedPolicy,
  network: AddressNetwork,
): Readonly<Record<string, string>> => ({
  address: formatAddress(named.owner, network),
  suite: `${named.policy.threshold} of ${named.members.length}`,
});

function view(place: WalletPlace, named: NamedPolicy, network: AddressNetwork): Shown {
  const { policy, members, owner } = named;
  const address = formatAddress(owner, network);
  const list = members.map(({ name, suite }) => ({ name, suite: suiteName(suite) }));
  const data = { name: place.name, address, threshold: policy.threshold, members: list };
  const text = [
    `${place.name}: ${policy.threshold} of ${members.length} sign for`,
    address,
    ...list.map(({ name, suite }) => `  ${name}  ${suite}`),
  ];
  return new Shown(data, text.join('\n'));
}

/** The account of a wallet whose key goes into a policy. */
async function memberAccount(context: Context, place: WalletPlace): Promise<Account> {
  const { accounts } = await readBook(place);
  const told = context.parsed.text('address');
  const { network } = context.settings;
  const found =
    told === undefined
      ? accounts[0]
      : accounts.find(({ owner }) => formatAddress(owner, network) === told);
  if (found !== undefined) return found;
  const text = told === undefined ? 'has no key' : `has no key for ${told}`;
  throw new CliError('CLI_WALLET_KIND', `${place.name} ${text}`, { name: place.name });
}

/** Writes a member's public key for the others. */
export async function key(context: Context): Promise<unknown> {
  const { parsed, settings } = context;
  const place = chosenPlace(context, parsed.word(0));
  const { suite, publicKey, owner } = await memberAccount(context, place);
  const name = parsed.text('as') ?? place.name;
  const text = formatKeyFile({ name, suite, publicKey }, settings.network);
  const out = parsed.text('out');
  if (out === undefined) {
    process.stdout.write(text);
    return undefined;
  }
  await writeText(out, text);
  return { file: out, name, address: formatAddress(owner, settings.network) };
}

async function keep(context: Context, name: string, named: NamedPolicy): Promise<Shown> {
  const { settings, parsed } = context;
  const place = await newPlace(context, chosenPlace(context, name).name);
  if (isDryRun(context)) return dryRun(view(place, named, settings.network), 'would make');
  const out = parsed.text('out');
  if (out !== undefined) await writeText(out, formatPolicyFile(named, settings.network));
  await writeBook(place, { kind: 'policy', accounts: [], policy: named });
  return view(place, named, settings.network);
}

/** Makes a joint account of members' key files. */
export async function create(context: Context): Promise<unknown> {
  const { parsed } = context;
  const [name = '', ...files] = parsed.words;
  const threshold = parsed.whole('threshold', 1, 16);
  if (threshold === undefined) throw usage('--threshold N says how many members must sign');
  const members = await Promise.all(files.map(async (file) => parseKeyFile(await readText(file))));
  return keep(context, name, makePolicy(threshold, members));
}

/** Takes over a joint account that another member made. */
export async function bring(context: Context): Promise<unknown> {
  const [name = '', file = ''] = context.parsed.words;
  const { network, ...named } = parsePolicyFile(await readText(file));
  if (network !== context.settings.network) {
    context.out.note(`the file was made for ${network} networks`);
  }
  return keep(context, name, named);
}

async function chosenPolicy(
  context: Context,
): Promise<{ readonly place: WalletPlace; readonly named: NamedPolicy }> {
  const place = chosenPlace(context, context.parsed.word(0));
  const { policy } = await readBook(place);
  if (policy !== undefined) return { place, named: policy };
  throw new CliError('CLI_WALLET_KIND', `${place.name} is no joint account`, { name: place.name });
}

export async function show(context: Context): Promise<unknown> {
  const { place, named } = await chosenPolicy(context);
  return view(place, named, context.settings.network);
}

/** Writes the policy file again: without it, nobody can spend from the address. */
export async function give(context: Context): Promise<unknown> {
  const { named } = await chosenPolicy(context);
  const text = formatPolicyFile(named, context.settings.network);
  const out = context.parsed.text('out');
  if (out === undefined) {
    process.stdout.write(text);
    return undefined;
  }
  await writeText(out, text);
  return { file: out, ...jointView(named, context.settings.network) };
}

export async function list(context: Context): Promise<unknown> {
  const { network } = context.settings;
  return (await allBooks(context)).flatMap(({ place, book }) => {
    if (book?.policy === undefined) return [];
    const { members } = book.policy;
    const names = members.map(({ name }) => name).join(' ');
    return [{ name: place.name, ...jointView(book.policy, network), members: names }];
  });
}
