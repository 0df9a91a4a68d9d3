import type { DrainShare } from './drain-share.ts';
import {
  CONSUMER_WORD,
  capacityOf,
  claimBytes,
  DATA_OFFSET,
  PRODUCER_WORD,
  RECORD_HEADER_BYTES,
  ROOM_REQUEST_WORD,
} from './ring-layout.ts';

/**
 * Gets one piece of a record: `bytes` from `start` to `end`, valid during the call only.
 * `remaining` bytes of the same record come in later pieces (0 = the record is done).
 */
export type PieceHandler = (bytes: Buffer, start: number, end: number, remaining: number) => void;

/** The consumer's end of a ring. Only one may exist at a time. */
export class RingReader {
  readonly #capacity: number;
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #data: Buffer;
  readonly #onRoom: () => void;
  #position: number;
  // The position that the producer knows: everything before it may be overwritten.
  #releasedPosition: number;
  #isReading = false;

  /**
   * @param memory a ring from `allocateRing`; reading goes on where its last consumer stopped
   * @param onRoom called when the producer had asked for room and there is some now
   * @throws RangeError if it is not the memory of a ring
   */
  constructor(memory: SharedArrayBuffer, onRoom: () => void) {
    this.#capacity = capacityOf(memory);
    this.#words = new Int32Array(memory);
    this.#data = Buffer.from(memory, DATA_OFFSET, this.#capacity);
    this.#onRoom = onRoom;
    this.#position = Atomics.load(this.#words, CONSUMER_WORD);
    this.#releasedPosition = this.#position;
  }

  /** Whether everything that has been published so far has been read. */
  isEmpty(): boolean {
    return Atomics.load(this.#words, PRODUCER_WORD) === this.#position;
  }

  /** Size of the ring's data, in bytes. */
  get capacity(): number {
    return this.#capacity;
  }

  /** Bytes that have been published and not been read yet. */
  get unreadBytes(): number {
    return (Atomics.load(this.#words, PRODUCER_WORD) - this.#position) | 0;
  }

  /**
   * Hands out every piece that was published when the call began. An error of the handler comes out
   * of here; its piece counts as read, those behind it wait for the next call.
   *
   * @param share ends the call early, between two pieces; left out: all are read
   * @returns whether there was anything
   * @throws Error if called by its own handler
   */
  read(handler: PieceHandler, share?: DrainShare): boolean {
    if (this.#isReading) throw new Error('a ring is being read by a handler of its own records');
    const end = Atomics.load(this.#words, PRODUCER_WORD);
    if (end === this.#position) return false;
    this.#isReading = true;
    try {
      while (this.#position !== end) {
        this.#readNext(handler);
        // A producer that waits for room need not wait for the whole batch.
        if (((this.#position - this.#releasedPosition) | 0) >= this.#capacity / 4) this.#release();
        if (share?.take() === false) break;
      }
    } finally {
      this.#isReading = false;
      if (this.#position !== this.#releasedPosition) this.#release();
    }
    return true;
  }

  #readNext(handler: PieceHandler): void {
    const offset = this.#position & (this.#capacity - 1);
    const length = this.#words[(DATA_OFFSET + offset) >> 2] as number;
    if (length < 0) {
      this.#position = (this.#position + this.#capacity - offset) | 0;
      return;
    }
    const remaining = this.#words[(DATA_OFFSET + offset + 4) >> 2] as number;
    const start = offset + RECORD_HEADER_BYTES;
    // Moved on before the call, so that a handler that throws is not called with the same again.
    this.#position = (this.#position + claimBytes(length)) | 0;
    handler(this.#data, start, start + length, remaining);
  }

  #release(): void {
    this.#releasedPosition = this.#position;
    // Room first, then the look at the request: see RingWriter.requestRoom.
    Atomics.store(this.#words, CONSUMER_WORD, this.#position);
    if (
      Atomics.load(this.#words, ROOM_REQUEST_WORD) === 1 &&
      Atomics.compareExchange(this.#words, ROOM_REQUEST_WORD, 1, 0) === 1
    ) {
      this.#onRoom();
    }
  }
}
