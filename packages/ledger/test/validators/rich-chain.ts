import { TestChain } from './chain.ts';
import { change, maxTransactions, none } from './changes.ts';
import {
  documentOf,
  evidenceOf,
  joinOf,
  keyNamed,
  leaveOf,
  people,
  person,
  reportOf,
  rotateOf,
  signalOf,
} from './fixture.ts';

/** A chain whose state has entries in every section, in the middle of epoch 4. */
export function richChain(): TestChain {
  const members = people(7);
  const chain = new TestChain(documentOf(members), new Uint8Array(64));
  const [a, b, c, d, e, f, g] = members;
  const joiners = [person('first'), person('second', 2), person('third', 3)];
  const wish = change(maxTransactions(900));
  const expiryEpoch = 9;
  chain.block({ deltas: joiners.map(({ id }) => ({ id, delta: 3_000_000n })) });
  chain.block({
    tip: 12_345n,
    records: [a, b, c, d, e].map((who) => signalOf(chain.state, who!, wish, { expiryEpoch })),
  });
  for (let i = 0; i < 3; i++) chain.endEpoch({ tip: 5n });
  const recent = { recentHeight: chain.height - 3, recentHash: chain.hashes[chain.height - 3]! };
  chain.block({
    skip: 3,
    records: [
      ...joiners.map((who) => joinOf(chain.state, who, { ...recent, expiryEpoch })),
      leaveOf(chain.state, a!, { seq: 7 }),
      rotateOf(chain.state, b!, keyNamed('rotated'), { seq: 8 }),
      evidenceOf(chain.state, 5),
      evidenceOf(chain.state, 4, 3),
    ],
  });
  const asks = { expiryEpoch: 9, protocolVersion: 1 };
  chain.block({
    records: [b, c, d, e, f, g].map((who) =>
      signalOf(chain.state, who!, none, { ...asks, protocolVersion: 2, seq: 9 }),
    ),
  });
  chain.runTo(48 + 9);
  chain.block({ tip: 999n, records: [0, 2, 5].map((i) => reportOf(chain.state, i)) });
  return chain;
}
