import { existsSync } from 'node:fs';

import { fromHex } from '@mxd/codec';
import { decodeAddress } from '@mxd/crypto/address';
import type { KeyPath } from '@mxd/crypto/derivation';
import type { Owner } from '@mxd/protocol/transaction';
import { ownerKey, watchOnly, type Account } from '@mxd/wallet';

import { isDryRun, type Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { Shown } from '../output.ts';
import {
  chosenPlace,
  newPlace,
  ownersOf,
  suiteNames,
  writeBook,
  type SuiteName,
  type WalletBook,
} from '../wallet-book.ts';
import { readText } from './files.ts';

interface ExportedAccount {
  readonly suite: SuiteName;
  readonly publicKey: string;
  readonly path?: string;
}

function pathOf(text: string): KeyPath {
  const [account = 0, change = 0, index = 0] = text.split('/').map(Number);
  return { account, change, index };
}

/** Public keys of a file of `mxd wallet export`. */
async function exported(file: string): Promise<readonly Account[]> {
  const text = await readText(file);
  try {
    const { accounts } = JSON.parse(text) as { readonly accounts: readonly ExportedAccount[] };
    return accounts.map(({ suite, publicKey, path }) =>
      watchOnly(
        suiteNames[suite],
        fromHex(publicKey),
        path === undefined ? undefined : pathOf(path),
      ),
    );
  } catch (cause) {
    const message = `${file} holds no public keys: mxd wallet export writes such a file`;
    throw new CliError('CLI_FILE', message, { file }, { cause });
  }
}

/** A wallet that sees and cannot sign, of addresses and exported public keys. */
export async function watch(context: Context): Promise<unknown> {
  const [name = '', ...words] = context.parsed.words;
  const place = await newPlace(context, chosenPlace(context, name).name);
  const accounts: Account[] = [];
  const watched: Owner[] = [];
  for (const word of words) {
    if (existsSync(word)) accounts.push(...(await exported(word)));
    else watched.push(decodeAddress(word).address);
  }
  const known = new Set(accounts.map(({ owner }) => ownerKey(owner)));
  const rest = watched.filter((owner) => !known.has(ownerKey(owner)));
  const book: WalletBook = { kind: 'watch', accounts, watched: rest };
  const made = { name: place.name, kind: 'watch', addresses: ownersOf(book).length };
  if (isDryRun(context)) {
    return new Shown({ dryRun: true, ...made }, `would make a wallet ${place.name} for watching`);
  }
  await writeBook(place, book);
  return made;
}
