// `npm start`: a guided demonstration of what the packages do, with fresh keys each time. Every line
// that says accepted or refused was computed; an unexpected verdict ends it with status 1.
import { installNative } from '@mxd/crypto/native';
import { taggedHash } from '@mxd/crypto/hash';
import { certify, makeBlock, makeValidators } from './block.ts';
import { makeKeys, pay } from './payment.ts';
import { teller } from './say.ts';

const started = performance.now();
const backends = installNative();
const tell = teller(console.log);
console.log('MXD: a fee-free ledger with classical and post-quantum signatures and final blocks.');
console.log(`Signatures are checked by: ${Object.values(backends).join('; ')}.`);

const chain = taggedHash('RSC1GENE', crypto.getRandomValues(new Uint8Array(32))).subarray(0, 32);
const transactions = pay(tell, chain, await makeKeys(tell));
const { signers, set } = makeValidators(chain);
certify(tell, set, signers, makeBlock(tell, set, transactions));

const seconds = ((performance.now() - started) / 1000).toFixed(1);
console.log(
  `\nDone in ${seconds} s. docs/implementation-matrix.md tells what is built and planned.`,
);
