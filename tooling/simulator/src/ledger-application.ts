import { equalBytes } from '@mxd/codec';
import { Ledger, Mempool, poolChainOf, type VerifySignatures } from '@mxd/ledger';
import { genesisOutputs, type ValidatorState } from '@mxd/ledger/validators';
import {
  inputSigningMessage,
  transactionCodec,
  txidOf,
  type Block,
  type BlockHash,
  type SystemRecord,
} from '@mxd/protocol';
import { chainTagOf } from '@mxd/protocol/genesis';
import { transactionKind } from '@mxd/protocol/transaction';
import { openMemoryStore, type KeyValueStore } from '@mxd/storage';

import { type Application, type BuildRequest, type Built, type Verdict } from './application.ts';
import { type RunConfig } from './config.ts';
import { documentOf, networkId, type SimGenesis } from './genesis.ts';
import {
  fakeSignatures,
  identityOf,
  realSignatures,
  type Identity,
  type SignatureScheme,
} from './keys.ts';

/** The real ledger over a store in memory: transactions with inputs, outputs, witnesses and a pool. */
class LedgerApplication implements Application {
  readonly #open: () => Promise<Ledger>;
  readonly #verify: VerifySignatures;
  #ledger: Ledger;
  #pool: Mempool;
  #ready: Promise<void> = Promise.resolve();
  broken = false;

  constructor(ledger: Ledger, open: () => Promise<Ledger>, verify: VerifySignatures) {
    this.#ledger = ledger;
    this.#open = open;
    this.#verify = verify;
    this.#pool = this.#newPool();
  }

  #newPool(): Mempool {
    return new Mempool({ chain: poolChainOf(this.#ledger), verifySignatures: this.#verify });
  }

  async build(
    request: BuildRequest,
    mempool: readonly Uint8Array[],
    systemRecords: readonly SystemRecord[],
  ): Promise<Built> {
    await this.#ready;
    const { header, parentCertificate } = request;
    const { timestampMs, epoch, view, parentView, proposerId } = header;
    const batch = mempool.slice(0, 200).map((bytes) => ({ bytes }));
    if (batch.length > 0) await this.#pool.submit(batch, timestampMs);
    const built = await this.#ledger.buildBlock({
      parent: request.parent,
      context: { timestampMs, epoch, view, parentView, proposerId, parentCertificate },
      mempool: this.#pool,
      systemRecords,
    });
    if (!built.ok) return 'failed';
    const executed = await built.executed;
    const { block } = built;
    const isEmpty = block.transactions.length === 0 && block.systemRecords.length <= 2;
    if (isEmpty && !request.allowEmpty) return 'empty';
    const { nextTable } = executed;
    const base = { block, salt: BigInt(request.reqId) };
    return nextTable === undefined ? base : { ...base, nextTable };
  }

  async verify(block: Block): Promise<Verdict> {
    await this.#ready;
    const result = await this.#ledger.executeBlock(block);
    if (this.broken) return { verdict: 'invalid', reason: 'BROKEN' };
    if (!result.ok) {
      const verdict = result.verdict === 'invalid' ? 'invalid' : 'missing';
      return { verdict, reason: result.code };
    }
    const { nextTable } = result;
    return nextTable === undefined ? { verdict: 'valid' } : { verdict: 'valid', nextTable };
  }

  async commit(hash: BlockHash, finalization: Uint8Array): Promise<void> {
    await this.#ready;
    // The block that the finalization names follows, and takes its ancestors along.
    if (!equalBytes(finalization.subarray(9, 73), hash)) return;
    for (const block of await this.#ledger.commit(hash, finalization)) {
      await this.#pool.blockFinal(block, this.#ledger.head.header.timestampMs);
    }
  }

  /** A new process: what was not final is gone, and the store is opened again. */
  restart(): void {
    const before = this.#ready;
    const open = async (): Promise<void> => {
      await before;
      this.#ledger = await this.#open();
      this.#pool = this.#newPool();
    };
    this.#ready = open();
  }

  stateAfter(hash: BlockHash): ValidatorState | undefined {
    return this.#ledger.state(hash)?.validators;
  }
  rootAfter(hash: BlockHash): Uint8Array | undefined {
    return this.#ledger.state(hash)?.postRoot;
  }
  unspentAfter(): bigint | undefined {
    return undefined;
  }
}

/** Everything of a run that has to be opened before time begins. */
export interface PreparedLedgers {
  readonly genesis: SimGenesis;
  readonly applications: readonly Application[];
  /** The n-th payment of a chain of payments: each spends what the one before left over. */
  payment(n: number, tip: bigint): Uint8Array;
}

function verifierOf(scheme: SignatureScheme): VerifySignatures {
  return (checks) => {
    const bitmap = new Uint8Array(Math.ceil(checks.length / 8));
    for (const [i, { publicKey, message, signature }] of checks.entries()) {
      if (!scheme.verify(publicKey, message, signature)) continue;
      bitmap[i >> 3] = (bitmap[i >> 3] as number) | (1 << (i & 7));
    }
    return Promise.resolve(bitmap);
  };
}

/** A wallet with the one plain output of the genesis document. */
function payments(genesis: SimGenesis, payer: Identity): PreparedLedgers['payment'] {
  const [first] = genesisOutputs(genesis.document);
  if (first === undefined) throw new RangeError('the genesis document has no output');
  const made: Uint8Array[] = [];
  let last = { txid: first.txid, index: first.index, owner: first.owner, amount: first.amount };
  return (n, tip) => {
    while (made.length <= n) {
      const { txid: from, index, owner, amount } = last;
      const change = amount - 1_000n - tip;
      const body = {
        version: 5,
        chainId: networkId,
        kind: transactionKind.transfer,
        validFrom: 0,
        expiresAt: 0,
        inputs: [{ txid: from, index }],
        outputs: [
          { owner, amount: change },
          { owner, amount: 1_000n },
        ],
        tip,
        commitment: new Uint8Array(0),
        payload: new Uint8Array(0),
      };
      const txid = txidOf(body);
      const message = inputSigningMessage(genesis.chainTag, txid, 0, { owner, amount });
      const { publicKey } = payer.account;
      const signature = payer.account.sign(message);
      const witnesses = [{ form: 1, suite: 1, publicKey, signature } as const];
      made.push(transactionCodec.encode({ body, witnesses }));
      last = { txid, index: 0, owner, amount: change };
    }
    return made[n] as Uint8Array;
  };
}

/** Opens a ledger per node. */
export async function prepareLedgers(config: RunConfig): Promise<PreparedLedgers> {
  const scheme = config.signatures === 'real' ? realSignatures() : fakeSignatures;
  const identities = config.stakes.map((_, i) => identityOf(scheme, config.seed, i, i));
  const document = documentOf(config, identities);
  const verify = verifierOf(scheme);
  const openOn = (store: KeyValueStore): Promise<Ledger> =>
    Ledger.open({
      store,
      genesis: document,
      verifySignatures: verify,
      verifyConsensusSignature: scheme.verify,
    });
  const ledgers = await Promise.all(
    identities.map(async () => {
      const store = openMemoryStore();
      return { ledger: await openOn(store), store };
    }),
  );
  const [one] = ledgers;
  if (one === undefined) throw new RangeError('a run has at least one node');
  const { hash, header } = one.ledger.head;
  const state = one.ledger.state(hash);
  const table = state?.table(1)?.table;
  if (state === undefined || table === undefined) throw new RangeError('no state after genesis');
  const genesis: SimGenesis = {
    document,
    chainTag: chainTagOf(document),
    header,
    hash,
    table,
    state: state.validators,
  };
  const payer = identities[0] as Identity;
  return {
    genesis,
    applications: ledgers.map(
      ({ ledger, store }) => new LedgerApplication(ledger, () => openOn(store), verify),
    ),
    payment: payments(genesis, payer),
  };
}
