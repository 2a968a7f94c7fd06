import { decryptValue, encryptValue, isEncrypted, type Unlock } from '@mxd/config';

import { usage } from '../arguments.ts';
import type { Context } from '../context.ts';
import { Shown } from '../output.ts';
import { sealCosts } from '../keystore-costs.ts';
import { readSecret } from '../secret-input.ts';
import { readText, writeSecretText } from './files.ts';

const passphrase = (context: Context, isNew: boolean): ReturnType<typeof readSecret> =>
  readSecret({
    what: 'passphrase of the configuration',
    file: context.parsed.text('passphrase-file'),
    option: 'passphrase-file',
    variable: 'MXD_CONFIG_PASSPHRASE',
    repeat: isNew,
  });

/** Encrypts one value for a node's configuration file: to age recipients, or under a passphrase. */
export async function encrypt(context: Context): Promise<unknown> {
  const { parsed } = context;
  const recipients = parsed.texts('recipient');
  const wrong = recipients.find((one) => !/^age1[0-9a-z]{20,2000}$/.test(one));
  if (wrong !== undefined) throw usage(`"${wrong}" is no age recipient: it starts with age1`);
  using value = await readSecret({
    what: 'value',
    file: parsed.text('value-file'),
    option: 'value-file',
    variable: 'MXD_CONFIG_VALUE',
  });
  if (value.expose() === '') throw usage('the value is empty');
  const seal = async (): Promise<string> => {
    if (recipients.length > 0) return encryptValue(value.expose(), { recipients });
    using secret = await passphrase(context, true);
    return await encryptValue(value.expose(), { passphrase: secret.expose(), ...sealCosts() });
  };
  const sealed = await seal();
  return new Shown({ value: sealed }, sealed);
}

async function unlock(context: Context): Promise<Unlock> {
  const file = context.parsed.text('identity-file') ?? process.env['MXD_CONFIG_IDENTITY_FILE'];
  if (file !== undefined && file !== '') {
    const lines = (await readText(file)).split('\n').map((line) => line.trim());
    const identities = lines.filter((line) => line.startsWith('AGE-SECRET-KEY-'));
    if (identities.length === 0) throw usage(`${file} has no age identity`);
    return { identities };
  }
  using secret = await passphrase(context, false);
  return { passphrase: secret.expose() };
}

/** Shows an encrypted value again: at a terminal, or in a new private file. */
export async function decrypt(context: Context): Promise<unknown> {
  const { parsed } = context;
  const word = parsed.word(0);
  const sealed = (isEncrypted(word) ? word : await readText(word)).trim();
  if (!isEncrypted(sealed)) throw usage('the value is not encrypted: it starts with age:');
  const out = parsed.text('out');
  if (out === undefined && !process.stdout.isTTY) {
    throw usage('the value is shown at a terminal only; name a new file with --out');
  }
  const value = await decryptValue(sealed, await unlock(context), 'the value');
  if (out === undefined) return new Shown({ value }, value);
  await writeSecretText(out, `${value}\n`);
  return { file: out };
}
