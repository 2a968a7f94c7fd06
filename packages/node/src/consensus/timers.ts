import type { Effect, Input, TimerName } from '@mxd/consensus';

type SetTimer = Extract<Effect, { readonly type: 'setTimer' }>;

/** The core's timers: one per name, on the monotonic clock. */
export class Timers {
  readonly #running = new Map<TimerName, NodeJS.Timeout>();
  readonly #fire: (input: Input) => void;

  constructor(fire: (input: Input) => void) {
    this.#fire = fire;
  }

  set({ name, epoch, view, afterMs }: SetTimer): void {
    clearTimeout(this.#running.get(name));
    const handle = setTimeout(() => {
      this.#running.delete(name);
      this.#fire({ type: 'timer', name, epoch, view });
    }, afterMs);
    this.#running.set(name, handle);
  }

  close(): void {
    for (const handle of this.#running.values()) clearTimeout(handle);
    this.#running.clear();
  }
}
