import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';

import type { KeyPath } from '@mxd/crypto/derivation';
import type { SuiteId } from '@mxd/crypto/suites';
import type { Account, SigningAccount } from '@mxd/wallet';

import { CliError } from './errors.ts';
import { readSecret } from './secret-input.ts';
import type { Context } from './context.ts';
import {
  chosenPlace,
  missing,
  readBook,
  type WalletBook,
  type WalletPlace,
} from './wallet-book.ts';

/** The passphrase of a wallet. */
export const walletPassphrase = (
  context: Context,
  place: WalletPlace,
  isNew = false,
): ReturnType<typeof readSecret> =>
  readSecret({
    what: `passphrase of ${place.name}`,
    file: context.parsed.text('passphrase-file'),
    option: 'passphrase-file',
    variable: 'MXD_PASSPHRASE',
    repeat: isNew,
  });

/** An opened wallet: signs for the accounts of its book. */
export interface OpenWallet extends Disposable {
  readonly place: WalletPlace;
  readonly book: WalletBook;
  /** The signing form of accounts of the book. */
  signers(accounts: readonly Account[]): readonly SigningAccount[];
  /** Public part of a key that the book does not have yet. @throws CliError CLI_WALLET_KIND. */
  derive(suite: SuiteId, path: KeyPath): Account;
}

/** Why a wallet without a keystore cannot be opened. */
async function withoutKeys(place: WalletPlace): Promise<CliError> {
  if (!existsSync(place.accounts)) return missing(place.name);
  const { kind, policy } = await readBook(place);
  const { name } = place;
  const text =
    kind === 'policy'
      ? `${name} is joint: ${policy?.policy.threshold ?? 0} of ${policy?.members.length ?? 0} ` +
        `members sign. mxd tx build ... --wallet ${name} --out FILE, then mxd tx sign FILE by each`
      : `${name} is for watching and holds no keys: mxd tx build --wallet ${name} makes a file ` +
        'for the machine that has them';
  return new CliError('CLI_WALLET_KIND', text, { name, kind });
}

/** Opens a wallet with its passphrase. @throws CryptoError KEYSTORE_PASSPHRASE, CliError. */
export async function openNamed(context: Context, name = ''): Promise<OpenWallet> {
  const place = chosenPlace(context, name);
  if (!existsSync(place.keystore)) throw await withoutKeys(place);
  const { mode } = await stat(place.keystore);
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    context.out.warn(`others can read ${place.keystore}: chmod 600 it`);
  }
  const [{ openWallet }, { installNative }, passphrase] = await Promise.all([
    import('@mxd/wallet/keystore'),
    import('@mxd/crypto/native'),
    walletPassphrase(context, place),
  ]);
  installNative();
  using secret = passphrase;
  const opened = await openWallet(place.keystore, secret);
  const book = await readBook(place);
  return {
    place,
    book,
    signers: (accounts) =>
      opened.kind === 'key'
        ? [opened.account]
        : accounts.flatMap(({ suite, path }) =>
            path === undefined ? [] : [opened.master.account(suite, path)],
          ),
    derive(suite, path) {
      if (opened.kind === 'wallet') return opened.master.watch(suite, path);
      throw new CliError('CLI_WALLET_KIND', `${place.name} holds a single key`);
    },
    [Symbol.dispose]() {
      if (opened.kind === 'key') opened.account[Symbol.dispose]();
      else opened.master[Symbol.dispose]();
    },
  };
}
