import { CLOSE_CODES } from '../../shared/codec/frame.ts';
import type { Transport } from '../write/transport.ts';
import type { Closing } from './closing.ts';
import { SlowConsumer, type SlowSocket } from './slow-consumer.ts';

/** The bytes that may wait in line for one connection, and what becomes of those that may not. */
export class SendLimit {
  readonly #socket: SlowSocket;
  readonly #transport: Transport;
  readonly #closing: Closing;
  /** While the connection is behind. */
  #slow: SlowConsumer | undefined;
  /** Bytes that the socket had not yet sent when this tick's first frame came. */
  #backlog = 0;

  constructor(socket: SlowSocket, transport: Transport, closing: Closing) {
    this.#socket = socket;
    this.#transport = transport;
    this.#closing = closing;
  }

  /**
   * Returns whether a frame finds room; where not, does what `slowConsumer` says.
   * @param room whom it is for: '' = everyone
   * @param plain the frame as it was before anything was done to it
   */
  admits(frame: Buffer, room: string, plain: Buffer): boolean {
    const socket = this.#socket;
    const bytes = frame.length;
    const { maxQueuedBytes, options } = socket.server;
    if (socket.batch !== undefined && socket.batch.bytes + bytes > options.writeBufferSize) {
      socket.flush();
    }
    if (socket.batch === undefined) this.#backlog = this.#transport.waitingBytes;
    const waiting = this.#backlog + (socket.batch?.bytes ?? 0);
    // One message may always wait, or none larger than the limit could ever be sent.
    const fits = waiting === 0 || waiting + bytes <= maxQueuedBytes;
    if (fits && this.#slow?.isKeeping !== true) return true;
    this.#overflow(waiting, frame, room, plain);
    return false;
  }

  /** A tick's bytes have been given to the transport. */
  flushed(): void {
    this.#slow?.watch();
  }

  /** Queues what was kept while the connection was behind. */
  sendKept(): void {
    this.#slow?.sendKept();
  }

  /** The connection ends; what is still kept for it is lost. */
  close(): void {
    this.#slow?.close();
    this.#slow = undefined;
  }

  #overflow(waiting: number, frame: Buffer, room: string, plain: Buffer): void {
    const socket = this.#socket;
    if (!socket.isOpen) return; // who has left has been told
    this.#slow ??= this.#begin(waiting, frame.length);
    if (this.#slow.refuse(frame, room, plain)) return;
    this.#closing.disconnect(CLOSE_CODES.TRY_AGAIN_LATER, 'slow consumer');
    this.#closing.end(); // one that does not read does not answer
  }

  #begin(waiting: number, bytes: number): SlowConsumer {
    const onCaughtUp = () => {
      this.#slow = undefined;
    };
    return SlowConsumer.begin(this.#socket, this.#transport, { waiting, bytes, onCaughtUp });
  }
}
