/** What every record of the stress test is cut from. */
export const PATTERN = makePattern(128 * 1024);

const MAX_SMALL_BYTES = 300;
const MAX_LARGE_BYTES = 40_000;
const LARGE_ONE_IN = 1000;

/**
 * The records that one thread sends, the same for the same seed: the sender goes through them to
 * send, every receiver to check.
 */
export class RecordStream {
  readonly #threads: number;
  readonly #sender: number;
  #state: number;
  /** The record's place in {@link PATTERN}, in bytes. */
  start = 0;
  end = 0;
  /** Who gets it; undefined = everyone but the sender. */
  receiver: number | undefined;

  constructor(sender: number, threads: number) {
    this.#sender = sender;
    this.#threads = threads;
    this.#state = 0x9e3779b9 ^ (sender * 0x85ebca6b);
  }

  /** Goes on to the next record. */
  next(): void {
    const isLarge = this.#below(LARGE_ONE_IN) === 0;
    const length = this.#below((isLarge ? MAX_LARGE_BYTES : MAX_SMALL_BYTES) + 1);
    this.start = this.#below(PATTERN.length - MAX_LARGE_BYTES);
    this.end = this.start + length;
    const other = (this.#sender + 1 + this.#below(this.#threads - 1)) % this.#threads;
    this.receiver = this.#below(2) === 0 ? other : undefined;
  }

  // xorshift32
  #below(limit: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % limit;
  }
}

function makePattern(bytes: number): Buffer {
  const pattern = Buffer.alloc(bytes);
  let state = 1;
  for (let i = 0; i < bytes; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    pattern[i] = state >>> 24;
  }
  return pattern;
}
