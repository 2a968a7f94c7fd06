/**
 * The ledger's rules once more, as plainly as they can be written: whole maps copied for each block,
 * everything summed anew. Shares codecs, hashes and addresses with the product, and no rule.
 */
import { addressOfKey, addressOfPolicy } from '@mxd/crypto/address';
import { shake128, tagBytes, taggedHash } from '@mxd/crypto/hash';
import { verifySignature } from '@mxd/crypto/suites';
import type { Block, GenesisDocument, Table } from '@mxd/protocol';
import {
  inputSigningMessage,
  transactionCodec,
  txidOf,
  type Owner,
  type Transaction,
} from '@mxd/protocol/transaction';
import { policySigners, type Witness } from '@mxd/protocol/witness';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

export interface ModelOutput {
  readonly version: number;
  readonly hash: string;
  readonly amount: bigint;
  readonly created: number;
  readonly lock: 'plain' | 'bonded' | 'unbonding';
  readonly validator: string;
  readonly from: number;
}

/** The whole state, by names in hexadecimal. */
export interface ModelState {
  readonly height: number;
  readonly outputs: Map<string, ModelOutput>;
  readonly accruals: Map<string, bigint>;
  readonly carry: bigint;
  readonly supply: bigint;
}

export interface ModelChain {
  readonly genesis: GenesisDocument;
  readonly chainTag: Uint8Array;
}

export type ModelVerdict =
  | { readonly ok: true; readonly state: ModelState }
  | { readonly ok: false; readonly code: string; readonly position?: number };

const top = 2n ** 64n - 1n;

function plainOutput(owner: Owner, amount: bigint, created: number): ModelOutput {
  const { version } = owner;
  return { version, hash: hex(owner.hash), amount, created, lock: 'plain', validator: '', from: 0 };
}

export function modelGenesis(genesis: GenesisDocument, txid: Uint8Array): ModelState {
  const outputs = new Map<string, ModelOutput>();
  let index = 0;
  for (const { owner, amount } of genesis.allocations) {
    outputs.set(`${hex(txid)}:${index++}`, plainOutput(owner, amount, 0));
  }
  for (const member of genesis.members) {
    if (member.stake === 0n) continue;
    const owner = addressOfKey(member.accountSuite, member.accountKey);
    const output = plainOutput(owner, member.stake, 0);
    outputs.set(`${hex(txid)}:${index++}`, {
      ...output,
      lock: 'bonded',
      validator: hex(member.id),
    });
  }
  const supply = [...outputs.values()].reduce((sum, { amount }) => sum + amount, 0n);
  return { height: 0, outputs, accruals: new Map(), carry: 0n, supply };
}

function ownerOf(witness: Witness): string {
  const address =
    witness.form === 1
      ? addressOfKey(witness.suite, witness.publicKey)
      : addressOfPolicy({ threshold: witness.policy.threshold, keys: witness.policy.keys });
  return `${address.version}:${hex(address.hash)}`;
}

const fail = (code: string, position?: number): ModelVerdict =>
  position === undefined ? { ok: false, code } : { ok: false, code, position };

function bySelf(chain: ModelChain, bytes: Uint8Array): string | Transaction {
  const { parameters, networkId } = chain.genesis;
  const decoded = transactionCodec.tryDecode(bytes);
  if (!decoded.ok) return 'TX_DECODE';
  const { body } = decoded.value;
  if (bytes.length > parameters.maxTransactionBytes) return 'TX_SIZE';
  if (body.chainId !== networkId) return 'TX_CHAIN';
  if (![0, 6, 7].includes(body.kind)) return 'TX_KIND';
  if (body.kind === 7 && body.tip > 0n) return 'TX_UNBOND_TIP';
  const names = body.inputs.map(({ txid, index }) => `${hex(txid)}:${index}`);
  if (names.some((name, i) => names.indexOf(name) !== i)) return 'TX_INPUT_DUPLICATE';
  let sum = body.tip;
  for (const { amount } of body.outputs) {
    if (amount < parameters.dustLimit) return 'TX_DUST';
    sum += amount;
    if (sum > top) return 'TX_OVERFLOW';
  }
  return decoded.value;
}

function lockProblem(tx: Transaction, output: ModelOutput, height: number): string | undefined {
  if (tx.body.kind === 7) {
    const isBonded = output.lock === 'bonded' && output.validator === hex(tx.body.payload);
    return isBonded ? undefined : 'TX_UNBOND_INPUT';
  }
  if (output.lock === 'bonded') return 'TX_LOCK_BONDED';
  return output.lock === 'unbonding' && height < output.from ? 'TX_LOCK_UNBONDING' : undefined;
}

interface Run {
  readonly outputs: Map<string, ModelOutput>;
  /** Names that were spent by this block, or by blocks that are not final. */
  readonly gone: Set<string>;
  readonly signed: (() => boolean)[];
}

function inContext(
  chain: ModelChain,
  run: Run,
  tx: Transaction,
  height: number,
  epoch: number,
): string | undefined {
  const { body, witnesses } = tx;
  const { parameters } = chain.genesis;
  if (height < body.validFrom) return 'TX_NOT_YET_VALID';
  if (body.expiresAt !== 0 && height > body.expiresAt) return 'TX_EXPIRED';
  const spent: ModelOutput[] = [];
  for (const { txid, index } of body.inputs) {
    const name = `${hex(txid)}:${index}`;
    const output = run.outputs.get(name);
    if (output === undefined) return run.gone.has(name) ? 'TX_INPUT_SPENT' : 'TX_INPUT_UNKNOWN';
    spent.push(output);
  }
  for (const [i, output] of spent.entries()) {
    const locked = lockProblem(tx, output, height);
    if (locked !== undefined) return locked;
    if (ownerOf(witnesses[i]!) !== `${output.version}:${output.hash}`) return 'TX_OWNER';
  }
  const into = spent.reduce((sum, { amount }) => sum + amount, 0n);
  const out = body.outputs.reduce((sum, { amount }) => sum + amount, body.tip);
  if (into !== out) return 'TX_BALANCE';
  const txid = txidOf(body);
  if (body.outputs.some((_, i) => run.outputs.has(`${hex(txid)}:${i}`))) return 'TX_TXID_EXISTS';
  run.signed.push(() => spent.every((output, i) => isSigned(chain, tx, txid, i, output)));
  for (const { txid: from, index } of body.inputs) {
    run.outputs.delete(`${hex(from)}:${index}`);
    run.gone.add(`${hex(from)}:${index}`);
  }
  for (const [i, { owner, amount }] of body.outputs.entries()) {
    const made = plainOutput(owner, amount, height);
    const validator = hex(body.payload);
    const from = (epoch + 1 + parameters.evidenceMaxEpochs) * parameters.epochLength + 1;
    const name = `${hex(txid)}:${i}`;
    if (body.kind === 6 && i === 0) run.outputs.set(name, { ...made, lock: 'bonded', validator });
    else if (body.kind === 7) {
      run.outputs.set(name, { ...made, lock: 'unbonding', validator, from });
    } else run.outputs.set(name, made);
  }
  return undefined;
}

function isSigned(
  chain: ModelChain,
  tx: Transaction,
  txid: Uint8Array,
  index: number,
  output: ModelOutput,
): boolean {
  const owner = { version: output.version, hash: Buffer.from(output.hash, 'hex') } as never;
  const message = inputSigningMessage(chain.chainTag, txid, index, {
    owner,
    amount: output.amount,
  });
  const witness = tx.witnesses[index]!;
  const signers = witness.form === 1 ? [witness] : policySigners(witness);
  return signers.every((s) => verifySignature(s.suite, s.publicKey, message, s.signature));
}

const weights = { 1: 1, 2: 2, 3: 3 } as const;

/** The block on a state. `table` is the Rapid Table in force, `recent` what is not final yet. */
export function modelExecute(
  chain: ModelChain,
  before: ModelState,
  block: Block,
  table: Table,
  recent: ReadonlySet<string>,
): ModelVerdict & { readonly gone?: ReadonlySet<string> } {
  const { parameters } = chain.genesis;
  const { header } = block;
  if (block.transactions.length > parameters.maxTransactions) return fail('BLOCK_TX_LIMIT');
  const length = block.transactions.reduce((sum, bytes) => sum + bytes.length, 0);
  if (length > parameters.maxBodyBytes) return fail('BLOCK_BODY_BYTES');
  const transactions: Transaction[] = [];
  let weight = 0;
  let tips = 0n;
  for (const [position, bytes] of block.transactions.entries()) {
    const tx = bySelf(chain, bytes);
    if (typeof tx === 'string') return fail(tx, position);
    transactions.push(tx);
    tips += tx.body.tip;
    for (const witness of tx.witnesses) {
      const signers = witness.form === 1 ? [witness] : policySigners(witness);
      for (const signer of signers) weight += weights[signer.suite];
    }
  }
  if (weight > parameters.maxSignatures) return fail('BLOCK_SIGNATURES');
  if (tips !== header.tipTotal) return fail('BLOCK_TIP_TOTAL');
  const run: Run = { outputs: new Map(before.outputs), gone: new Set(recent), signed: [] };
  for (const [position, tx] of transactions.entries()) {
    const code = inContext(chain, run, tx, header.height, header.epoch);
    if (code !== undefined) return fail(code, position);
  }
  const forged = run.signed.findIndex((check) => !check());
  if (forged >= 0) return fail('TX_SIGNATURE', forged);
  return { ok: true, state: settle(chain, before, block, table, run, tips), gone: run.gone };
}

function settle(
  chain: ModelChain,
  before: ModelState,
  block: Block,
  table: Table,
  run: Run,
  tips: bigint,
): ModelState {
  const { header } = block;
  const accruals = new Map(before.accruals);
  const proposer = hex(header.proposerId);
  const eligible = table.entries.filter((entry) => entry.tipEligible).map((e) => hex(e.id));
  const recipients = eligible.includes(proposer)
    ? [proposer, ...eligible.filter((id) => id !== proposer)]
    : eligible;
  let rest = before.carry + tips;
  for (const [i, id] of recipients.entries()) {
    const share = i === recipients.length - 1 || rest <= 1n ? rest : rest / 2n;
    rest -= share;
    if (share > 0n) accruals.set(id, (accruals.get(id) ?? 0n) + share);
    if (rest === 0n) break;
  }
  const { epochLength, dustLimit } = chain.genesis.parameters;
  if (header.height === header.epoch * epochLength) {
    const epoch = Buffer.alloc(4);
    epoch.writeUInt32BE(header.epoch);
    const txid = taggedHash('RSC1TIPS', header.parentHash, epoch);
    let index = 0;
    for (const id of [...accruals.keys()].sort()) {
      const amount = accruals.get(id)!;
      if (amount < dustLimit) continue;
      const member = chain.genesis.members.find((m) => hex(m.id) === id)!;
      const owner = addressOfKey(member.accountSuite, member.accountKey);
      run.outputs.set(`${hex(txid)}:${index++}`, plainOutput(owner, amount, header.height));
      accruals.delete(id);
    }
  }
  const { height } = header;
  return { height, outputs: run.outputs, accruals, carry: rest, supply: before.supply };
}

/** All coins of a state: must be its supply at every height. */
export function modelSum(state: ModelState): bigint {
  let sum = state.carry;
  for (const { amount } of state.outputs.values()) sum += amount;
  for (const amount of state.accruals.values()) sum += amount;
  return sum;
}

/** The commitment, from nothing. */
export function modelLattice(state: ModelState): Uint8Array {
  const lanes = new Uint16Array(1024);
  for (const [name, output] of state.outputs) {
    const [txid, index] = name.split(':') as [string, string];
    const head = Buffer.alloc(5);
    head.writeUInt32BE(Number(index));
    head.writeUInt8(output.version, 4);
    const tail = Buffer.alloc(17);
    tail.writeBigUInt64BE(output.amount);
    tail.writeBigUInt64BE(BigInt(output.created), 8);
    tail.writeUInt8({ plain: 0, bonded: 1, unbonding: 2 }[output.lock], 16);
    const from = Buffer.alloc(8);
    from.writeBigUInt64BE(BigInt(output.from));
    const element = Buffer.concat([
      tagBytes('MXD5UTXO'),
      Buffer.from(txid, 'hex'),
      head,
      Buffer.from(output.hash, 'hex'),
      tail,
      Buffer.from(output.validator, 'hex'),
      output.lock === 'unbonding' ? from : Buffer.alloc(0),
    ]);
    const vector = Buffer.from(shake128(element, 2048));
    for (let k = 0; k < 1024; k++) lanes[k] = lanes[k]! + vector.readUInt16BE(2 * k);
  }
  const out = Buffer.alloc(2048);
  lanes.forEach((lane, k) => out.writeUInt16BE(lane, 2 * k));
  return new Uint8Array(out);
}
