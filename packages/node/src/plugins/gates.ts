import type { PluginEntry } from '@mxd/config';
import { toHex } from '@mxd/codec';
import type { MempoolOptions } from '@mxd/ledger';
import type { AdmissionDecision, ProposalDecision } from '@mxd/plugin';
import { limits as contractLimits } from '@mxd/plugin/limits';

import { limits } from './limits.ts';
import type { PluginSlot } from './slot.ts';
import { wireTransaction } from './wire.ts';

type Policy = NonNullable<MempoolOptions['policy']>;
type Question = Parameters<Policy>[0][number];
type Answer = Awaited<ReturnType<Policy>>[number];

const refuse = (reason: string): Answer => ({ decision: 'refuse', reason });
const accept: Answer = { decision: 'accept' };

/** Asks the plugins that decide, one after the other in their declared order. Fails closed. */
export class Gates {
  readonly #slots: () => readonly PluginSlot[] | undefined;
  readonly #isGated: boolean;

  /** `slots` gives undefined while the plugins are not up. */
  constructor(slots: () => readonly PluginSlot[] | undefined, entries: readonly PluginEntry[]) {
    this.#slots = slots;
    this.#isGated = entries.length > 0;
  }

  async admit(questions: readonly Question[]): Promise<readonly Answer[]> {
    if (!this.#isGated) return questions.map(() => accept);
    const slots = this.#slots();
    if (slots === undefined) return questions.map(() => refuse('the plugins are not running'));
    const answers: Answer[] = questions.map(() => accept);
    for (const slot of slots) {
      if (slot.manifest?.hooks.includes('transaction:admit') !== true) continue;
      const open = questions.map((_, i) => i).filter((i) => answers[i] === accept);
      for (let start = 0; start < open.length; start += limits.policyBatch.value) {
        const part = open.slice(start, start + limits.policyBatch.value);
        const verdicts = await this.#ask(
          slot,
          part.map((i) => questions[i] as Question),
        );
        part.forEach((at, i) => {
          answers[at] = verdicts[i] ?? refuse(`${slot.name} did not answer`);
        });
      }
    }
    return answers;
  }

  async #ask(slot: PluginSlot, questions: readonly Question[]): Promise<readonly Answer[]> {
    const inputs = questions.map(({ bytes, spent, peer }) => wireTransaction(bytes, spent, peer));
    try {
      const value = await slot.call(
        { kind: 'hook', hook: 'transaction:admit', inputs },
        slot.entry.budgetMs,
      );
      const decisions = Array.isArray(value) ? (value as readonly AdmissionDecision[]) : [];
      return questions.map((_, i) => answerOf(slot, decisions[i]));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return questions.map(() => refuse(why.slice(0, contractLimits.reasonLength.value)));
    }
  }

  /**
   * Ids (hexadecimal) to leave out of a block. A gate that does not answer keeps everything out of
   * this node's block: other validators propose by their own policies.
   */
  async leaveOut(
    txids: readonly Uint8Array[],
    bytesOf: (txid: Uint8Array) => Uint8Array | undefined,
  ): Promise<ReadonlySet<string>> {
    const all = new Map(txids.map((txid) => [toHex(txid), bytesOf(txid)] as const));
    const slots = this.#slots();
    if (slots === undefined) return new Set(all.keys());
    const out = new Set<string>();
    for (const slot of slots) {
      if (slot.manifest?.hooks.includes('block:proposing') !== true) continue;
      const left = await this.#leftOutBy(slot, all, out);
      if (left === undefined) return new Set(all.keys());
      for (const txid of left) if (all.has(txid)) out.add(txid);
    }
    return out;
  }

  async #leftOutBy(
    slot: PluginSlot,
    all: ReadonlyMap<string, Uint8Array | undefined>,
    out: ReadonlySet<string>,
  ): Promise<readonly string[] | undefined> {
    const transactions = [...all].flatMap(([txid, bytes]) =>
      bytes === undefined || out.has(txid) ? [] : [wireTransaction(bytes, [])],
    );
    if (transactions.length === 0) return [];
    try {
      const value = await slot.call(
        { kind: 'hook', hook: 'block:proposing', inputs: [{ transactions }] },
        slot.entry.budgetMs,
      );
      const [decision] = value as readonly (ProposalDecision | undefined)[];
      return Array.isArray(decision?.leaveOut) ? decision.leaveOut : undefined;
    } catch {
      return undefined; // counted and kept by the slot
    }
  }
}

/** Text from a plugin's thread, whatever it really is. */
const shownReason = (reason: unknown): string => String(reason);

function answerOf(slot: PluginSlot, decision: AdmissionDecision | undefined): Answer {
  if (decision?.decision === 'accept') return accept;
  if (decision?.decision !== 'refuse') return refuse(`${slot.name} gave no decision`);
  const reason = shownReason(decision.reason).slice(0, contractLimits.reasonLength.value);
  return refuse(`${slot.name}: ${reason}`);
}
