import { PluginError } from '../errors.ts';
import type { AdmissionDecision, ProposalDecision } from '../facts.ts';
import {
  hookNames,
  type BatchedHook,
  type BatchHandler,
  type FinalOutcome,
  type HookHandler,
  type HookName,
  type HookOptions,
  type Hooks,
} from '../hooks.ts';
import { limits } from '../limits.ts';

/** Every handler in the form of a batch. */
type AnyHandler = (inputs: readonly unknown[]) => Promise<readonly unknown[]>;

const batched: readonly HookName[] = ['transaction:admit', 'transaction:accepted'];
const accepted: AdmissionDecision = { decision: 'accept' };

/** Handlers of one plugin, by hook. */
export class HandlerTable {
  readonly #handlers = new Map<HookName, AnyHandler[]>();
  #finalFrom: 'head' | number = 'head';

  get hooks(): readonly HookName[] {
    return hookNames.filter((hook) => this.#handlers.has(hook));
  }

  get finalFrom(): 'head' | number {
    return this.#finalFrom;
  }

  register(check: () => void): Hooks {
    return {
      on: <Hook extends HookName>(
        hook: Hook,
        handler: HookHandler<Hook>,
        options: HookOptions = {},
      ) => {
        check();
        // Called inside an async function, so that a handler that throws at once is a rejection.
        const one = async (input: unknown): Promise<unknown> => handler(input as never);
        this.#add(hook, (inputs) => Promise.all(inputs.map(one)));
        const { from = 'head' } = options;
        if (hook !== 'block:final') return;
        if (from !== 'head' && !(Number.isSafeInteger(from) && from >= 1)) {
          throw new PluginError('PLUGIN_DEFINITION', `final blocks cannot begin at ${from}`);
        }
        this.#finalFrom = from;
      },
      onBatch: <Hook extends BatchedHook>(hook: Hook, handler: BatchHandler<Hook>) => {
        check();
        if (!batched.includes(hook)) {
          throw new PluginError('PLUGIN_DEFINITION', `${hook} does not come in batches`);
        }
        this.#add(hook, async (inputs) => handler(inputs as never));
      },
    };
  }

  #add(hook: HookName, handler: AnyHandler): void {
    const list = this.#handlers.get(hook) ?? [];
    if (!hookNames.includes(hook) || list.length >= limits.hookHandlers.value) {
      throw new PluginError('PLUGIN_DEFINITION', `${hook}: no such hook, or too many handlers`);
    }
    this.#handlers.set(hook, [...list, handler]);
  }

  /** Runs the handlers of a hook in their order; what they answer becomes one answer. */
  async run(hook: HookName, inputs: readonly unknown[]): Promise<readonly unknown[]> {
    const handlers = this.#handlers.get(hook) ?? [];
    if (hook === 'transaction:admit') return admit(handlers, inputs);
    const answers: (readonly unknown[])[] = [];
    for (const handler of handlers) answers.push(await handler(inputs));
    if (hook === 'block:proposing') return [leftOut(answers)];
    if (hook === 'block:final') return [stored(answers)];
    return [];
  }
}

/** The first refusal of a transaction counts, and later handlers are not asked about it. */
async function admit(
  handlers: readonly AnyHandler[],
  inputs: readonly unknown[],
): Promise<readonly AdmissionDecision[]> {
  const decisions: AdmissionDecision[] = inputs.map(() => accepted);
  for (const handler of handlers) {
    const open = inputs.map((_, i) => i).filter((i) => decisions[i] === accepted);
    const answers = await handler(open.map((i) => inputs[i]));
    if (answers.length !== open.length) {
      throw new PluginError(
        'PLUGIN_RESPONSE',
        `transaction:admit: ${answers.length} answers to ${open.length} questions`,
      );
    }
    open.forEach((at, i) => {
      const answer = answers[i] as AdmissionDecision | undefined;
      if (answer?.decision === 'accept') return;
      const given = answer?.decision === 'refuse' ? answer.reason : undefined;
      decisions[at] = { decision: 'refuse', reason: given ?? 'the plugin did not answer' };
    });
  }
  return decisions;
}

function leftOut(answers: readonly (readonly unknown[])[]): ProposalDecision {
  const ids = new Set<string>();
  for (const [answer] of answers) {
    const { leaveOut } = (answer ?? {}) as Partial<ProposalDecision>;
    if (!Array.isArray(leaveOut)) {
      throw new PluginError('PLUGIN_RESPONSE', 'block:proposing: the answer has no leaveOut');
    }
    for (const id of leaveOut) ids.add(String(id));
  }
  return { leaveOut: [...ids] };
}

function stored(answers: readonly (readonly unknown[])[]): FinalOutcome {
  const outcomes = answers.flat() as readonly (FinalOutcome | undefined)[];
  return { store: outcomes.flatMap((outcome) => outcome?.store ?? []) };
}
