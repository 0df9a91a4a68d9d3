import type { Socket } from 'node:net';
import { createCodecs } from '../../src/shared/codecs.ts';
import { resolveServerConfig, type ServerConfig } from '../../src/shared/config.ts';
import type { Upgrade } from '../../src/shared/control-messages.ts';
import { buildFrame } from '../../src/shared/frame.ts';
import type { Backpressure } from '../../src/shared/public-types.ts';
import { Counters } from '../../src/workers/counters.ts';
import { FrameDeflater } from '../../src/workers/deflate.ts';
import { FanOut } from '../../src/workers/fan-out.ts';
import type { ShardServer } from '../../src/workers/shard-server.ts';
import { SocketWriter } from '../../src/workers/socket-writer.ts';
import { ServerWebSocket } from '../../src/workers/web-socket.ts';

/** A socket whose peer reads when it is told to. */
class StalledSocket {
  readonly _handle = null;
  writable = true;
  writableLength = 0;
  readonly #written: { bytes: Buffer; done: (() => void) | undefined }[] = [];
  received = '';

  /** Writes that have not gone. */
  get pendingWrites(): number {
    return this.#written.length;
  }

  write(bytes: Buffer, done?: () => void): void {
    this.#written.push({ bytes, done });
    this.writableLength += bytes.length;
  }

  /** The peer reads some of what has been written, or all. */
  drain(writes = Number.POSITIVE_INFINITY): void {
    for (const { bytes, done } of this.#written.splice(0, writes)) {
      this.writableLength -= bytes.length;
      this.received += bytes.toString('latin1');
      done?.();
    }
  }

  pause(): void {}
  resume(): void {}
  end(): void {}
  destroy(): void {}
}

/** The most bytes that have waited for a connection since {@link connect}. */
let peakBytes = 0;
const { write } = SocketWriter.prototype;
SocketWriter.prototype.write = function (bytes) {
  write.call(this, bytes);
  peakBytes = Math.max(peakBytes, this.waitingBytes);
};

/** One connection of a server in a shard that nobody runs; it is not open yet. */
export function connect(options: ServerConfig) {
  peakBytes = 0;
  const config = resolveServerConfig(options);
  const socket = new StalledSocket();
  const fanOut = new FanOut(() => {});
  const told: Backpressure[] = [];
  const errors: string[] = [];
  const counters = new Counters();
  const { slowConsumer, maxBufferedBytes, compression } = config;
  const deflater = compression === undefined ? undefined : new FrameDeflater(compression);
  const server = {
    ...{ config, fanOut, counters, deflater, codecs: createCodecs(config), rooms: [undefined] },
    shard: { coalescing: { heard: () => {} } },
    maxQueuedBytes: slowConsumer === 'latest' ? maxBufferedBytes / 2 : maxBufferedBytes,
    dispatch: {
      control: () => {},
      failed: (_: unknown, error: { code: string }) => errors.push(error.code),
      backpressure: (_: unknown, backpressure: Backpressure) => told.push(backpressure),
    },
    conclude: () => {},
    forget: () => {},
  } as unknown as ShardServer;
  const upgrade = { id: 'me', codec: 0, protocol: '', deflate: deflater && {} } as Upgrade;
  const connection = new ServerWebSocket(server, socket as unknown as Socket, upgrade, 0);
  /** An event to a room that the connection is in. */
  const publish = (event: string, payload: string, room = 'room') => {
    const frame = buildFrame((server.codecs[0] as never as Encoder).encode(event, payload));
    counters.delivered += fanOut.publish([connection], 0, frame, room, deflater);
  };
  /** What the peer has been sent since the last call, as `event payload`. */
  const received = () => {
    const texts = socket.received.matchAll(/:(\w+);0;(\w*)/g);
    socket.received = '';
    return Array.from(texts, ([, event, payload]) => `${event} ${payload}`);
  };
  const drain = () => {
    fanOut.flush();
    socket.drain();
    fanOut.flush();
    socket.drain();
  };
  /** The most bytes that have waited for it. */
  const peak = () => peakBytes;
  return { connection, socket, fanOut, counters, told, errors, publish, received, drain, peak };
}

/** The same, open. */
export function open(options: ServerConfig) {
  const made = connect(options);
  made.connection.open();
  return made;
}

interface Encoder {
  encode(event: string, payload: string): string;
}
