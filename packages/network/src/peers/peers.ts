import {
  type Offence,
  type PeerEvent,
  type PeerId,
  type PeerInspection,
  type Peers,
} from '../contract.ts';
import { type Counters } from '../counters.ts';
import { type Session } from '../session/session.ts';
import { type Sessions } from '../session/sessions.ts';
import { medianOffsetMs } from '../clock/offset.ts';
import { type Scores } from './scores.ts';

/** The inspector and the place where misbehaviour is charged. */
export class PeerDirectory implements Peers {
  readonly #sessions: () => Sessions;
  readonly #scores: Scores;
  readonly #counters: Counters;
  readonly #isTrusted: (peerId: PeerId) => boolean;
  readonly #listeners = new Set<(event: PeerEvent) => void>();

  constructor(
    sessions: () => Sessions,
    scores: Scores,
    counters: Counters,
    isTrusted: (peerId: PeerId) => boolean,
  ) {
    this.#sessions = sessions;
    this.#scores = scores;
    this.#counters = counters;
    this.#isTrusted = isTrusted;
  }

  list(): readonly PeerInspection[] {
    return [...this.#sessions().all()].map((session) => this.inspect(session));
  }

  get(peerId: PeerId): PeerInspection | undefined {
    const session = this.#sessions().byPeer(peerId);
    return session === undefined ? undefined : this.inspect(session);
  }

  inspect(session: Session): PeerInspection {
    return {
      peerId: session.peerId,
      validatorId: session.validatorId,
      direction: session.connection.direction,
      address: session.connection.remoteAddr.toString(),
      agent: session.remote.agent,
      protocolVersion: session.version,
      connectedAtMs: session.connectedAtMs,
      roundTripMs: session.roundTripMs,
      clockOffsetMs: medianOffsetMs(session.clockSamples),
      score: this.#scores.pointsOf(session.peerId),
      bytesIn: session.bytesIn,
      bytesOut: session.bytesOut,
      messagesIn: session.messagesIn,
      messagesOut: session.messagesOut,
      queuedBytes: {
        vote: session.queuedBytes('vote'),
        proposal: session.queuedBytes('proposal'),
        rest: session.queuedBytes('rest'),
        transactions: session.queuedBytes('transactions'),
      },
      dropped: session.dropped,
    };
  }

  penalize(peerId: PeerId, offence: Offence): void {
    this.#counters.add(`offences_${offence}`);
    if (!this.#scores.charge(peerId, offence)) return;
    this.#counters.add('peers_banned_by_score');
    // A static peer is disconnected, but its operator's word stands: it may come back at once.
    if (!this.#isTrusted(peerId)) this.#scores.banByScore(peerId, `score: ${offence}`);
    const session = this.#sessions().byPeer(peerId);
    if (session !== undefined) this.#sessions().end(session, 'score-too-low', offence);
  }

  ban(peerId: PeerId, durationMs: number, reason: string): void {
    this.#scores.ban(peerId, durationMs, reason);
    const session = this.#sessions().byPeer(peerId);
    if (session !== undefined) this.#sessions().end(session, 'banned', reason);
  }

  unban(peerId: PeerId): void {
    this.#scores.unban(peerId);
  }

  bans(): readonly {
    readonly peerId: PeerId;
    readonly untilMs: number;
    readonly reason: string;
  }[] {
    return this.#scores.bans();
  }

  disconnect(peerId: PeerId, reason: string): void {
    const session = this.#sessions().byPeer(peerId);
    if (session !== undefined) this.#sessions().end(session, 'operator-request', reason);
  }

  on(listener: (event: PeerEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  emit(event: PeerEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch {
        this.#counters.add('handler_failures');
      }
    }
  }
}
