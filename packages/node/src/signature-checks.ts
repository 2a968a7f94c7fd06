import type { VerificationPool } from '@mxd/crypto/pool';
import { verifySignature } from '@mxd/crypto/suites';
import type { SignatureCheck, VerifySignatures } from '@mxd/ledger';

/**
 * Cost of a batch that is checked on this thread, in Ed25519 checks of 60 us: waking a thread of the
 * pool and being woken by it takes 0.1 to 0.3 ms of processor time.
 */
const inlineCost = 6;
const costOf = ({ suite }: SignatureCheck): number => (suite === 1 ? 1 : inlineCost);

/** Signature checks: many at once by the pool's threads, a few here. */
export class SignatureChecks {
  readonly #pool: VerificationPool;
  /** Signatures that were checked on this thread. */
  inlined = 0;

  constructor(pool: VerificationPool) {
    this.#pool = pool;
  }

  /** Signatures checked so far, wherever. */
  get total(): number {
    return this.inlined + this.#pool.stats().signatures;
  }

  /** As `VerificationPool.verify`: bit i of the bitmap is set iff check i is good. */
  readonly verify: VerifySignatures = (checks) => {
    let cost = 0;
    for (let i = 0; i < checks.length && cost <= inlineCost; i++) {
      cost += costOf(checks[i] as SignatureCheck);
    }
    if (cost > inlineCost) return this.#pool.verify(checks);
    const bitmap = new Uint8Array(Math.ceil(checks.length / 8));
    checks.forEach(({ suite, publicKey, message, signature }, i) => {
      if (!verifySignature(suite, publicKey, message, signature)) return;
      bitmap[i >> 3] = (bitmap[i >> 3] as number) | (1 << (i & 7));
    });
    this.inlined += checks.length;
    return Promise.resolve(bitmap);
  };
}
