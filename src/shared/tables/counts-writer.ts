import {
  bytesOf,
  DEPTH,
  DIRECTORY,
  MOST_DEPTH,
  SEGMENT_SLOTS,
  VERSION,
  wordOf,
} from './counts-layout.ts';
import { type CountsView, placeOf } from './counts-view.ts';
import type { RoomKey } from './room-hash.ts';

/** Rooms of a segment at which it splits, and those at which one that cannot split is full. */
const SPLITS_AT = SEGMENT_SLOTS / 2;
const FULL_AT = (SEGMENT_SLOTS / 16) * 15;
const MOST_ROOMS = 2 ** MOST_DEPTH * (SEGMENT_SLOTS / 4) * 3;

/** A segment that the directory names. */
interface Segment {
  /** The number of low bits that the second hashes of its rooms have in common. */
  depth: number;
  rooms: number;
}

/** Changes a table of counts: in the one thread that may. */
export class CountsWriter {
  readonly #view: CountsView;
  /** By the word at which it begins. */
  readonly #segments = new Map<number, Segment>();
  /** Empty segments that the directory does not name: their versions are odd. */
  readonly #free: number[] = [];
  /** Segments that there is memory for. */
  #made = 1;
  #rooms = 0;

  /** @param view of an empty table */
  constructor(view: CountsView) {
    this.#view = view;
    this.#segments.set(wordOf(0), { depth: 0, rooms: 0 });
  }

  /** Sets a count. @throws RangeError where there is no memory, and then the table is as it was */
  set(key: RoomKey, count: number): void {
    const word = this.#view.segmentIn(this.#view.entryOf(key));
    const at = this.#view.find(word, key);
    const isThere = this.#view.load(at) !== 0;
    if (isThere && count > 0) this.#view.store(at + 3, count);
    else if (isThere) this.#changing(word, () => this.#remove(word, at));
    else if (count > 0) this.#add(key, count);
  }

  #add(key: RoomKey, count: number): void {
    if (this.#rooms >= MOST_ROOMS) return;
    let word = this.#view.segmentIn(this.#view.entryOf(key));
    let segment = this.#segments.get(word) as Segment;
    while (segment.rooms >= SPLITS_AT && segment.depth < MOST_DEPTH) {
      this.#split(word, segment);
      word = this.#view.segmentIn(this.#view.entryOf(key));
      segment = this.#segments.get(word) as Segment;
    }
    if (segment.rooms >= FULL_AT) return;
    // A reader that has found the slot empty must not take the count in it for that of its room.
    this.#changing(word, () => this.#view.write(this.#view.find(word, key), key, count));
    segment.rooms += 1;
    this.#rooms += 1;
  }

  /** Moves slots of a segment: readers must not look at them meanwhile. */
  #changing(word: number, change: () => void): void {
    this.#nextVersion(word);
    try {
      change();
    } finally {
      this.#nextVersion(word); // else readers would look again for long
    }
  }

  #nextVersion(word: number): void {
    this.#view.store(word + VERSION, this.#view.load(word + VERSION) + 1);
  }

  /** Copies a segment into two others, and names these in its place. */
  #split(word: number, { depth }: Segment): void {
    while (this.#free.length < 2) this.#grow();
    const halves = this.#free.splice(-2) as [number, number];
    const rooms = [0, 0];
    for (let slot = 0; slot < SEGMENT_SLOTS; slot++) {
      const key = this.#view.keyIn(placeOf(word, slot));
      if (key.hash === 0) continue;
      const bit = (key.hash2 >>> depth) & 1;
      const half = halves[bit] as number;
      this.#view.write(this.#view.find(half, key), key, this.#view.load(placeOf(word, slot) + 3));
      rooms[bit] = (rooms[bit] as number) + 1;
    }
    if (depth === this.#view.load(DEPTH)) this.#double(depth);
    const entries = 2 ** this.#view.load(DEPTH);
    for (let entry = 0; entry < entries; entry++) {
      if (this.#view.load(DIRECTORY + entry) !== word) continue;
      this.#view.store(DIRECTORY + entry, halves[(entry >>> depth) & 1] as number);
    }
    for (const bit of [0, 1] as const) {
      this.#nextVersion(halves[bit]);
      this.#segments.set(halves[bit], { depth: depth + 1, rooms: rooms[bit] as number });
    }
    this.#segments.delete(word);
    this.#free.push(word);
    this.#nextVersion(word);
    for (let slot = 0; slot < SEGMENT_SLOTS; slot++) this.#view.store(placeOf(word, slot), 0);
  }

  /** Gives the directory twice as many entries, which name the same segments. */
  #double(depth: number): void {
    const entries = 2 ** depth;
    for (let entry = 0; entry < entries; entry++) {
      this.#view.store(DIRECTORY + entries + entry, this.#view.load(DIRECTORY + entry));
    }
    this.#view.store(DEPTH, depth + 1);
  }

  /** Makes another segment. @throws RangeError where there is no memory */
  #grow(): void {
    this.#view.memory.grow(bytesOf(this.#made + 1));
    this.#view.renew();
    const word = wordOf(this.#made);
    this.#made += 1;
    this.#nextVersion(word);
    this.#free.push(word);
  }

  /** Empties a slot, and moves up the keys that stand behind it because it was taken. */
  #remove(word: number, at: number): void {
    const mask = SEGMENT_SLOTS - 1;
    const view = this.#view;
    let hole = (at - placeOf(word, 0)) / (placeOf(word, 1) - placeOf(word, 0));
    let slot = (hole + 1) & mask;
    for (; view.load(placeOf(word, slot)) !== 0; slot = (slot + 1) & mask) {
      const key = view.keyIn(placeOf(word, slot));
      // It may move to the hole unless that lies before the slot that it is searched from.
      const distance = (slot - (key.hash & mask)) & mask;
      if (distance < ((slot - hole) & mask)) continue;
      view.write(placeOf(word, hole), key, view.load(placeOf(word, slot) + 3));
      hole = slot;
    }
    view.store(placeOf(word, hole), 0);
    (this.#segments.get(word) as Segment).rooms -= 1;
    this.#rooms -= 1;
  }
}
