import { behaviours } from './byzantine/index.ts';
import { type Counts } from './counts.ts';

/** What has to occur in every big run: seeds in which nothing happens prove nothing. */
const expected: Readonly<Record<string, readonly string[]>> = {
  messages: [
    'PROPOSAL',
    'VOTE',
    'CERT',
    'STATUS',
    'CERT_REQ',
    'CERT_RESP',
    'BLOCK_REQ',
    'BLOCK_RESP',
    'TX_REQ',
    'TX_RESP',
    'EPOCH_PROOF',
    'SYS_RECORD',
  ],
  votes: ['NOTARIZE', 'NULLIFY', 'FINALIZE'],
  certificates: ['notarization', 'nullification', 'finalization'],
  evidence: ['a', 'b', 'c'],
  rules: [
    'A1',
    'A2',
    'A3',
    'A4',
    'A8',
    'A9',
    'Boundary',
    'C2',
    'C3',
    'COMPACT',
    'Commit',
    'E1',
    'E3',
    'J4',
    'J5',
    'J7',
    'J8',
    'J9',
    'LATENCY',
    'N4',
    'P4',
    'P5',
    'R0b',
    'Relay',
    'V3',
    'punished',
    'retain',
  ],
  faults: [
    'bond',
    'brokenApp',
    'burst',
    'clockJump',
    'crash',
    'crashAll',
    'diskError',
    'heal',
    'join',
    'journalLost',
    'journalOld',
    'lag',
    'leave',
    'oneWay',
    'partition',
    'reconnect',
    'rotate',
    'slowDisk',
    'slowVerify',
    'unbond',
  ],
  behaviours: behaviours.map(({ name }) => name),
  timers: [
    'boundary',
    'empty',
    'epochGrace',
    'fetch',
    'grace',
    'leader',
    'observe',
    'pace',
    'retry',
    'status',
    'view',
  ],
};

/** What never occurred, as `group: name`. */
export function neverOccurred(counts: Counts): readonly string[] {
  const missing: string[] = [];
  for (const [group, names] of Object.entries(expected)) {
    for (const name of names) if (counts.of(group, name) === 0) missing.push(`${group}: ${name}`);
  }
  return missing;
}

/** A table of all counts. */
export function describeCounts(counts: Counts): string {
  const lines: string[] = [];
  for (const [group, names] of [...counts.groups].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const sorted = [...names].sort(([a], [b]) => (a < b ? -1 : 1));
    lines.push(group);
    let line = ' ';
    for (const [name, count] of sorted) {
      const text = ` ${name} ${count}`;
      if (line.length + text.length > 98) {
        lines.push(line);
        line = ' ';
      }
      line += `${text},`;
    }
    lines.push(line.replace(/,$/, ''));
  }
  return lines.join('\n');
}
