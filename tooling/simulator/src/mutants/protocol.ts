import { liars, setting } from '../scenarios/scenario.ts';
import { type Mutant } from './mutant.ts';

const core = (name: string): string => `packages/consensus/src/${name}.ts`;
const memory = core('sign-guard/memory');

const noGuard = {
  file: memory,
  find: 'if (held !== undefined && excludes(held, kind)) return',
  replace: 'if (held !== undefined && held.length < 0) return',
} as const;

/** M1 to M13 of docs/protocol/rsc.md. */
export const protocolMutants: readonly Mutant[] = [
  {
    id: 'M1',
    about: 'FINALIZE after NULLIFY',
    edits: [
      noGuard,
      {
        file: core('signing'),
        find: '  return slot.mine[Z] === undefined;\n}',
        replace: '  return slot.view > 0;\n}',
      },
      {
        file: core('signing'),
        find: 'if (slot.mine[Z] !== undefined || slot.mine[F] !== undefined) return;',
        replace: 'if (slot.mine[F] !== undefined) return;',
      },
    ],
    scenario: 'S6',
    within: 6,
    caughtBy: ['I2', 'I4', 'I5', 'I16'],
  },
  {
    id: 'M2',
    about: 'a quorum of one half',
    edits: [
      {
        file: 'packages/protocol/src/thresholds.ts',
        find: 'Math.floor((2 * total) / 3) + 1',
        replace: 'Math.floor(total / 2) + 1',
      },
    ],
    configs: [
      setting(10, {
        byzantine: [...liars('equivocator', 1), ...liars('colluder', 2, 3)],
        network: { jitterMs: 10 },
      }),
    ],
    within: 10,
    caughtBy: ['I1', 'I2', 'I16'],
  },
  {
    id: 'M3',
    about: 'skipped views need no nullification',
    edits: [
      {
        file: core('voting'),
        find: '  return first === 0 ? undefined : [first, last];',
        replace: '  return first >= 0 ? undefined : [first, last];',
      },
    ],
    configs: [
      setting(4, {
        byzantine: liars('gap-skipper', 1),
        policy: { minBlockMs: 0 },
        network: { delayMs: [10, 60], jitterMs: 80, lossPpm: 80_000 },
      }),
    ],
    within: 20,
    caughtBy: ['I1', 'I2', 'I16'],
  },
  {
    id: 'M4',
    about: 'messages leave before the sync',
    edits: [
      {
        file: core('outbox'),
        find: 'if (this.#appended <= this.#durable && this.#waiting.length === 0) return true;',
        replace: 'if (this.#appended >= 0) return true;',
      },
    ],
    scenario: 'S16',
    within: 1,
    caughtBy: ['I13'],
  },
  {
    id: 'M5',
    about: 'votes are not journaled',
    edits: [
      {
        file: core('signing'),
        find: '  yield append(recordType.vote, voteCodec.encode(answer.vote));\n',
        replace: '  if (voteCodec.minBytes < 0) yield append(recordType.vote, new Uint8Array());\n',
      },
    ],
    scenario: 'S17',
    within: 12,
    caughtBy: ['I4', 'I5', 'I16'],
  },
  {
    id: 'M6',
    about: 'certificates are not journaled',
    edits: [
      {
        file: core('certified'),
        find: '  yield append(recordType.certificate, held.bytes);\n',
        replace: '  if (c.view < 0) yield append(recordType.certificate, held.bytes);\n',
      },
    ],
    configs: [5_010, 5_250, 5_500, 5_800].map((at) =>
      setting(4, {
        byzantine: liars('deserter', 1),
        network: { lossPpm: 250_000, jitterMs: 60 },
        plan: [{ at, kind: 'crashAll', downMs: 20, spreadMs: 20 }],
      }),
    ),
    within: 40,
    caughtBy: ['I9'],
  },
  {
    id: 'M7',
    about: 'bodies are not durable before the vote',
    edits: [
      {
        file: core('signing'),
        find: '  yield append(recordType.block, blockCodec.encode(block));\n',
        replace:
          '  if (block.header.view < 0) yield append(recordType.block, blockCodec.encode(block));\n',
      },
    ],
    scenario: 'S17',
    within: 12,
    caughtBy: ['I9'],
  },
  {
    id: 'M8',
    about: 'a second NOTARIZE in a view',
    edits: [
      {
        file: core('voting'),
        find: 'if (slot.mine[N] !== undefined || slot.mine[Z] !== undefined || e.view <= e.floor) return;',
        replace: 'if (slot.mine[Z] !== undefined || e.view <= e.floor) return;',
      },
      {
        file: core('voting'),
        find: 'const proposal = slot?.proposals[0];',
        replace: 'const proposal = slot?.proposals.at(-1);',
      },
      {
        file: core('signing'),
        find: 'if (stored !== undefined || !isAllowed(slot, kind)) return undefined;',
        replace:
          'if ((stored !== undefined && keyOf(stored.blockHash) === keyOf(hash)) || !isAllowed(slot, kind)) return undefined;',
      },
      {
        file: core('signing'),
        find: "import { zeroHash } from '@mxd/protocol/primitives';",
        replace: "import { keyOf, zeroHash } from '@mxd/protocol/primitives';",
      },
      {
        file: memory,
        find: "return isSame ? { type: 'repeat', vote: same } : refuse('GUARD_CONFLICT');",
        replace: "return isSame ? { type: 'repeat', vote: same } : { type: 'sign' };",
      },
    ],
    configs: [
      setting(4, { byzantine: liars('equivocator', 1), network: { jitterMs: 30 }, executeMs: 2 }),
    ],
    within: 6,
    caughtBy: ['I2', 'I4', 'I5', 'I16'],
  },
  {
    id: 'M9',
    about: 'nothing is sent again, no STATUS',
    edits: [
      {
        file: core('timers'),
        find: '  yield* resendOwn(s);\n  yield* resendEntry(s);\n  yield* sendStatus(s);\n',
        replace:
          '  if (s.monoMs < 0) {\n    yield* resendOwn(s);\n    yield* resendEntry(s);\n  }\n',
      },
      {
        file: core('timers'),
        find: '      yield* sendStatus(s);\n      yield timer(e,',
        replace: '      yield timer(e,',
      },
      {
        file: core('timers'),
        find: '      yield* onGrace(s);\n',
        replace: '      if (s.monoMs < 0) yield* onGrace(s);\n',
      },
      {
        file: core('timers'),
        find: 'resendOwn, sendStatus }',
        replace: 'resendOwn, sendStatus as _s }',
      },
    ],
    scenario: 'S13',
    within: 6,
    caughtBy: ['I9'],
  },
  {
    id: 'M10',
    about: 'unsigned fields of a PROPOSAL can fail it (no V0a)',
    edits: [
      {
        file: core('proposals'),
        find: "  if (!isClean) yield* fault(s, peer, 'CONSENSUS_PART');\n",
        replace: '  if (!isClean) slotOf(s.epoch, m.view).invalid = true;\n  void peer;\n',
      },
    ],
    scenario: 'S34',
    within: 3,
    caughtBy: ['S34', 'I9'],
  },
  {
    id: 'M11',
    about: 'tLeader and tView act once, also while signing is off (no E3)',
    edits: [
      {
        file: core('views'),
        find: '  if (s.observeUntilMs >= 0) return;\n  yield timer(e,',
        replace: '  yield timer(e,',
      },
      {
        file: core('timers'),
        find: '        yield* armView(s);\n',
        replace: '        if (s.monoMs < 0) yield* armView(s);\n',
      },
      {
        file: core('timers'),
        find: '      e.leaderExpired = true;\n      yield* tryNullify(s);\n',
        replace:
          '      e.leaderExpired = true;\n      yield* tryNullify(s);\n      e.leaderExpired = false;\n',
      },
      {
        file: core('timers'),
        find: '      e.viewExpired = true;\n      yield* tryNullify(s);\n',
        replace:
          '      e.viewExpired = true;\n      yield* tryNullify(s);\n      e.viewExpired = false;\n',
      },
    ],
    scenario: 'S35',
    within: 8,
    caughtBy: ['S35', 'I9'],
  },
  {
    id: 'M12',
    about: 'signs of life from tallied votes only',
    edits: [
      {
        file: core('ingress'),
        find: '  noteActive(e, vote.signerIndex, vote.view);\n',
        replace: '  if (vote.view < 0) noteActive(e, vote.signerIndex, vote.view);\n',
      },
      {
        file: core('resync'),
        find: '    noteActive(e, peer.index, m.view);\n',
        replace: '    if (m.view < 0) noteActive(e, peer.index, m.view);\n',
      },
      {
        file: core('proposals'),
        find: '  }\n  noteActive(e, leader, m.view);\n',
        replace: '  }\n  if (m.view < 0) noteActive(e, leader, m.view);\n',
      },
    ],
    scenario: 'S36',
    configs: [
      setting(10, {
        safetyMs: 15_000,
        policy: { skipViews: 8 },
        network: { delayMs: [40, 40], far: [3], farMs: 120 },
      }),
    ],
    within: 3,
    caughtBy: ['S36'],
  },
  {
    id: 'M13',
    about: 'EMPTY_DELAY by the own mempool: voters do not wait as long as the leader',
    edits: [
      {
        file: core('views'),
        find: '  const base = grown(policy.leaderTimeoutMs, k, policy.leaderTimeoutCapMs);\n  return s.epoch.idle ? base + policy.emptyDelayMs : base;',
        replace:
          '  const base = grown(policy.leaderTimeoutMs, k, policy.leaderTimeoutCapMs);\n  return base;',
      },
    ],
    scenario: 'S37',
    within: 2,
    caughtBy: ['S37'],
  },
];
