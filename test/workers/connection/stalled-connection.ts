import type { Backpressure } from '../../../src/shared/api/public-types.ts';
import type { Codec } from '../../../src/shared/codec/codec.ts';
import { buildFrame } from '../../../src/shared/codec/frame.ts';
import type { Upgrade } from '../../../src/shared/messages/control-messages.ts';
import type { ServerOptions } from '../../../src/shared/options/server-options.ts';
import { ServerWebSocket } from '../../../src/workers/connection/web-socket.ts';
import { FrameDeflater } from '../../../src/workers/deliver/deflate.ts';
import { FanOut } from '../../../src/workers/deliver/fan-out.ts';
import { Transport } from '../../../src/workers/write/transport.ts';
import { TestTransport } from '../write/test-transport.ts';
import { silentDispatch, socketContext } from './socket-context.ts';

/** The most bytes that have waited for a connection since {@link connect}. */
let peakBytes = 0;
const { write } = Transport.prototype;
Transport.prototype.write = function (bytes) {
  write.call(this, bytes);
  peakBytes = Math.max(peakBytes, this.waitingBytes);
};

/** One connection of a server in a shard that nobody runs; it is not open yet. */
export function connect(given: ServerOptions) {
  peakBytes = 0;
  const transport = new TestTransport();
  transport.stalled = true;
  const fanOut = new FanOut(() => {});
  const told: Backpressure[] = [];
  const errors: string[] = [];
  const server = socketContext(given, {
    fanOut,
    dispatch: silentDispatch({
      failed: (_, error) => errors.push(error.code),
      backpressure: (_, backpressure) => told.push(backpressure),
      disconnected: () => false, // handlers elsewhere may have sent something yet
    }),
  });
  const { counters } = server;
  const { compression } = server.options;
  const deflater = compression && new FrameDeflater(compression);
  const upgrade = { id: 'me', codec: 0, protocol: '', deflate: deflater && {} } as Upgrade;
  const connection = new ServerWebSocket(server, transport, upgrade, 0);
  /** An event to a room that the connection is in. */
  const publish = (event: string, payload: string, room = 'room') => {
    const frame = buildFrame((server.codecs[0] as Codec).encode(event, payload));
    counters.delivered += fanOut.publish([connection], 0, frame, room, deflater);
  };
  /** What the peer has been sent since the last call, as `event payload`. */
  const received = () => {
    const texts = transport.received.matchAll(/:(\w+);0;(\w*)/g);
    transport.received = '';
    return Array.from(texts, ([, event, payload]) => `${event} ${payload}`);
  };
  const drain = () => {
    fanOut.flush();
    transport.drain();
    fanOut.flush();
    transport.drain();
  };
  /** The most bytes that have waited for it. */
  const peak = () => peakBytes;
  return { connection, transport, fanOut, counters, told, errors, publish, received, drain, peak };
}

/** The same, open. */
export function open(options: ServerOptions) {
  const made = connect(options);
  made.connection.open();
  return made;
}
