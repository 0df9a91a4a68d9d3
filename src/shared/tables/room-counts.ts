import { type CountsMemory, VERSION } from './counts-layout.ts';
import { CountsView } from './counts-view.ts';
import { CountsWriter } from './counts-writer.ts';
import type { RoomKey } from './room-hash.ts';

export { allocateCounts, type CountsMemory } from './counts-layout.ts';

/** Milliseconds that a reader looks again: a writer may have died in the middle of a change. */
const LONGEST_LOOK = 500;

/** One shard's rooms, as any thread reads them; the shard itself is the one that writes. */
export class RoomCounts {
  readonly #view: CountsView;
  /** Set in the thread that writes. */
  #writer: CountsWriter | undefined;

  /** @param memory from `allocateCounts`; the writer begins with an empty one */
  constructor(memory: CountsMemory) {
    this.#view = new CountsView(memory);
  }

  /** The number of members of a room that speak a codec. */
  get(server: number, codec: number, room: string): number {
    const key = this.#view.keyOf(server, codec, room);
    let count = this.#look(key);
    if (count !== undefined) return count;
    const deadline = performance.now() + LONGEST_LOOK;
    while (count === undefined && performance.now() < deadline) count = this.#look(key);
    // In the end any count that the writer has left.
    const segment = this.#view.segmentIn(this.#view.entryOf(key));
    return count ?? this.#view.countAt(this.#view.find(segment, key));
  }

  /**
   * Sets the number of members of a room. At 3 million rooms further ones are not counted.
   * @param count 0 = the room is no more
   * @throws RangeError where there is no memory to grow
   */
  set(server: number, codec: number, room: string, count: number): void {
    this.#writer ??= new CountsWriter(this.#view);
    this.#writer.set(this.#view.keyOf(server, codec, room), count);
  }

  /** The count of a key; undefined if slots have moved meanwhile. */
  #look(key: RoomKey): number | undefined {
    const view = this.#view;
    const entry = view.entryOf(key);
    const segment = view.segmentIn(entry);
    const version = view.load(segment + VERSION);
    if ((version & 1) === 1) return undefined;
    const count = view.countAt(view.find(segment, key));
    const isSame = view.load(segment + VERSION) === version && view.load(entry) === segment;
    // With a deeper directory the entry may have been that of other keys when it was looked at.
    return isSame && view.entryOf(key) === entry ? count : undefined;
  }
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
