import {
  atLeast,
  expectAll,
  frozenBetween,
  heightOf,
  liars,
  never,
  setting,
  type Scenario,
} from './scenario.ts';

const noNullify = never('votes', 'NULLIFY');

/** Nobody gave up on a correct leader. */
const noNullifiedCorrect: NonNullable<Scenario['judge']> = (world) =>
  world.nullifiedCorrect === 0
    ? undefined
    : `${world.nullifiedCorrect} views of correct leaders are nullified`;

/** Every block of the good case is final exactly three one-way delays after its proposal. */
const threeDelays: NonNullable<Scenario['judge']> = (world) => {
  const { n, network } = world.config;
  if (n < 2) return undefined;
  const wantedUs = 3 * network.delayMs[0] * 1_000;
  const late = world.finalityUs.filter((us) => us > wantedUs);
  if (world.finalityUs.length === 0) return 'nothing became final';
  return late.length === 0 ? undefined : `finality after ${late[0] ?? 0} us, not ${wantedUs}`;
};

export const protocolScenarios: readonly Scenario[] = [
  {
    id: 'S1',
    about: 'happy path, n = 1 to 31: one block per view, three delays, no nullification',
    configs: [1, 2, 3, 4, 7, 10, 31].map((n) =>
      setting(n, { safetyMs: n === 31 ? 4_000 : 6_000, healedMs: 1_000 }),
    ),
    judge: expectAll(noNullify, threeDelays, heightOf(20)),
  },
  {
    id: 'S2',
    about: 'f silent leaders: one tLeader per slot, then they are skipped',
    configs: [
      setting(4, { byzantine: liars('silent', 2), safetyMs: 25_000 }),
      setting(7, { byzantine: liars('silent', 2, 3), safetyMs: 25_000 }),
      setting(10, { byzantine: liars('silent', 1, 4, 7), safetyMs: 25_000 }),
    ],
    judge: expectAll(atLeast(5, 'votes', 'NULLIFY'), heightOf(60)),
  },
  {
    id: 'S3',
    about: 'equivocating leader: evidence, punished',
    configs: [4, 7].map((n) =>
      setting(n, { byzantine: liars('equivocator', 1), safetyMs: 20_000 }),
    ),
    judge: atLeast(1, 'rules', 'punished'),
  },
  {
    id: 'S4',
    about: 'chaos votes of all kinds',
    configs: [4, 7].map((n) =>
      setting(n, { byzantine: liars('chaos', ...(n === 4 ? [1] : [1, 5])) }),
    ),
    judge: atLeast(1, 'rules', 'punished'),
  },
  {
    id: 'S5',
    about: 'votes, proposals and certificates withheld from two thirds',
    configs: [4, 7].map((n) =>
      setting(n, { byzantine: liars('withholder', ...(n === 4 ? [0] : [0, 3])) }),
    ),
    judge: heightOf(12),
  },
  {
    id: 'S6',
    about: 'proposals just before tLeader and tView; some hold N, some Z of a view',
    configs: [
      setting(4, { byzantine: liars('late-proposer', 1), safetyMs: 20_000 }),
      setting(7, {
        byzantine: [...liars('late-proposer', 1), ...liars('split-voter', 4)],
        safetyMs: 20_000,
      }),
      setting(4, { byzantine: liars('split-voter', 2), safetyMs: 20_000 }),
    ],
    judge: heightOf(15),
  },
  {
    id: 'S7',
    about: 'gap skipper: nobody votes for a parent below views that were not nullified',
    configs: [4, 7].map((n) =>
      setting(n, {
        byzantine: liars('gap-skipper', ...(n === 4 ? [1] : [1, 2])),
        safetyMs: 20_000,
      }),
    ),
    judge: expectAll(atLeast(1, 'behaviours', 'gap-skipper'), heightOf(15)),
  },
  {
    id: 'S8',
    about: 'invalid blocks of every kind: NULLIFY, no vote, nobody else is blamed',
    configs: [4, 7].map((n) =>
      setting(n, { byzantine: liars('invalid-proposer', 1), safetyMs: 25_000 }),
    ),
    judge: expectAll(atLeast(3, 'votes', 'NULLIFY'), heightOf(20)),
  },
  {
    id: 'S9',
    about: 'forged votes and certificates: the sender is blamed, nothing changes',
    configs: [4, 7].map((n) => setting(n, { byzantine: liars('forger', 2) })),
    judge: expectAll(atLeast(1, 'rules', 'A8'), heightOf(20)),
  },
  {
    id: 'S10',
    about: 'bodies withheld: fetched from those who signed',
    configs: [
      setting(4, { byzantine: liars('body-withholder', 1), safetyMs: 20_000 }),
      setting(7, { byzantine: liars('body-withholder', 1, 3), safetyMs: 20_000 }),
    ],
    judge: expectAll(atLeast(1, 'messages', 'BLOCK_REQ'), heightOf(20)),
  },
  {
    id: 'S11',
    about: 'partitions of two and three parts, also at the boundary: nothing without a quorum',
    configs: [
      setting(4, {
        epochLength: 16,
        plan: [{ at: 4_000, kind: 'partition', groups: [0, 0, 1, 1], forMs: 4_000 }],
      }),
      setting(7, {
        epochLength: 16,
        plan: [{ at: 4_000, kind: 'partition', groups: [0, 0, 1, 1, 2, 2, 0], forMs: 4_000 }],
      }),
    ],
    prepare: (world) => {
      frozenBetween(world, 4_400, 8_000, 'S11');
      // And once more in the moment in which the last block of an epoch is notarized.
      const cut = (): void => {
        if (world.maxHeight === world.config.epochLength * 3 - 1) {
          world.network.groups = world.nodes.map((node) => node.index % 2);
          world.agenda.after(3_000_000, () => {
            world.network.groups = undefined;
          });
        } else world.agenda.after(7_000, cut);
      };
      world.agenda.at(8_500_000, cut);
    },
    judge: heightOf(20),
  },
  {
    id: 'S12',
    about: 'links that work in one direction only',
    configs: [
      setting(4, {
        plan: [
          { at: 2_500, kind: 'oneWay', from: 0, to: 1, forMs: 8_000 },
          { at: 3_000, kind: 'oneWay', from: 2, to: 3, forMs: 6_000 },
        ],
      }),
      setting(7, {
        plan: [0, 1, 2, 3, 4].map((from) => ({
          at: 2_500,
          kind: 'oneWay',
          from,
          to: (from + 3) % 7,
          forMs: 8_000,
        })),
      }),
    ],
    judge: heightOf(20),
  },
  {
    id: 'S13',
    about: 'loss of 20 %, duplicates, reordering, 4 s delays; 10 % loss stays',
    configs: [1, 2].map((seed) =>
      setting(4, {
        seed,
        epochLength: 16,
        safetyMs: 20_000,
        stallMs: 120_000,
        network: {
          lossPpm: 200_000,
          duplicatePpm: 150_000,
          jitterMs: 60,
          spikePpm: 20_000,
          spikeMs: 4_000,
          residualPpm: 100_000,
        },
      }),
    ),
  },
  {
    id: 'S20',
    about: 'old messages again and again',
    configs: [4, 7].map((n) => setting(n, { epochLength: 16, byzantine: liars('replayer', 1) })),
    judge: heightOf(20),
  },
  {
    id: 'S21',
    about: 'votes of views and epochs far ahead: bounded memory',
    configs: [4, 7].map((n) => setting(n, { byzantine: liars('future-spammer', 1) })),
    judge: heightOf(20),
  },
  {
    id: 'S22',
    about: 'f down: progress; one more: none; one back: progress',
    configs: [
      setting(4, {
        plan: [
          { at: 2_500, kind: 'crash', node: 0, downMs: 60_000 },
          { at: 7_000, kind: 'crash', node: 1, downMs: 4_000 },
        ],
      }),
    ],
    prepare: (world) => {
      frozenBetween(world, 7_300, 11_000, 'S22');
      world.agenda.at(6_900_000, () => {
        if (world.maxHeight < 10) world.observer.report('S22', 'no progress with f down');
      });
    },
  },
  {
    id: 'S30',
    about: 'idle chain and single transactions: paced, nothing nullified',
    configs: [
      setting(4, {
        load: { perSecond: 0 },
        plan: [3, 5, 7, 9].map((s) => ({ at: s * 1_000 + 137, kind: 'burst', count: 1, tip: 5 })),
      }),
    ],
    judge: expectAll(noNullify, heightOf(8)),
  },
  {
    id: 'S31',
    about: 'n = 1, 2, 3 and E = 16 with many epochs',
    configs: [1, 2, 3].map((n) =>
      setting(n, {
        epochLength: 16,
        safetyMs: 14_000,
        plan: [{ at: 7_000, kind: 'crashAll', downMs: 300, spreadMs: 200 }],
      }),
    ),
    judge: expectAll(heightOf(50), (world) =>
      Math.max(...world.nodes.map((node) => node.table?.epoch ?? 0)) >= 4
        ? undefined
        : 'fewer than 4 epochs',
    ),
  },
  {
    id: 'S34',
    about:
      "a fast relayer repeats each leader's vote with other parts: full speed, only it is blamed",
    configs: [4, 7, 10].map((n) =>
      setting(n, { byzantine: liars('alterer', 2), network: { delayMs: [30, 60], near: [2] } }),
    ),
    judge: expectAll(noNullifiedCorrect, atLeast(1, 'rules', 'A8'), heightOf(25)),
  },
  {
    id: 'S36',
    about: 'one correct validator four times farther away leads its slots and keeps its seat',
    configs: [
      setting(10, {
        epochLength: 16,
        safetyMs: 25_000,
        network: { delayMs: [40, 40], far: [3], farMs: 120 },
      }),
      setting(10, { safetyMs: 15_000, network: { delayMs: [40, 40], far: [3], farMs: 120 } }),
    ],
    judge: expectAll(noNullifiedCorrect, (world) => {
      const far = world.nodes[3];
      const table = world.nodes[0]?.table;
      const key = far?.keys[0]?.key.publicKey;
      const entry = table?.entries.find((one) =>
        key?.every((byte, i) => byte === one.consensusKey[i]),
      );
      if (entry === undefined) return 'the far validator has lost its seat';
      return entry.participationBp > 9_000
        ? undefined
        : `its participation is ${entry.participationBp}`;
    }),
  },
  {
    id: 'S37',
    about: 'mempools disagree on an idle chain: nothing is nullified',
    configs: [setting(4, { load: { perSecond: 0 } })],
    prepare: (world) => {
      for (let i = 0; i < 20; i++) {
        world.agenda.at(2_500_000 + i * 400_000, () => {
          world.load.submit(
            { kind: 'pay', nonce: world.load.nonce, tip: 0n, validFrom: 1_000_000 },
            'some',
          );
        });
      }
    },
    judge: expectAll(noNullify, heightOf(8)),
  },
  {
    id: 'S40',
    about: 'another witness of every transaction in every mempool, short ids: TX_REQ, no INVALID',
    configs: [
      setting(4, { policy: { compactAbove: 0 }, load: { perSecond: 40, witnesses: true } }),
    ],
    judge: expectAll(atLeast(5, 'messages', 'TX_REQ'), noNullify, heightOf(30)),
  },
];
