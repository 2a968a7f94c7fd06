/** What one part of a node says about itself. */
export interface PartHealth {
  readonly ok: boolean;
  /** Why not, or a short fact. */
  readonly reason: string;
}

/** Which question a part's answer counts for. */
export type HealthQuestion = 'live' | 'ready';

export interface HealthReport {
  readonly ok: boolean;
  readonly parts: Readonly<Record<string, PartHealth>>;
}

type Probe = () => PartHealth;

/**
 * Live: restart me if not. Ready: send me traffic. A part that throws is not healthy, and its
 * failure is its reason.
 */
export class Health {
  readonly #probes = new Map<
    string,
    { readonly question: HealthQuestion; readonly probe: Probe }
  >();

  register(name: string, question: HealthQuestion, probe: Probe): void {
    this.#probes.set(name, { question, probe });
  }

  /** `live`: parts that answer for liveness. `ready`: all parts. */
  report(question: HealthQuestion): HealthReport {
    const parts: Record<string, PartHealth> = {};
    let ok = true;
    for (const [name, entry] of this.#probes) {
      if (question === 'live' && entry.question !== 'live') continue;
      const health = ask(entry.probe);
      parts[name] = health;
      ok &&= health.ok;
    }
    return { ok, parts };
  }
}

function ask(probe: Probe): PartHealth {
  try {
    return probe();
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : 'the probe failed' };
  }
}
