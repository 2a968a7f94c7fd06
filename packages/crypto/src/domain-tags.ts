/**
 * The one table of domain tags: the first 8 bytes of everything that is hashed or signed.
 *
 * `H(tag, ...parts)` is SHA-512(tag || parts) and every signed message starts with a tag, so that
 * no hash or signature made for one purpose is valid for another. The names say what is hashed or
 * signed; the texts are frozen (docs/protocol/encoding.md, docs/protocol/rsc.md).
 */
export const domainTags = {
  /** Block hash: H over the header. */
  block: 'RSC1BLCK',
  /** Sign-bytes of a consensus vote. */
  vote: 'RSC1VOTE',
  /** `validationRoot`: H over the parent certificate. */
  certificate: 'RSC1CERT',
  /** `sysRoot`: H over the system record list. */
  systemRecords: 'RSC1SYSR',
  /** First bytes of the encoding of a Rapid Table. */
  table: 'RSC1TABL',
  /** Draws of the leader schedule. */
  schedule: 'RSC1SCHD',
  /** Hash of the genesis document, whose first 32 bytes are `chainTag`. */
  genesis: 'RSC1GENE',
  /** Transaction id of the genesis allocations. */
  genesisAllocations: 'RSC1GALL',
  /** Genesis ceremony: a member's signature of the document. */
  genesisSignature: 'RSC1GSIG',
  /** Genesis ceremony: possession of a consensus key (the network id in chainTag's place). */
  genesisPossession: 'RSC1GPOP',
  /** Membership record: join. */
  join: 'RSC1JOIN',
  /** Membership record: leave. */
  leave: 'RSC1LEAV',
  /** Membership record: rotation of a consensus key. */
  rotateKey: 'RSC1ROTK',
  /** Latency record of a validator. */
  latencyRecord: 'RSC1LATR',
  /** Membership record: signal for a protocol change. */
  signal: 'RSC1SIGL',
  /** Proof on a connection that a peer holds its consensus key. */
  peer: 'RSC1PEER',
  /** Transaction id of a payment of tips. */
  tips: 'RSC1TIPS',
  /** Application root. */
  applicationRoot: 'RSC1APPR',
  /** A section under the application root. */
  applicationSection: 'RSC1APPS',
  /** Transaction id. */
  transactionId: 'MXD5TXID',
  /** Transaction id with witnesses. */
  witnessTransactionId: 'MXD5WTXI',
  /** Address of a hybrid key. */
  address: 'MXD5ADDR',
  /** Address of an m-of-n policy. */
  policy: 'MXD5POLI',
  /** Signature of a transaction input. */
  sign: 'MXD5SIGN',
  /** Message of both signatures of the hybrid suite. */
  hybrid: 'MXD5HYBR',
  /** Unspent output as an element of the state commitment. */
  unspentOutput: 'MXD5UTXO',
  /** Digest of the lattice hash of the unspent outputs. */
  latticeDigest: 'MXD5LTHD',
  /** Challenge of an API log-in. */
  apiChallenge: 'MXD5APIC',
  /** Checkpoint of the audit log. */
  auditCheckpoint: 'MXD5AUDT',
} as const;

/** One of the texts of the table: always 8 ASCII characters. */
export type DomainTag = (typeof domainTags)[keyof typeof domainTags];
