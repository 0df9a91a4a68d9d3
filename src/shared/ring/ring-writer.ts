import {
  CONSUMER_WORD,
  capacityOf,
  claimBytes,
  DATA_OFFSET,
  PADDING_LENGTH,
  PRODUCER_WORD,
  RECORD_HEADER_BYTES,
  ROOM_REQUEST_WORD,
} from './ring-layout.ts';

// A piece and the padding before it then always fit into an empty ring, and the consumer has the
// first pieces of a large record while the last are still being written.
const PIECES_PER_RING = 8;

/** The producer's end of a ring. Only one may exist at a time. */
export class RingWriter {
  /** The most bytes that {@link RingWriter.tryWrite} takes at once. */
  readonly maxPieceBytes: number;
  readonly #capacity: number;
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #data: Uint8Array<SharedArrayBuffer>;
  #position: number;
  // As of the last look: the real one may be further on, so bytes that this leaves free are free.
  #consumerPosition: number;
  #refusedBytes = 0;
  // Not modulo 2^32, unlike the position: a place may be looked for after a long time.
  #writtenBytes = 0;

  /**
   * @param memory a ring from `allocateRing`; writing goes on where its last producer stopped
   * @throws RangeError if it is not the memory of a ring
   */
  constructor(memory: SharedArrayBuffer) {
    this.#capacity = capacityOf(memory);
    this.#words = new Int32Array(memory);
    this.#data = new Uint8Array(memory, DATA_OFFSET);
    this.#position = Atomics.load(this.#words, PRODUCER_WORD);
    this.#consumerPosition = Atomics.load(this.#words, CONSUMER_WORD);
    this.maxPieceBytes = this.#capacity / PIECES_PER_RING - RECORD_HEADER_BYTES;
  }

  /**
   * Writes `bytes` from `start` to `end` as one piece of a record, and publishes it.
   *
   * @param remaining bytes of the same record that follow in later pieces; 0 = the record is done
   * @returns false if there is no room; nothing has been written then
   * @throws RangeError if the piece is larger than {@link RingWriter.maxPieceBytes}
   */
  tryWrite(bytes: Uint8Array, start: number, end: number, remaining: number): boolean {
    const length = end - start;
    if (!(length >= 0 && length <= this.maxPieceBytes && remaining >= 0)) {
      throw new RangeError(
        `a piece of ${length} B with ${remaining} B to come, allowed are 0 to ${this.maxPieceBytes} B`,
      );
    }
    const claim = claimBytes(length);
    let offset = this.#position & (this.#capacity - 1);
    const untilEnd = this.#capacity - offset;
    const padding = claim > untilEnd ? untilEnd : 0;
    if (!this.#hasRoom(padding + claim)) return false;

    if (padding > 0) {
      this.#words[(DATA_OFFSET + offset) >> 2] = PADDING_LENGTH;
      offset = 0;
    }
    this.#words[(DATA_OFFSET + offset) >> 2] = length;
    this.#words[(DATA_OFFSET + offset + 4) >> 2] = remaining;
    const piece = length === bytes.byteLength ? bytes : bytes.subarray(start, end);
    this.#data.set(piece, offset + RECORD_HEADER_BYTES);
    this.#position = (this.#position + padding + claim) | 0;
    this.#writtenBytes += padding + claim;
    Atomics.store(this.#words, PRODUCER_WORD, this.#position);
    return true;
  }

  /** Bytes of the ring that have been written so far: a place for {@link RingWriter.hasRead}. */
  get writtenBytes(): number {
    return this.#writtenBytes;
  }

  /** Bytes that have been written and not been read by now. */
  get unreadBytes(): number {
    this.#consumerPosition = Atomics.load(this.#words, CONSUMER_WORD);
    return (this.#position - this.#consumerPosition) | 0;
  }

  /** Whether the consumer has read the first so many of {@link RingWriter.writtenBytes}. */
  hasRead(bytes: number): boolean {
    return this.#writtenBytes - this.unreadBytes >= bytes;
  }

  /**
   * Asks the consumer to wake this thread when it has read on.
   *
   * @returns whether it has read the first `bytes` by now: go on instead of waiting
   */
  requestRead(bytes: number): boolean {
    this.#request();
    return this.hasRead(bytes);
  }

  /**
   * Asks the consumer to wake this thread when it has made room: {@link RingWriter.tryWrite} found
   * none.
   *
   * @returns true if there is room by now for the refused piece: try again instead of waiting
   */
  requestRoom(): boolean {
    this.#request();
    this.#consumerPosition = Atomics.load(this.#words, CONSUMER_WORD);
    return this.#freeBytes() >= this.#refusedBytes;
  }

  #request(): void {
    // The consumer moves its position first and looks for a request second. Here the position is
    // looked at behind this, so that one of the two sees what the other did.
    Atomics.store(this.#words, ROOM_REQUEST_WORD, 1);
  }

  #hasRoom(bytes: number): boolean {
    if (this.#freeBytes() >= bytes) return true;
    this.#consumerPosition = Atomics.load(this.#words, CONSUMER_WORD);
    if (this.#freeBytes() >= bytes) return true;
    this.#refusedBytes = bytes;
    return false;
  }

  #freeBytes(): number {
    return this.#capacity - ((this.#position - this.#consumerPosition) | 0);
  }
}
