/** Exit codes of the command line, stable. */
export const exitCodes = {
  ok: 0,
  failure: 1,
  usage: 2,
  unreachable: 3,
  rejected: 4,
  notFound: 5,
  pending: 6,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** What each code means, for help and reference. */
export const exitMeanings: readonly (readonly [ExitCode, string])[] = [
  [0, 'done'],
  [1, 'failed'],
  [2, 'wrong usage: the command line, an address or an amount is malformed'],
  [3, 'no node could be reached'],
  [4, 'refused by the rules: of the chain, the wallet, a policy or a request'],
  [5, 'not found'],
  [6, 'time is up and it is still pending; asking again is safe'],
];

const byCode: Readonly<Record<string, ExitCode>> = {
  CLI_USAGE: 2,
  CLI_SECRET: 2,
  CLI_CONFIRM: 2,
  CLI_CONFIG: 2,
  CLI_WALLET_NAME: 2,
  CLI_WALLET_KIND: 2,
  CLI_WALLET_MISSING: 5,
  CLI_TOKEN: 5,
  CLI_LABEL: 5,
  CLI_CEREMONY: 4,
  CLI_TIMEOUT: 6,
  CLIENT_ENDPOINTS: 2,
  CLIENT_UNREACHABLE: 3,
  CLIENT_TIMEOUT: 3,
  CLIENT_REJECTED: 4,
  CLIENT_EXPIRED: 4,
  CLIENT_RECEIPT_INVALID: 4,
  CLIENT_NOT_FOUND: 5,
  CLIENT_PENDING: 6,
  CLIENT_DEFERRED: 6,
  WALLET_KEY_MATERIAL: 1,
  WALLET_FILE: 1,
  WALLET_FILE_VERSION: 1,
  WALLET_URI: 2,
  WALLET_URI_AMOUNT: 2,
  WALLET_URI_PARAMETER: 2,
  KEYSTORE_EXISTS: 1,
  STORAGE_POINT_MISSING: 5,
  STORAGE_ARCHIVE_MISSING: 5,
};

const byPrefix: readonly (readonly [string, ExitCode])[] = [
  ['ADDRESS_', 2],
  ['AMOUNT_', 2],
  ['BASE58_', 2],
  ['HEX_', 2],
  ['MNEMONIC_', 2],
  ['CONFIG_', 2],
  ['PARAMETER_', 2],
  ['WALLET_', 4],
];

/** The exit code of an error code. */
export function exitCodeOf(code: string): ExitCode {
  const exact = byCode[code];
  if (exact !== undefined) return exact;
  return byPrefix.find(([prefix]) => code.startsWith(prefix))?.[1] ?? exitCodes.failure;
}
