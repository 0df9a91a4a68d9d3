/** What waits in pieces smaller than this is put together. */
const TAIL_BYTES = 16 * 2 ** 10;

interface Waiter {
  /** Bytes that have to go before it is called. */
  readonly at: number;
  readonly done: () => void;
}

/**
 * What waits behind a write that the kernel has not taken whole, and that write itself. Small
 * buffers are copied together: by themselves each would cost more than its bytes, and keep the
 * memory that it is a part of.
 */
export class SendQueue {
  readonly #chunks: Buffer[] = [];
  /** The last ones that are small; behind all others. */
  #tail: Buffer | undefined;
  #tailBytes = 0;
  /** Bytes of the write that is on its way. */
  #begunBytes: number;
  #pushedBytes: number;
  #goneBytes = 0;
  readonly #waiters: Waiter[] = [];

  /** @param begunBytes of the write that all waits for */
  constructor(begunBytes: number) {
    this.#begunBytes = begunBytes;
    this.#pushedBytes = begunBytes;
  }

  /** The bytes that wait; a write counts until it has gone whole. */
  get bytes(): number {
    return this.#pushedBytes - this.#goneBytes;
  }

  push(bytes: Buffer): void {
    this.#pushedBytes += bytes.length;
    if (this.#tailBytes + bytes.length > TAIL_BYTES) this.#sealTail();
    if (bytes.length >= TAIL_BYTES) {
      this.#chunks.push(bytes);
      return;
    }
    this.#tail ??= Buffer.allocUnsafeSlow(TAIL_BYTES);
    this.#tailBytes += bytes.copy(this.#tail, this.#tailBytes);
  }

  /** The write that was begun has gone; returns the next one to begin. */
  next(): Buffer | undefined {
    this.#goneBytes += this.#begunBytes;
    if (this.#chunks.length === 0) this.#sealTail();
    const next = this.#chunks.shift();
    this.#begunBytes = next?.length ?? 0;
    return next;
  }

  /** `done` becomes due when all that has been pushed so far has gone. */
  whenGone(done: () => void): void {
    this.#waiters.push({ at: this.#pushedBytes, done });
  }

  /** What has become due. */
  takeDue(): (() => void)[] {
    const due = this.#waiters.filter(({ at }) => at <= this.#goneBytes);
    this.#waiters.splice(0, due.length); // they stand in the order of what they wait for
    return due.map(({ done }) => done);
  }

  #sealTail(): void {
    const tail = this.#tail;
    if (tail === undefined) return;
    const bytes = tail.subarray(0, this.#tailBytes);
    this.#tail = undefined;
    this.#tailBytes = 0;
    // Not much of it: then it shall not keep all of its memory.
    this.#chunks.push(bytes.length >= TAIL_BYTES / 2 ? bytes : copyOf(bytes));
  }
}

function copyOf(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
