/** What blocks above the final state changed, and look-ups through a stack of such changes. */
import type { ValidatorId } from '@mxd/protocol';

import { LedgerError } from './errors.ts';
import { binaryText, type OutpointKey } from './outputs.ts';
import type { UnspentOutput } from './types.ts';

/** What one block did to the unspent outputs. */
export interface OutputDiff {
  /** Unspent after the block and not (or with another amount) before it. */
  readonly created: ReadonlyMap<OutpointKey, UnspentOutput>;
  /** Unspent before the block and not (or with another amount) after it. */
  readonly spent: ReadonlyMap<OutpointKey, UnspentOutput>;
  /** Made, or reduced by slashing, and then spent within the block. */
  readonly transient: ReadonlyMap<OutpointKey, UnspentOutput>;
}

/** An output, or that it was spent in the layers asked, or that nothing is known of it. */
export type Lookup = UnspentOutput | 'spent' | undefined;

function lookUpIn(layer: OutputDiff, key: OutpointKey): Lookup {
  const created = layer.created.get(key);
  if (created !== undefined) return created;
  return layer.spent.has(key) || layer.transient.has(key) ? 'spent' : undefined;
}

/** The state of an output after the first of `layers` (nearest first), without the base. */
export function lookUpLayers(layers: readonly OutputDiff[], key: OutpointKey): Lookup {
  for (const layer of layers) {
    const found = lookUpIn(layer, key);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The change of the stake bonded to one validator. */
export interface BondDelta {
  readonly id: ValidatorId;
  delta: bigint;
}

/** The changes of a block under execution, over its ancestors' and outputs loaded from the base. */
export class OutputOverlay implements OutputDiff {
  readonly created: Map<OutpointKey, UnspentOutput> = new Map();
  readonly spent: Map<OutpointKey, UnspentOutput> = new Map();
  readonly transient: Map<OutpointKey, UnspentOutput> = new Map();
  readonly bonds: Map<string, BondDelta> = new Map();
  /** Sum of what was created less what was spent. */
  balance = 0n;
  readonly #layers: readonly OutputDiff[];
  readonly #base: ReadonlyMap<OutpointKey, UnspentOutput>;

  constructor(layers: readonly OutputDiff[], base: ReadonlyMap<OutpointKey, UnspentOutput>) {
    this.#layers = layers;
    this.#base = base;
  }

  /** The output as it is after what this block did so far. Base outputs must have been loaded. */
  lookUp(key: OutpointKey): Lookup {
    return lookUpIn(this, key) ?? lookUpLayers(this.#layers, key) ?? this.#base.get(key);
  }

  /** @throws LedgerError LEDGER_INVARIANT if it exists already. */
  create(key: OutpointKey, output: UnspentOutput): void {
    if (this.created.has(key)) {
      throw new LedgerError('LEDGER_INVARIANT', 'an output was created twice');
    }
    this.created.set(key, output);
    this.balance += output.amount;
    if (output.lock.kind === 'bonded') this.#bond(output.lock.validatorId, output.amount);
  }

  /** `output` is what `lookUp(key)` answered. */
  spend(key: OutpointKey, output: UnspentOutput): void {
    const own = this.created.get(key);
    if (own === undefined) this.spent.set(key, output);
    else {
      this.created.delete(key);
      this.transient.set(key, own);
    }
    this.balance -= output.amount;
    if (output.lock.kind === 'bonded') this.#bond(output.lock.validatorId, -output.amount);
  }

  /** Takes `loss` from an output in place; an output that loses all of its amount ceases to be. */
  reduce(key: OutpointKey, output: UnspentOutput, loss: bigint): void {
    if (loss === 0n) return;
    const rest = output.amount - loss;
    const before = this.created.get(key);
    if (before === undefined) this.spent.set(key, output);
    this.created.delete(key);
    if (rest > 0n) this.created.set(key, { ...output, amount: rest });
    this.balance -= loss;
    if (output.lock.kind === 'bonded') this.#bond(output.lock.validatorId, -loss);
  }

  #bond(id: ValidatorId, delta: bigint): void {
    const text = binaryText(id);
    const entry = this.bonds.get(text);
    if (entry === undefined) this.bonds.set(text, { id: id.slice(), delta });
    else entry.delta += delta;
  }
}
