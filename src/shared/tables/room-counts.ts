/*
 * The number of members of each room of a shard, for every thread to see: a hash table in shared
 * memory that grows with the rooms. The shard is its one writer.
 *
 *     word 0         1              2        4   16                               20
 *     +--------------+--------------+--------+---+------+--------+-------+-------+------- ··· --+
 *     | version      | slots        | secret |   | hash | hash 2 | server| count | next slot    |
 *     +--------------+--------------+--------+---+------+--------+-------+-------+------- ··· --+
 *
 * A room is found by two hashes of its name under the table's secret, 63 bits together: names are
 * not kept. A hash of 0 is an empty slot. A search begins at the slot of the first hash and ends at
 * an empty one: a slot that becomes empty is filled from behind. While slots move the version is
 * odd: a reader that finds it odd, or changed, looks again.
 */

import { type RoomKey, roomKey } from './room-hash.ts';

const VERSION = 0;
const SLOTS = 1;
/** Two words: a client that chooses names of rooms must not choose their slots. */
const SECRET = 2;
const FIRST_SLOT = 16;
const SLOT_WORDS = 4;

const LEAST_SLOTS = 2 ** 8;
const MOST_SLOTS = 2 ** 22;
/** A bit that every hash has, so that none is 0. */
const TAKEN = 2 ** 31;
/** Milliseconds that a reader looks again: a writer may have died in the middle of a change. */
const LONGEST_LOOK = 500;

/** The memory of a table: 64 MiB at most, 4 KiB to begin with. */
export type CountsMemory = SharedArrayBuffer;

/** Makes the memory of an empty table. */
export function allocateCounts(): CountsMemory {
  const memory = new SharedArrayBuffer(bytesOf(LEAST_SLOTS), {
    maxByteLength: bytesOf(MOST_SLOTS),
  });
  const words = viewOf(memory);
  words[SLOTS] = LEAST_SLOTS;
  words.set(crypto.getRandomValues(new Int32Array(2)), SECRET);
  return memory;
}

function bytesOf(slots: number): number {
  return (FIRST_SLOT + slots * SLOT_WORDS) * Int32Array.BYTES_PER_ELEMENT;
}

/** All words that there are now. */
function viewOf(memory: CountsMemory): Int32Array<SharedArrayBuffer> {
  return new Int32Array(memory, 0, memory.byteLength / Int32Array.BYTES_PER_ELEMENT);
}

/** A server and a codec as one word: there are at most four codecs. */
function ownerOf(server: number, codec: number): number {
  return (server << 2) | codec;
}

/** One shard's rooms, as any thread reads them; the shard itself is the one that writes. */
export class RoomCounts {
  readonly #memory: CountsMemory;
  /** Of fixed length, renewed when it is too short: Atomics on a view that grows are slow. */
  #words: Int32Array<SharedArrayBuffer>;
  readonly #secret: Int32Array;
  #used = 0;

  /** @param memory from {@link allocateCounts}; the writer begins with an empty one */
  constructor(memory: CountsMemory) {
    this.#memory = memory;
    this.#words = viewOf(memory);
    this.#secret = Int32Array.from(this.#words.subarray(SECRET, SECRET + 2));
  }

  /** The number of members of a room that speak a codec. */
  get(server: number, codec: number, room: string): number {
    const key = this.#keyOf(server, codec, room);
    let count = this.#look(key);
    if (count !== undefined) return count;
    const deadline = performance.now() + LONGEST_LOOK;
    while (count === undefined && performance.now() < deadline) count = this.#look(key);
    return count ?? this.#countAt(this.#find(key)); // in the end any count that the writer has left
  }

  /** The count of a key; undefined while slots move. */
  #look(key: RoomKey): number | undefined {
    const version = this.#load(VERSION);
    if ((version & 1) === 1) return undefined;
    const count = this.#countAt(this.#find(key));
    return this.#load(VERSION) === version ? count : undefined;
  }

  #keyOf(server: number, codec: number, room: string): RoomKey {
    const { hash, hash2, owner } = roomKey(this.#secret, ownerOf(server, codec), room);
    return { hash: hash | TAKEN, hash2, owner };
  }

  #countAt(at: number): number {
    return this.#load(at) === 0 ? 0 : this.#load(at + 3);
  }

  /**
   * Sets the number of members of a room. At 3 million rooms further ones are not counted.
   * @param count 0 = the room is no more
   */
  set(server: number, codec: number, room: string, count: number): void {
    const key = this.#keyOf(server, codec, room);
    const at = this.#find(key);
    const isThere = this.#load(at) !== 0;
    if (isThere && count > 0) this.#store(at + 3, count);
    else if (isThere) this.#changing(() => this.#remove(at));
    else if (count > 0) this.#changing(() => this.#add(key, count));
  }

  /** Moves slots: readers must not look at them meanwhile. */
  #changing(change: () => void): void {
    const version = this.#load(VERSION);
    this.#store(VERSION, version + 1);
    try {
      change();
    } finally {
      this.#store(VERSION, version + 2); // else every reader would look again for long
    }
  }

  #add(key: RoomKey, count: number): void {
    let slots = this.#load(SLOTS);
    if (this.#used >= slots / 2 && slots < MOST_SLOTS) {
      this.#grow(slots * 2);
      slots *= 2;
    }
    if (this.#used >= (slots / 4) * 3) return;
    this.#write(this.#find(key), key, count);
    this.#used += 1;
  }

  /** @throws RangeError where there is no memory, and then the table is as it was */
  #grow(slots: number): void {
    this.#memory.grow(bytesOf(slots));
    const kept: [RoomKey, number][] = [];
    const end = wordOf(this.#load(SLOTS));
    for (let at = FIRST_SLOT; at < end; at += SLOT_WORDS) {
      const key = this.#keyIn(at);
      if (key.hash === 0) continue;
      kept.push([key, this.#load(at + 3)]);
      this.#store(at, 0);
    }
    this.#store(SLOTS, slots);
    for (const [key, count] of kept) this.#write(this.#find(key), key, count);
  }

  /** Empties a slot, and moves up the keys that stand behind it because it was taken. */
  #remove(at: number): void {
    const mask = this.#load(SLOTS) - 1;
    let hole = slotOf(at);
    for (let slot = (hole + 1) & mask; this.#load(wordOf(slot)) !== 0; slot = (slot + 1) & mask) {
      const key = this.#keyIn(wordOf(slot));
      // It may move to the hole unless that lies before the slot that it is searched from.
      const distance = (slot - (key.hash & mask)) & mask;
      if (distance < ((slot - hole) & mask)) continue;
      this.#write(wordOf(hole), key, this.#load(wordOf(slot) + 3));
      hole = slot;
    }
    this.#store(wordOf(hole), 0);
    this.#used -= 1;
  }

  /** The place of a key, or the empty slot where it would be. */
  #find({ hash, hash2, owner }: RoomKey): number {
    const slots = this.#load(SLOTS);
    // The memory grows before the table says so: all slots that it tells of are there.
    if (wordOf(slots) > this.#words.length) this.#words = viewOf(this.#memory);
    let slot = hash & (slots - 1);
    // During a change there may be no empty slot.
    for (let searched = 0; searched < slots; searched++) {
      const at = wordOf(slot);
      const found = this.#load(at);
      if (found === 0) return at;
      if (found === hash && this.#load(at + 1) === hash2 && this.#load(at + 2) === owner) return at;
      slot = (slot + 1) & (slots - 1);
    }
    return wordOf(slot);
  }

  #keyIn(at: number): RoomKey {
    return { hash: this.#load(at), hash2: this.#load(at + 1), owner: this.#load(at + 2) };
  }

  #write(at: number, { hash, hash2, owner }: RoomKey, count: number): void {
    this.#store(at + 1, hash2);
    this.#store(at + 2, owner);
    this.#store(at + 3, count);
    this.#store(at, hash);
  }

  #load(word: number): number {
    return Atomics.load(this.#words, word);
  }

  #store(word: number, value: number): void {
    Atomics.store(this.#words, word, value);
  }
}

function wordOf(slot: number): number {
  return FIRST_SLOT + slot * SLOT_WORDS;
}

function slotOf(word: number): number {
  return (word - FIRST_SLOT) / SLOT_WORDS;
}

/** The tables of shards, as one thread sees them. */
export class CountsMap {
  readonly #tables = new Map<number, RoomCounts>();

  /** Adds the table of a shard, perhaps in the place of one that died. */
  set(shard: number, memory: CountsMemory): void {
    this.#tables.set(shard, new RoomCounts(memory));
  }

  delete(shard: number): void {
    this.#tables.delete(shard);
  }

  /** The number of members of a room in all of them. */
  sum(server: number, codecs: number, room: string): number {
    let sum = 0;
    for (const table of this.#tables.values()) {
      for (let codec = 0; codec < codecs; codec++) sum += table.get(server, codec, room);
    }
    return sum;
  }
}
