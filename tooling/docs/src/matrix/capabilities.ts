import { done, partial, planned, type Section } from './row.ts';

/** Every capability that is promised, in the order a payment meets them. */
export const capabilities: readonly Section[] = [
  {
    title: 'Encoding and amounts',
    rows: [
      done(
        'Canonical big-endian encoding, strict total decoding with field paths',
        [
          'packages/codec/src/codec.ts',
          'packages/codec/src/composites.ts',
          'packages/codec/src/reader.ts',
        ],
        [
          'packages/codec/test/property/codec.test.ts > every truncation and every extension is refused with a code',
          'packages/codec/test/unit/codec.test.ts > name the field that a decoder stopped at',
        ],
      ),
      done(
        'Hex, Base58 and Base58Check with coded errors',
        ['packages/codec/src/hex.ts', 'packages/codec/src/base58.ts'],
        'packages/codec/test/unit/text.test.ts > every single-character change is caught',
      ),
      done(
        'Amounts as integers of 10^-8 MXD: exact parsing, formatting, checked sums',
        'packages/codec/src/amount.ts',
        'packages/codec/test/unit/text.test.ts > sums and differences never wrap',
      ),
      done(
        'Coded errors that serialise across threads, documented in one generated list',
        ['packages/codec/src/coded-error.ts', 'tooling/docs/src/documents.ts'],
        [
          'packages/codec/test/unit/codec.test.ts > an error leaves the process as plain data',
          'tooling/docs/test/unit/docs.test.ts > takes catalogues and nothing else',
        ],
      ),
    ],
  },
  {
    title: 'Cryptography',
    rows: [
      done(
        'SHA-512, SHA-256, HASH160; one table of domain tags, unique by test',
        ['packages/crypto/src/hash.ts', 'packages/crypto/src/domain-tags.ts'],
        [
          'packages/crypto/test/vectors/hashes.test.ts > Node gives the hashes here',
          'packages/crypto/test/unit/hash.test.ts > are exactly those of the specification',
        ],
      ),
      done(
        'Ed25519 with one accept set in the pure and the native backend',
        [
          'packages/crypto/src/ed25519-rules.ts',
          'packages/crypto/src/native-ed25519.ts',
          'packages/crypto/src/pure-suites.ts',
        ],
        [
          'packages/crypto/test/property/differential.test.ts > arbitrary bytes of any length get one verdict',
          'packages/crypto/test/vectors/ed25519-verdicts.test.ts > is what the rule says of the generated edge cases',
        ],
      ),
      done(
        'ML-DSA-87 (FIPS 204) with one accept set in the pure and the native backend',
        ['packages/crypto/src/native-ml-dsa.ts', 'packages/crypto/src/pure-suites.ts'],
        [
          'packages/crypto/test/property/differential.test.ts > malformed hints are refused',
          'packages/crypto/test/vectors/ml-dsa.test.ts > makes the keys of the known answers from their seeds',
        ],
      ),
      done(
        'Hybrid suite: Ed25519 and ML-DSA-87 together',
        'packages/crypto/src/hybrid-suite.ts',
        'packages/crypto/test/property/differential.test.ts > its halves sign nothing by themselves',
      ),
      done(
        'Suite registry: lengths checked before any verification',
        ['packages/crypto/src/suites.ts', 'packages/crypto/src/suite-info.ts'],
        [
          'packages/crypto/test/unit/suites.test.ts > unknown suites are refused, or never valid',
          'packages/crypto/test/property/differential.test.ts > truncated and extended inputs are refused',
        ],
      ),
      done(
        'RFC 6962 trees over SHA-512: inclusion and consistency proofs, appendable',
        [
          'packages/crypto/src/merkle.ts',
          'packages/crypto/src/merkle-proof.ts',
          'packages/crypto/src/merkle-frontier.ts',
        ],
        'packages/crypto/test/property/merkle.test.ts > roots, inclusion and consistency hold at every size up to 40',
      ),
      done(
        'Verification pool on worker threads: bounded queue, survives a crashed worker',
        ['packages/crypto/src/pool.ts', 'packages/crypto/src/pool-queue.ts'],
        [
          'packages/crypto/test/integration/pool.test.ts > are replaced, and their work is done again',
          'packages/crypto/test/integration/pool.test.ts > callers wait for room in turn',
        ],
      ),
      done(
        'Secrets that print, serialise and log as [redacted] and are wiped on release',
        'packages/crypto/src/secret.ts',
        [
          'packages/crypto/test/unit/secret.test.ts > shows itself nowhere',
          'packages/crypto/test/unit/secret.test.ts > is wiped by using',
        ],
      ),
      done(
        'Locked memory where the platform allows it, with an answer whether it did',
        'packages/crypto/src/locked-memory.ts',
        'packages/crypto/test/unit/secret.test.ts > says whether it is locked, and the system confirms it',
      ),
      done(
        'Constant-time comparison of secrets',
        'packages/crypto/src/constant-time.ts',
        'packages/crypto/test/unit/secret.test.ts > constant-time comparison agrees with the plain one',
      ),
      done(
        'Browser build of everything outside the Node subpaths',
        'packages/crypto/src/index.ts',
        'packages/crypto/test/integration/browser.test.ts > every portable entry bundles without anything of Node',
      ),
    ],
  },
  {
    title: 'Addresses and keys',
    rows: [
      done(
        'Addresses of single keys and policies: version, checksum, errors that name the rule',
        'packages/crypto/src/address.ts',
        [
          'packages/crypto/test/unit/address.test.ts > errors say which rule failed',
          'packages/crypto/test/unit/address.test.ts > a changed character is noticed',
        ],
      ),
      done(
        'Network versions of addresses',
        'packages/crypto/src/address.ts',
        'packages/crypto/test/unit/address.test.ts > comes back as it went, for both kinds of network',
      ),
      done('BIP-39 mnemonics, English and Spanish', 'packages/crypto/src/mnemonic.ts', [
        'packages/crypto/test/vectors/wallet-keys.test.ts',
        'packages/crypto/test/unit/mnemonic.test.ts > errors name the rule, and the place of a bad word but never the word',
      ]),
      done(
        'Keys from mnemonic and passphrase (SLIP-0010; HKDF for ML-DSA): the same ones each time',
        ['packages/crypto/src/derivation.ts', 'packages/wallet/src/key-material.ts'],
        [
          'packages/crypto/test/unit/derivation.test.ts > are frozen',
          'packages/wallet/test/unit/keys.test.ts > are the same on every machine, one for each suite and path',
        ],
      ),
      done(
        'Keystore files: Argon2id and XChaCha20-Poly1305, atomic, mode 0600, upgradable',
        [
          'packages/crypto/src/keystore.ts',
          'packages/crypto/src/keystore-format.ts',
          'packages/crypto/src/atomic-file.ts',
        ],
        [
          'packages/crypto/test/integration/keystore.test.ts > a process killed at any moment leaves the old file or the new one',
          'packages/crypto/test/integration/keystore.test.ts > are taken over on unlock, never weaker ones',
        ],
      ),
      done(
        'Post-quantum keys in keystores, exports and imports of any size',
        'packages/wallet/src/keystore.ts',
        'packages/wallet/test/unit/keys.test.ts > hold a mnemonic, a whole wallet, or one key',
      ),
    ],
  },
  {
    title: 'Transactions',
    rows: [
      done(
        'Transaction format whose id commits to network, kind and all amounts moved',
        'packages/protocol/src/transaction.ts',
        [
          'packages/protocol/test/unit/layout.test.ts > a transaction body lays its fields out',
          'packages/ledger/test/integration/rules.test.ts > TX_CHAIN: replay across networks',
        ],
      ),
      done(
        'Witnesses beside the id: one signature for each distinct owner',
        'packages/protocol/src/witness.ts',
        [
          'packages/protocol/test/unit/layout.test.ts > an input signs its purpose, the chain, and the output that it spends',
          'packages/ledger/test/integration/rules.test.ts > BLOCK_TX_ROOT: another witness for the same txid',
        ],
      ),
      done(
        'Ownership, existence, sum and duplicate checks on every path that takes a transaction',
        [
          'packages/ledger/src/transaction-rules.ts',
          'packages/ledger/src/block-run.ts',
          'packages/ledger/src/mempool/admission.ts',
          'packages/node/src/admission.ts',
        ],
        [
          'tooling/devnet/test/e2e/settlement.test.ts > theft: a coin signed for by another key',
          'packages/ledger/test/integration/rules.test.ts > TX_INPUT_DUPLICATE',
          'packages/ledger/test/integration/edges.test.ts > leaves out what is forged',
        ],
      ),
      done(
        'Policies: m-of-n outputs that spending enforces',
        [
          'packages/protocol/src/witness.ts',
          'packages/ledger/src/transaction-rules.ts',
          'packages/wallet/src/signing-file.ts',
        ],
        [
          'packages/ledger/test/integration/rules.test.ts > TX_OWNER: a policy with a lower threshold',
          'packages/wallet/test/unit/signing-file.test.ts > merge in any order to the same file',
        ],
      ),
      done('Time locks and expiry heights', 'packages/ledger/src/transaction-rules.ts', [
        'packages/ledger/test/integration/rules.test.ts > TX_NOT_YET_VALID',
        'packages/ledger/test/integration/rules.test.ts > TX_EXPIRED',
      ]),
      done(
        'No fees; voluntary tips that are paid out, to the base unit',
        'packages/ledger/src/validators/tips.ts',
        'packages/ledger/test/validators/unit/tips.test.ts > are conserved to the unit',
      ),
      done(
        'Issuance only by rule: genesis and what the protocol mints',
        ['packages/ledger/src/transaction-rules.ts', 'packages/ledger/src/validators/genesis.ts'],
        [
          'tooling/devnet/test/e2e/settlement.test.ts > a forged coinbase',
          'packages/ledger/test/integration/rules.test.ts > TX_KIND: switched off',
        ],
      ),
      done(
        'Frozen encodings: a fixture of hashes for each type',
        'packages/protocol/src/index.ts',
        [
          'packages/protocol/test/vectors/frozen.test.ts > every codec, root and signed message that the package has is frozen',
          'packages/storage/test/vectors/formats.test.ts',
        ],
      ),
    ],
  },
  {
    title: 'Ledger and supply',
    rows: [
      done(
        'UTXO state with one atomic batch for each block',
        ['packages/ledger/src/ledger.ts', 'packages/ledger/src/commit-batch.ts'],
        'packages/ledger/test/integration/store.test.ts > its effect stops the ledger and loses nothing',
      ),
      done(
        'State commitment that every block carries and every node checks',
        ['packages/ledger/src/lattice-hash.ts', 'packages/ledger/src/block-run.ts'],
        [
          'packages/ledger/test/unit/lattice-hash.test.ts > adds as the protocol says',
          'packages/ledger/test/property/model.test.ts > the ledger agrees with the naive model',
        ],
      ),
      done(
        'Supply as a consensus value, equal to the sum of all outputs on every path',
        ['packages/ledger/src/maintenance/audit.ts', 'packages/ledger/src/validators/amounts.ts'],
        [
          'packages/ledger/test/integration/store.test.ts > finds a lively chain in order, and every single damage',
          'tooling/devnet/test/e2e/settlement.test.ts > supply is what genesis made, on every node',
        ],
      ),
      done(
        'Balance and history of an address from indexes, without scanning',
        ['packages/ledger/src/chain-reader.ts', 'packages/ledger/src/chain-store.ts'],
        [
          'packages/ledger/test/integration/store.test.ts > page through history and outputs',
          'packages/ledger/test/integration/store.test.ts > can be switched off and rebuilt',
        ],
      ),
      done(
        'Coins of an address paged by cursor',
        ['packages/node/src/http/cursor.ts', 'packages/node/src/http/handlers.ts'],
        'packages/node/test/integration/cluster.test.ts > balances, history and unspent outputs of an address',
      ),
      done(
        'Spent outputs leave the state',
        'packages/ledger/src/commit-batch.ts',
        'packages/ledger/test/integration/rules.test.ts > TX_INPUT_UNKNOWN: spent in a final block',
      ),
      done(
        'An I/O error stops the node instead of skipping a transaction',
        ['packages/ledger/src/ledger.ts', 'packages/storage/src/level/level-store.ts'],
        [
          'packages/ledger/test/integration/store.test.ts > a read that fails is no verdict',
          'tooling/devnet/test/e2e/disk-full.test.ts > a full disk stops the node with a code',
        ],
      ),
      done(
        'Idempotent, crash-safe application of blocks',
        ['packages/ledger/src/ledger.ts', 'packages/ledger/src/commit-batch.ts'],
        [
          'packages/ledger/test/validators/unit/epoch.test.ts > executing a block twice gives the same state',
          'tooling/devnet/test/e2e/crashes.test.ts > all killed at once, three times under load',
        ],
      ),
    ],
  },
  {
    title: 'Mempool',
    rows: [
      done(
        'Bounded pool: by count, bytes and sender, with a policy when full',
        ['packages/ledger/src/mempool/mempool.ts', 'packages/ledger/src/mempool/lane.ts'],
        [
          'packages/ledger/test/integration/mempool.test.ts > the worst of the lane over its share makes room for something better',
          'packages/ledger/test/integration/mempool.test.ts > bytes count too',
        ],
      ),
      done(
        'Conflict detection: one spender of each output',
        'packages/ledger/src/mempool/admission.ts',
        [
          'packages/ledger/test/integration/mempool.test.ts > two transactions in one batch that spend the same coin',
          'packages/ledger/test/integration/mempool.test.ts > a higher tip replaces',
        ],
      ),
      done(
        'Order by priority, tip and age',
        ['packages/ledger/src/mempool/selection.ts', 'packages/ledger/src/mempool/lane.ts'],
        [
          'packages/ledger/test/integration/mempool.test.ts > better tips first',
          'packages/ledger/test/integration/mempool.test.ts > aged coins rise past fresh ones',
        ],
      ),
      done(
        'Removal on inclusion, expiry, and conflicts with final blocks',
        'packages/ledger/src/mempool/mempool.ts',
        [
          'packages/ledger/test/integration/mempool.test.ts > expires by time and by height',
          'packages/ledger/test/integration/mempool.test.ts > go when what they build on conflicts with a block',
        ],
      ),
      done('Quotas for each peer that sends transactions', 'packages/ledger/src/mempool/rates.ts', [
        'packages/ledger/test/integration/mempool.test.ts > a peer that relays fresh coins waits',
        'packages/ledger/test/integration/mempool.test.ts > are bounded per peer',
      ]),
    ],
  },
  {
    title: 'Blocks',
    rows: [
      done(
        'Header that commits to parent, height, view, proposer, body, state, supply and table',
        'packages/protocol/src/block.ts',
        [
          'packages/protocol/test/unit/layout.test.ts > a header has 458 bytes with each field at its offset',
          'packages/ledger/test/validators/unit/header.test.ts > of an honest block',
        ],
      ),
      done(
        'Inclusion proofs for transactions and light verification of them',
        ['packages/protocol/src/checks.ts', 'packages/client/src/light.ts'],
        [
          'packages/protocol/test/unit/checks.test.ts > each transaction has a proof and no other one passes with it',
          'packages/client/test/integration/light.test.ts > forged transactions, places and paths are refused',
        ],
      ),
      done(
        'Block building within size, count and time bounds',
        ['packages/ledger/src/building.ts', 'packages/ledger/src/mempool/selection.ts'],
        [
          'packages/ledger/test/integration/mempool.test.ts > keeps to counts and signatures',
          'packages/ledger/test/property/model.test.ts > the ledger agrees with the naive model',
        ],
      ),
      done(
        'Empty blocks by one fixed rule',
        'packages/consensus/src/proposing.ts',
        'packages/consensus/test/unit/proposing.test.ts > P3 an idle view waits for work, at most EMPTY_DELAY',
      ),
      partial(
        'Versions of the format activated by height on the chain itself',
        'packages/ledger/src/validators/upgrades.ts',
        'packages/ledger/test/validators/unit/upgrades.test.ts > a quorum schedules, two epochs later the values hold from the first block on',
        'only one version of the format exists yet, and a node does not stop when one that it does not know comes into force',
      ),
      done(
        'Timestamps bounded by rule; old blocks stay verifiable for ever',
        'packages/consensus/src/voting.ts',
        [
          'packages/consensus/test/unit/proposals.test.ts > N7 timestamps: after the parent, within the window',
          'packages/consensus/test/unit/proposing.test.ts > P3 timestamp: own clock, at least parent + 1',
        ],
      ),
    ],
  },
  {
    title: 'Genesis',
    rows: [
      done(
        'Genesis document: members, parameters, allocations; pinned by its hash',
        ['packages/protocol/src/genesis.ts', 'packages/node/src/genesis-file.ts'],
        [
          'packages/protocol/test/unit/checks.test.ts > is complete when all members have signed this document',
          'packages/consensus/test/unit/genesis.test.ts > a pinned hash signs nothing else',
        ],
      ),
      partial(
        'Ceremony of 1 to 256 validators that start in any order',
        ['packages/consensus/src/genesis/ceremony.ts', 'apps/cli/src/commands/genesis.ts'],
        [
          'packages/consensus/test/unit/genesis.test.ts > all members end with one document that all have signed',
          'packages/consensus/test/unit/genesis.test.ts > half of all messages lost',
          'tooling/docs/test/e2e/guides.test.ts > every command works, in its order',
        ],
        'the command line runs it over files; no program runs it over the network, and tests have at most four members',
      ),
      done(
        'Signatures of members over the whole document',
        'packages/protocol/src/checks.ts',
        'packages/protocol/test/unit/checks.test.ts > is refused with a missing, foreign or surplus signature, or another document',
      ),
      partial(
        'A late joiner gets the genesis from peers and checks it against its pin',
        ['packages/client/src/genesis.ts', 'packages/node/src/genesis-file.ts'],
        [
          'packages/client/test/unit/checkpoint.test.ts > leads to a checkpoint of epoch 1',
          'packages/node/test/integration/cluster.test.ts > a full node follows from genesis to the same state',
        ],
        'a node takes the genesis from a file; only clients fetch it',
      ),
    ],
  },
  {
    title: 'Consensus',
    rows: [
      done(
        'Rapid Table: validators and their order, derived from the chain alone',
        'packages/ledger/src/validators/next-table.ts',
        [
          'packages/ledger/test/validators/property/next-table.test.ts > depends on nothing but its input',
          'packages/ledger/test/validators/unit/next-table.test.ts > order: score, then stake, then id',
        ],
      ),
      done(
        'Leader schedule that every node computes alike',
        'packages/protocol/src/schedule.ts',
        'packages/protocol/test/unit/schedule.test.ts > the shuffle is Fisher-Yates over the draws of the specification',
      ),
      done(
        'Validation chain: ordered signatures, robust against silent and slow members',
        ['packages/consensus/src/votes.ts', 'packages/consensus/src/voting.ts'],
        [
          'packages/consensus/test/integration/cluster.test.ts > one of four silent: goes on, then the silent leader is skipped',
          'packages/consensus/test/unit/resync.test.ts > validator’s late votes are echoed too',
        ],
      ),
      done(
        'Byzantine quorum and finality certificates',
        [
          'packages/protocol/src/thresholds.ts',
          'packages/protocol/src/certificate.ts',
          'packages/consensus/src/certificates.ts',
        ],
        [
          'packages/protocol/test/unit/thresholds.test.ts > two quorums share a correct validator',
          'packages/consensus/test/unit/votes.test.ts > C2 a certificate is assembled from verified votes',
        ],
      ),
      done(
        'View change and nullification within a bound',
        ['packages/consensus/src/views.ts', 'packages/consensus/src/timers.ts'],
        [
          'packages/consensus/test/unit/views.test.ts > tLeader NULLIFYs a view without header, tView any view',
          'packages/consensus/test/unit/views.test.ts > growth by quarters up to the cap',
        ],
      ),
      done(
        'Final blocks are never undone',
        ['packages/consensus/src/committing.ts', 'packages/ledger/src/ledger.ts'],
        [
          'packages/consensus/test/unit/votes.test.ts > a finalized block off the committed chain halts the node',
          'tooling/devnet/test/e2e/crashes.test.ts > a frozen half is a partition: nothing forks',
        ],
      ),
      partial(
        'Fork choice for display below finality',
        'packages/consensus/src/fork-choice.ts',
        'packages/consensus/test/unit/fork-choice.test.ts > fork choice for display',
        'the node does not show blocks below finality yet',
      ),
      done(
        'Relay rule: a block travels once enough validators vouch for it',
        'packages/consensus/src/relay.ts',
        'packages/consensus/test/unit/resync.test.ts > RELAY(n) NOTARIZE signatures allow forwarding before any certificate',
      ),
      done(
        'Double-sign evidence on the chain, blacklist for a number of blocks',
        ['packages/consensus/src/evidence.ts', 'packages/ledger/src/validators/evidence-record.ts'],
        'packages/node/test/integration/byzantine.test.ts > a validator that signs two blocks of one view is found out',
      ),
      done(
        'Scores from committed metrics: stake, proposals, participation, latency',
        [
          'packages/ledger/src/validators/scores.ts',
          'packages/ledger/src/validators/metrics.ts',
          'packages/ledger/src/validators/latency.ts',
        ],
        [
          'packages/ledger/test/validators/unit/scores.test.ts > the formula, worked by hand',
          'packages/ledger/test/validators/scenarios/epochs.test.ts > liars under a third stay within what honest observers measured',
        ],
      ),
      done(
        'Tips shared out by rank with geometric decay',
        'packages/ledger/src/validators/tips.ts',
        'packages/ledger/test/validators/unit/tips.test.ts > go to the proposer, then by rank',
      ),
      done(
        'Journal and sign guard: no double sign across crashes and copies of a key',
        [
          'packages/consensus/src/journal.ts',
          'packages/consensus/src/sign-guard.ts',
          'packages/consensus/src/observing.ts',
        ],
        [
          'packages/consensus/test/unit/recovery.test.ts > two instances of one key notice each other',
          'packages/consensus/test/property/journal.test.ts',
          'packages/consensus/test/unit/guard.test.ts',
        ],
      ),
      done(
        'Pure core that yields effects, the same in node and simulator',
        [
          'packages/consensus/src/core.ts',
          'packages/consensus/src/drive.ts',
          'tooling/simulator/src/node.ts',
        ],
        [
          'packages/consensus/test/integration/cluster.test.ts > S31: many short epochs without re-entrancy',
          'tooling/simulator/test/unit/run.test.ts > a quiet run finalizes',
        ],
      ),
      done(
        'Simulator: seeds, faults, misbehaviours, replay by digest',
        [
          'tooling/simulator/src/world.ts',
          'tooling/simulator/src/faults.ts',
          'tooling/simulator/src/byzantine/index.ts',
          'tooling/simulator/src/check.ts',
        ],
        'tooling/simulator/test/unit/run.test.ts > has the same digest twice',
      ),
      partial(
        'Model of the protocol, checked with Quint',
        ['tooling/model/rsc.qnt', 'tooling/model/src/replay.ts'],
        [],
        'views, certificates and boundary re-proposals; membership and evidence are not in it (`npm test -- tooling/model`)',
      ),
    ],
  },
  {
    title: 'Validators',
    rows: [
      done(
        'Join after genesis by a signed request on the chain',
        [
          'packages/ledger/src/validators/membership-records.ts',
          'packages/wallet/src/membership.ts',
          'apps/cli/src/commands/validator.ts',
        ],
        [
          'packages/node/test/integration/membership.test.ts > it bonds, joins by its record, and leads',
          'tooling/docs/test/e2e/guides.test.ts > every command works, in its order',
        ],
      ),
      done(
        'Exit by a signed request on the chain',
        'packages/ledger/src/validators/membership-records.ts',
        'packages/node/test/integration/membership.test.ts > it leaves, unbonds, and gets its stake back',
      ),
      done(
        'Minimum stake, one threshold in one place',
        ['packages/protocol/src/parameters.ts', 'packages/ledger/src/validators/record-rules.ts'],
        [
          'packages/ledger/test/validators/unit/membership-records.test.ts > JOIN_STAKE, exact to the unit',
          'packages/node/test/integration/membership.test.ts > it cannot join without stake',
        ],
      ),
      done(
        'Liveness: absence is counted on the chain and decided there',
        [
          'packages/ledger/src/validators/metrics.ts',
          'packages/ledger/src/validators/next-table.ts',
        ],
        'packages/ledger/test/validators/scenarios/epochs.test.ts > silent members go by the churn cap',
      ),
      partial(
        'Post-quantum validator keys',
        'packages/ledger/src/validators/account-records.ts',
        'packages/ledger/test/validators/unit/membership-records.test.ts > by every suite of account key',
        'a validator’s account key may be of any suite; consensus keys are Ed25519',
      ),
    ],
  },
  {
    title: 'Network',
    rows: [
      done(
        'Encrypted, authenticated connections; validator keys bound to the connection',
        ['packages/network/src/host/noise.ts', 'packages/network/src/session/handshake.ts'],
        [
          'packages/network/test/integration/hostile.test.ts > does not take a validator id without its key',
          'packages/network/test/integration/hostile.test.ts > does not take a proof that was made for another connection',
        ],
      ),
      done('Network id and genesis in the handshake', 'packages/network/src/wire/hello.ts', [
        'packages/network/test/integration/hostile.test.ts > refuses another network, another chain, another version, and says so',
        'packages/node/test/integration/cluster.test.ts > a node of another network is refused and learns nothing',
      ]),
      done(
        'Message types with a size and a shape of their own; strict decoding',
        [
          'packages/network/src/wire/frames.ts',
          'packages/network/src/wire/relay.ts',
          'packages/network/src/wire/requests.ts',
          'packages/protocol/src/messages.ts',
        ],
        [
          'packages/network/test/property/wire.test.ts > beyond the limit are refused on their header',
          'packages/network/test/property/wire.test.ts > relay messages have one encoding',
        ],
      ),
      done(
        'Inbound limits by peer, address and subnet',
        ['packages/network/src/host/gate.ts', 'packages/network/src/limits.ts'],
        [
          'packages/network/test/unit/limits-of-peers.test.ts > bounds connections per address, per subnet and in all',
          'packages/network/test/integration/namespaces.test.ts > keep talking through ten thousand connection attempts',
        ],
      ),
      done(
        'Gossip of transactions in batches, relayed beyond direct peers',
        'packages/network/src/relay/relay.ts',
        [
          'packages/network/test/unit/relay.test.ts > as a non-validator pushes to one validator',
          'packages/network/test/unit/relay.test.ts > splits answers and pushes into batches',
        ],
      ),
      done(
        'Keepalive, reconnection with backoff, bans that expire',
        ['packages/network/src/peers/connector.ts', 'packages/network/src/peers/scores.ts'],
        [
          'packages/network/test/integration/lifecycle.test.ts > comes back after restarts of either side',
          'packages/network/test/unit/limits-of-peers.test.ts > decay, end patience, double bans, expire',
        ],
      ),
      done(
        'Several nodes on one address, loopback clusters, NAT',
        ['packages/network/src/host/host.ts', 'packages/network/src/peers/addresses.ts'],
        [
          'tooling/devnet/test/e2e/settlement.test.ts > settle on every node with equal state',
          'packages/network/test/integration/lifecycle.test.ts > reaches a validator through its sentry only',
        ],
      ),
      done(
        'Discovery: bootstrap list, DHT, peer exchange, diversity of subnets',
        [
          'packages/network/src/peers/address-book.ts',
          'packages/network/src/peers/discovery.ts',
          'packages/network/src/peers/exchange.ts',
        ],
        [
          'packages/network/test/integration/lifecycle.test.ts > finds others by the Kademlia table, and none that wants to be private',
          'packages/network/test/integration/lifecycle.test.ts > finds others through one seed node and remembers them across a restart',
          'packages/network/test/unit/limits-of-peers.test.ts > spreads outbound peers over wide subnets',
        ],
      ),
      done(
        'Port mapping (UPnP)',
        'packages/network/src/host/host.ts',
        'packages/network/test/integration/namespaces.test.ts > get a port of a router that speaks UPnP, and give it back',
      ),
      done(
        'Clock check against time servers, as a warning, never as a source of consensus time',
        ['packages/network/src/clock/watch.ts', 'packages/network/src/clock/ntp.ts'],
        'packages/network/test/unit/limits-of-peers.test.ts > asks a time server and believes only an answer to its question',
      ),
      done(
        'Measured latencies instead of invented ones',
        ['packages/consensus/src/latency.ts', 'packages/ledger/src/validators/latency-record.ts'],
        'packages/consensus/test/unit/resync.test.ts > one report from the middle of the epoch, signed by the guard',
      ),
    ],
  },
  {
    title: 'Sync, snapshots, backup',
    rows: [
      partial(
        'Block sync from several peers, each block checked in full',
        ['packages/node/src/sync/history.ts', 'packages/network/src/sync/sync.ts'],
        [
          'packages/node/test/integration/cluster.test.ts > a full node follows from genesis to the same state',
          'packages/network/test/integration/sync.test.ts > fetches a chain from several peers in order',
        ],
        'the node asks one peer after the other; the parallel scheduler of the network package is not wired',
      ),
      partial(
        'Sync survives lying, slow, partial and dead peers',
        ['packages/network/src/sync/sync.ts', 'packages/node/src/sync/history.ts'],
        'packages/network/test/integration/sync.test.ts > survives liars, stallers, garbage and peers that vanish half-way',
        'shown for the scheduler of the network package, not through a whole node',
      ),
      done(
        'Checkpoints and state snapshots verified against certificates',
        [
          'packages/ledger/src/snapshot/import.ts',
          'packages/ledger/src/snapshot/export.ts',
          'packages/node/src/snapshots/begin.ts',
        ],
        [
          'packages/ledger/test/integration/store.test.ts > a node that starts from one goes on like all others',
          'packages/node/test/integration/snapshots.test.ts > validators make the same snapshots, keep the newest two and serve them',
          'packages/node/test/integration/snapshots.test.ts > a late node begins with a snapshot, from peers of which some lie, and follows',
        ],
      ),
      done(
        'A node that only syncs equals a node that was live, byte for byte',
        ['packages/ledger/src/maintenance/replay.ts', 'packages/node/src/sync/history.ts'],
        [
          'packages/ledger/test/integration/chain.test.ts > a ledger that only replays equals the one that built, byte for byte',
          'packages/node/test/integration/cluster.test.ts > a full node follows from genesis to the same state',
        ],
      ),
      done(
        'Backup of a running store, restore, verification',
        [
          'packages/storage/src/backup/create.ts',
          'packages/storage/src/backup/restore.ts',
          'packages/storage/src/verify.ts',
          'apps/cli/src/commands/store.ts',
        ],
        [
          'packages/storage/test/integration/backup.test.ts > is of one moment while writers go on',
          'packages/storage/test/integration/backup.test.ts > refuses another network and a target in use',
          'packages/node/test/integration/admin.test.ts > a backup is taken while the node runs',
          'tooling/docs/test/e2e/guides.test.ts > every command works, in its order',
        ],
      ),
      done(
        'Versions of the store with migrations',
        ['packages/storage/src/migrate.ts', 'packages/storage/src/schema.ts'],
        'packages/storage/test/integration/database.test.ts > every released version migrates forward, cut off after any batch',
      ),
      done(
        'Pruning of old bodies by configuration',
        ['packages/ledger/src/chain-store.ts', 'packages/node/src/chain.ts'],
        'packages/ledger/test/integration/store.test.ts > keeps headers, certificates and the newest bodies',
      ),
    ],
  },
  {
    title: 'Storage',
    rows: [
      done(
        'Key-value contract with Level and memory drivers, one conformance suite',
        [
          'packages/storage/src/contract.ts',
          'packages/storage/src/level/level-store.ts',
          'packages/storage/src/memory/memory-store.ts',
          'packages/storage/src/conformance/index.ts',
        ],
        'packages/storage/test/integration/conformance.test.ts',
      ),
      done(
        'Typed buckets, atomic batches, snapshots of the store',
        'packages/storage/src/bucket.ts',
        [
          'packages/storage/test/unit/bucket.test.ts > reads and writes typed entries, apart from other buckets',
          'packages/storage/test/integration/conformance.test.ts',
        ],
      ),
      done(
        'One process per store; a second one is refused with a coded error',
        'packages/storage/src/level/level-store.ts',
        'packages/storage/test/integration/crash.test.ts > a second process is refused with STORAGE_LOCKED',
      ),
    ],
  },
  {
    title: 'Contracts',
    rows: [
      planned('WASM validation by a full decoder: no floats, no unknown imports'),
      planned('Gas metering of what is executed; endless loops stop'),
      planned('Host interface: storage, sender, value, height, hashes, signature checks'),
      planned('Contract state in a trie committed by the block'),
      planned('Deploy and call as transactions, replicated and final'),
      planned('Bounded call depth and memory'),
    ],
  },
  {
    title: 'Bridge',
    rows: [
      planned('Mint and burn transactions with verified proofs and replay marks'),
      planned('Authorised bridges as a decision of the chain'),
    ],
  },
  {
    title: 'API',
    rows: [
      done(
        'Status, blocks by height and hash, transactions by id, mempool, peers, validators',
        ['packages/api/src/routes.ts', 'packages/node/src/http/handlers.ts'],
        [
          'packages/node/test/integration/cluster.test.ts > status, parameters, genesis, mempool, peers',
          'packages/node/test/integration/cluster.test.ts > blocks by height, by hash and in pages that neither skip nor repeat',
        ],
      ),
      done('Balances, coins and history of an address', 'packages/node/src/http/handlers.ts', [
        'packages/node/test/integration/cluster.test.ts > balances, history and unspent outputs of an address',
        'packages/client/test/integration/light.test.ts > balances are not proven, and differences between nodes show',
      ]),
      done(
        'Submission of signed transactions; no key ever travels',
        'packages/node/src/admission.ts',
        [
          'packages/node/test/integration/cluster.test.ts > sent twice are one payment; a conflicting one is refused',
          'tooling/devnet/test/e2e/settlement.test.ts > no answer of any route holds a private key',
        ],
      ),
      done(
        'Event stream of accepted transactions and final blocks',
        ['packages/node/src/events/feed.ts', 'packages/node/src/http/streams.ts'],
        [
          'packages/node/test/integration/cluster.test.ts > tell of pending and final payments, and resume by cursor',
          'packages/client/test/integration/stream.test.ts > lose and repeat nothing when cut at random, across nodes',
        ],
      ),
      done('OpenAPI document generated from the schemas', 'packages/api/src/openapi.ts', [
        'packages/api/test/unit/openapi.test.ts > has every route under its path and method',
        'packages/node/test/integration/cluster.test.ts > the OpenAPI document and its page',
      ]),
      done(
        'Authentication, rate limits, body caps, security headers, TLS',
        [
          'packages/node/src/http/server.ts',
          'packages/node/src/admin/server.ts',
          'packages/node/src/admin/tokens.ts',
        ],
        [
          'packages/node/test/integration/admin.test.ts > nobody without a token',
          'packages/node/test/integration/cluster.test.ts > bodies that are no JSON, of the wrong shape, too large',
          'packages/node/test/integration/admin.test.ts > guessing is cut off by address',
          'packages/node/test/integration/tls.test.ts > the API answers over TLS, and to nobody in the clear',
          'apps/cli/test/e2e/operator.test.ts > the first admin token is made by a command; rotation and revocation reach a running node',
        ],
      ),
      partial(
        'Faucet on test networks only, with limits',
        'apps/cli/src/devnet/faucet.ts',
        'tooling/docs/test/e2e/guides.test.ts > every command works, in its order',
        'it exists in the local network alone and pays the first guide; no test meets its limits',
      ),
      done(
        'Typed client with retries, light verification, for browsers too',
        [
          'packages/client/src/connection.ts',
          'packages/client/src/light.ts',
          'packages/client/src/send.ts',
        ],
        [
          'packages/client/test/integration/browser.test.ts > a hybrid payment is built, signed, sent, proven final and receipted',
          'packages/client/test/integration/light.test.ts > a payment that it calls final is not, until it is proven',
        ],
      ),
    ],
  },
  {
    title: 'Wallet and command line',
    rows: [
      done(
        'Accounts, recovery from words, several suites',
        [
          'packages/wallet/src/account.ts',
          'packages/wallet/src/discovery.ts',
          'packages/wallet/src/mnemonic.ts',
        ],
        [
          'packages/wallet/test/unit/keys.test.ts > are the same on every machine',
          'packages/wallet/test/unit/discovery.test.ts > finds what a gap limit allows and nothing behind it',
        ],
      ),
      done(
        'Coin selection, building, signing, payment requests',
        [
          'packages/wallet/src/select-coins.ts',
          'packages/wallet/src/build.ts',
          'packages/wallet/src/sign.ts',
          'packages/wallet/src/payment-request.ts',
        ],
        [
          'packages/wallet/test/property/selection.test.ts > pays within the bounds',
          'packages/wallet/test/unit/payment.test.ts > is built, signed by keys of every suite',
          'packages/wallet/test/unit/payment-request.test.ts > come back as they were',
        ],
      ),
      done(
        'History and balances',
        ['packages/client/src/coins.ts', 'packages/node/src/http/handlers.ts'],
        [
          'packages/node/test/integration/cluster.test.ts > balances, history and unspent outputs of an address',
          'packages/client/test/integration/light.test.ts > coins that it invents are found out',
        ],
      ),
      done(
        'Export and import, encrypted',
        'packages/wallet/src/keystore.ts',
        'packages/wallet/test/unit/keys.test.ts > with another content or passphrase are refused',
      ),
      done(
        'Command mxd: wallet, node, chain, validator, keys; --json, exit codes, help',
        ['apps/cli/src/main.ts', 'apps/cli/src/tree/index.ts', 'apps/cli/src/exit-codes.ts'],
        [
          'apps/cli/test/e2e/examples.test.ts > examples of help',
          'apps/cli/test/e2e/offline.test.ts > version, help, unknown words',
          'apps/cli/test/unit/frame.test.ts > exit codes',
        ],
      ),
    ],
  },
  {
    title: 'Node',
    rows: [
      done(
        'createNode() for embedding; the daemon around it',
        ['packages/node/src/create-node.ts', 'apps/node/src/main.ts'],
        [
          'packages/node/test/integration/cluster.test.ts > become final on every node, with a proof',
          'tooling/devnet/test/e2e/crashes.test.ts > SIGTERM ends a node in order',
        ],
      ),
      done(
        'Supervision, graceful shutdown, restart from any crash',
        ['packages/node/src/node.ts', 'apps/node/src/main.ts'],
        [
          'tooling/devnet/test/e2e/crashes.test.ts > SIGTERM ends a node in order',
          'tooling/devnet/test/e2e/crashes.test.ts > one killed under load',
        ],
      ),
      done(
        'Local network with one command',
        ['tooling/devnet/src/main.ts', 'apps/cli/src/devnet/launch.ts'],
        [
          'tooling/devnet/test/e2e/settlement.test.ts > settle on every node with equal state',
          'tooling/docs/test/e2e/guides.test.ts > every command works, in its order',
        ],
      ),
      done(
        'Starts with every optional part off',
        'packages/node/src/create-node.ts',
        'packages/node/test/integration/edges.test.ts > runs with every optional part off',
      ),
      planned('Memory within its budget'),
    ],
  },
  {
    title: 'Configuration and secrets',
    rows: [
      done(
        'Layers: defaults, file, environment, command line; errors name key and source',
        [
          'packages/config/src/layers.ts',
          'packages/config/src/load.ts',
          'packages/config/src/settings.ts',
        ],
        [
          'packages/config/test/unit/config.test.ts > later layers win value by value and origins name the place',
          'packages/config/test/unit/config.test.ts > an unknown key names its line and a close one',
          'packages/node/test/integration/settings.test.ts > every setting is read by a node with everything on',
        ],
      ),
      done(
        'Versioned migrations of configuration files',
        'packages/config/src/migrations.ts',
        'packages/config/test/unit/config.test.ts > bring a file up to date, keep comments and leave the old text beside it',
      ),
      done(
        'Encrypted values',
        'packages/config/src/encrypted.ts',
        'packages/config/test/unit/config.test.ts > are opened by identity or passphrase and by nothing else',
      ),
      partial(
        'Secrets from environment, files and Vault; rotation',
        [
          'packages/secrets/src/environment.ts',
          'packages/secrets/src/files.ts',
          'packages/secrets/src/secrets.ts',
        ],
        'packages/secrets/test/unit/secrets.test.ts > a Kubernetes mount rotates by its ..data link',
        'Vault',
      ),
      planned('Remote signer'),
    ],
  },
  {
    title: 'Logging and audit',
    rows: [
      done(
        'Structured JSON and plain text, levels by component',
        ['packages/logging/src/logger.ts', 'packages/logging/src/output/text.ts'],
        [
          'packages/logging/test/unit/logger.test.ts > has level, time, component, fields and message',
          'packages/logging/test/unit/logger.test.ts > knows levels of components and those under them',
        ],
      ),
      done(
        'Sanitiser: secrets never reach a line, whatever is logged',
        ['packages/logging/src/sanitise/sanitiser.ts', 'packages/logging/src/secrets/registry.ts'],
        'packages/logging/test/property/canaries.test.ts > are never seen',
      ),
      done(
        'Rotation and retention',
        ['packages/logging/src/output/file.ts', 'packages/logging/src/output/rotation.ts'],
        [
          'packages/logging/test/unit/file.test.ts > rotates by size without losing or cutting a line',
          'packages/logging/test/unit/file.test.ts > keeps by number, age and total size',
        ],
      ),
      done(
        'Typed catalogue of security events',
        'packages/logging/src/events.ts',
        'packages/logging/test/unit/logger.test.ts > carries event, user_id and ip',
      ),
      done(
        'Audit log in a Merkle tree with signed checkpoints and proofs',
        ['packages/logging/src/audit/log.ts', 'packages/logging/src/audit/verify.ts'],
        [
          'packages/logging/test/unit/audit.test.ts > with any byte is seen',
          'packages/logging/test/integration/audit-crash.test.ts > loses nothing that it acknowledged',
        ],
      ),
    ],
  },
  {
    title: 'Metrics and operations',
    rows: [
      partial(
        'Prometheus metrics that something feeds, each on a dashboard',
        [
          'packages/metrics/src/catalogue.ts',
          'packages/metrics/src/registry.ts',
          'packages/node/src/measure.ts',
        ],
        [
          'packages/metrics/test/unit/metrics.test.ts > shows every metric of the catalogue from the start',
          'packages/node/test/integration/cluster.test.ts > metrics and health',
        ],
        'no dashboards, and no test that drives each metric by a real event',
      ),
      done(
        'Health and readiness that tell the truth',
        ['packages/metrics/src/health.ts', 'packages/node/src/http/metrics-server.ts'],
        [
          'packages/metrics/test/unit/metrics.test.ts > is live by live parts and ready by all',
          'packages/node/test/integration/cluster.test.ts > metrics and health',
        ],
      ),
      planned('Tracing with OpenTelemetry'),
      planned('Anomaly detection'),
      planned('Alerts and Grafana dashboards'),
      partial(
        'Terminal and web dashboard of a node',
        'apps/cli/src/devnet/view.ts',
        [],
        '`npm start` shows a local network in the terminal; there is no page and no view of one node',
      ),
      planned('Container images: small, unprivileged, reproducible'),
      planned('Kubernetes: Helm chart, stateful sets, probes, several regions'),
      partial(
        'Runbooks',
        ['docs/operations/run-a-node.md', 'docs/guides/run-a-validator.md'],
        [],
        'written for what exists; nothing yet for alerts and for containers',
      ),
      done(
        'Load tests through the real API',
        ['tooling/load/src/run.ts', 'tooling/load/src/report.ts'],
        'tooling/load/test/integration/load.test.ts > every payment is final, proven in part, and no value is lost',
      ),
    ],
  },
  {
    title: 'Plugins and compliance',
    rows: [
      done(
        'Plugin contract: hooks, capabilities, lifecycle, routes, metrics, commands, storage',
        [
          'packages/plugin/src/define.ts',
          'packages/plugin/src/hooks.ts',
          'packages/plugin/src/capability.ts',
          'packages/node/src/create-node.ts',
        ],
        [
          'packages/plugin/test/unit/contract.test.ts > gates: handlers in order',
          'packages/node/test/integration/guide-plugin.test.ts > the plugin runs in a node, from the configuration of the guide',
        ],
      ),
      done(
        'Plugins in worker threads; failures contained, cursors that survive restarts',
        [
          'packages/node/src/plugins/host.ts',
          'packages/node/src/plugins/slot.ts',
          'packages/node/src/plugins/delivery.ts',
        ],
        [
          'packages/node/test/integration/plugin-containment.test.ts > throwing keeps the block for later',
          'packages/node/test/integration/plugin-webhook.test.ts > misses no block when the node is killed again and again',
        ],
      ),
      planned('AML rules, screening, cases and reports'),
      planned('KYC, travel rule, privacy and access controls'),
    ],
  },
  {
    title: 'Workspace',
    rows: [
      done(
        'Two commands on a machine with only Node 20 and npm; pinned tools brought into the repository',
        'tooling/bootstrap/run.mjs',
        'tooling/bootstrap/test/integration/bootstrap.test.ts > installs once, says so',
      ),
      done(
        'Layer rule from the imports of the code',
        ['tooling/check/src/layers.ts', 'tooling/layers.json'],
        'tooling/check/test/unit/layers.test.ts > accepts types from beside, refuses values',
      ),
      done(
        'Tidy rules: banned calls, markers, names, manifests, documents',
        [
          'tooling/check/src/tidy/code.ts',
          'tooling/check/src/tidy/text.ts',
          'tooling/check/src/tidy/manifests.ts',
          'tooling/check/src/tidy/documents.ts',
        ],
        'tooling/check/test/unit/tidy.test.ts > checkCode finds',
      ),
      done(
        'Coverage floors that only rise',
        ['tooling/check/src/coverage.ts', 'tooling/coverage-floor.json'],
        'tooling/check/test/unit/steps.test.ts > holds the whole and each named package',
      ),
      done(
        'Benchmark harness: median, spread, machine, variants side by side',
        ['tooling/bench/src/harness.ts', 'tooling/bench/src/measure.ts'],
        'tooling/bench/test/unit/harness.test.ts > interleaves a comparison',
      ),
    ],
  },
];
