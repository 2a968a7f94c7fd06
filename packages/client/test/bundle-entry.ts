/** The whole round trip of a payment, as an application would import it: what the size budget is for. */
import { SecretBytes } from '@mxd/crypto/secret';
import { accountFromSeed, buildPayment, signTransaction } from '@mxd/wallet';

import {
  Connection,
  LightClient,
  makeReceipt,
  parseCheckpoint,
  sendAndWait,
  verifyReceipt,
} from '../src/index.ts';

export {
  accountFromSeed,
  buildPayment,
  Connection,
  LightClient,
  makeReceipt,
  parseCheckpoint,
  SecretBytes,
  sendAndWait,
  signTransaction,
  verifyReceipt,
};
