/**
 * Plays a trace of the model to real cores, one per correct node, and compares after every step: the views,
 * the certificates held, the votes signed, the blocks committed. The Byzantine validators are puppets here.
 */
import {
  blockCodec,
  blockHashOf,
  certificateCodec,
  validatorSet,
  voteSigningMessage,
  type Block,
  type BlockHash,
  type Header,
  type ValidatorSet,
  type Vote,
  type VoteKind,
} from '@mxd/protocol';
import { validationRootOf } from '@mxd/protocol/block';
import { signerBitmap } from '@mxd/protocol/certificate';
import { previousValidatorId } from '@mxd/protocol/checks';
import { type ProposalMessage } from '@mxd/protocol/messages';
import { keyOf, zeroHash } from '@mxd/protocol/primitives';
import { signingOrder } from '@mxd/protocol/schedule';

import { ModelError } from './errors.ts';
import { nameOf, type ModelNode, type ModelProposal, type ModelState } from './itf.ts';
import { Validator } from './validator.ts';
import {
  Application,
  blockKey,
  chainTag,
  genesisHeader,
  keyFor,
  networkId,
  poisoned,
  tableFor,
  wallMs,
} from './world.ts';

/** What a replay has gone through: a replay in which nothing happens proves nothing. */
export interface ReplayCounts {
  steps: number;
  votes: number;
  certificates: number;
  /** Certificates that cores put together from single votes. */
  assembled: number;
  committed: number;
  reproposals: number;
  refused: number;
}

export function noCounts(): ReplayCounts {
  return {
    steps: 0,
    votes: 0,
    certificates: 0,
    assembled: 0,
    committed: 0,
    reproposals: 0,
    refused: 0,
  };
}

export class Replay {
  readonly counts: ReplayCounts = noCounts();
  readonly #set: ValidatorSet;
  readonly #application: Application;
  readonly #genesis: Header;
  readonly #validators: ReadonlyMap<number, Validator>;
  /** Blocks of the model by id, and back. */
  readonly #blocks: Map<number, Block> = new Map();
  readonly #ids: Map<string, number> = new Map();
  readonly #proposals: Map<number, ProposalMessage> = new Map();
  #step = 0;

  constructor(first: ModelState) {
    const { powers, lastHeight } = first;
    const table = tableFor(1, powers);
    this.#genesis = genesisHeader(table);
    const genesisHash = blockHashOf(this.#genesis);
    this.#set = validatorSet(chainTag, table, { leaderMode: 0 }, genesisHash);
    this.#application = new Application(powers, lastHeight);
    this.#ids.set(keyOf(genesisHash), 0);
    const options = { powers, lastHeight, genesis: this.#genesis };
    this.#validators = new Map(
      [...first.nodes.keys()].map((index) => [index, new Validator({ index, ...options })]),
    );
  }

  /** Plays one step: `before` and `after` are the model's states around its event. */
  play(before: ModelState, after: ModelState): void {
    this.#step++;
    this.counts.steps++;
    const { event } = after;
    if (event.what === 'lie') {
      this.#lie(after, event.ref);
      return;
    }
    const validator = this.#validator(event.node);
    switch (event.what) {
      case 'propose':
        validator.propose();
        this.#takeProposal(validator, after, event.ref);
        break;
      case 'proposal':
        validator.deliver(this.#leader(event.view), this.#proposal(event.ref));
        break;
      case 'certificate':
        this.#deliverCertificate(validator, before, event.kind as VoteKind, event.view, event.ref);
        break;
      case 'body':
        break; // Answered below, like every other request for what the node has by now.
      case 'timeout':
        validator.fire('view');
        break;
      case 'leaderGaveUp': {
        const leader = this.#leader(event.view);
        validator.deliver(leader, { type: 0x11, vote: this.#vote(2, event.view, 0, leader) });
        break;
      }
      default:
        throw new ModelError('MODEL_TRACE', `no event is called ${event.what}`);
    }
    this.#answer(validator, before, after);
    for (const [index, node] of after.nodes) this.#compare(this.#validator(index), node, after);
  }

  #validator(index: number): Validator {
    const found = this.#validators.get(index);
    if (found === undefined) throw new ModelError('MODEL_TRACE', `no correct node ${index}`);
    return found;
  }

  #leader(view: number): number {
    return (view - 1) % this.#set.table.entries.length;
  }

  #block(id: number): Block {
    const found = this.#blocks.get(id);
    if (found === undefined) throw this.#differs(`no core has made block ${id}`);
    return found;
  }

  #proposal(ref: number): ProposalMessage {
    const found = this.#proposals.get(ref);
    if (found === undefined) throw this.#differs(`no core has made proposal ${ref}`);
    return found;
  }

  #header(id: number): Header {
    return id === 0 ? this.#genesis : this.#block(id).header;
  }

  #hash(id: number): BlockHash {
    return blockHashOf(this.#header(id));
  }

  #differs(what: string): ModelError {
    return new ModelError('MODEL_DIFFERS', `step ${this.#step}: ${what}`);
  }

  #name(block: Block): string {
    return String(this.#ids.get(blockKey(block)) ?? 'unknown');
  }

  #remember(id: number, block: Block): void {
    this.#blocks.set(id, block);
    this.#ids.set(blockKey(block), id);
  }

  // ---- what validators have signed

  /** The vote of a correct validator as its core made it; a Byzantine one signs whatever is asked. */
  #vote(kind: VoteKind, view: number, block: number, signer: number): Vote {
    const hash = kind === 2 ? zeroHash : this.#hash(block);
    const made = this.#validators
      .get(signer)
      ?.votes.find((v) => v.kind === kind && v.view === view && keyOf(v.blockHash) === keyOf(hash));
    if (made !== undefined) return made;
    if (this.#validators.has(signer)) {
      throw this.#differs(`core ${signer} has not signed ${nameOf(kind, view, block)}`);
    }
    const timestampMs = kind === 2 ? 0 : wallMs;
    const content = { kind, epoch: 1, view, timestampMs, blockHash: hash };
    const previous = previousValidatorId(this.#set, view, signer);
    const signature = keyFor(signer).sign(voteSigningMessage(chainTag, content, previous));
    return { ...content, signerIndex: signer, signature };
  }

  /** Everybody who has signed it by now, the Byzantine included. */
  #signers(state: ModelState, kind: VoteKind, view: number, block: number): number[] {
    const name = nameOf(kind, view, block);
    const all = [...state.powers.keys()];
    return all.filter((i) => state.nodes.get(i)?.votes.has(name) ?? true);
  }

  #certificate(state: ModelState, kind: VoteKind, view: number, block: number): Uint8Array {
    const signers = this.#signers(state, kind, view, block);
    const n = state.powers.length;
    const order = signingOrder(n, this.#leader(view)).filter((i) => signers.includes(i));
    return certificateCodec.encode({
      kind,
      epoch: 1,
      view,
      blockHash: kind === 2 ? zeroHash : this.#hash(block),
      n,
      signers: signerBitmap(n, signers),
      entries: order.map((i) => {
        const { timestampMs, signature } = this.#vote(kind, view, block, i);
        return { timestampMs, signature };
      }),
    });
  }

  // ---- what is delivered

  /** Every other step as single votes, which the core has to put together; then as one certificate. */
  #deliverCertificate(
    validator: Validator,
    state: ModelState,
    kind: VoteKind,
    view: number,
    block: number,
  ): void {
    const leader = this.#leader(view);
    const signers = this.#signers(state, kind, view, block);
    const held = validator.certificates.length;
    // The leader's own NULLIFY makes everybody NULLIFY: in the model a step of its own.
    const mayBeSingle = this.#step % 2 === 0 && (kind !== 2 || !signers.includes(leader));
    if (mayBeSingle) {
      for (const signer of signers) {
        if (signer === validator.index || validator.certificates.length > held) continue;
        validator.deliver(signer, { type: 0x11, vote: this.#vote(kind, view, block, signer) });
      }
      if (validator.certificates.length > held) this.counts.assembled++;
    }
    const certificate = this.#certificate(state, kind, view, block);
    const from = signers.find((i) => i !== validator.index) ?? leader;
    validator.deliver(from, { type: 0x12, certificate });
  }

  /** Sends the blocks that the core has asked for, if the model lets it have them; then E3's tick. */
  #answer(validator: Validator, before: ModelState, state: ModelState): void {
    const node = state.nodes.get(validator.index);
    const committed = before.nodes.get(validator.index)?.committed ?? 0;
    if (node === undefined) return;
    for (let round = 0; round < 4; round++) {
      const ready = [...validator.wanted].filter((key) =>
        this.#isReachable(state, node, committed, key),
      );
      for (const key of ready) {
        validator.wanted.delete(key);
        const blocks: Uint8Array[] = [];
        for (let id = this.#ids.get(key) ?? 0; ; id = state.blocks.get(id)?.parent ?? 0) {
          if (this.#heightOf(state, id) <= this.#heightOf(state, committed)) break;
          blocks.push(blockCodec.encode(this.#block(id)));
        }
        const from = (validator.index + 1) % state.powers.length;
        validator.deliver(from, { type: 0x17, blocks });
      }
      if (validator.status.epoch === 1) validator.fire('retry');
      if (ready.length === 0) return;
    }
  }

  /** Bodies that the model has delivered; nobody serves what a commit has excluded. */
  #isReachable(state: ModelState, node: ModelNode, committed: number, key: string): boolean {
    const id = this.#ids.get(key);
    if (id === undefined || !node.known.has(id)) return false;
    return this.#heightOf(state, id) > this.#heightOf(state, committed);
  }

  #heightOf(state: ModelState, id: number): number {
    return state.blocks.get(id)?.height ?? 0;
  }

  // ---- proposals

  #takeProposal(validator: Validator, state: ModelState, ref: number): void {
    const wanted = this.#modelProposal(state, ref);
    const message = validator.proposals.get(wanted.view);
    if (message === undefined) throw this.#differs(`core ${validator.index} has not proposed`);
    const isRepeated = message.content === undefined;
    if (isRepeated) this.counts.reproposals++;
    const known = this.#blocks.get(wanted.block);
    if (isRepeated !== (known !== undefined))
      throw this.#differs('only one of the two re-proposed');
    const expected = state.blocks.get(wanted.block);
    if (message.content !== undefined && expected !== undefined) {
      const { header, systemRecords, body } = message.content;
      if (body.form !== 'full') throw this.#differs('a block of no transactions came as ids');
      const { transactions } = body;
      const { parentCertificate } = message;
      this.#remember(wanted.block, { header, parentCertificate, systemRecords, transactions });
      const isSame =
        header.parentView === expected.parentView &&
        header.height === expected.height &&
        keyOf(header.parentHash) === keyOf(this.#hash(expected.parent));
      if (!isSame) throw this.#differs(`block ${wanted.block} stands on another parent`);
    }
    if (keyOf(message.blockHash) !== keyOf(this.#hash(wanted.block))) {
      throw this.#differs(`core ${validator.index} proposed another block`);
    }
    const nulls = message.nullifications.map((bytes) => certificateCodec.decode(bytes).view);
    if (nulls.length !== wanted.nulls.size || !nulls.every((view) => wanted.nulls.has(view))) {
      throw this.#differs(`the proposal carries nullifications of ${nulls.join(' ')}`);
    }
    this.#proposals.set(ref, message);
  }

  #modelProposal(state: ModelState, ref: number): ModelProposal {
    const found = state.proposals.get(ref);
    if (found === undefined) throw new ModelError('MODEL_TRACE', `no proposal ${ref}`);
    return found;
  }

  /** A Byzantine leader proposes: its block and message are made here, with real signatures. */
  #lie(state: ModelState, ref: number): void {
    const p = this.#modelProposal(state, ref);
    const isNew = !this.#blocks.has(p.block);
    const model = state.blocks.get(p.block);
    if (model === undefined) throw new ModelError('MODEL_TRACE', `no block ${p.block}`);
    const certified = isNew ? model.parent : p.block;
    const certificate =
      p.certificate === 0
        ? new Uint8Array(0)
        : this.#certificate(state, p.certificate as VoteKind, p.certificateView, certified);
    if (isNew) this.#remember(p.block, this.#forge(state, p.block, certificate));
    const { header, systemRecords, transactions } = this.#block(p.block);
    const views = [...p.nulls].sort((a, b) => b - a);
    this.#proposals.set(ref, {
      type: 0x10,
      epoch: 1,
      view: p.view,
      parentView: isNew ? header.parentView : p.certificateView,
      blockHash: this.#hash(p.block),
      leaderVote: this.#vote(1, p.view, p.block, this.#leader(p.view)),
      parentCertificate: certificate,
      nullifications: views.map((view) => this.#certificate(state, 2, view, 0)),
      content: isNew ? { header, systemRecords, body: { form: 'full', transactions } } : undefined,
    });
  }

  #forge(state: ModelState, id: number, parentCertificate: Uint8Array): Block {
    const model = state.blocks.get(id);
    const leader = this.#set.table.entries[this.#leader(model?.view ?? 1)];
    if (model === undefined || leader === undefined) {
      throw new ModelError('MODEL_TRACE', `no block ${id}`);
    }
    const parent = this.#header(model.parent);
    const given = {
      networkId,
      epoch: 1,
      view: model.view,
      parentView: model.parentView,
      height: model.height,
      // Two blocks of one view on one parent differ in time.
      timestampMs: Math.max(wallMs, parent.timestampMs + 1) + id,
      proposerId: leader.id,
      parentHash: this.#hash(model.parent),
      validationRoot: validationRootOf(parentCertificate),
    };
    const transactions = model.valid ? [] : poisoned;
    return this.#application.make(given, parentCertificate, transactions).block;
  }

  // ---- comparison

  #compare(validator: Validator, node: ModelNode, state: ModelState): void {
    const who = `core ${validator.index}`;
    if (validator.halted !== undefined) throw this.#differs(`${who} halted, ${validator.halted}`);
    const { epoch, view, lastFinalView } = validator.status;
    if ((epoch === 2) !== node.ended) throw this.#differs(`${who} is in epoch ${epoch}`);
    this.#sameSet(`${who} has signed`, this.#namesOf(validator.votes), node.votes);
    this.#sameCommits(validator, node, state);
    if (node.ended) return;
    this.#sameSet(`${who} holds`, this.#namesOf(validator.certificates), node.certificates);
    if (view !== node.view) throw this.#differs(`${who} is in view ${view}, not ${node.view}`);
    if (lastFinalView !== node.lastFinal) {
      throw this.#differs(`${who} has final view ${lastFinalView}, not ${node.lastFinal}`);
    }
  }

  #namesOf(items: readonly { kind: number; view: number; blockHash: BlockHash }[]): Set<string> {
    return new Set(
      items.map(({ kind, view, blockHash }) => {
        const id = kind === 2 ? 0 : (this.#ids.get(keyOf(blockHash)) ?? -1);
        return nameOf(kind, view, id);
      }),
    );
  }

  #sameSet(what: string, real: ReadonlySet<string>, model: ReadonlySet<string>): void {
    const more = [...real].filter((name) => !model.has(name));
    const less = [...model].filter((name) => !real.has(name));
    if (more.length + less.length === 0) return;
    throw this.#differs(`${what} too much: ${more.join(' ')}; too little: ${less.join(' ')}`);
  }

  #sameCommits(validator: Validator, node: ModelNode, state: ModelState): void {
    const chain = state.blocks.get(node.committed)?.chain ?? new Set([0]);
    const expected = [...chain].filter((id) => id > 0).sort((a, b) => a - b);
    const real = validator.committed.map((block) => this.#name(block));
    if (real.join(' ') !== expected.join(' ')) {
      throw this.#differs(
        `core ${validator.index} committed ${real.join(' ')}, not ${expected.join(' ')}`,
      );
    }
  }

  /** Sums up; call it after the last step. */
  finish(last: ModelState): ReplayCounts {
    for (const validator of this.#validators.values()) {
      this.counts.votes += validator.votes.length;
      this.counts.certificates += validator.certificates.length;
      this.counts.committed += validator.committed.length;
    }
    this.counts.refused = [...last.blocks.values()].filter((b) => !b.valid || !b.certified).length;
    return this.counts;
  }
}

/** Plays a whole trace; throws MODEL_DIFFERS where model and core part. */
export function replay(states: readonly ModelState[]): ReplayCounts {
  const [first] = states;
  if (first === undefined) throw new ModelError('MODEL_TRACE', 'no states');
  const run = new Replay(first);
  let before = first;
  for (const state of states.slice(1)) {
    run.play(before, state);
    before = state;
  }
  return run.finish(before);
}
