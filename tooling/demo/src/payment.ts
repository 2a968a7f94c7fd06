import { formatAmount, parseAmount, toHex } from '@mxd/codec';
import {
  addressOfKey,
  formatAddress,
  type Signer,
  suiteIds,
  suiteInfo,
  type SuiteId,
  suiteOf,
  verifySignature,
} from '@mxd/crypto';
import { deriveSuiteSeed } from '@mxd/crypto/derivation';
import { generateMnemonic, seedOfMnemonic } from '@mxd/crypto/mnemonic';
import type { ChainTag } from '@mxd/protocol';
import {
  inputSigningMessage,
  type Transaction,
  type TransactionBody,
  transactionCodec,
  type TransactionOutput,
  transactionKind,
  transactionVersion,
  txidOf,
} from '@mxd/protocol/transaction';
import type { Teller } from './say.ts';

const place = { account: 0, change: 0, index: 0 };

/** Keys of all suites from one fresh mnemonic; the words themselves are not shown. */
export async function makeKeys(tell: Teller): Promise<Readonly<Record<SuiteId, Signer>>> {
  tell.step('Keys from words: one mnemonic, three signature suites');
  using words = generateMnemonic(24).text;
  tell.show('mnemonic', `${words.expose().split(' ').length} words, printed as ${String(words)}`);
  const keyOf = async (suite: SuiteId): Promise<Signer> => {
    using seed = await seedOfMnemonic({ text: words, language: 'english', wordCount: 24 });
    using suiteSeed = deriveSuiteSeed(suite, seed, place);
    return suiteOf(suite).signer(suiteSeed.expose());
  };
  const keys = { 1: await keyOf(1), 2: await keyOf(2), 3: await keyOf(3) };
  for (const suite of suiteIds) {
    const address = formatAddress(addressOfKey(suite, keys[suite].publicKey), 'test');
    tell.show(suiteInfo[suite].name, address);
    const again = await keyOf(suite);
    const same = toHex(again.publicKey) === toHex(keys[suite].publicKey);
    tell.expect(`the same words give the same key (suite ${suite})`, same, true);
  }
  return keys;
}

function outputTo(signer: Signer, amount: bigint): TransactionOutput {
  return { owner: addressOfKey(signer.suite, signer.publicKey), amount };
}

/** Signs the only input of a body. */
function sign(
  chain: ChainTag,
  body: TransactionBody,
  spent: TransactionOutput,
  signer: Signer,
): Transaction {
  const signature = signer.sign(inputSigningMessage(chain, txidOf(body), 0, spent));
  const { suite, publicKey } = signer;
  return { body, witnesses: [{ form: 1, suite, publicKey, signature }] };
}

/** What a node checks of a received transaction's only witness. */
function isSigned(chain: ChainTag, bytes: Uint8Array, spent: TransactionOutput): boolean {
  const decoded = transactionCodec.tryDecode(bytes);
  if (!decoded.ok) return false;
  const witness = decoded.value.witnesses[0];
  if (witness?.form !== 1) return false;
  const owner = addressOfKey(witness.suite, witness.publicKey);
  const owns =
    toHex(owner.hash) === toHex(spent.owner.hash) && owner.version === spent.owner.version;
  const message = inputSigningMessage(chain, txidOf(decoded.value.body), 0, spent);
  return owns && verifySignature(witness.suite, witness.publicKey, message, witness.signature);
}

/** Pays with each suite, shows what travels, and what happens to what was tampered with. */
export function pay(
  tell: Teller,
  chain: ChainTag,
  keys: Readonly<Record<SuiteId, Signer>>,
): readonly Uint8Array[] {
  const encoded: Uint8Array[] = [];
  for (const suite of suiteIds) {
    tell.step(`A payment signed with ${suiteInfo[suite].name}`);
    const payer = keys[suite];
    const payee = keys[suite === 3 ? 1 : 3];
    const spent = outputTo(payer, parseAmount('25'));
    const sent = parseAmount('9.5');
    const tip = parseAmount('0.00000001');
    const body: TransactionBody = {
      version: transactionVersion,
      chainId: 7,
      kind: transactionKind.transfer,
      validFrom: 0,
      expiresAt: 0,
      inputs: [{ txid: new Uint8Array(64).fill(suite), index: 0 }],
      outputs: [outputTo(payee, sent), outputTo(payer, spent.amount - sent - tip)],
      tip,
      commitment: new Uint8Array(),
      payload: new Uint8Array(),
    };
    const transaction = sign(chain, body, spent, payer);
    const bytes = transactionCodec.encode(transaction);
    tell.show('pays', `${formatAmount(sent)} MXD, no fee, tip ${formatAmount(tip)} MXD`);
    tell.show('txid', `${toHex(txidOf(body)).slice(0, 32)}...`);
    tell.show('encoded', `${bytes.length} bytes, ${transaction.witnesses.length} witness`);
    tell.expect('as signed', isSigned(chain, bytes, spent), true);

    const forged = bytes.slice();
    forged[forged.length - 1] = (forged[forged.length - 1] ?? 0) ^ 1;
    tell.expect('one bit of the signature flipped', isSigned(chain, forged, spent), false);
    const more = { ...body, outputs: [outputTo(payee, sent + 1n), ...body.outputs.slice(1)] };
    const changed = transactionCodec.encode({ ...transaction, body: more });
    tell.expect('one base unit more to the payee', isSigned(chain, changed, spent), false);
    const stolen = transactionCodec.encode(sign(chain, body, spent, payee));
    tell.expect("signed by somebody else's key", isSigned(chain, stolen, spent), false);
    const trailing = Uint8Array.of(...bytes, 0);
    tell.expect('one byte too many', isSigned(chain, trailing, spent), false);
    const other = new Uint8Array(32).fill(0xee);
    tell.expect('replayed on another network', isSigned(other, bytes, spent), false);
    encoded.push(bytes);
  }
  return encoded;
}
