/**
 * Accounts, coins, building and signing: what a payment takes, without network access. More is
 * behind subpaths.
 */
export {
  accountFromSeed,
  MasterKey,
  ownerKey,
  sameOwner,
  watchOnly,
  type Account,
  type SigningAccount,
} from './account.ts';
export { buildTransaction, type TransactionParts, type Unsigned } from './build.ts';
export { type Chain, type ChainIdentity } from './chain.ts';
export { isSpendable, spendableCoins, type Coin, type CoinLock, type PolicyBook } from './coins.ts';
export { WalletError, type WalletErrorCode } from './errors.ts';
export { chainOfGenesis } from './genesis-chain.ts';
export { buildPayment, type BuiltPayment, type Payment, type PaymentRequest } from './payment.ts';
export { privacyNotes, type PrivacyNote, type PrivacyNoteCode } from './privacy.ts';
export { selectCoins } from './select-coins.ts';
export { type Selection, type SelectionRequest, type SelectionStrategy } from './selection.ts';
export { signingMessage, signTransaction, type Signed } from './sign.ts';
