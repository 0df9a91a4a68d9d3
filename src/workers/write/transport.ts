import { SendQueue } from './send-queue.ts';

/** Who a transport is for. */
export interface TransportOwner {
  /** Bytes have come; `chunk` is only valid during the call. */
  read(chunk: Buffer): void;
  /** The client has ended its side. */
  socketEnded(): void;
  /** The socket is gone. */
  socketClosed(): void;
}

/**
 * What a connection's bytes come and go by; it does not read until it is resumed, and not before it
 * has an owner. What the kernel has not taken waits, and all further bytes behind it.
 */
export abstract class Transport {
  owner: TransportOwner | undefined;
  readonly #counters: { sentBytes: number };
  /** What waits, where something does. */
  #queue: SendQueue | undefined;
  #writtenBytes = 0;
  #isEnding = false;
  #isDestroyed = false;

  /** @param counters where it counts the bytes that it is given */
  constructor(counters: { sentBytes: number }) {
    this.#counters = counters;
  }

  /** Stops reading. */
  abstract pause(): void;

  /** Begins to read, or goes on. */
  abstract resume(): void;

  /**
   * Begins a write.
   * @returns whether it is over: if not, {@link Transport.went} is to be called when it has gone
   */
  protected abstract begin(bytes: Buffer): boolean;

  /** Ends this side: nothing waits. May be called again when the client has ended its own. */
  protected abstract finish(): void;

  /** Lets go of the socket; {@link Transport.closed} is to be called when that is done. */
  protected abstract close(): void;

  /** Bytes that wait because the client does not read; a write counts until it has gone whole. */
  get waitingBytes(): number {
    return this.#queue?.bytes ?? 0;
  }

  /** Bytes of the writes that have gone whole. */
  get sentBytes(): number {
    return this.#writtenBytes - this.waitingBytes;
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

  /** Calls back, later, when all that has been written has gone; not at all if it never will. */
  whenDrained(done: () => void): void {
    if (this.#isDestroyed) return;
    if (this.#queue !== undefined) this.#queue.whenGone(done);
    else queueMicrotask(done);
  }

  /** Ends this side behind all that has been written. */
  end(): void {
    this.#isEnding = true;
    if (this.#queue === undefined && !this.#isDestroyed) this.finish();
  }

  /** Ends it at once; what waits is lost. */
  destroy(): void {
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    this.#queue = undefined;
    this.close();
  }

  /** The socket is gone, in whatever way. */
  protected closed(): void {
    this.#isDestroyed = true;
    this.#queue = undefined;
    this.owner?.socketClosed();
  }

  /** The write that was begun has gone. */
  protected went(): void {
    const queue = this.#queue;
    if (queue === undefined) return;
    let next = queue.next();
    while (next !== undefined && this.begin(next) && !this.#isDestroyed) next = queue.next();
    if (this.#isDestroyed) return;
    if (next === undefined) this.#queue = undefined;
    for (const done of queue.takeDue()) done();
    // Whoever has been called may have written.
    if (this.#isEnding) this.end();
  }
}
