import { EngineError } from '../../shared/api/errors.ts';
import type { Backpressure } from '../../shared/api/public-types.ts';
import type { Codec } from '../../shared/codec/codec.ts';
import { CLOSE_CODES, isControlFrame } from '../../shared/codec/frame.ts';
import type { Receiver } from '../deliver/fan-out.ts';
import { publishDropped } from '../shard/diagnostics.ts';
import type { Transport } from '../write/transport.ts';
import type { DispatchSocket } from './dispatch.ts';
import { LatestMessages } from './latest-messages.ts';
import { MessageKeys } from './message-key.ts';
import type { SocketContext } from './socket-context.ts';

/** A connection that can fall behind. */
export interface SlowSocket extends Receiver, DispatchSocket {
  readonly server: SocketContext;
  readonly id: string;
  readonly codec: Codec;
  readonly isOpen: boolean;
}

/** How a connection falls behind. */
interface Overflow {
  /** Bytes that wait for it. */
  readonly waiting: number;
  /** Bytes for which there was no room. */
  readonly bytes: number;
  /** Is called when it has caught up, ahead of its handlers. */
  readonly onCaughtUp: () => void;
}

/**
 * A connection that has fallen behind, from the first message for which there was no room until it
 * has caught up or ends: counts what it loses, keeps what `slowConsumer` says, tells the handlers.
 */
export class SlowConsumer {
  readonly #socket: SlowSocket;
  readonly #transport: Transport;
  /** With 'latest': what is kept for it. */
  readonly #latest: LatestMessages | undefined;
  readonly #keys: MessageKeys;
  readonly #onCaughtUp: () => void;
  /** The newest pong that it should have got: RFC 6455 section 5.5.3 lets it stand for all. */
  #pong: Buffer | undefined;
  #droppedMessages = 0;
  #droppedBytes = 0;
  #isWatched = false;

  private constructor(socket: SlowSocket, transport: Transport, onCaughtUp: () => void) {
    this.#socket = socket;
    this.#transport = transport;
    this.#onCaughtUp = onCaughtUp;
    const { server } = socket;
    const { slowConsumer, maxBufferedBytes, eventPrefix } = server.options;
    this.#keys = new MessageKeys(eventPrefix);
    if (slowConsumer !== 'latest') return;
    const maxKeptBytes = maxBufferedBytes - server.maxQueuedBytes;
    this.#latest = new LatestMessages(maxKeptBytes, (bytes) => this.#dropped(bytes));
  }

  /** Whether messages that would find room have to come here, lest they overtake what is kept. */
  get isKeeping(): boolean {
    return this.#latest !== undefined;
  }

  /** It falls behind: tells its handlers. */
  static begin(
    socket: SlowSocket,
    transport: Transport,
    { waiting, bytes, onCaughtUp }: Overflow,
  ): SlowConsumer {
    const { server, id } = socket;
    const slow = new SlowConsumer(socket, transport, onCaughtUp);
    server.counters.fellBehind += 1;
    slow.#tell('behind');
    const { slowConsumer, maxBufferedBytes } = server.options;
    if (slowConsumer === 'latest') return slow; // as the app wants it: no error
    const message =
      `${waiting} bytes wait for connection ${id}, ` +
      `${bytes} more would pass maxBufferedBytes (${maxBufferedBytes})`;
    const options = slowConsumer === 'close' ? { closeCode: CLOSE_CODES.TRY_AGAIN_LATER } : {};
    server.dispatch.failed(socket, new EngineError('ERR_SLOW_CONSUMER', message, options));
    return slow;
  }

  /**
   * A frame has found no room.
   * @param plain the same frame, readable
   * @returns false if the connection has to be closed
   */
  refuse(frame: Buffer, room: string, plain: Buffer): boolean {
    const { codec, server } = this.#socket;
    const isToClose = server.options.slowConsumer === 'close';
    if (this.#latest !== undefined && !isControlFrame(frame)) {
      this.#latest.keep(this.#keys.keyOf(codec.name, plain, room), frame);
    } else if (isControlFrame(frame)) {
      this.#pong = isToClose ? undefined : frame;
    } else {
      this.#dropped(frame.length);
    }
    if (isToClose) return false;
    this.watch();
    return true;
  }

  /**
   * Waits for what it has been sent so far to go; then it may have caught up. Not while this tick
   * has something for it: nothing of that goes before the tick's end, so that there is nothing to
   * wait for, and the flush comes here again.
   */
  watch(): void {
    if (this.#isWatched || this.#socket.batch !== undefined) return;
    this.#isWatched = true;
    this.#transport.whenDrained(() => {
      this.#isWatched = false;
      if (!this.#socket.isOpen) return;
      // Not at the limit itself, or it would be behind again with the next message.
      const enough = this.isKeeping ? 0 : this.#socket.server.maxQueuedBytes / 2;
      if (this.#queuedBytes <= enough) this.#catchUp();
      else this.watch();
    });
  }

  /** Sends what was kept for it: with what waits that is within the limit. */
  sendKept(): void {
    const socket = this.#socket;
    const { counters, options, fanOut } = socket.server;
    if (this.#pong !== undefined) fanOut.send(socket, this.#pong);
    this.#pong = undefined;
    for (const frame of this.#latest?.takeAll() ?? []) {
      const batched = socket.batch?.bytes ?? 0;
      if (batched > 0 && batched + frame.length > options.writeBufferSize) socket.flush();
      fanOut.send(socket, frame);
      counters.delivered += 1;
    }
  }

  /** It ends; what is still kept is lost. */
  close(): void {
    this.#latest?.dropAll();
    this.#tell('closed');
  }

  #catchUp(): void {
    this.#onCaughtUp();
    this.#tell('caughtUp');
    this.sendKept();
  }

  get #queuedBytes(): number {
    return this.#transport.waitingBytes + (this.#socket.batch?.bytes ?? 0);
  }

  #dropped(bytes: number): void {
    const { counters } = this.#socket.server;
    this.#droppedMessages += 1;
    this.#droppedBytes += bytes;
    counters.droppedBytes += bytes;
    publishDropped(this.#socket, bytes);
    if (this.#latest === undefined) counters.droppedSlow += 1;
    else counters.droppedLatest += 1;
  }

  #tell(state: Backpressure['state']): void {
    this.#socket.server.dispatch.backpressure(this.#socket, {
      state,
      queuedBytes: this.#queuedBytes,
      droppedMessages: this.#droppedMessages,
      droppedBytes: this.#droppedBytes,
    });
  }
}
