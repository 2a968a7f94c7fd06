import { activeSuites, type SuiteId } from '@mxd/crypto/suites';
import type { SigningAccount } from '@mxd/wallet';

/** Long enough that one interruption does not decide the figure. */
const measureMs = 200;
/** Checks between two looks at the clock. */
const round = 16;

/**
 * Processor time of one signature check on this machine right now, in ms: what no node can do
 * without. Measured beside every run, since a shared machine is not always equally fast.
 */
export function signatureCostOf(suite: SuiteId, account: SigningAccount): number {
  const message = new Uint8Array(64).fill(7);
  const signature = account.sign(message);
  const scheme = activeSuites()[suite];
  const check = (): boolean => scheme.verify(account.publicKey, message, signature);
  for (let i = 0; i < round; i++) {
    if (!check()) throw new RangeError(`suite ${suite} does not verify its own signature`);
  }
  const before = process.cpuUsage();
  const end = performance.now() + measureMs;
  let checks = 0;
  while (performance.now() < end) {
    for (let i = 0; i < round; i++) check();
    checks += round;
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000 / checks;
}
