import { createCodecs } from '../../../src/shared/codec/codecs.ts';
import {
  resolveServerOptions,
  type ServerOptions,
} from '../../../src/shared/options/server-options.ts';
import type {
  Dispatch,
  Home,
  SocketContext,
} from '../../../src/workers/connection/socket-context.ts';
import { FrameDeflater } from '../../../src/workers/deliver/deflate.ts';
import { Counters } from '../../../src/workers/shard/counters.ts';

/** Rooms that nobody looks into. */
const home: Home = {
  expect: () => {},
  enter: () => {},
  join: () => {},
  leave: () => {},
  leaveAll: () => {},
};

/** Turns that never end: all that comes is read at once. */
const reads: SocketContext['shard']['reads'] = {
  turn: 1,
  begin: () => Number.POSITIVE_INFINITY,
  frame: () => true,
  wait: () => {},
  forget: () => {},
};

/** Ends that come at once. */
const partings: SocketContext['shard']['partings'] = { add: (end) => end() };

/** Handlers that nobody listens to; some of them can be the test's own. */
export function silentDispatch(parts: Partial<Dispatch> = {}): Dispatch {
  return {
    connected: () => {},
    message: () => {},
    control: () => {},
    failed: () => {},
    backpressure: () => {},
    disconnected: () => true,
    ...parts,
  };
}

/** A server of a shard that nobody runs, for its connections; parts of it can be the test's own. */
export function socketContext(
  given: ServerOptions,
  parts: Partial<SocketContext> = {},
): SocketContext {
  const options = resolveServerOptions(given);
  const { slowConsumer, maxBufferedBytes, compression } = options;
  const codecs = createCodecs(options);
  return {
    number: 1,
    options,
    shard: {
      number: 1,
      coalescing: { heard: () => {} },
      reads,
      partings,
      handshakeTimeout: 10_000,
    },
    codecs,
    rooms: codecs.map(() => home),
    fanOut: { send: () => {} },
    deflater: compression && new FrameDeflater(compression),
    counters: new Counters(),
    maxQueuedBytes: slowConsumer === 'latest' ? maxBufferedBytes / 2 : maxBufferedBytes,
    dispatch: silentDispatch(),
    appConnection: () => {
      throw new Error('no handlers here');
    },
    report: () => {},
    forget: () => {},
    ...parts,
  };
}
