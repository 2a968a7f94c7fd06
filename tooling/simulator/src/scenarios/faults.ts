import { encodeBatch } from '@mxd/consensus/journal';

import { type Planned } from '../config.ts';
import {
  atLeast,
  expectAll,
  haltedWith,
  heightOf,
  liars,
  never,
  setting,
  type Scenario,
} from './scenario.ts';

const crashEvery = (gapMs: number, untilMs: number, n: number, downMs: number): Planned[] =>
  Array.from({ length: Math.floor((untilMs - 2_500) / gapMs) }, (_, i) => ({
    at: 2_500 + i * gapMs,
    kind: 'crash',
    node: i % n,
    downMs,
  }));

const crashAllEvery = (gapMs: number, untilMs: number): Planned[] =>
  Array.from({ length: Math.floor((untilMs - 3_000) / gapMs) }, (_, i) => ({
    at: 3_000 + i * gapMs,
    kind: 'crashAll',
    downMs: 50,
    spreadMs: 300,
  }));

export const faultScenarios: readonly Scenario[] = [
  {
    id: 'S14',
    about: 'clocks off by 25 s, one by 70 s, jumps of an hour forth and back',
    configs: [
      setting(4, {
        clock: [
          { offsetMs: 25_000, driftPpm: 200 },
          { offsetMs: -25_000, driftPpm: -200 },
          { offsetMs: 0, driftPpm: 0 },
          { offsetMs: 70_000, driftPpm: 0 },
        ],
        plan: [
          { at: 5_000, kind: 'clockJump', node: 3, byMs: 3_600_000 },
          { at: 8_000, kind: 'clockJump', node: 3, byMs: -7_200_000 },
        ],
      }),
    ],
    judge: heightOf(15),
  },
  {
    id: 'S15',
    about:
      'timestamp ratchet: every Byzantine leader stamps 59.9 s ahead; nobody is nullified for it',
    configs: [
      setting(7, {
        byzantine: liars('ratchet', 1, 4),
        clock: [0, 0, -5_000, 0, 0, -15_000, 0].map((offsetMs) => ({ offsetMs, driftPpm: 0 })),
        safetyMs: 15_000,
      }),
    ],
    // Correct clocks 5 and 15 s slow refuse the liars' own blocks, and no block of a correct leader.
    judge: (world) =>
      world.nullifiedCorrect === 0
        ? undefined
        : `${world.nullifiedCorrect} views of correct leaders nullified`,
  },
  {
    id: 'S16',
    about: 'crashes between append and sync, sync and send, and in the middle of sending',
    configs: [1, 2, 3].map((seed) =>
      setting(4, {
        seed,
        syncMs: [1, 60],
        safetyMs: 20_000,
        plan: crashEvery(700, 18_000, 4, 150),
      }),
    ),
  },
  {
    id: 'S17',
    about: 'restart storms of all nodes, also during view and epoch changes',
    configs: [1, 2, 3].map((seed) =>
      setting(4, {
        seed,
        epochLength: 16,
        syncMs: [0, 20],
        safetyMs: 24_000,
        plan: crashAllEvery(3_300 + 217 * seed, 22_000),
      }),
    ),
    judge: heightOf(5),
  },
  {
    id: 'S18',
    about: 'a slow disk bothers nobody else; an error of the disk ends its node',
    configs: [
      setting(4, {
        plan: [
          { at: 3_000, kind: 'slowDisk', node: 0, syncMs: 300, forMs: 4_000 },
          { at: 8_000, kind: 'diskError', node: 1, error: 'EIO' },
        ],
      }),
      setting(4, { plan: [{ at: 6_000, kind: 'diskError', node: 1, error: 'ENOSPC' }] }),
    ],
    judge: expectAll(haltedWith(1, 'JOURNAL_FAILED'), heightOf(30)),
  },
  {
    id: 'S19',
    about: 'journal deleted, damaged, foreign, an older copy, two instances: J8 and J9',
    configs: [
      ...(['deleted', 'corrupt', 'foreign'] as const).map((how) =>
        setting(4, {
          name: `S19 ${how}`,
          plan: [{ at: 5_000, kind: 'journalLost', node: 1, how }],
        }),
      ),
      setting(4, {
        name: 'S19 old',
        plan: [{ at: 5_000, kind: 'journalOld', node: 1, ageMs: 1_500 }],
      }),
      setting(4, { name: 'S19 twin', plan: [{ at: 5_000, kind: 'twin', node: 4, of: 1 }] }, 1),
    ],
    judge: (world) => {
      const { counts } = world.observer;
      const { name } = world.config;
      const isNoticed = counts.of('halts', 'CONSENSUS_HALT_OWN_KEY') > 0;
      if (name === 'S19 twin') return isNoticed ? undefined : 'nobody noticed (J9)';
      if (name === 'S19 old') {
        // What is final cannot be signed again: only votes above the floor have to be noticed.
        const signedTwice = ['a', 'b', 'c'].some((kind) => counts.of('evidence', kind) > 0);
        return isNoticed || !signedTwice ? undefined : 'signed twice, and nobody noticed (J9)';
      }
      const code =
        {
          'S19 deleted': 'JOURNAL_MISSING',
          'S19 corrupt': 'JOURNAL_CORRUPT',
          'S19 foreign': 'JOURNAL_FOREIGN',
        }[name] ?? '';
      return counts.of('journal', code) > 0
        ? undefined
        : `the journal was taken, not refused with ${code}`;
    },
  },
  {
    id: 'S32',
    about: 'an application that computes something else: its node halts and never votes for it',
    configs: [setting(4, { plan: [{ at: 5_000, kind: 'brokenApp', node: 1 }] })],
    judge: expectAll(haltedWith(1, 'CONSENSUS_HALT_FINAL_INVALID'), heightOf(30)),
  },
  {
    id: 'S33',
    about: 'verification takes 2 s on one node: it lags and catches up, nothing is found invalid',
    configs: [
      setting(4, { plan: [{ at: 3_000, kind: 'slowVerify', node: 1, byMs: 2_000, forMs: 6_000 }] }),
    ],
    judge: heightOf(30),
  },
  {
    id: 'S35',
    about: 'all restart inside the observation, f down, the leader of the view among them',
    configs: [1, 2, 3, 4].map((seed) =>
      setting(4, {
        seed,
        safetyMs: 15_000,
        plan: [
          { at: 4_000, kind: 'crash', node: seed % 4, downMs: 60_000 },
          { at: 5_000, kind: 'crashAll', downMs: 10, spreadMs: 1_500 },
        ],
      }),
    ),
    prepare: (world) => {
      let before = 0;
      world.agenda.at(5_000_000, () => {
        before = world.maxHeight;
      });
      world.agenda.at(14_900_000, () => {
        if (world.maxHeight <= before + 1)
          world.observer.report('S35', 'no block after the restart');
      });
    },
  },
  {
    id: 'S38',
    about:
      'transactions that contain journal records, tails in random page order: cut off, never J8',
    configs: [1, 2, 3].map((seed) =>
      setting(4, {
        seed,
        syncMs: [5, 80],
        safetyMs: 20_000,
        load: { perSecond: 0 },
        plan: [
          ...crashEvery(900, 18_000, 4, 100),
          { at: 9_000, kind: 'crashAll', downMs: 10, spreadMs: 50 },
        ],
      }),
    ),
    prepare: (world) => {
      const next = (): void => {
        const offset = world.random.load.below(4_096);
        const record = { type: 3, payload: world.random.load.bytes(40) } as const;
        const padding = encodeBatch(world.random.load.bytes(16), offset, offset, [record, record]);
        world.load.submit({ kind: 'pay', nonce: world.load.nonce, tip: 0n, padding });
        world.agenda.after(50_000, next);
      };
      world.agenda.after(500_000, next);
    },
    judge: never('journal', 'JOURNAL_CORRUPT'),
  },
  {
    id: 'S39',
    about:
      'missing bodies of final blocks, small segments, power loss of all: bodies are still there',
    configs: [1, 2, 3].map((seed) =>
      setting(7, {
        seed,
        segmentBytes: 2_048,
        epochLength: 33,
        safetyMs: 20_000,
        byzantine: liars('body-withholder', 2),
        network: { lossPpm: 80_000 },
        plan: crashAllEvery(4_100, 18_000),
      }),
    ),
    judge: expectAll(atLeast(1, 'messages', 'BLOCK_REQ'), heightOf(5)),
  },
];
