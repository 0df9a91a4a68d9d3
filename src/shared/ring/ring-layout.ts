/**
 * The memory of a ring: one producer, one consumer, in a SharedArrayBuffer. `RingWriter` and
 * `RingReader` are the two ends.
 *
 *     byte 0                 128                 256              384           384 + capacity
 *          +-------------------+-------------------+----------------+------------------+
 *          | producer position | consumer position | room request   | data             |
 *          +-------------------+-------------------+----------------+------------------+
 *            written by the      written by the      1 = producer     records, one
 *            producer            consumer            waits for room   behind the other
 *
 * Each of the first three is one Int32 on a line of its own. A position counts bytes and wraps
 * modulo 2^32; its low bits are the offset into the data. A record begins at a multiple of 8:
 *
 *     0               4               8                  8 + length       next multiple of 8
 *     +---------------+---------------+------------------+---------------------+
 *     | length        | remaining     | bytes            | (unused)            |
 *     +---------------+---------------+------------------+---------------------+
 *
 * `length` is that of the bytes here. `remaining` counts the bytes of the same record that come in
 * later pieces: 0 marks a whole record or a last piece. A record never runs over the end of the
 * data: a padding record (its length is negative) fills what is left.
 */

// Adjacent lines are fetched in pairs, so a position needs two of 64 bytes for itself.
const LINE_BYTES = 128;

/** Index of the producer position, in Int32 words. */
export const PRODUCER_WORD = 0;
/** Index of the consumer position, in Int32 words. */
export const CONSUMER_WORD = LINE_BYTES / 4;
/** Index of the producer's request for room, in Int32 words. */
export const ROOM_REQUEST_WORD = (2 * LINE_BYTES) / 4;
/** Offset of the data, in bytes. */
export const DATA_OFFSET = 3 * LINE_BYTES;

/** Size of a record's header, in bytes. */
export const RECORD_HEADER_BYTES = 8;
/** The length that marks a padding record. */
export const PADDING_LENGTH = -1;

const MIN_CAPACITY = 1024;
const MAX_CAPACITY = 2 ** 30;
const MIN_SHARE = 4096;

/**
 * Makes the memory of an empty ring.
 *
 * @param capacity size of the data in bytes: a power of two from 1 KiB to 1 GiB
 * @throws RangeError if the capacity is anything else
 */
export function allocateRing(capacity: number): SharedArrayBuffer {
  checkCapacity(capacity);
  return new SharedArrayBuffer(DATA_OFFSET + capacity);
}

/**
 * Returns the capacity that each ring gets when a budget is shared out: the largest power of two
 * that fits. It is never less than 4 KiB, which may exceed the budget, and never more than 1 GiB.
 *
 * @param budget bytes for the data of all rings together
 * @param rings the number of rings that share it, at least 1
 * @throws RangeError if the budget is negative or there is no ring
 */
export function ringCapacity(budget: number, rings: number): number {
  if (!(budget >= 0) || !(rings >= 1)) {
    throw new RangeError(`cannot share ${budget} B among ${rings} rings`);
  }
  const share = Math.min(Math.max(budget / rings, MIN_SHARE), MAX_CAPACITY);
  return 2 ** Math.floor(Math.log2(share));
}

/**
 * The capacity in bytes of a ring made by {@link allocateRing}.
 *
 * @throws RangeError if the memory cannot be that of a ring
 */
export function capacityOf(memory: SharedArrayBuffer): number {
  const capacity = memory.byteLength - DATA_OFFSET;
  checkCapacity(capacity);
  return capacity;
}

/** Bytes that a piece of `length` bytes takes up in a ring, with its header and alignment. */
export function claimBytes(length: number): number {
  return (RECORD_HEADER_BYTES + length + 7) & ~7;
}

function checkCapacity(capacity: number): void {
  const isPowerOfTwo = Number.isInteger(Math.log2(capacity));
  if (isPowerOfTwo && capacity >= MIN_CAPACITY && capacity <= MAX_CAPACITY) return;
  throw new RangeError(
    `ring capacity is ${capacity} B, must be a power of two from ${MIN_CAPACITY} to ${MAX_CAPACITY}`,
  );
}
