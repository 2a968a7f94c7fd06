import { type Network } from '../contract.ts';
import { Counters } from '../counters.ts';
import { type SyncPort } from './pieces.ts';

/** The port of a running network: its connected peers, real time. */
export function syncPortOf(network: Network, counters: Counters = new Counters()): SyncPort {
  return {
    peers: () => network.peers.list().map((peer) => peer.peerId),
    requests: network.requests,
    counters,
    nowMs: () => performance.now(),
    schedule: (delayMs, callback) => {
      setTimeout(callback, delayMs).unref();
    },
  };
}
