import { masterKeyOfWords } from '@mxd/wallet/mnemonic';
import type { MasterKey, SigningAccount } from '@mxd/wallet';

/** The master key of a local network's mnemonic. */
export function openMaster(mnemonic: string): Promise<MasterKey> {
  return masterKeyOfWords(mnemonic);
}

/** The account of an index, as `m/44'/7979'/index'/0'/0'` of suite Ed25519. */
export function accountAt(master: MasterKey, index: number): SigningAccount {
  return master.account(1, { account: index, change: 0, index: 0 });
}
