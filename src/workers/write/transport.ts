import { queueMicrotask } from '../../shared/time/timers.ts';
import { SendQueue } from './send-queue.ts';

/** The connection that a transport is for. */
export interface TransportOwner {
  /** Takes bytes that have come; `chunk` is only valid during the call. */
  read(chunk: Buffer): void;
  /** Notes that the client has ended its side. */
  socketEnded(): void;
  /** Notes that the socket is gone. */
  socketClosed(): void;
}

/**
 * The way of a connection's bytes. It does not read until it has an owner and is resumed. A write
 * that the kernel has not taken whole waits, and all further bytes behind it.
 */
export abstract class Transport {
  owner: TransportOwner | undefined;
  readonly #counters: { sentBytes: number };
  /** The bytes that wait, where some do. */
  #queue: SendQueue | undefined;
  #writtenBytes = 0;
  #isEnding = false;
  #isDestroyed = false;

  /** @param counters count the bytes that it is given */
  constructor(counters: { sentBytes: number }) {
    this.#counters = counters;
  }

  /** Stops reading. */
  abstract pause(): void;

  /** Begins to read, or goes on. */
  abstract resume(): void;

  /**
   * Begins a write.
   * @returns whether it is over; if not, {@link Transport.went} is due when it has gone
   */
  protected abstract begin(bytes: Buffer): boolean;

  /** Ends this side: nothing waits. It may be called again when the client has ended its own. */
  protected abstract finish(): void;

  /** Lets go of the socket; {@link Transport.closed} is due when that is done. */
  protected abstract close(): void;

  /** Bytes that wait because the client does not read; a write counts until all of it has gone. */
  get waitingBytes(): number {
    return this.#queue?.bytes ?? 0;
  }

  /** Bytes of the writes of which all has gone. */
  get sentBytes(): number {
    return this.#writtenBytes - this.waitingBytes;
  }

  /** A number of bytes that grows whenever some of those that wait have moved. */
  get takenBytes(): number {
    return this.sentBytes;
  }

  /** A number of bytes that grows with bytes of the client that the owner cannot have yet. */
  get arrivedBytes(): number {
    return 0;
  }

  get isDestroyed(): boolean {
    return this.#isDestroyed;
  }

  /** @param bytes must not change until they have been sent */
  write(bytes: Buffer): void {
    if (this.#isEnding || this.#isDestroyed) return;
    this.#counters.sentBytes += bytes.length;
    this.#writtenBytes += bytes.length;
    if (this.#queue !== undefined) this.#queue.push(bytes);
    else if (!this.begin(bytes)) this.#queue = new SendQueue(bytes.length);
  }

  /** Calls back, later, when all bytes written so far have gone; never if they are lost. */
  whenDrained(done: () => void): void {
    if (this.#isDestroyed) return;
    if (this.#queue !== undefined) this.#queue.whenGone(done);
    else queueMicrotask(done);
  }

  /** Ends this side behind all bytes that have been written. */
  end(): void {
    this.#isEnding = true;
    if (this.#queue === undefined && !this.#isDestroyed) this.finish();
  }

  /** Ends it at once; bytes that wait are lost. */
  destroy(): void {
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    this.#queue = undefined;
    this.close();
  }

  /** Notes that the socket is gone, in whatever way. */
  closed(): void {
    this.#isDestroyed = true;
    this.#queue = undefined;
    this.owner?.socketClosed();
  }

  /** Notes that the write that was begun has gone. */
  protected went(): void {
    const queue = this.#queue;
    if (queue === undefined) return;
    let next = queue.next();
    while (next !== undefined && this.begin(next) && !this.#isDestroyed) next = queue.next();
    if (this.#isDestroyed) return;
    if (next === undefined) this.#queue = undefined;
    for (const done of queue.takeDue()) done();
    // The callbacks may have written.
    if (this.#isEnding) this.end();
  }
}
