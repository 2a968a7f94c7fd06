import { sha512 } from '@mxd/crypto/hash';
import {
  blockHashOf,
  certificateCodec,
  leaderOf,
  messageCodec,
  tableHash,
  txRootOf,
  validatorSet,
  voteSigningMessage,
  type Block,
  type BlockHash,
  type Certificate,
  type ConsensusMessage,
  type Header,
  type Table,
  type ValidatorSet,
  type Vote,
  type VoteKind,
} from '@mxd/protocol';
import { blockCodec } from '@mxd/protocol';
import { noSystemRecords, sysRootOf, validationRootOf } from '@mxd/protocol/block';
import { signerBitmap } from '@mxd/protocol/certificate';
import { previousValidatorId } from '@mxd/protocol/checks';
import { type ProposalMessage } from '@mxd/protocol/messages';
import { keyOf, zeroHash } from '@mxd/protocol/primitives';
import { signingOrder } from '@mxd/protocol/schedule';

import { createCore } from '../../src/core.ts';
import { drive } from '../../src/drive.ts';
import { defaultPolicy } from '../../src/policy.ts';
import { SignGuard } from '../../src/sign-guard.ts';
import {
  type ChainState,
  type Core,
  type CoreConfig,
  type Effect,
  type EffectType,
  type Input,
  type JournalRecord,
  type Outcome,
  type RecoveredJournal,
  type Resume,
  type TimerName,
} from '../../src/types.ts';
import {
  chainTag,
  entryFor,
  FakeApp,
  fakeKey,
  fakeVerify,
  genesisHeader,
  networkId,
  parametersFor,
  tableFor,
} from './chain.ts';
import { emptyJournal, recover } from './cluster.ts';

export const N = 1;
export const Z = 2;
export const F = 3;

export interface SoloOptions {
  /** Own table index; -1 for an observer. */
  readonly self?: number;
  readonly n?: number;
  readonly powers?: readonly number[];
  readonly epochLength?: number;
  readonly config?: Partial<CoreConfig>;
  readonly journal?: RecoveredJournal;
  readonly chain?: (solo: Solo) => ChainState;
  /** Leaves the core observing (J9). */
  readonly keepObserving?: boolean;
  readonly isDisabled?: boolean;
}

export interface MadeBlock {
  readonly block: Block;
  readonly header: Header;
  readonly hash: BlockHash;
  readonly key: string;
}

/** One core under test; the other validators are puppets of the test. Leaders follow the table. */
export class Solo {
  readonly n: number;
  readonly self: number;
  readonly epochLength: number;
  readonly tableOf: (epoch: number) => Table;
  readonly genesis: Header;
  readonly app: FakeApp;
  readonly core: Core;
  readonly guard: SignGuard;
  readonly peers: string[] = [];
  effects: Effect[] = [];
  /** Effects of the newest step. */
  last: Effect[] = [];
  records: JournalRecord[] = [];
  now = 10_000;
  wall = 1_000_000;
  anchorHash: BlockHash;
  epoch = 1;
  /** Verification answers by themselves. */
  autoVerify = true;

  constructor(options: SoloOptions = {}) {
    this.n = options.n ?? 4;
    this.self = options.self ?? 3;
    this.epochLength = options.epochLength ?? 256;
    const seeds = Array.from({ length: this.n }, (_, i) => i + 1);
    this.tableOf = (epoch) => tableFor(epoch, seeds, options.powers);
    this.genesis = genesisHeader(this.tableOf(1));
    this.anchorHash = blockHashOf(this.genesis);
    this.app = new FakeApp(this.tableOf, this.epochLength, this.genesis);
    const key = this.self < 0 ? fakeKey(999) : fakeKey(this.self + 1);
    this.core = createCore({
      chainTag,
      networkId,
      parameters: { ...parametersFor(this.epochLength), leaderMode: 0 },
      genesisTimeMs: 0,
      consensusKeys: [key.publicKey],
      signing: options.isDisabled !== true,
      policy: defaultPolicy,
      seed: 1,
      verify: fakeVerify,
      ...options.config,
    });
    const journal = options.journal ?? emptyJournal();
    this.guard = new SignGuard({ key, chainTag, journal });
    for (let i = 0; i < this.n; i++) {
      if (i === this.self) continue;
      const peer = `p${i}`;
      this.peers.push(peer);
      this.input({ type: 'connected', peer, consensusKey: fakeKey(i + 1).publicKey });
    }
    this.input({ type: 'connected', peer: 'observer' });
    const chain = options.chain?.(this) ?? this.genesisChain();
    this.input({ type: 'start', chain, journal });
    if (options.keepObserving === true) return;
    this.now += 2_000;
    this.fire('observe');
    const builds = this.of('build');
    this.clear();
    this.effects.push(...builds);
  }

  genesisChain(): ChainState {
    return {
      table: this.tableOf(1),
      anchor: { header: this.genesis, certificate: new Uint8Array(0) },
      head: { header: this.genesis, finalization: new Uint8Array(0) },
    };
  }

  get set(): ValidatorSet {
    const parameters = { leaderMode: 0 as const };
    return validatorSet(chainTag, this.tableOf(this.epoch), parameters, this.anchorHash);
  }

  clear(): void {
    this.effects = [];
    this.last = [];
  }

  input(input: Input): Outcome {
    this.last = [];
    const outcome = drive(this.core.step(input, this.now, this.wall), (effect) =>
      this.#take(effect),
    );
    if (!this.autoVerify) return outcome;
    for (;;) {
      const open = this.last.find((e) => e.type === 'verify' && !this.#answered.has(e.reqId));
      if (open?.type !== 'verify') return outcome;
      this.answerVerify(open);
    }
  }

  readonly #answered = new Set<number>();

  answerVerify(effect: Extract<Effect, { type: 'verify' }>, verdict?: 'invalid' | 'missing'): void {
    this.#answered.add(effect.reqId);
    const before = this.last;
    const answer = verdict === undefined ? this.app.verify(effect.block) : { verdict };
    const input: Input = { type: 'verified', reqId: effect.reqId, ...answer };
    this.last = [];
    drive(this.core.step(input, this.now, this.wall), (e) => this.#take(e));
    this.last = [...before, ...this.last];
  }

  #take(effect: Effect): Resume {
    this.effects.push(effect);
    this.last.push(effect);
    if (effect.type === 'append') this.records.push(effect.record);
    if (effect.type === 'floor') this.guard.raiseFloor(effect.epoch, effect.view);
    if (effect.type === 'sign') return this.guard.signVote(effect.request);
    if (effect.type === 'signLatency') {
      const answer = this.guard.signLatency(effect.record);
      return answer.ok ? { ...answer, vote: undefined as never } : answer;
    }
    return undefined;
  }

  fire(name: TimerName, view = this.core.status().view, epoch = this.core.status().epoch): Outcome {
    return this.input({ type: 'timer', name, epoch, view });
  }

  of<T extends EffectType>(type: T, from = this.effects): Extract<Effect, { type: T }>[] {
    return from.filter((e) => e.type === type) as Extract<Effect, { type: T }>[];
  }

  /** Messages sent since the last `clear`, decoded. */
  sent(from = this.effects): ConsensusMessage[] {
    return this.of('send', from).map((effect) => messageCodec.decode(effect.bytes));
  }

  sentTo(peer: string): ConsensusMessage[] {
    return this.of('send')
      .filter((effect) => 'peers' in effect.to && effect.to.peers.includes(peer))
      .map((effect) => messageCodec.decode(effect.bytes));
  }

  /** Own votes sent since the last `clear`, as [kind, view]. */
  votes(from = this.effects): [number, number][] {
    const votes: [number, number][] = [];
    for (const effect of this.of('send', from)) {
      const m = messageCodec.decode(effect.bytes);
      if (m.type === 0x11 && m.vote.signerIndex === this.self)
        votes.push([m.vote.kind, m.vote.view]);
    }
    return votes;
  }

  deliver(from: number | string, message: ConsensusMessage): Outcome {
    const peer = typeof from === 'number' ? `p${from}` : from;
    return this.input({ type: 'message', from: peer, bytes: messageCodec.encode(message) });
  }

  vote(
    kind: VoteKind,
    view: number,
    signerIndex: number,
    hash: BlockHash = zeroHash,
    time = 5,
  ): Vote {
    const content = {
      kind,
      epoch: this.epoch,
      view,
      timestampMs: kind === Z ? 0 : time,
      blockHash: kind === Z ? zeroHash : hash,
    };
    const previous = previousValidatorId(this.set, view, signerIndex);
    const message = voteSigningMessage(chainTag, content, previous);
    const signature = fakeKey(signerIndex + 1).sign(message);
    return { ...content, signerIndex, signature };
  }

  sendVote(kind: VoteKind, view: number, signer: number, hash?: BlockHash, from = signer): Outcome {
    return this.deliver(from, { type: 0x11, vote: this.vote(kind, view, signer, hash) });
  }

  certificate(
    kind: VoteKind,
    view: number,
    hash: BlockHash = zeroHash,
    signers: readonly number[] = this.others(),
    time = 5,
  ): Uint8Array {
    const order = signingOrder(this.n, leaderOf(this.set, view)).filter((i) => signers.includes(i));
    const certificate: Certificate = {
      kind,
      epoch: this.epoch,
      view,
      blockHash: kind === Z ? zeroHash : hash,
      n: this.n,
      signers: signerBitmap(this.n, signers),
      entries: order.map((i) => {
        const { timestampMs, signature } = this.vote(kind, view, i, hash, time);
        return { timestampMs, signature };
      }),
    };
    return certificateCodec.encode(certificate);
  }

  others(): number[] {
    return Array.from({ length: this.n }, (_, i) => i).filter((i) => i !== this.self);
  }

  sendCertificate(
    kind: VoteKind,
    view: number,
    hash?: BlockHash,
    from: number | string = this.others()[0]!,
  ): Outcome {
    return this.deliver(from, { type: 0x12, certificate: this.certificate(kind, view, hash) });
  }

  /** A valid block of the leader of `view` on a parent; `change` breaks it. */
  block(
    view: number,
    parent: { header: Header; view: number; certificate: Uint8Array } = {
      header: this.genesis,
      view: 0,
      certificate: new Uint8Array(0),
    },
    change: Partial<Header> = {},
    transactions: readonly Uint8Array[] = [],
  ): MadeBlock {
    const parentHash = blockHashOf(parent.header);
    const height = parent.header.height + 1;
    const isLast = height === this.epoch * this.epochLength;
    const header: Header = {
      version: 1,
      networkId,
      epoch: this.epoch,
      view,
      parentView: parent.view,
      height,
      timestampMs: this.wall + height,
      proposerId: entryFor(leaderOf(this.set, view) + 1).id,
      parentHash,
      validationRoot: validationRootOf(parent.certificate),
      txRoot: txRootOf(transactions),
      sysRoot: sysRootOf(noSystemRecords),
      appRoot: parent.header.height === 0 ? zeroHash : sha512(parentHash),
      nextTableHash: isLast ? tableHash(this.tableOf(this.epoch + 1)) : zeroHash,
      txCount: transactions.length,
      tipTotal: 0n,
      totalSupply: 0n,
      ...change,
    };
    const block = {
      header,
      parentCertificate: parent.certificate,
      systemRecords: noSystemRecords,
      transactions,
    };
    const hash = blockHashOf(header);
    return { block, header, hash, key: keyOf(hash) };
  }

  /** The block with a notarization of its view, as a parent for the next. */
  parentOf(
    made: MadeBlock,
    view = made.header.view,
  ): { header: Header; view: number; certificate: Uint8Array } {
    return { header: made.header, view, certificate: this.certificate(N, view, made.hash) };
  }

  proposal(
    made: MadeBlock,
    over: Partial<ProposalMessage> = {},
    view = made.header.view,
  ): ProposalMessage {
    const { block, header, hash } = made;
    return {
      type: 0x10,
      epoch: this.epoch,
      view,
      parentView: header.parentView,
      blockHash: hash,
      leaderVote: this.vote(N, view, leaderOf(this.set, view), hash),
      parentCertificate: block.parentCertificate,
      nullifications: [],
      content: {
        header,
        systemRecords: block.systemRecords,
        body: { form: 'full', transactions: block.transactions },
      },
      ...over,
    };
  }

  propose(made: MadeBlock, over: Partial<ProposalMessage> = {}, from?: number | string): Outcome {
    const leader = leaderOf(this.set, made.header.view);
    return this.deliver(from ?? leader, this.proposal(made, over));
  }

  /** Finalizes a chain of `count` blocks in views 1.., all proposed by puppets or certificates. */
  finalize(count: number): MadeBlock[] {
    return this.finalizeOn(count);
  }

  lastMade: MadeBlock | undefined;

  get genesisHash(): BlockHash {
    return blockHashOf(this.genesis);
  }

  /** As `finalize`, on top of `lastMade`. */
  finalizeOn(count: number): MadeBlock[] {
    const chain: MadeBlock[] = [];
    for (let i = 0; i < count; i++) {
      if (leaderOf(this.set, this.core.status().view) === this.self) {
        this.sendCertificate(Z, this.core.status().view);
      }
      const view = this.core.status().view;
      const before = this.lastMade;
      const made = this.block(view, before === undefined ? undefined : this.parentOf(before));
      chain.push(made);
      this.lastMade = made;
      this.deliver(this.others()[0]!, this.proposal(made));
      this.sendCertificate(N, view, made.hash);
      this.sendCertificate(F, view, made.hash);
    }
    return chain;
  }

  blockResponse(...blocks: readonly MadeBlock[]): ConsensusMessage {
    return { type: 0x17, blocks: blocks.map(({ block }) => blockCodec.encode(block)) };
  }

  /** What the journal would hand back after a crash now. */
  journal(): RecoveredJournal {
    return recover(this.records);
  }

  get status() {
    return this.core.status();
  }
}
