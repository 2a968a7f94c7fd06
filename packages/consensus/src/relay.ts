import { type BlockEntry } from './state.ts';
import { type Steps } from './types.ts';

/**
 * Relay: the body may be forwarded unasked from now on: after the own NOTARIZE, RELAY(n) valid
 * NOTARIZE signatures, or a certificate.
 */
export function* relayOnce(entry: BlockEntry): Steps {
  if (entry.relayed || entry.state === 'partial') return;
  entry.relayed = true;
  yield { type: 'relay', hash: entry.hash };
}
