import { noSample, type LatencyRecord } from '@mxd/protocol/system-records';
import type { BenchmarkSuite } from '../../../tooling/bench/src/harness.ts';

import {
  applicationRoot,
  applyBondDeltas,
  applyMetrics,
  applyTips,
  currentTable,
  nextTable,
  selectSystemRecords,
  type ValidatorState,
} from '../src/validators/index.ts';
import { contextAt, genesisOf, joinOf, people, person } from '../test/validators/fixture.ts';

const zeros = new Uint8Array(64);

/** A table of 100 in which everybody has reported about everybody. */
function fullState(): ValidatorState {
  const { state } = genesisOf(people(100), { free: 10n ** 12n });
  const none = { latencyMs: noSample, participationBp: noSample };
  const latencyReports = Array.from({ length: 100 }, (_, i): LatencyRecord => ({
    type: 5,
    epoch: 1,
    reporterIndex: i,
    samples: Array.from({ length: 100 }, (_, j) =>
      i === j
        ? none
        : { latencyMs: (i * 37 + j * 91) % 400, participationBp: 9_000 + ((i * j) % 999) },
    ),
    signature: new Uint8Array(64),
  }));
  return { ...state, latencyReports };
}

/** The same with bonds to this many ids. */
function bondedState(count: number): ValidatorState {
  const ids = Array.from({ length: count }, (_, i) => {
    const id = new Uint8Array(20);
    new DataView(id.buffer).setUint32(0, Math.imul(i + 1, 2_654_435_761) >>> 0);
    return id;
  });
  const bonded = ids.map((id) => ({ id, delta: 5_000n }));
  return applyBondDeltas(fullState(), { bonded, supply: 0n });
}

const oneBond = (state: ValidatorState) => {
  let n = 0;
  return () => {
    const id = new Uint8Array(20);
    new DataView(id.buffer).setUint32(0, Math.imul(++n, 2_654_435_761) >>> 0);
    const after = applyBondDeltas(state, { bonded: [{ id, delta: 1n }], supply: 0n });
    return applicationRoot(after, zeros);
  };
};

const suite: BenchmarkSuite = {
  name: 'validators',
  benchmarks: [
    {
      name: 'metrics, tips and root of a block, n = 100',
      unit: 'us/op',
      prepare: () => {
        const state = fullState();
        const proposerId = currentTable(state).entries[50]?.id ?? new Uint8Array(20);
        let view = 1;
        return () => {
          const measured = applyMetrics(state, { parentView: view, view: view + 2 });
          view = (view % 1_000) + 1;
          const header = { height: 5, proposerId, tipTotal: 1_000_000n };
          return applicationRoot(applyTips(state, measured, header), zeros);
        };
      },
    },
    {
      name: 'next table of 100 with 100 reports',
      unit: 'us/op',
      prepare: () => {
        const state = fullState();
        // A new state object each time: the result is kept with the state.
        return () => nextTable({ ...state });
      },
    },
    {
      name: 'bond and root, 10,000 bonded ids',
      unit: 'us/op',
      prepare: ({ smoke }) => oneBond(bondedState(smoke ? 10 : 10_000)),
    },
    {
      name: 'bond and root, 100,000 bonded ids',
      unit: 'us/op',
      prepare: ({ smoke }) => oneBond(bondedState(smoke ? 10 : 100_000)),
    },
    {
      name: 'select 64 of 200 JOINs, signatures known',
      unit: 'us/op',
      samples: 10,
      prepare: ({ smoke }) => {
        const joiners = Array.from({ length: smoke ? 4 : 200 }, (_, i) => person(`joiner ${i}`));
        const bonded = joiners.map(({ id }) => ({ id, delta: 10n ** 10n }));
        const state = applyBondDeltas(fullState(), { bonded, supply: 0n });
        const pool = joiners.map((who) => joinOf(state, who));
        const context = contextAt(9, { verify: () => true });
        return () => selectSystemRecords(pool, state, context);
      },
    },
  ],
};
export default suite;
