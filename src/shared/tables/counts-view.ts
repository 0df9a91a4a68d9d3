import {
  type CountsMemory,
  DEPTH,
  DIRECTORY,
  FIRST_SLOT,
  SECRET,
  SEGMENT_SLOTS,
  SLOT_WORDS,
  viewOf,
} from './counts-layout.ts';
import { type RoomKey, roomKey } from './room-hash.ts';

/** A bit that every hash has, so that none is 0. */
const TAKEN = 2 ** 31;

/** The words of a table of counts, and the way to the slots in them. */
export class CountsView {
  readonly memory: CountsMemory;
  /** Of fixed length, renewed when it is too short: Atomics on a view that grows are slow. */
  #words: Int32Array<SharedArrayBuffer>;
  readonly #secret: Int32Array;

  constructor(memory: CountsMemory) {
    this.memory = memory;
    this.#words = viewOf(memory);
    this.#secret = Int32Array.from(this.#words.subarray(SECRET, SECRET + 2));
  }

  /** The key of a room. A server and a codec are one word: there are at most four codecs. */
  keyOf(server: number, codec: number, room: string): RoomKey {
    const { hash, hash2, owner } = roomKey(this.#secret, (server << 2) | codec, room);
    return { hash: hash | TAKEN, hash2, owner };
  }

  /** The entry of the directory that names the segment of a key. */
  entryOf({ hash2 }: RoomKey): number {
    return DIRECTORY + (hash2 & ((1 << this.load(DEPTH)) - 1));
  }

  /** The segment that an entry names; all of it can be looked at from now on. */
  segmentIn(entry: number): number {
    const segment = this.load(entry);
    // The memory grows before the directory says so: a segment that it names is there.
    if (segment >= this.#words.length) this.renew();
    return segment;
  }

  /** Sees the memory that has come. */
  renew(): void {
    this.#words = viewOf(this.memory);
  }

  /** The place of a key in a segment, or the empty slot where it would be. */
  find(segment: number, { hash, hash2, owner }: RoomKey): number {
    let slot = hash & (SEGMENT_SLOTS - 1);
    // During a change there may be no empty slot.
    for (let searched = 0; searched < SEGMENT_SLOTS; searched++) {
      const at = placeOf(segment, slot);
      const found = this.load(at);
      if (found === 0) return at;
      if (found === hash && this.load(at + 1) === hash2 && this.load(at + 2) === owner) return at;
      slot = (slot + 1) & (SEGMENT_SLOTS - 1);
    }
    return placeOf(segment, slot);
  }

  /** The count in a slot; 0 where it is empty. */
  countAt(at: number): number {
    return this.load(at) === 0 ? 0 : this.load(at + 3);
  }

  /** The key in a slot; its hash is 0 where that is empty. */
  keyIn(at: number): RoomKey {
    return { hash: this.load(at), hash2: this.load(at + 1), owner: this.load(at + 2) };
  }

  write(at: number, { hash, hash2, owner }: RoomKey, count: number): void {
    this.store(at + 1, hash2);
    this.store(at + 2, owner);
    this.store(at + 3, count);
    this.store(at, hash);
  }

  load(word: number): number {
    return Atomics.load(this.#words, word);
  }

  store(word: number, value: number): void {
    Atomics.store(this.#words, word, value);
  }
}

/** The word at which a slot begins. */
export function placeOf(segment: number, slot: number): number {
  return segment + FIRST_SLOT + slot * SLOT_WORDS;
}
