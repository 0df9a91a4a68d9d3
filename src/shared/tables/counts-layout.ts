/*
 * The memory of the numbers of members of each room of a shard, for every thread to see: a hash
 * table in shared memory that grows by segments. The shard is its one writer.
 *
 *     word 0         1            16                  4112
 *     +--------------+--------+---+-------------------+-----------+-----------+---- ··· ----+
 *     | depth        | secret |   | directory         | segment 0 | segment 1 |             |
 *     +--------------+--------+---+-------------------+-----------+-----------+---- ··· ----+
 *
 *     0              1     16                               20
 *     +--------------+-----+------+--------+-------+--------+----------- ··· ----+
 *     | version      |     | hash | hash 2 | owner | count  | next slot           |   a segment
 *     +--------------+-----+------+--------+-------+--------+----------- ··· ----+
 *
 * The directory has 2^depth entries: the words at which segments begin. The low bits of a room's
 * second hash choose its entry (extendible hashing), the low bits of its first hash the slot from
 * which a search begins. It ends at an empty slot, whose hash is 0.
 *
 * A segment that is half full splits: its rooms are copied into two others, and then the directory
 * names these. So growing moves the rooms of one segment at a time, and what a reader looks at stays
 * as it is. A segment that has been split is used again. Its version is odd while its slots change,
 * and all the time that the directory does not name it: a reader may have seen its name earlier. A
 * reader looks again that finds the version odd, or finds that version or entry have changed.
 */

/** The number of low bits of the second hash that choose an entry of the directory. */
export const DEPTH = 0;
/** Two words: a client that chooses names of rooms must not choose their slots. */
export const SECRET = 1;
export const DIRECTORY = 16;
/** The depth from which on segments split no more. */
export const MOST_DEPTH = 12;

/** The version of a segment, and its first slot, from its beginning. */
export const VERSION = 0;
export const FIRST_SLOT = 16;
export const SLOT_WORDS = 4;
/** Slots of a segment: a power of two. */
export const SEGMENT_SLOTS = 2 ** 10;
const SEGMENT_WORDS = FIRST_SLOT + SEGMENT_SLOTS * SLOT_WORDS;

const FIRST_SEGMENT = DIRECTORY + 2 ** MOST_DEPTH;
/** At every depth the directory may name as many as it has entries; two are filled meanwhile. */
const MOST_SEGMENTS = 2 ** MOST_DEPTH + 2;

/** The memory of a table: 64.3 MiB at most, 32.1 KiB to begin with. */
export type CountsMemory = SharedArrayBuffer;

/** Makes the memory of an empty table. */
export function allocateCounts(): CountsMemory {
  const memory = new SharedArrayBuffer(bytesOf(1), { maxByteLength: bytesOf(MOST_SEGMENTS) });
  const words = viewOf(memory);
  words.set(crypto.getRandomValues(new Int32Array(2)), SECRET);
  words[DIRECTORY] = wordOf(0);
  return memory;
}

/** The bytes of a table of so many segments. */
export function bytesOf(segments: number): number {
  return wordOf(segments) * Int32Array.BYTES_PER_ELEMENT;
}

/** The word at which a segment begins. */
export function wordOf(segment: number): number {
  return FIRST_SEGMENT + segment * SEGMENT_WORDS;
}

/** All words that there are now. */
export function viewOf(memory: CountsMemory): Int32Array<SharedArrayBuffer> {
  return new Int32Array(memory, 0, memory.byteLength / Int32Array.BYTES_PER_ELEMENT);
}
