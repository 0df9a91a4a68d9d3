/** Smaller buffers are copied together, up to so many bytes. */
const TAIL_BYTES = 16 * 2 ** 10;

/**
 * A write that the kernel has not taken whole, and the bytes that wait behind it. Small buffers are
 * copied together: by themselves each would cost more than its bytes, and keep the memory that it
 * is a part of.
 */
export class SendQueue {
  readonly #chunks: Buffer[] = [];
  /** The last small buffers, behind all others. */
  #tail: Buffer | undefined;
  #tailBytes = 0;
  /** Bytes of the write that is on its way. */
  #begunBytes: number;
  #pushedBytes: number;
  #goneBytes = 0;
  /** Callbacks, each due when so many bytes in all have gone. */
  readonly #waiters: { readonly at: number; readonly done: () => void }[] = [];

  /** @param begunBytes of the write that is on its way */
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

  /** Returns the next write to begin: the one on its way has gone. */
  next(): Buffer | undefined {
    this.#goneBytes += this.#begunBytes;
    if (this.#chunks.length === 0) this.#sealTail();
    const next = this.#chunks.shift();
    this.#begunBytes = next?.length ?? 0;
    return next;
  }

  /** Makes `done` due when all bytes that have been pushed so far have gone. */
  whenGone(done: () => void): void {
    this.#waiters.push({ at: this.#pushedBytes, done });
  }

  /** Returns the callbacks that have become due. */
  takeDue(): (() => void)[] {
    const due = this.#waiters.filter(({ at }) => at <= this.#goneBytes);
    this.#waiters.splice(0, due.length); // they stand in the order in which they become due
    return due.map(({ done }) => done);
  }

  #sealTail(): void {
    const tail = this.#tail;
    if (tail === undefined) return;
    const bytes = tail.subarray(0, this.#tailBytes);
    this.#tail = undefined;
    this.#tailBytes = 0;
    // A short one shall not keep all of its memory: it goes as a copy.
    const isShort = bytes.length < TAIL_BYTES / 2;
    this.#chunks.push(isShort ? Buffer.from(new Uint8Array(bytes).buffer) : bytes);
  }
}
