import { done, planned, type Section } from './row.ts';

/** Every capability that is promised, in the order a payment meets them. */
export const capabilities: readonly Section[] = [
  {
    title: 'Encoding and amounts',
    rows: [
      planned('Canonical big-endian encoding, strict total decoding with field paths'),
      planned('Hex, Base58 and Base58Check with coded errors'),
      planned('Amounts as integers of 10^-8 MXD: exact parsing, formatting, checked sums'),
      planned('Coded errors that serialise across threads, documented in one generated list'),
    ],
  },
  {
    title: 'Cryptography',
    rows: [
      planned('SHA-512, SHA-256, HASH160; one table of domain tags, unique by test'),
      planned('Ed25519 with one accept set in the pure and the native backend'),
      planned('ML-DSA-87 (FIPS 204) with one accept set in the pure and the native backend'),
      planned('Hybrid suite: Ed25519 and ML-DSA-87 together'),
      planned('Suite registry: lengths checked before any verification'),
      planned('RFC 6962 trees over SHA-512: inclusion and consistency proofs, appendable'),
      planned('Verification pool on worker threads: bounded queue, survives a crashed worker'),
      planned('Secrets that print, serialise and log as [redacted] and are wiped on release'),
      planned('Locked memory where the platform allows it, with an answer whether it did'),
      planned('Constant-time comparison of secrets'),
      planned('Browser build of everything outside the Node subpaths'),
    ],
  },
  {
    title: 'Addresses and keys',
    rows: [
      planned(
        'Addresses of single keys and policies: version, checksum, errors that name the rule',
      ),
      planned('Network versions of addresses'),
      planned('BIP-39 mnemonics, English and Spanish'),
      planned(
        'Keys from mnemonic and passphrase (SLIP-0010; HKDF for ML-DSA): the same ones each time',
      ),
      planned('Keystore files: Argon2id and XChaCha20-Poly1305, atomic, mode 0600, upgradable'),
      planned('Post-quantum keys in keystores, exports and imports of any size'),
    ],
  },
  {
    title: 'Transactions',
    rows: [
      planned('Transaction format whose id commits to network, kind and all amounts moved'),
      planned('Witnesses beside the id: one signature for each distinct owner'),
      planned(
        'Ownership, existence, sum and duplicate checks on every path that takes a transaction',
      ),
      planned('Policies: m-of-n outputs that spending enforces'),
      planned('Time locks and expiry heights'),
      planned('No fees; voluntary tips that are paid out, to the base unit'),
      planned('Issuance only by rule: genesis and what the protocol mints'),
      planned('Frozen encodings: a fixture of hashes for each type'),
    ],
  },
  {
    title: 'Ledger and supply',
    rows: [
      planned('UTXO state with one atomic batch for each block'),
      planned('State commitment that every block carries and every node checks'),
      planned('Supply as a consensus value, equal to the sum of all outputs on every path'),
      planned('Balance and history of an address from indexes, without scanning'),
      planned('Coins of an address paged by cursor'),
      planned('Spent outputs leave the state'),
      planned('An I/O error stops the node instead of skipping a transaction'),
      planned('Idempotent, crash-safe application of blocks'),
    ],
  },
  {
    title: 'Mempool',
    rows: [
      planned('Bounded pool: by count, bytes and sender, with a policy when full'),
      planned('Conflict detection: one spender of each output'),
      planned('Order by priority, tip and age'),
      planned('Removal on inclusion, expiry, and conflicts with final blocks'),
      planned('Quotas for each peer that sends transactions'),
    ],
  },
  {
    title: 'Blocks',
    rows: [
      planned(
        'Header that commits to parent, height, view, proposer, body, state, supply and table',
      ),
      planned('Inclusion proofs for transactions and light verification of them'),
      planned('Block building within size, count and time bounds'),
      planned('Empty blocks by one fixed rule'),
      planned('Versions of the format activated by height on the chain itself'),
      planned('Timestamps bounded by rule; old blocks stay verifiable for ever'),
    ],
  },
  {
    title: 'Genesis',
    rows: [
      planned('Genesis document: members, parameters, allocations; pinned by its hash'),
      planned('Ceremony of 1 to 256 validators that start in any order'),
      planned('Signatures of members over the whole document'),
      planned('A late joiner gets the genesis from peers and checks it against its pin'),
    ],
  },
  {
    title: 'Consensus',
    rows: [
      planned('Rapid Table: validators and their order, derived from the chain alone'),
      planned('Leader schedule that every node computes alike'),
      planned('Validation chain: ordered signatures, robust against silent and slow members'),
      planned('Byzantine quorum and finality certificates'),
      planned('View change and nullification within a bound'),
      planned('Final blocks are never undone'),
      planned('Fork choice for display below finality'),
      planned('Relay rule: a block travels once enough validators vouch for it'),
      planned('Double-sign evidence on the chain, blacklist for a number of blocks'),
      planned('Scores from committed metrics: stake, proposals, participation, latency'),
      planned('Tips shared out by rank with geometric decay'),
      planned('Journal and sign guard: no double sign across crashes and copies of a key'),
      planned('Pure core that yields effects, the same in node and simulator'),
      planned('Simulator: seeds, faults, misbehaviours, replay by digest'),
      planned('Model of the protocol, checked with Quint'),
    ],
  },
  {
    title: 'Validators',
    rows: [
      planned('Join after genesis by a signed request on the chain'),
      planned('Exit by a signed request on the chain'),
      planned('Minimum stake, one threshold in one place'),
      planned('Liveness: absence is counted on the chain and decided there'),
      planned('Post-quantum validator keys'),
    ],
  },
  {
    title: 'Network',
    rows: [
      planned('Encrypted, authenticated connections; validator keys bound to the connection'),
      planned('Network id and genesis in the handshake'),
      planned('Message types with a size and a shape of their own; strict decoding'),
      planned('Inbound limits by peer, address and subnet'),
      planned('Gossip of transactions in batches, relayed beyond direct peers'),
      planned('Keepalive, reconnection with backoff, bans that expire'),
      planned('Several nodes on one address, loopback clusters, NAT'),
      planned('Discovery: bootstrap list, DHT, peer exchange, diversity of subnets'),
      planned('Port mapping (UPnP)'),
      planned(
        'Clock check against time servers, as a warning, never as a source of consensus time',
      ),
      planned('Measured latencies instead of invented ones'),
    ],
  },
  {
    title: 'Sync, snapshots, backup',
    rows: [
      planned('Block sync from several peers, each block checked in full'),
      planned('Sync survives lying, slow, partial and dead peers'),
      planned('Checkpoints and state snapshots verified against certificates'),
      planned('A node that only syncs equals a node that was live, byte for byte'),
      planned('Backup of a running store, restore, verification'),
      planned('Versions of the store with migrations'),
      planned('Pruning of old bodies by configuration'),
    ],
  },
  {
    title: 'Storage',
    rows: [
      planned('Key-value contract with Level and memory drivers, one conformance suite'),
      planned('Typed buckets, atomic batches, snapshots of the store'),
      planned('One process per store; a second one is refused with a coded error'),
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
      planned('Status, blocks by height and hash, transactions by id, mempool, peers, validators'),
      planned('Balances, coins and history of an address'),
      planned('Submission of signed transactions; no key ever travels'),
      planned('Event stream of accepted transactions and final blocks'),
      planned('OpenAPI document generated from the schemas'),
      planned('Authentication, rate limits, body caps, security headers'),
      planned('Faucet on test networks only, with limits'),
      planned('Typed client with retries, light verification, for browsers too'),
    ],
  },
  {
    title: 'Wallet and command line',
    rows: [
      planned('Accounts, recovery from words, several suites'),
      planned('Coin selection, building, signing, payment requests'),
      planned('History and balances'),
      planned('Export and import, encrypted'),
      planned('Command mxd: wallet, node, chain, validator, keys; --json, exit codes, help'),
    ],
  },
  {
    title: 'Node',
    rows: [
      planned('createNode() for embedding; the daemon around it'),
      planned('Supervision, graceful shutdown, restart from any crash'),
      planned('Local network with one command'),
      planned('Starts with every optional part off'),
      planned('Memory within its budget'),
    ],
  },
  {
    title: 'Configuration and secrets',
    rows: [
      planned('Layers: defaults, file, environment, command line; errors name key and source'),
      planned('Versioned migrations of configuration files'),
      planned('Encrypted values'),
      planned('Secrets from environment, files and Vault; rotation'),
      planned('Remote signer'),
    ],
  },
  {
    title: 'Logging and audit',
    rows: [
      planned('Structured JSON and plain text, levels by component'),
      planned('Sanitiser: secrets never reach a line, whatever is logged'),
      planned('Rotation and retention'),
      planned('Typed catalogue of security events'),
      planned('Audit log in a Merkle tree with signed checkpoints and proofs'),
    ],
  },
  {
    title: 'Metrics and operations',
    rows: [
      planned('Prometheus metrics that something feeds, each on a dashboard'),
      planned('Health and readiness that tell the truth'),
      planned('Tracing with OpenTelemetry'),
      planned('Anomaly detection'),
      planned('Alerts and Grafana dashboards'),
      planned('Terminal and web dashboard of a node'),
      planned('Container images: small, unprivileged, reproducible'),
      planned('Kubernetes: Helm chart, stateful sets, probes, several regions'),
      planned('Runbooks'),
      planned('Load tests through the real API'),
    ],
  },
  {
    title: 'Plugins and compliance',
    rows: [
      planned(
        'Plugin contract: hooks, capabilities, lifecycle, routes, metrics, commands, storage',
      ),
      planned('Plugins in worker threads; failures contained, cursors that survive restarts'),
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
