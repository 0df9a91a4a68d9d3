import type { Transport } from '../write/transport.ts';
import type { LateKind, ShardSocket } from './socket-context.ts';

/**
 * Frames that have to find room for which there is none: the newest pong (RFC 6455 section 5.5.3)
 * and the newest answer to a `fanring:ping`. They are sent when all bytes that wait have gone.
 */
export class LateFrames {
  readonly #socket: ShardSocket;
  readonly #transport: Pick<Transport, 'whenDrained'>;
  readonly #frames = new Map<LateKind, Buffer>();
  #isWatched = false;
  /** Bytes of frames that newer ones have replaced. */
  #replacedBytes = 0;

  constructor(socket: ShardSocket, transport: Pick<Transport, 'whenDrained'>) {
    this.#socket = socket;
    this.#transport = transport;
  }

  /** Whether some wait: those that come now must not overtake them. */
  get isKeeping(): boolean {
    return this.#frames.size > 0;
  }

  /**
   * Keeps a copy of a frame in place of the one before it.
   * @returns false if its client asks and asks, and reads nothing: `maxBufferedBytes` bears no more
   */
  keep(kind: LateKind, frame: Buffer): boolean {
    if (this.#frames.has(kind)) this.#dropped(kind);
    // A copy: the frame may be a small part of memory that would be kept with it.
    const kept = Buffer.allocUnsafeSlow(frame.length);
    frame.copy(kept);
    this.#frames.set(kind, kept);
    this.watch();
    return this.#replacedBytes <= this.#socket.server.maxQueuedBytes;
  }

  /**
   * Waits until all bytes sent so far have gone. It does not wait while this tick has a batch for
   * the connection: the flush of that comes here again.
   */
  watch(): void {
    if (this.#isWatched || !this.isKeeping || this.#socket.batch !== undefined) return;
    this.#isWatched = true;
    this.#transport.whenDrained(() => {
      this.#isWatched = false;
      this.send();
    });
  }

  /** Sends the frames, behind all that has been sent, whatever the limits. */
  send(): void {
    const { counters } = this.#socket.server;
    for (const [kind, frame] of this.#frames) {
      if (kind === 'probe') counters.delivered += 1;
      this.#socket.queue(frame);
    }
    this.#frames.clear();
    this.#replacedBytes = 0;
  }

  /** Drops the frames: the connection ends. */
  close(): void {
    if (this.#frames.delete('probe')) this.#socket.server.counters.droppedClosed += 1;
    this.#frames.clear();
  }

  #dropped(kind: LateKind): void {
    const { counters } = this.#socket.server;
    const { length } = this.#frames.get(kind) as Buffer;
    this.#replacedBytes += length;
    if (kind === 'pong') return; // no message
    counters.droppedSlow += 1;
    counters.droppedBytes += length;
  }
}
