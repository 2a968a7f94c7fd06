/** One real core with a real sign guard, and all that it has done, for the replay to compare. */
import {
  createCore,
  defaultPolicy,
  drive,
  recordType,
  type Core,
  type Effect,
  type Input,
  type Policy,
  type Resume,
} from '@mxd/consensus';
import { SignGuard } from '@mxd/consensus/sign-guard';
import {
  certificateCodec,
  messageCodec,
  type Block,
  type Certificate,
  type ConsensusMessage,
  type Header,
  type Vote,
} from '@mxd/protocol';
import { type ProposalMessage } from '@mxd/protocol/messages';
import { keyOf } from '@mxd/protocol/primitives';

import { ModelError } from './errors.ts';
import {
  Application,
  chainTag,
  keyFor,
  networkId,
  parametersFor,
  tableFor,
  verifyFake,
  wallMs,
} from './world.ts';

const observationMs = 2_000;
/** Longer than a trace: a leader proposes when the trace says so. */
const neverMs = 1_000_000_000;

export interface ValidatorOptions {
  readonly index: number;
  readonly powers: readonly number[];
  readonly lastHeight: number;
  readonly genesis: Header;
}

export class Validator {
  readonly index: number;
  readonly votes: Vote[] = [];
  readonly certificates: Certificate[] = [];
  readonly committed: Block[] = [];
  /** Blocks asked for with BLOCK_REQ and not answered yet. */
  readonly wanted: Set<string> = new Set();
  /** Own proposals as they were sent, by view. */
  readonly proposals: Map<number, ProposalMessage> = new Map();
  halted: string | undefined;
  readonly #application: Application;
  readonly #core: Core;
  readonly #guard: SignGuard;
  #nowMs = 10_000;
  #maySend = false;

  constructor({ index, powers, lastHeight, genesis }: ValidatorOptions) {
    this.index = index;
    this.#application = new Application(powers, lastHeight);
    const key = keyFor(index);
    const journal = { epochs: new Map(), newestEpoch: 0, floors: new Map() };
    this.#guard = new SignGuard({ key, chainTag, journal });
    this.#core = createCore({
      chainTag,
      networkId,
      parameters: parametersFor(lastHeight),
      genesisTimeMs: 0,
      consensusKeys: [key.publicKey],
      signing: true,
      policy: this.#policy(),
      seed: index,
      verify: verifyFake,
    });
    for (const peer of powers.keys()) {
      if (peer === index) continue;
      const { publicKey } = keyFor(peer);
      this.input({ type: 'connected', peer: `p${peer}`, consensusKey: publicKey });
    }
    const chain = {
      table: tableFor(1, powers),
      anchor: { header: genesis, certificate: new Uint8Array(0) },
      head: { header: genesis, finalization: new Uint8Array(0) },
    };
    this.input({ type: 'start', chain, journal });
    this.#nowMs += observationMs;
    this.fire('observe');
  }

  /** Pacing is local policy: here it ends when the trace lets the leader propose. */
  #policy(): Policy {
    const pace = (): number => (this.#maySend ? 0 : neverMs);
    return {
      ...defaultPolicy,
      leaderTimeoutMs: neverMs,
      leaderTimeoutCapMs: neverMs,
      get minBlockMs() {
        return pace();
      },
    };
  }

  get status(): ReturnType<Core['status']> {
    return this.#core.status();
  }

  /** Takes an input and answers builds and verifications until the core is at rest. */
  input(input: Input): void {
    const waiting: Input[] = [input];
    for (;;) {
      const next = waiting.shift();
      if (next === undefined || this.halted !== undefined) return;
      drive(this.#core.step(next, this.#nowMs, wallMs), (effect) =>
        this.#carryOut(effect, waiting),
      );
    }
  }

  fire(name: Extract<Input, { type: 'timer' }>['name']): void {
    const { epoch, view } = this.status;
    this.input({ type: 'timer', name, epoch, view });
  }

  deliver(from: number, message: ConsensusMessage): void {
    this.input({ type: 'message', from: `p${from}`, bytes: messageCodec.encode(message) });
  }

  /** Lets the leader propose, for this moment. */
  propose(): void {
    this.#maySend = true;
    this.fire('pace');
    this.fire('boundary');
    this.#maySend = false;
  }

  #carryOut(effect: Effect, waiting: Input[]): Resume {
    switch (effect.type) {
      case 'sign': {
        const answer = this.#guard.signVote(effect.request);
        if (!answer.ok) throw new ModelError('MODEL_DIFFERS', `the guard refused: ${answer.code}`);
        if (answer.vote.epoch === 1) this.votes.push(answer.vote);
        return answer;
      }
      case 'build':
        waiting.push(this.#built(effect));
        return undefined;
      case 'verify': {
        const { reqId, block } = effect;
        waiting.push({ type: 'verified', reqId, ...this.#application.verify(block) });
        return undefined;
      }
      case 'append':
        if (effect.record.type === recordType.certificate) {
          const certificate = certificateCodec.decode(effect.record.payload);
          if (certificate.epoch === 1) this.certificates.push(certificate);
        }
        return undefined;
      case 'send':
        this.#note(messageCodec.decode(effect.bytes));
        return undefined;
      case 'commit':
        this.committed.push(effect.block);
        return undefined;
      case 'floor':
        this.#guard.raiseFloor(effect.epoch, effect.view);
        return undefined;
      case 'halt':
        this.halted = `${effect.code}: ${effect.reason}`;
        return undefined;
      default:
        return undefined;
    }
  }

  #built({ reqId, header, parentCertificate }: Extract<Effect, { type: 'build' }>): Input {
    const made = this.#application.make(header, parentCertificate);
    return { type: 'built', reqId, result: { ...made, salt: 0n } };
  }

  #note(message: ConsensusMessage): void {
    if (message.type === 0x10 && message.leaderVote.signerIndex === this.index) {
      this.proposals.set(message.view, message);
    }
    if (message.type === 0x16) this.wanted.add(keyOf(message.blockHash));
  }
}
