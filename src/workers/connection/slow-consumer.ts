import { EngineError } from '../../shared/api/errors.ts';
import type { Backpressure } from '../../shared/api/public-types.ts';
import { CLOSE_CODES } from '../../shared/codec/frame.ts';
import { publishDropped } from '../shard/diagnostics.ts';
import type { Transport } from '../write/transport.ts';
import { LatestMessages } from './latest-messages.ts';
import { MessageKeys } from './message-key.ts';
import type { ShardSocket } from './socket-context.ts';

/**
 * A connection that has fallen behind, from the first message for which there was no room until it
 * has caught up or ends. It counts lost messages, keeps those of 'latest' and tells the handlers.
 */
export class SlowConsumer {
  readonly #socket: ShardSocket;
  readonly #transport: Transport;
  /** The frames that are kept for it, with 'latest'. */
  readonly #latest: LatestMessages | undefined;
  readonly #keys: MessageKeys;
  readonly #onCaughtUp: () => void;
  #droppedMessages = 0;
  #droppedBytes = 0;
  #isWatched = false;

  /** @param onCaughtUp is called when it has caught up, ahead of its handlers */
  constructor(socket: ShardSocket, transport: Transport, onCaughtUp: () => void) {
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

  /** Whether all messages have to come here: those with room would overtake the ones kept. */
  get isKeeping(): boolean {
    return this.#latest !== undefined;
  }

  /**
   * Tells the handlers that it falls behind.
   * @param waiting bytes that wait for it
   * @param bytes of the frame for which there was no room
   * @param limit that it would have passed, in words
   */
  begin(waiting: number, bytes: number, limit: string): void {
    const { server, id } = this.#socket;
    server.counters.fellBehind += 1;
    this.#tell('behind');
    const { slowConsumer } = server.options;
    if (slowConsumer === 'latest') return; // as the app wants it: no error
    const message =
      `${waiting} bytes wait for connection ${id}, ` + `${bytes} more would pass ${limit}`;
    const options = slowConsumer === 'close' ? { closeCode: CLOSE_CODES.TRY_AGAIN_LATER } : {};
    server.dispatch.failed(this.#socket, new EngineError('ERR_SLOW_CONSUMER', message, options));
  }

  /**
   * Takes a frame that has found no room.
   * @param plain the same frame, readable
   * @returns false if the connection has to be closed
   */
  refuse(frame: Buffer, room: string, plain: Buffer): boolean {
    const { codec, server } = this.#socket;
    const isToClose = server.options.slowConsumer === 'close';
    if (this.#latest === undefined) this.#dropped(frame.length);
    else this.#latest.keep(this.#keys.keyOf(codec.name, plain, room), frame);
    if (isToClose) return false;
    this.watch();
    return true;
  }

  /**
   * Waits until all bytes sent to it so far have gone; then it may have caught up. It does not wait
   * while this tick has a batch for it: the flush of that comes here again.
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

  /** Sends the frames that were kept for it: with the bytes that wait they are within the limit. */
  sendKept(): void {
    const socket = this.#socket;
    const { counters, options } = socket.server;
    for (const frame of this.#latest?.takeAll() ?? []) {
      const batched = socket.batch?.bytes ?? 0;
      if (batched > 0 && batched + frame.length > options.writeBufferSize) socket.flush();
      socket.queue(frame);
      counters.delivered += 1;
    }
  }

  /** Drops the frames that are still kept: it ends. */
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
