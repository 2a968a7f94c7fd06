import { type KeyValueStore } from '../contract.ts';

/** A driver under test: how to open an empty store, and how to open the same one again. */
export interface DriverUnderTest {
  /** A new, empty store. */
  open(): Promise<KeyValueStore>;
  /** The closed store once more, with its data; leave out for stores that live in memory. */
  reopen?(store: KeyValueStore): Promise<KeyValueStore>;
  /** Removes what `open` made; the store may be open or closed. */
  remove?(store: KeyValueStore): Promise<void>;
}

/** One property of the contract; `run` throws (`node:assert`) if the driver lacks it. */
export interface ConformanceCase {
  readonly name: string;
  run(driver: DriverUnderTest): Promise<void>;
}
