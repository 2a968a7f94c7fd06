/**
 * Names of fields whose values are secret whatever they look like.
 *
 * `strict`: nothing but a boolean is shown. `soft`: names that also have harmless numeric uses (the
 * seed of a simulation, a count of tokens), so numbers are shown.
 */
export type NameKind = 'plain' | 'soft' | 'strict';

/** Found anywhere in the name without its separators: `dbPassword`, `x-api-key`, `PRIVATEKEY`. */
const strictParts = [
  'password',
  'passwd',
  'passphrase',
  'passcode',
  'contrasena',
  'mnemonic',
  'secret',
  'credential',
  'apikey',
  'privatekey',
  'privkey',
  'secretkey',
  'signingkey',
  'encryptionkey',
  'accesskey',
  'masterkey',
  'sessionkey',
  'sharedkey',
  'decryptionkey',
  'keymaterial',
  'seedphrase',
  'recoveryphrase',
  'seedwords',
  'recoverywords',
  'authorization',
  'bearer',
  'cookie',
  'sessionid',
  'accesstoken',
  'refreshtoken',
  'idtoken',
  'authtoken',
  'apitoken',
  'vaulttoken',
  'clienttoken',
  'csrftoken',
  'sessiontoken',
  'xvaulttoken',
  'passwordhash',
  'unsealkey',
  'keystorekey',
] as const;
/** Whole words of the name, split at separators and capitals. */
const strictWords: ReadonlySet<string> = new Set([
  'pwd',
  'pass',
  'pin',
  'otp',
  'totp',
  'jwt',
  'xprv',
  'cvv',
  'wif',
  'entropy',
  'sk',
]);
const softWords: ReadonlySet<string> = new Set(['token', 'tokens', 'seed', 'seeds']);
/** A last word that makes the value a fact about the secret; only numbers are shown then. */
const factWords: ReadonlySet<string> = new Set([
  'count',
  'length',
  'size',
  'bytes',
  'ttl',
  'ms',
  'seconds',
  'expires',
  'expiry',
  'at',
  'version',
  'index',
  'attempts',
  'failures',
  'total',
  'limit',
]);
/** `seed_nodes` and the like are addresses, not secrets. */
const seedCompanions: ReadonlySet<string> = new Set([
  'node',
  'nodes',
  'peer',
  'peers',
  'host',
  'hosts',
  'server',
  'servers',
  'address',
  'addresses',
]);

const maxCached = 4096;
const cache = new Map<string, NameKind>();

function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
}

function classify(name: string): NameKind {
  const words = wordsOf(name);
  const joined = words.join('');
  const last = words.at(-1) ?? '';
  const isFact = words.length > 1 && factWords.has(last);
  const isStrict =
    strictParts.some((part) => joined.replaceAll('secretary', '').includes(part)) ||
    words.some((word) => strictWords.has(word));
  if (isStrict) return isFact ? 'soft' : 'strict';
  const soft = words.findIndex((word) => softWords.has(word));
  if (soft === -1) return 'plain';
  const isSeedList = words[soft]?.startsWith('seed') && seedCompanions.has(words[soft + 1] ?? '');
  return isSeedList === true ? 'plain' : 'soft';
}

/** What the name of a field says about its value. */
export function kindOfName(name: string): NameKind {
  const known = cache.get(name);
  if (known !== undefined) return known;
  const kind = classify(name.length > 256 ? name.slice(0, 256) : name);
  if (name.length <= 64) {
    // Names come from code, so there are few; a flood of made-up ones starts the cache anew.
    if (cache.size >= maxCached) cache.clear();
    cache.set(name, kind);
  }
  return kind;
}
