import { liars, setting } from '../scenarios/scenario.ts';
import { type Mutant } from './mutant.ts';

const core = (name: string): string => `packages/consensus/src/${name}.ts`;
const validators = (name: string): string => `packages/ledger/src/validators/${name}.ts`;

/** Mistakes in the rules of membership, evidence, epochs and timestamps. */
export const ownMutants: readonly Mutant[] = [
  {
    id: 'O1',
    about: 'CHURN_IN is not applied',
    edits: [
      {
        file: validators('next-table'),
        find: 'const share = base / BigInt(parameters.churnInDivisor);',
        replace: 'const share = base * 100n;',
      },
    ],
    scenario: 'S41',
    within: 2,
    caughtBy: ['I19'],
  },
  {
    id: 'O2',
    about: 'a convicted validator keeps its seat',
    edits: [
      {
        file: validators('next-table'),
        find: '    isBlacklisted(state, id, firstHeight) ||\n    (convictedAt > 0 && convictedAt >= boundaryBefore) ||\n',
        replace: '    (convictedAt > firstHeight + boundaryBefore) ||\n',
      },
    ],
    scenario: 'S25',
    within: 3,
    caughtBy: ['I20'],
  },
  {
    id: 'O3',
    about: 'evidence is taken again for the same validator and epoch',
    edits: [
      {
        file: validators('evidence-record'),
        find: 'return mapGet(state.evidence, evidenceKeyOf({ id: signerId, epoch })) === undefined',
        replace:
          'return mapGet(state.evidence, evidenceKeyOf({ id: signerId, epoch: -1 })) === undefined',
      },
    ],
    scenario: 'S4',
    within: 6,
    caughtBy: ['I20'],
  },
  {
    id: 'O4',
    about: 'NOTARIZE and NULLIFY of one view are taken for a conflict',
    edits: [
      {
        file: core('evidence'),
        find: 'return (a.kind === F && b.kind === Z) || (a.kind === Z && b.kind === F);',
        replace: 'return a.kind === Z || b.kind === Z;',
      },
    ],
    scenario: 'S13',
    within: 8,
    caughtBy: ['I5'],
  },
  {
    id: 'O5',
    about: 'timestamps may be any time ahead',
    edits: [
      {
        file: core('voting'),
        find: '  return timestampMs <= s.wallMs + drift || timestampMs === parent.timestampMs + 1;',
        replace: '  return timestampMs > 0;',
      },
    ],
    configs: [setting(4, { byzantine: liars('time-traveller', 1) })],
    within: 2,
    caughtBy: ['I8'],
  },
  {
    id: 'O6',
    about: 'no escape of one millisecond above the parent',
    edits: [
      {
        file: core('voting'),
        find: '  return timestampMs <= s.wallMs + drift || timestampMs === parent.timestampMs + 1;',
        replace: '  return timestampMs <= s.wallMs + drift;',
      },
    ],
    scenario: 'S15',
    within: 3,
    caughtBy: ['S15', 'I9'],
  },
  {
    id: 'O7',
    about: 'a leader stamps its clock, even if the parent is later',
    edits: [
      {
        file: core('proposing'),
        find: 'timestampMs: Math.max(s.wallMs, parent.header.timestampMs + 1),',
        replace: 'timestampMs: s.wallMs,',
      },
    ],
    scenario: 'S14',
    within: 2,
    caughtBy: ['I18'],
  },
  {
    id: 'O8',
    about: 'a block is built above the last one of the epoch',
    edits: [
      {
        file: core('proposing'),
        find: 'if (parent.header.height === e.lastHeight && parent.view > 0) {',
        replace: 'if (parent.header.height === e.lastHeight && parent.view > 1_000_000) {',
      },
    ],
    scenario: 'S17',
    within: 6,
    caughtBy: ['I18'],
  },
  {
    id: 'O10',
    about: 'nobody proves the end of an epoch to those who are behind',
    edits: [
      {
        file: core('resync'),
        find: 'if (epoch < 1 || s.monoMs - peer.proofAtMs',
        replace: 'if (epoch < 1_000_000 || s.monoMs - peer.proofAtMs',
      },
      {
        file: core('epochs'),
        find: 'if (behind.length > 0) yield toPeers(behind, s.lastProof);',
        replace: 'if (behind.length > 1_000_000) yield toPeers(behind, s.lastProof);',
      },
    ],
    scenario: 'S23',
    within: 3,
    caughtBy: ['I9'],
  },
  {
    id: 'O11',
    about: 'the parent certificate of a block is not checked (B1)',
    edits: [
      {
        file: core('blocks'),
        find: '  if (entry.parentProven) return true;\n',
        replace: '  if (entry.parentProven || s.monoMs >= 0) return true;\n',
      },
    ],
    configs: [setting(4, { byzantine: liars('false-parent', 1) })],
    within: 2,
    caughtBy: ['I23'],
  },
  {
    id: 'O12',
    about: 'an account may change its seat twice in an epoch',
    edits: [
      {
        file: validators('account-records'),
        find: 'return registryEntry(state, record.id)?.lastRecordEpoch === epoch',
        replace: 'return registryEntry(state, record.id)?.lastRecordEpoch === epoch + 1_000_000',
      },
    ],
    configs: [
      setting(7, {
        plan: [
          { at: 2_600, kind: 'rotate', node: 2 },
          { at: 8_000, kind: 'leave', node: 2 },
        ],
      }),
    ],
    within: 2,
    caughtBy: ['I22'],
  },
  {
    id: 'O13',
    about: 'CHURN_OUT is not applied to LEAVEs',
    edits: [
      {
        file: validators('next-table'),
        find: 'if (gone.size > 0 && removed + member.weight > cap) break;',
        replace: 'if (gone.size > 1_000) break;',
      },
    ],
    configs: [
      setting(7, {
        epochLength: 33,
        plan: [0, 1, 2, 3].map((node) => ({ at: 2_600 + node * 40, kind: 'leave', node })),
      }),
    ],
    within: 2,
    caughtBy: ['I19'],
  },
  {
    id: 'O14',
    about: 'the greatest reported latency counts, not the median',
    edits: [
      {
        file: validators('latency'),
        find: 'return 2 * cumulative >= power;',
        replace: 'return cumulative >= power;',
      },
    ],
    scenario: 'S26',
    within: 6,
    caughtBy: ['I21'],
  },
  {
    id: 'O15',
    about: 'a ROTATE is used up without effect',
    edits: [
      {
        file: validators('next-table'),
        find: 'return { ...seat, consensusKey: rotation.newConsensusKey };',
        replace: 'return { ...seat, consensusKey: seat.consensusKey };',
      },
    ],
    scenario: 'S23',
    within: 3,
    caughtBy: ['I24'],
  },
  {
    id: 'O16',
    about: 'LEAVEs are never granted',
    edits: [
      {
        file: validators('next-table'),
        find: '  for (const record of queued(round, 2)) {\n',
        replace: '  for (const record of queued(round, 2).slice(1_000)) {\n',
      },
    ],
    scenario: 'S23',
    within: 3,
    caughtBy: ['I24'],
  },
  {
    id: 'O17',
    about: 'the table of the epoch before stays in force',
    edits: [
      {
        file: core('epochs'),
        find: 'newEpoch(s, nextTable, anchor, old.set)',
        replace: 'newEpoch(s, { ...old.set.table, epoch: nextTable.epoch }, anchor, old.set)',
      },
    ],
    scenario: 'S23',
    within: 3,
    caughtBy: ['I3', 'I6', 'I18', 'I24'],
  },
  {
    id: 'O18',
    about: 'voters do not compute the next table that a boundary block commits to',
    edits: [
      {
        file: validators('header'),
        find: 'return equalBytes(nextTable(parent).hash, header.nextTableHash)',
        replace:
          'return header.nextTableHash.length === 64 || equalBytes(nextTable(parent).hash, header.nextTableHash)',
      },
    ],
    scenario: 'S23',
    within: 4,
    caughtBy: ['I16', 'I3'],
  },
  {
    id: 'O19',
    about: 'votes of the same validator count twice for a certificate',
    edits: [
      {
        file: core('votes'),
        find: '  if (tally.votes[signer] !== undefined) return;\n',
        replace: '  if (tally.votes[signer] !== undefined && slot.view < 0) return;\n',
      },
    ],
    scenario: 'S4',
    within: 6,
    caughtBy: ['I2', 'I3', 'I16', 'I15'],
  },
];
