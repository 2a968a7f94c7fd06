import { type Offence, type PeerId } from '../contract.ts';
import { limits, offencePoints } from '../limits.ts';
import { hostKey, type IpBytes } from './ip.ts';

/** A ban as it is stored. */
export interface Ban {
  readonly peerId: PeerId;
  readonly untilMs: number;
  readonly reason: string;
  /** How often this peer has been banned, for the doubling. */
  readonly times: number;
}

interface Score {
  points: number;
  atMs: number;
}

const maxScores = 10_000;

/**
 * Penalties with decay, and bans that expire. Only proven offences count: slowness and local policy
 * never come here. Wall-clock time, because bans outlive the process.
 */
export class Scores {
  readonly #scores = new Map<PeerId, Score>();
  readonly #bans = new Map<PeerId, Ban>();
  readonly #bannedHosts = new Map<string, number>();
  readonly #nowMs: () => number;
  /** Set when bans have changed since the last save. */
  dirty = false;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Current penalty points, decayed. */
  pointsOf(peerId: PeerId): number {
    const score = this.#scores.get(peerId);
    return score === undefined ? 0 : this.#decayed(score);
  }

  #decayed(score: Score): number {
    const halves = (this.#nowMs() - score.atMs) / limits.scoreHalfLifeMs.value;
    return score.points * 0.5 ** Math.max(0, halves);
  }

  /** Charges an offence; true when the peer has reached the end of patience. */
  charge(peerId: PeerId, offence: Offence): boolean {
    const points = this.pointsOf(peerId) + offencePoints[offence];
    this.#scores.delete(peerId);
    this.#scores.set(peerId, { points, atMs: this.#nowMs() });
    if (this.#scores.size > maxScores) {
      const oldest = this.#scores.keys().next();
      if (oldest.done !== true) this.#scores.delete(oldest.value);
    }
    return points >= limits.scoreDisconnect.value;
  }

  /** Bans by score: each time twice as long. */
  banByScore(peerId: PeerId, reason: string): Ban {
    const times = (this.#bans.get(peerId)?.times ?? 0) + 1;
    const durationMs = Math.min(limits.banMs.value * 2 ** (times - 1), limits.banMaxMs.value);
    this.#scores.delete(peerId);
    return this.#put({ peerId, untilMs: this.#nowMs() + durationMs, reason, times });
  }

  ban(peerId: PeerId, durationMs: number, reason: string): Ban {
    const times = (this.#bans.get(peerId)?.times ?? 0) + 1;
    return this.#put({ peerId, untilMs: this.#nowMs() + durationMs, reason, times });
  }

  #put(ban: Ban): Ban {
    this.#bans.delete(ban.peerId);
    this.#bans.set(ban.peerId, ban);
    this.dirty = true;
    if (this.#bans.size > limits.bans.value) {
      let first: Ban | undefined;
      for (const each of this.#bans.values()) {
        if (first === undefined || each.untilMs < first.untilMs) first = each;
      }
      if (first !== undefined) this.#bans.delete(first.peerId);
    }
    return ban;
  }

  unban(peerId: PeerId): void {
    this.dirty = this.#bans.delete(peerId) || this.dirty;
    this.#scores.delete(peerId);
  }

  isBanned(peerId: PeerId): boolean {
    const ban = this.#bans.get(peerId);
    return ban !== undefined && ban.untilMs > this.#nowMs();
  }

  /** Bans an address for a short while: handshake abuse by throw-away peer ids. */
  banHost(ip: IpBytes, durationMs: number): void {
    if (this.#bannedHosts.size >= maxScores) this.sweep();
    if (this.#bannedHosts.size >= maxScores) return;
    this.#bannedHosts.set(hostKey(ip), this.#nowMs() + durationMs);
  }

  isBannedHost(ip: IpBytes): boolean {
    if (this.#bannedHosts.size === 0) return false;
    const untilMs = this.#bannedHosts.get(hostKey(ip));
    return untilMs !== undefined && untilMs > this.#nowMs();
  }

  /** Bans in force. */
  bans(): readonly Ban[] {
    const nowMs = this.#nowMs();
    return [...this.#bans.values()].filter((ban) => ban.untilMs > nowMs);
  }

  /** Takes bans that were saved; expired ones are kept for a day, for the doubling. */
  load(bans: readonly Ban[]): void {
    for (const ban of bans) this.#put(ban);
    this.dirty = false;
  }

  /** Everything to save. */
  saved(): readonly Ban[] {
    return [...this.#bans.values()];
  }

  /** Forgets what has no effect any more. */
  sweep(): void {
    const nowMs = this.#nowMs();
    for (const [host, untilMs] of this.#bannedHosts) {
      if (untilMs <= nowMs) this.#bannedHosts.delete(host);
    }
    for (const [peerId, score] of this.#scores) {
      if (this.#decayed(score) < 1) this.#scores.delete(peerId);
    }
    for (const [peerId, ban] of this.#bans) {
      if (ban.untilMs + limits.banMaxMs.value < nowMs) {
        this.#bans.delete(peerId);
        this.dirty = true;
      }
    }
  }
}
