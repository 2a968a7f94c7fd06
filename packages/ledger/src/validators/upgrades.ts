import { equalBytes, toHex } from '@mxd/codec';
import { applyChanges, changeDocumentCodec, type Governance } from '@mxd/protocol/changes';
import { parametersCodec } from '@mxd/protocol/parameters';
import { keyOf } from '@mxd/protocol/primitives';
import { type Table } from '@mxd/protocol/table';
import { quorum } from '@mxd/protocol/thresholds';

import { mapFromSorted, mapValues } from './ordered-map.ts';
import { type ScheduledUpgrade, type Signal, type Upgrades, type ValidatorState } from './types.ts';
import { governance, tableIndex } from './views.ts';

const noChange = changeDocumentCodec.encode([]);

/** Rule U3: what was scheduled for this epoch comes into force. */
function activate(upgrades: Upgrades, epoch: number): Upgrades {
  const { scheduled, changes } = upgrades;
  if (scheduled === undefined || scheduled.activationEpoch !== epoch) return upgrades;
  const { protocolVersion, change } = scheduled;
  const isEmpty = equalBytes(change, noChange);
  return {
    ...upgrades,
    protocolVersion,
    changes: isEmpty ? changes : [...changes, change],
    scheduled: undefined,
  };
}

function sameGovernance(a: Governance, b: Governance): boolean {
  return (
    equalBytes(parametersCodec.encode(a.parameters), parametersCodec.encode(b.parameters)) &&
    a.listed.length === b.listed.length &&
    a.listed.every((id, i) => keyOf(id) === keyOf(b.listed[i] ?? new Uint8Array()))
  );
}

/** Whether a wish is for something else than what is in force, and still keeps the rules. */
function isWorthwhile(active: Governance, activeVersion: number, signal: Signal): boolean {
  if (signal.protocolVersion < activeVersion) return false;
  const changed = applyChanges(active, changeDocumentCodec.decode(signal.change));
  if (!changed.ok) return false;
  return signal.protocolVersion > activeVersion || !sameGovernance(active, changed.value);
}

/** The signal that validators with a quorum of the table's power agree on (rule U2). */
function agreedSignal(signals: readonly Signal[], table: Table): Signal | undefined {
  const index = tableIndex(table);
  const powers = new Map<string, number>();
  let total = 0;
  for (const entry of table.entries) total += entry.power;
  for (const signal of signals) {
    const position = index.get(keyOf(signal.id));
    if (position === undefined) continue;
    const pair = `${signal.protocolVersion}:${toHex(signal.change)}`;
    const power = (powers.get(pair) ?? 0) + (table.entries[position]?.power ?? 0);
    if (power >= quorum(total)) return signal;
    powers.set(pair, power);
  }
  return undefined;
}

/**
 * The upgrades part of step X6 at the boundary of `epoch`, with the table of the next one: what is
 * due comes into force, then a wish of a quorum is scheduled, then signals that can count no more
 * are dropped (decision 0062).
 */
export function endEpochOfUpgrades(state: ValidatorState, epoch: number, next: Table): Upgrades {
  const upgrades = activate(state.upgrades, epoch + 1);
  const signals = [...mapValues(upgrades.signals)];
  let { scheduled } = upgrades;
  if (scheduled === undefined) {
    const active = governance({ ...state, upgrades });
    const live = signals.filter((signal) => signal.expiryEpoch >= epoch);
    const agreed = agreedSignal(live, next);
    if (agreed !== undefined && isWorthwhile(active, upgrades.protocolVersion, agreed)) {
      const activationEpoch = epoch + 1 + active.parameters.upgradeDelay;
      scheduled = scheduledOf(agreed, activationEpoch);
    }
  }
  const index = tableIndex(next);
  const kept = signals.filter((s) => s.expiryEpoch > epoch && index.has(keyOf(s.id)));
  const isSame = kept.length === signals.length && scheduled === upgrades.scheduled;
  if (isSame) return upgrades;
  return { ...upgrades, scheduled, signals: mapFromSorted(kept.map((s) => [keyOf(s.id), s])) };
}

const scheduledOf = (signal: Signal, activationEpoch: number): ScheduledUpgrade => ({
  activationEpoch,
  protocolVersion: signal.protocolVersion,
  change: signal.change,
});
