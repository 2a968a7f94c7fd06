import {
  type Lane,
  type MessageHandler,
  type PeerId,
  type SendOutcome,
  type ValidatorId,
  type ValidatorLinks,
} from '../contract.ts';
import { type Counters } from '../counters.ts';
import { laneLimits } from '../limits.ts';
import { type Session } from '../session/session.ts';
import { type Sessions } from '../session/sessions.ts';
import { frame } from '../wire/frames.ts';

/** Direct links over sessions. */
export class Links implements ValidatorLinks {
  readonly #sessions: Sessions;
  readonly #counters: Counters;
  readonly #self: () => ValidatorId | undefined;
  #handler: MessageHandler | undefined;

  constructor(sessions: Sessions, counters: Counters, self: () => ValidatorId | undefined) {
    this.#sessions = sessions;
    this.#counters = counters;
    this.#self = self;
  }

  onMessage(handler: MessageHandler): void {
    this.#handler = handler;
  }

  /** Called with each message of the consensus lanes. */
  deliver(session: Session, lane: Lane, bytes: Uint8Array): void | Promise<void> {
    if (this.#handler === undefined) {
      this.#counters.add('messages_unhandled');
      return undefined;
    }
    try {
      return this.#handler(session.sender, lane, bytes);
    } catch {
      // The receiver is this node's own code: the peer is not to blame.
      this.#counters.add('handler_failures');
      return undefined;
    }
  }

  sendToValidator(to: ValidatorId, lane: Lane, bytes: Uint8Array): SendOutcome {
    return this.#send(this.#sessions.byValidator(to), lane, bytes);
  }

  sendToPeer(to: PeerId, lane: Lane, bytes: Uint8Array): SendOutcome {
    return this.#send(this.#sessions.byPeer(to), lane, bytes);
  }

  #send(session: Session | undefined, lane: Lane, bytes: Uint8Array): SendOutcome {
    if (bytes.length > laneLimits[lane].messageBytes) return 'oversized';
    if (session === undefined || session.closed) {
      this.#counters.add('sends_unconnected');
      return 'unconnected';
    }
    return session.enqueue(lane, frame(bytes)) ? 'queued' : 'full';
  }

  broadcast(lane: Lane, bytes: Uint8Array, except?: ValidatorId): number {
    if (bytes.length > laneLimits[lane].messageBytes) return 0;
    const self = this.#self();
    const shared = frame(bytes);
    let count = 0;
    for (const session of this.#sessions.validatorSessions()) {
      const id = session.validatorId;
      if (id === except || id === self || session.closed) continue;
      if (session.enqueue(lane, shared)) count += 1;
    }
    return count;
  }

  validators(): readonly ValidatorId[] {
    return this.#sessions.validatorIds();
  }
}
