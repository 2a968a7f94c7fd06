import { type Lesson, lesson } from './row.ts';

/** Bug classes that cost payment chains forks, inflation or stalls; each becomes a named test. */
export const lessons: readonly Lesson[] = [
  lesson(
    'S1',
    'Outputs were created before inputs were checked',
    'A transaction with an unknown input: no output, no change of state, block rejected',
  ),
  lesson(
    'S2',
    'Marking a spent output spent again succeeded',
    'The same input in two transactions of one block, of two blocks, and twice in one transaction',
  ),
  lesson(
    'S3',
    'The proposer did not apply its own block',
    'After N blocks every node, the proposer included, has the same state root',
  ),
  lesson(
    'S4',
    'A cache served spent outputs as unspent',
    'Readers during block application never see a spent output as unspent',
  ),
  lesson(
    'S5',
    'Genesis counted mints whose outputs were not written',
    'The sum of outputs equals the supply of the header, at genesis and always',
  ),
  lesson(
    'S6',
    'Each path computed the supply in its own way',
    'Supply is checked on every path: produced, received, synced, restarted',
  ),
  lesson(
    'S7',
    'Serialised blocks lost transactions; sync did not apply them',
    'A node that only synced equals a node that was live, byte for byte',
  ),
  lesson(
    'S8',
    'Outputs of tips were created twice on reprocessing',
    'Application is idempotent: crash and retry at every step',
  ),
  lesson(
    'S9',
    'Coins burned by half-applied blocks, minted by unsigned ones',
    'No sequence of messages changes the sum, except issuance by rule',
  ),
  lesson(
    'S10',
    'Floating point for money; units mixed up',
    'Integers alone from the API to the disk',
  ),
  lesson(
    'S11',
    'Opening destroyed the store; tests had bypasses in production',
    'A restart keeps the state; no test hook in what is published',
  ),
  lesson(
    'S12',
    'An I/O error counted as an invalid transaction',
    'An injected disk error stops the node, never skips',
  ),
  lesson(
    'F1',
    'Each node left itself out of its own table',
    'The validator set comes from the chain: equal hash on all nodes at each height',
  ),
  lesson(
    'F2',
    'Nodes evicted validators by local observation',
    'Removal only by a committed decision; partition and rejoin',
  ),
  lesson(
    'F3',
    'Scores used local signatures and latencies',
    'Nodes with different gossip order compute the same proposers',
  ),
  lesson(
    'F4',
    'A sequential signing chain broke on any loss or reordering',
    'Random loss, reordering, duplication, and a silent validator at each position',
  ),
  lesson(
    'F5',
    'A received block overwrote a copy with more signatures',
    'Merging sets of signatures is monotone under concurrency',
  ),
  lesson(
    'F6',
    'Several proposers of genesis',
    'Exactly one genesis with validators starting in any order, one slow, one crashed',
  ),
  lesson(
    'F7',
    'Ghost validators; foreign genesis accepted',
    'The genesis hash commits to members and allocations; pinned; late joiner',
  ),
  lesson(
    'F8',
    'Two timeouts of the same length raced',
    'Timeouts never race; two proposals at once resolve to one',
  ),
  lesson(
    'F9',
    'What was signed was not what was verified',
    'One codec for both sides, typed time units, golden vectors',
  ),
  lesson(
    'F10',
    'Memory layout, endianness and pointers in hashes',
    'Canonical encoding, vectors across platforms, fuzzed round trips',
  ),
  lesson(
    'F11',
    'Height meant the count here and the maximum there',
    'Boundaries: heights 0, 1, tip, tip + 1',
  ),
  lesson(
    'F12',
    'Networks mixed; nodes took each other for themselves',
    'The network id is in the handshake and in every signature',
  ),
  lesson(
    'A1',
    'Consensus waited behind slow sync, broadcast and start-up work',
    'Bounded consensus latency with slow peers and a slow disk',
  ),
  lesson(
    'A2',
    'One offline validator froze the chain',
    'Kill 1 to f validators at any height: progress within a bound',
  ),
  lesson(
    'A3',
    'An error while finalising left the node stuck',
    'A failure injected at each step of finalisation',
  ),
  lesson(
    'A4',
    'The policy for empty blocks stopped the chain',
    'A long idle time, then a transaction: included in normal time',
  ),
  lesson(
    'A5',
    'After a restart tables were empty and nodes expired',
    'Rolling restart of all nodes; cold restart of all at once',
  ),
  lesson(
    'A6',
    'Features existed that nobody called',
    'An end-to-end test of each feature through the real program',
  ),
  lesson('A7', 'Deadlocks by lock order, races in globals', 'State machines with a single writer'),
  lesson(
    'A8',
    'Ephemeral ports stored; nodes dialled themselves',
    'NAT, many ports on one address, loopback clusters',
  ),
  lesson(
    'A9',
    'Session rules broke legitimate messages until all were exempted',
    'One authenticated channel per connection, no exceptions by message',
  ),
  lesson(
    'A10',
    'Memory-hard hashing and buffers exhausted memory at start',
    'A memory budget, tested at 512 MB',
  ),
  lesson(
    'A11',
    'A disabled feature ended the node; paths were fixed',
    'Start with every feature off and with any data folder',
  ),
  lesson('A12', 'Buffers sized for one signature algorithm', 'Fuzzing, and every suite everywhere'),
  lesson(
    'A13',
    'Range sync returned partial blocks; lost broadcasts stayed lost',
    'Sync from lying, slow, partial and dead peers',
  ),
  lesson('A14', 'Parsing destroyed request bodies', 'Fragmented and large HTTP bodies'),
  lesson(
    'A15',
    'A raised quorum kept small networks from starting',
    'Genesis for 1, 3, 4, 7, 10 and 30 validators',
  ),
];
