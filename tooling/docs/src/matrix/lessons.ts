import { type Lesson, lesson, shown } from './row.ts';

/** Bug classes that cost payment chains forks, inflation or stalls; each becomes a named test. */
export const lessons: readonly Lesson[] = [
  lesson(
    'S1',
    'Outputs were created before inputs were checked',
    'A transaction with an unknown input: no output, no change of state, block rejected',
    shown('packages/ledger/test/integration/rules.test.ts > TX_INPUT_UNKNOWN (S1)'),
  ),
  lesson(
    'S2',
    'Marking a spent output spent again succeeded',
    'The same input in two transactions of one block, of two blocks, and twice in one transaction',
    shown([
      'packages/ledger/test/integration/rules.test.ts > TX_INPUT_SPENT: twice in a block (S2)',
      'packages/ledger/test/integration/rules.test.ts > TX_INPUT_UNKNOWN: spent in a final block (S2)',
      'packages/ledger/test/integration/rules.test.ts > TX_INPUT_DUPLICATE',
    ]),
  ),
  lesson(
    'S3',
    'The proposer did not apply its own block',
    'After N blocks every node, the proposer included, has the same state root',
    shown('tooling/devnet/test/e2e/settlement.test.ts > settle on every node with equal state'),
  ),
  lesson(
    'S4',
    'A cache served spent outputs as unspent',
    'Readers during block application never see a spent output as unspent',
    shown(
      'packages/node/test/integration/edges.test.ts > readers never see a coin as unspent once its payment is final',
    ),
  ),
  lesson(
    'S5',
    'Genesis counted mints whose outputs were not written',
    'The sum of outputs equals the supply of the header, at genesis and always',
    shown([
      'packages/ledger/test/validators/unit/genesis.test.ts > outputs: allocations, then stakes',
      'packages/ledger/test/integration/store.test.ts > finds a lively chain in order',
      'packages/ledger/test/property/model.test.ts > the ledger agrees with the naive model',
    ]),
  ),
  lesson(
    'S6',
    'Each path computed the supply in its own way',
    'Supply is checked on every path: produced, received, synced, restarted',
    shown([
      'tooling/devnet/test/e2e/settlement.test.ts > supply is what genesis made, on every node',
      'packages/ledger/test/integration/chain.test.ts > a ledger that only replays equals the one that built',
      'packages/node/test/integration/membership.test.ts > supply and state are equal on all nodes afterwards',
    ]),
  ),
  lesson(
    'S7',
    'Serialised blocks lost transactions; sync did not apply them',
    'A node that only synced equals a node that was live, byte for byte',
    shown([
      'packages/ledger/test/integration/chain.test.ts > a ledger that only replays equals the one that built',
      'packages/node/test/integration/cluster.test.ts > a full node follows from genesis to the same state',
    ]),
  ),
  lesson(
    'S8',
    'Outputs of tips were created twice on reprocessing',
    'Application is idempotent: crash and retry at every step',
    shown([
      'packages/ledger/test/validators/unit/epoch.test.ts > executing a block twice gives the same state',
      'packages/ledger/test/integration/store.test.ts > its effect stops the ledger and loses nothing',
    ]),
  ),
  lesson(
    'S9',
    'Coins burned by half-applied blocks, minted by unsigned ones',
    'No sequence of messages changes the sum, except issuance by rule',
    shown([
      'packages/ledger/test/property/model.test.ts > the ledger agrees with the naive model',
      'tooling/devnet/test/e2e/settlement.test.ts > money from nothing',
      'tooling/devnet/test/e2e/settlement.test.ts > a forged coinbase',
    ]),
  ),
  lesson(
    'S10',
    'Floating point for money; units mixed up',
    'Integers alone from the API to the disk',
    shown([
      'packages/codec/test/unit/text.test.ts > sums and differences never wrap',
      'packages/api/test/unit/schemas.test.ts > amounts are decimal strings without sign',
    ]),
  ),
  lesson(
    'S11',
    'Opening destroyed the store; tests had bypasses in production',
    'A restart keeps the state; no test hook in what is published',
    shown(
      [
        'tooling/devnet/test/e2e/crashes.test.ts > all killed at once, three times under load',
        'packages/storage/test/integration/database.test.ts > marks an empty store and finds the mark again',
      ],
      'no check that what is published has no test hook',
    ),
  ),
  lesson(
    'S12',
    'An I/O error counted as an invalid transaction',
    'An injected disk error stops the node, never skips',
    shown([
      'packages/ledger/test/integration/store.test.ts > a read that fails is no verdict (S12)',
      'tooling/devnet/test/e2e/disk-full.test.ts > a full disk stops the node with a code',
    ]),
  ),
  lesson(
    'F1',
    'Each node left itself out of its own table',
    'The validator set comes from the chain: equal hash on all nodes at each height',
    shown([
      'packages/ledger/test/validators/property/next-table.test.ts > depends on nothing but its input',
      'tooling/devnet/test/e2e/settlement.test.ts > settle on every node with equal state',
    ]),
  ),
  lesson(
    'F2',
    'Nodes evicted validators by local observation',
    'Removal only by a committed decision; partition and rejoin',
    shown([
      'packages/ledger/test/validators/scenarios/epochs.test.ts > silent members go by the churn cap',
      'tooling/devnet/test/e2e/crashes.test.ts > a frozen half is a partition',
    ]),
  ),
  lesson(
    'F3',
    'Scores used local signatures and latencies',
    'Nodes with different gossip order compute the same proposers',
    shown([
      'packages/ledger/test/validators/property/next-table.test.ts > depends on nothing but its input',
      'packages/consensus/test/integration/cluster.test.ts > S13: loss, duplication and reordering',
    ]),
  ),
  lesson(
    'F4',
    'A sequential signing chain broke on any loss or reordering',
    'Random loss, reordering, duplication, and a silent validator at each position',
    shown([
      'packages/consensus/test/integration/cluster.test.ts > S13: loss, duplication and reordering',
      'packages/consensus/test/integration/cluster.test.ts > one of four silent',
    ]),
  ),
  lesson(
    'F5',
    'A received block overwrote a copy with more signatures',
    'Merging sets of signatures is monotone under concurrency',
    shown([
      'packages/consensus/test/unit/votes.test.ts > C1 the first verified vote wins and is never overwritten',
      'packages/consensus/test/unit/votes.test.ts > C2 a certificate is assembled',
    ]),
  ),
  lesson(
    'F6',
    'Several proposers of genesis',
    'Exactly one genesis with validators starting in any order, one slow, one crashed',
    shown([
      'packages/consensus/test/unit/genesis.test.ts > all members end with one document',
      'packages/consensus/test/unit/genesis.test.ts > a member that does not sign in time is left out',
      'packages/consensus/test/unit/genesis.test.ts > half of all messages lost',
    ]),
  ),
  lesson(
    'F7',
    'Ghost validators; foreign genesis accepted',
    'The genesis hash commits to members and allocations; pinned; late joiner',
    shown([
      'packages/protocol/test/unit/checks.test.ts > is refused with a missing, foreign or surplus signature',
      'packages/consensus/test/unit/genesis.test.ts > a pinned hash signs nothing else',
      'packages/node/test/integration/cluster.test.ts > a full node follows from genesis',
    ]),
  ),
  lesson(
    'F8',
    'Two timeouts of the same length raced',
    'Timeouts never race; two proposals at once resolve to one',
    shown([
      'packages/consensus/test/unit/proposals.test.ts > V3 at most two hashes per view',
      'packages/consensus/test/unit/views.test.ts > an own NOTARIZE does not forbid NULLIFY',
      'packages/node/test/integration/byzantine.test.ts > a validator that signs two blocks of one view',
    ]),
  ),
  lesson(
    'F9',
    'What was signed was not what was verified',
    'One codec for both sides, typed time units, golden vectors',
    shown([
      'packages/protocol/test/vectors/frozen.test.ts > every codec, root and signed message that the package has is frozen',
      'packages/protocol/test/unit/layout.test.ts > a vote travels in 147 bytes and signs 141',
    ]),
  ),
  lesson(
    'F10',
    'Memory layout, endianness and pointers in hashes',
    'Canonical encoding, vectors across platforms, fuzzed round trips',
    shown([
      'packages/protocol/test/property/encodings.test.ts > mutated encodings are refused with a code',
      'packages/protocol/test/vectors/frozen.test.ts > every codec, root and signed message that the package has is frozen',
      'packages/ledger/test/validators/vectors/freeze.test.ts > frozen state of a chain',
    ]),
  ),
  lesson(
    'F11',
    'Height meant the count here and the maximum there',
    'Boundaries: heights 0, 1, tip, tip + 1',
    shown('packages/node/test/integration/edges.test.ts > heights 0, 1, the newest, and one above'),
  ),
  lesson(
    'F12',
    'Networks mixed; nodes took each other for themselves',
    'The network id is in the handshake and in every signature',
    shown([
      'packages/network/test/integration/hostile.test.ts > refuses another network, another chain, another version',
      'packages/ledger/test/integration/rules.test.ts > TX_CHAIN: replay across networks',
    ]),
  ),
  lesson(
    'A1',
    'Consensus waited behind slow sync, broadcast and start-up work',
    'Bounded consensus latency with slow peers and a slow disk',
    shown(
      'packages/network/test/integration/slow.test.ts > leaves a peer that reads nothing, with bounded memory',
      'a slow disk, and a bound seen through whole nodes',
    ),
  ),
  lesson(
    'A2',
    'One offline validator froze the chain',
    'Kill 1 to f validators at any height: progress within a bound',
    shown([
      'tooling/devnet/test/e2e/crashes.test.ts > one killed under load',
      'tooling/devnet/test/e2e/crashes.test.ts > seven validators finalize and agree, with two of them gone',
      'packages/consensus/test/integration/cluster.test.ts > one of four silent',
    ]),
  ),
  lesson(
    'A3',
    'An error while finalising left the node stuck',
    'A failure injected at each step of finalisation',
    shown([
      'packages/ledger/test/integration/store.test.ts > its effect stops the ledger and loses nothing',
      'packages/consensus/test/unit/votes.test.ts > a finalized block that fails here halts the node (S32)',
    ]),
  ),
  lesson(
    'A4',
    'The policy for empty blocks stopped the chain',
    'A long idle time, then a transaction: included in normal time',
    shown([
      'packages/consensus/test/unit/proposing.test.ts > P3 an idle view waits for work, at most EMPTY_DELAY',
      'tooling/devnet/test/e2e/settlement.test.ts > goes on with empty blocks, and takes a payment as ever after that',
    ]),
  ),
  lesson(
    'A5',
    'After a restart tables were empty and nodes expired',
    'Rolling restart of all nodes; cold restart of all at once',
    shown([
      'tooling/devnet/test/e2e/crashes.test.ts > all killed at once, three times under load',
      'packages/consensus/test/integration/cluster.test.ts > S17: all nodes crash at once',
      'packages/network/test/integration/lifecycle.test.ts > rolling and cold',
    ]),
  ),
  lesson(
    'A6',
    'Features existed that nobody called',
    'An end-to-end test of each feature through the real program',
    shown(
      [
        'tooling/devnet/test/e2e/settlement.test.ts > settle on every node with equal state',
        'tooling/devnet/test/e2e/crashes.test.ts > SIGTERM ends a node in order',
      ],
      'the rows above that are partial',
    ),
  ),
  lesson(
    'A7',
    'Deadlocks by lock order, races in globals',
    'State machines with a single writer',
    shown([
      'packages/consensus/test/integration/cluster.test.ts > S31: many short epochs without re-entrancy',
      'packages/ledger/test/integration/store.test.ts > a block that is overtaken while it is executed is not judged',
    ]),
  ),
  lesson(
    'A8',
    'Ephemeral ports stored; nodes dialled themselves',
    'NAT, many ports on one address, loopback clusters',
    shown([
      'packages/network/test/integration/lifecycle.test.ts > keeps the port where a peer listens, not the one it came from, and never dials itself',
      'packages/network/test/integration/namespaces.test.ts > get a port of a router that speaks UPnP, and give it back',
      'packages/network/test/integration/lifecycle.test.ts > reaches a validator through its sentry only',
      'tooling/devnet/test/e2e/settlement.test.ts > settle on every node with equal state',
    ]),
  ),
  lesson(
    'A9',
    'Session rules broke legitimate messages until all were exempted',
    'One authenticated channel per connection, no exceptions by message',
    shown([
      'packages/network/test/integration/hostile.test.ts > serves nothing before the handshake',
      'packages/network/test/unit/handshake.test.ts > proves both validators to each other',
    ]),
  ),
  lesson(
    'A10',
    'Memory-hard hashing and buffers exhausted memory at start',
    'A memory budget, tested at 512 MB',
    shown(
      'tooling/devnet/test/e2e/settlement.test.ts > keeps every node below 512 MB, start and peak included',
    ),
  ),
  lesson(
    'A11',
    'A disabled feature ended the node; paths were fixed',
    'Start with every feature off and with any data folder',
    shown('packages/node/test/integration/edges.test.ts > runs with every optional part off'),
  ),
  lesson(
    'A12',
    'Buffers sized for one signature algorithm',
    'Fuzzing, and every suite everywhere',
    shown([
      'packages/protocol/test/property/encodings.test.ts > mutated encodings are refused with a code',
      'packages/ledger/test/integration/rules.test.ts > every suite and policies are accepted',
    ]),
  ),
  lesson(
    'A13',
    'Range sync returned partial blocks; lost broadcasts stayed lost',
    'Sync from lying, slow, partial and dead peers',
    shown(
      [
        'packages/network/test/integration/sync.test.ts > survives liars, stallers, garbage and peers that vanish half-way',
        'packages/node/test/integration/cluster.test.ts > a validator that was away comes back',
      ],
      'liars met by a whole node',
    ),
  ),
  lesson(
    'A14',
    'Parsing destroyed request bodies',
    'Fragmented and large HTTP bodies',
    shown('packages/node/test/integration/edges.test.ts > a body that comes byte by byte'),
  ),
  lesson(
    'A15',
    'A raised quorum kept small networks from starting',
    'Genesis for 1, 3, 4, 7, 10 and 30 validators',
    shown('packages/consensus/test/integration/cluster.test.ts > n = %i: one block per view'),
  ),
];
