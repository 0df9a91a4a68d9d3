import type { RingWriter } from './ring-writer.ts';

// The cost of keeping a record beside its bytes, about: without it, empty records would be free.
const KEPT_RECORD_BYTES = 64;

interface KeptRecord {
  readonly bytes: Uint8Array;
  next: KeptRecord | undefined;
}

/** The records that did not fit into a ring, in the order in which they were sent. */
export class Outbox {
  #first: KeptRecord | undefined;
  #last: KeptRecord | undefined;
  // Bytes of the first record that are in the ring already.
  #writtenBytes = 0;
  #queuedBytes = 0;

  get isEmpty(): boolean {
    return this.#first === undefined;
  }

  /** The cost of the records here, in bytes: their own and 64 for keeping each. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /**
   * Whether a record may be pushed without passing a bound. An empty outbox takes any record: one
   * that is larger than the bound could otherwise never be sent.
   *
   * @param length the record's length in bytes
   * @param bound the most that the outbox may cost, in bytes
   */
  hasRoomFor(length: number, bound: number): boolean {
    return this.isEmpty || this.#queuedBytes + length + KEPT_RECORD_BYTES <= bound;
  }

  /** Puts a record behind all others. Its bytes are kept, not copied: they must not change. */
  push(bytes: Uint8Array): void {
    const kept: KeptRecord = { bytes, next: undefined };
    if (this.#last === undefined) this.#first = kept;
    else this.#last.next = kept;
    this.#last = kept;
    this.#queuedBytes += bytes.byteLength + KEPT_RECORD_BYTES;
  }

  /**
   * Writes records, the large ones in pieces, until the ring is full or the outbox empty.
   *
   * @returns whether anything has been written
   */
  flush(writer: RingWriter): boolean {
    let hasWritten = false;
    while (this.#first !== undefined) {
      const { bytes } = this.#first;
      const start = this.#writtenBytes;
      const end = Math.min(start + writer.maxPieceBytes, bytes.byteLength);
      if (!writer.tryWrite(bytes, start, end, bytes.byteLength - end)) break;
      hasWritten = true;
      this.#writtenBytes = end;
      if (end === bytes.byteLength) this.#removeFirst(this.#first);
    }
    return hasWritten;
  }

  #removeFirst(kept: KeptRecord): void {
    this.#first = kept.next;
    if (kept.next === undefined) this.#last = undefined;
    // Else a record that has grown old keeps all that came after it from being collected young.
    kept.next = undefined;
    this.#writtenBytes = 0;
    this.#queuedBytes -= kept.bytes.byteLength + KEPT_RECORD_BYTES;
  }
}
