import { type Policy } from '@mxd/consensus';
import {
  blockHashOf,
  messageCodec,
  validatorSet,
  voteSigningMessage,
  type BlockHash,
  type ConsensusMessage,
  type ValidatorSet,
  type Vote,
  type VoteKind,
} from '@mxd/protocol';
import { leaderOf } from '@mxd/protocol';
import { previousValidatorId } from '@mxd/protocol/checks';
import { type ProposalContent, type ProposalMessage } from '@mxd/protocol/messages';
import { keyOf, zeroHash } from '@mxd/protocol/primitives';

import { type BuildRequest } from '../application.ts';
import { type SimNode } from '../node.ts';
import { type Random } from '../random.ts';
import { type World } from '../world.ts';
import { type Behaviour, type Hooks } from './behaviour.ts';

const keptViews = 24;
const keptMessages = 300;
const certificateMessage = 0x12;

/** A Byzantine node: a real core for tracking, its own key without a guard, and a behaviour. */
export class ByzantineActor {
  readonly world: World;
  readonly node: SimNode;
  readonly name: string;
  readonly policy: Partial<Policy>;
  /** Starts without what its journal holds. */
  forgets: boolean;
  /** Hashes seen per view of the current epoch. */
  readonly hashes: Map<number, Map<string, BlockHash>> = new Map();
  /** Messages seen, oldest first. */
  readonly messages: Uint8Array[] = [];
  readonly #hooks: Hooks;
  readonly #behaviour: Behaviour;
  #set: ValidatorSet | undefined;
  #restarting = false;

  constructor(world: World, node: SimNode, behaviour: Behaviour) {
    this.world = world;
    this.node = node;
    this.name = behaviour.name;
    this.#behaviour = behaviour;
    this.policy = { statusMs: 300, ...behaviour.policy };
    this.forgets = behaviour.forgets ?? false;
    this.#hooks = behaviour.create(this);
  }

  get random(): Random {
    return this.world.random.byzantine;
  }

  /** Counted as one more lie of this kind. */
  lied(): void {
    this.world.observer.counts.add('behaviours', this.name);
  }

  started(): void {
    this.#restarting = false;
    if (this.#hooks.tick !== undefined) this.#tick();
  }

  #tick(): void {
    const { periodMs = 100 } = this.#behaviour;
    this.node.later(periodMs, () => {
      this.#hooks.tick?.();
      this.#tick();
    });
  }

  /** Its core has found its lies: it starts again and remembers nothing. */
  halted(): void {
    if (this.#restarting) return;
    this.#restarting = true;
    this.forgets = true;
    this.world.agenda.after(100_000, () => {
      if (!this.node.alive) return;
      this.node.crash();
      this.node.start();
    });
  }

  outgoing(targets: readonly SimNode[], bytes: Uint8Array): boolean {
    return this.#hooks.outgoing?.(targets, bytes) ?? false;
  }

  incoming(from: number, bytes: Uint8Array): boolean {
    this.messages.push(bytes);
    if (this.messages.length > keptMessages) this.messages.splice(0, 100);
    this.#remember(bytes);
    if (this.isOwnVote(bytes)) return false;
    return this.#hooks.incoming?.(from, bytes) ?? true;
  }

  wishBuild(request: BuildRequest): BuildRequest {
    return this.#hooks.wishBuild?.(request) ?? request;
  }

  #remember(bytes: Uint8Array): void {
    const at = bytes[0] === 0x11 ? 2 : bytes[0] === 0x10 ? 1 : -1;
    if (at < 0 || bytes.length < 100) return;
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    if (view.getUint32(at) !== this.set?.epoch) return;
    const hash = bytes[0] === 0x11 ? bytes.subarray(20, 84) : bytes.subarray(14, 78);
    if (bytes[0] === 0x11 && bytes[1] === 2) return;
    this.noteHash(view.getUint32(at + 4), hash);
  }

  noteHash(view: number, hash: BlockHash): void {
    const known = this.hashes.get(view) ?? new Map<string, BlockHash>();
    if (known.size < 4) known.set(keyOf(hash), hash);
    this.hashes.set(view, known);
    for (const old of this.hashes.keys()) {
      if (this.hashes.size <= keptViews) break;
      this.hashes.delete(old);
    }
  }

  isOwnVote(bytes: Uint8Array): boolean {
    if (bytes[0] !== 0x11 || bytes.length < 12) return false;
    return ((bytes[10] as number) << 8) + (bytes[11] as number) === this.index;
  }

  /** The set of the epoch that this node is in. */
  get set(): ValidatorSet | undefined {
    const { table, store } = this.node;
    if (table === undefined) return undefined;
    if (this.#set?.table === table) return this.#set;
    const { epochLength } = this.world.config;
    const height = (table.epoch - 1) * epochLength;
    if (store.height < height) return undefined;
    const { chainTag, parameters } = this.world;
    this.#set = validatorSet(chainTag, table, parameters, store.hashAt(height));
    this.hashes.clear();
    return this.#set;
  }

  /** Own index in the table; -1 without a seat. */
  get index(): number {
    const key = keyOf(this.node.shownKey.publicKey);
    return this.set?.table.entries.findIndex((e) => keyOf(e.consensusKey) === key) ?? -1;
  }

  get view(): number {
    return this.node.core?.status().view ?? 0;
  }
  leads(view: number): boolean {
    const { set } = this;
    return set !== undefined && view > 0 && leaderOf(set, view) === this.index;
  }

  get others(): SimNode[] {
    return this.world.nodes.filter((node) => node !== this.node && node.alive);
  }

  /** Each of the others with a chance of one in two. */
  some(): SimNode[] {
    return this.others.filter(() => this.random.chance(500_000));
  }

  send(targets: readonly SimNode[], bytes: Uint8Array): void {
    this.world.transmit(this.node, targets, bytes);
  }

  say(targets: readonly SimNode[], message: ConsensusMessage): void {
    this.send(targets, messageCodec.encode(message));
  }

  decode(bytes: Uint8Array): ConsensusMessage | undefined {
    const decoded = messageCodec.tryDecode(bytes);
    return decoded.ok ? decoded.value : undefined;
  }

  /** A vote that no guard was asked about. */
  vote(kind: VoteKind, view: number, hash: BlockHash, timestampMs?: number): Vote | undefined {
    const { set, index } = this;
    if (set === undefined || index < 0 || view < 1) return undefined;
    const content = {
      kind,
      epoch: set.epoch,
      view,
      timestampMs: kind === 2 ? 0 : (timestampMs ?? this.node.wallMs),
      blockHash: kind === 2 ? zeroHash : hash,
    };
    const message = voteSigningMessage(
      set.chainTag,
      content,
      previousValidatorId(set, view, index),
    );
    return { ...content, signerIndex: index, signature: this.node.shownKey.sign(message) };
  }

  castVote(targets: readonly SimNode[], kind: VoteKind, view: number, hash: BlockHash): void {
    const vote = this.vote(kind, view, hash);
    if (vote !== undefined) this.say(targets, { type: 0x11, vote });
  }

  /** The own proposal that the core is about to send. */
  ownProposal(bytes: Uint8Array): ProposalMessage | undefined {
    if (bytes[0] !== 0x10) return undefined;
    const message = this.decode(bytes);
    return message?.type === 0x10 ? message : undefined;
  }

  /** A proposal with the same place and another content, signed by this node. */
  otherwise(message: ProposalMessage, content: ProposalContent): ProposalMessage | undefined {
    const blockHash = blockHashOf(content.header);
    const leaderVote = this.vote(1, message.view, blockHash);
    if (leaderVote === undefined) return undefined;
    this.noteHash(message.view, blockHash);
    const { parentView } = content.header;
    return { ...message, parentView, blockHash, leaderVote, content };
  }

  /** A certificate seen for a view; N, Z or F. */
  certificate(kind: VoteKind, view: number): Uint8Array | undefined {
    for (const bytes of this.messages) {
      if (bytes[0] !== certificateMessage || bytes[1] !== kind) continue;
      const at = new DataView(bytes.buffer, bytes.byteOffset);
      if (at.getUint32(6) === view && at.getUint32(2) === this.set?.epoch) return bytes.subarray(1);
    }
    return undefined;
  }
}
