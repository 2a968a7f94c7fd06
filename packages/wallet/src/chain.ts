import { type AddressNetwork } from '@mxd/crypto/address';
import { type Amount, type ChainTag } from '@mxd/protocol/primitives';

/** What signing must know of a chain. */
export interface ChainIdentity {
  /** Binds signatures to this chain. */
  readonly chainTag: ChainTag;
  readonly networkId: number;
  /** Form of address texts. */
  readonly network: AddressNetwork;
}

/** What building must know of a chain. `chainOfGenesis` makes it from its genesis. */
export interface Chain extends ChainIdentity {
  /** Smallest output, in base units. */
  readonly dustLimit: Amount;
  /** Largest encoded transaction. */
  readonly maxTransactionBytes: number;
}
