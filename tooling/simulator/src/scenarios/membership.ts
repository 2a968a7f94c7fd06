import { type Planned } from '../config.ts';
import { atLeast, expectAll, heightOf, liars, setting, type Scenario } from './scenario.ts';

const joinOf = (node: number, at: number, units: number): Planned[] => [
  { at, kind: 'bond', node, units },
  { at: at + 700, kind: 'join', node },
];

export const membershipScenarios: readonly Scenario[] = [
  {
    id: 'S23',
    about:
      'joins, leaves and rotations over short epochs, partitions across boundaries, liars in them',
    configs: [1, 2, 3].map((seed) =>
      setting(
        7,
        {
          seed,
          epochLength: 16,
          safetyMs: 25_000,
          byzantine: liars('boundary-liar', 2),
          network: { jitterMs: 10 },
          plan: [
            ...joinOf(7, 2_500, 50),
            ...joinOf(8, 4_000, 20),
            { at: 6_000, kind: 'rotate', node: 0 },
            { at: 9_000, kind: 'leave', node: 3 },
            { at: 4_100, kind: 'partition', groups: [0, 0, 0, 1, 1, 1, 0, 1, 1], forMs: 2_000 },
            { at: 12_000, kind: 'partition', groups: [0, 0, 0, 0, 1, 1, 0, 0, 1], forMs: 2_500 },
            { at: 15_000, kind: 'crash', node: 4, downMs: 8_000 },
          ],
        },
        2,
      ),
    ),
    judge: (world) =>
      (world.nodes[0]?.table?.entries.length ?? 0) >= 7 ? undefined : 'nobody has joined',
  },
  {
    id: 'S24',
    about: 'silent members are evicted down to the floor; a mass leave stays within the cap',
    configs: [
      setting(7, {
        name: 'S24 silent',
        epochLength: 48,
        safetyMs: 80_000,
        byzantine: liars('silent', 1, 2),
      }),
      setting(7, {
        name: 'S24 leave',
        epochLength: 16,
        safetyMs: 14_000,
        plan: [0, 1, 2, 3, 4, 5].map((node) => ({ at: 2_600 + node * 40, kind: 'leave', node })),
      }),
    ],
    judge: (world) => {
      const size = world.nodes[6]?.table?.entries.length ?? 0;
      if (world.config.name === 'S24 leave')
        return size >= 1 && size < 7 ? undefined : `${size} seats`;
      return size === 5 || size === 6 ? undefined : `${size} seats after the silent were due to go`;
    },
  },
  {
    id: 'S25',
    about: 'evidence swapped, repeated, expired and after restarts: one punishment',
    configs: [
      setting(7, {
        epochLength: 16,
        blacklistBlocks: 20,
        safetyMs: 25_000,
        byzantine: [...liars('equivocator', 1), ...liars('accuser', 4)],
        plan: [{ at: 8_000, kind: 'crashAll', downMs: 50, spreadMs: 100 }],
      }),
    ],
    judge: atLeast(1, 'rules', 'punished'),
  },
  {
    id: 'S26',
    about: 'lies about latency: medians stay in the range that correct validators reported',
    configs: [1, 2].map((seed) =>
      setting(7, {
        seed,
        epochLength: 33,
        safetyMs: 20_000,
        byzantine: liars('latency-liar', 1, 4),
      }),
    ),
    judge: expectAll(atLeast(6, 'rules', 'LATENCY'), heightOf(70)),
  },
  {
    id: 'S27',
    about: 'one validator just below a third of the power goes down: progress; just above: none',
    configs: [
      setting(4, {
        name: 'S27 below',
        stakes: [145, 100, 100, 100],
        plan: [{ at: 3_000, kind: 'crash', node: 0, downMs: 6_000 }],
      }),
      setting(4, {
        name: 'S27 above',
        stakes: [155, 100, 100, 100],
        plan: [{ at: 3_000, kind: 'crash', node: 0, downMs: 6_000 }],
      }),
    ],
    prepare: (world) => {
      let before = 0;
      world.agenda.at(3_300_000, () => {
        before = world.maxHeight;
      });
      world.agenda.at(8_900_000, () => {
        const grown = world.maxHeight - before;
        const isBelow = world.config.name === 'S27 below';
        if (isBelow ? grown < 3 : grown > 1)
          world.observer.report('S27', `height grew by ${grown}`);
      });
    },
  },
  {
    id: 'S28',
    about: 'a node far behind, over several epochs, with peers that claim what they cannot prove',
    configs: [1, 2].map((seed) =>
      setting(4, {
        seed,
        epochLength: 16,
        safetyMs: 30_000,
        byzantine: liars('status-liar', 2),
        plan: [{ at: 3_000, kind: 'crash', node: 0, downMs: 25_000 }],
      }),
    ),
    judge: expectAll(heightOf(60), atLeast(1, 'messages', 'EPOCH_PROOF')),
  },
  {
    id: 'S29',
    about: 'tips of 0, 1, 2 and as much as there is; one recipient: exact conservation',
    configs: [1, 4].map((n) =>
      setting(n, {
        epochLength: 16,
        plan: [0, 1, 2, 3, 9_999].map((tip, i) => ({
          at: 2_600 + 900 * i,
          kind: 'burst',
          count: 1 + i,
          tip,
        })),
      }),
    ),
    judge: heightOf(40),
  },
  {
    id: 'S41',
    about: 'a whale joins, tops up and goes silent: CHURN_IN holds, the chain lives',
    configs: [
      setting(
        4,
        {
          epochLength: 16,
          safetyMs: 25_000,
          plan: [
            ...joinOf(4, 2_500, 2_000),
            { at: 6_000, kind: 'bond', node: 4, units: 5_000 },
            { at: 8_500, kind: 'crash', node: 4, downMs: 60_000 },
          ],
        },
        1,
      ),
    ],
    prepare: (world) => {
      world.agenda.at(24_900_000, () => {
        if (world.maxHeight < 40) world.observer.report('S41', `height ${world.maxHeight}`);
      });
    },
  },
  {
    id: 'S42',
    about: 'every member blacklisted; EQUAL with stakes of zero: no stall, no division by zero',
    configs: [
      setting(4, { name: 'S42 blacklist', epochLength: 16 }),
      setting(4, {
        name: 'S42 zero',
        epochLength: 16,
        powerMode: 0,
        minStakePpm: 0,
        stakes: [0, 0, 0, 0],
      }),
    ],
    prepare: (world) => {
      if (world.config.name !== 'S42 blacklist') return;
      const ids = world.identities.map(({ id }) => id);
      world.agenda.at(3_000_000, () => {
        for (const node of world.nodes) node.input({ type: 'blacklist', ids });
      });
    },
    judge: heightOf(40),
  },
];
