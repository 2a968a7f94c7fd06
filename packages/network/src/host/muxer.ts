import type { StreamMuxerFactory } from '@libp2p/interface';
import { yamux } from '@libp2p/yamux';

type YamuxInit = NonNullable<Parameters<typeof yamux>[0]>;

/** What is reached inside of a yamux stream; absent members switch the tuning off. */
interface WindowedStream {
  sendWindowUpdate?: () => void;
  recvWindow?: number;
  recvWindowCapacity?: number;
  state?: number;
}

interface StreamMaker {
  _newStream?: (...args: unknown[]) => WindowedStream;
}

const establishedState = 3;

/** A stream's receive window grows from 256 KiB up to this while it is used up quickly. */
export const maxWindowBytes: number = 4 * 1024 * 1024;
const growBelowMs = 30;

/**
 * Yamux that acknowledges received bytes when half a window has been used, as the reference
 * implementation in Go does, instead of after each frame: js yamux answers every 155-byte vote
 * with a window update, which costs both sides about as much as the vote. The wire format is
 * unchanged and the window is never exhausted by it.
 */
export function frugalYamux(init: YamuxInit): () => StreamMuxerFactory {
  const makeFactory = yamux(init);
  return () => {
    const factory = makeFactory();
    const create = factory.createStreamMuxer.bind(factory);
    factory.createStreamMuxer = (connection) => {
      const muxer = create(connection);
      thinWindowUpdates(muxer as unknown as StreamMaker);
      return muxer;
    };
    return factory;
  };
}

function thinWindowUpdates(muxer: StreamMaker): void {
  const make = muxer._newStream?.bind(muxer);
  if (make === undefined) return;
  muxer._newStream = (...args) => {
    const stream = make(...args);
    const update = stream.sendWindowUpdate?.bind(stream);
    if (update === undefined) return stream;
    let lastMs = performance.now();
    stream.sendWindowUpdate = () => {
      const { recvWindow, recvWindowCapacity, state } = stream;
      if (
        recvWindow === undefined ||
        recvWindowCapacity === undefined ||
        state !== establishedState
      ) {
        return update();
      }
      if (recvWindowCapacity * 2 > recvWindow) return undefined;
      const nowMs = performance.now();
      // Half a window in a moment: the sender is waiting for more than it is sending.
      if (nowMs - lastMs < growBelowMs)
        stream.recvWindow = Math.min(recvWindow * 2, maxWindowBytes);
      lastMs = nowMs;
      return update();
    };
    return stream;
  };
}
