/*
 * The rooms that a shard has members of, for every thread to see: a counting Bloom filter in shared
 * memory.
 *
 *     slot 0                                                       2^18 − 1
 *     +------+------+------+------+------+------+---- ··· ----+------+------+
 *     | u32  | u32  |      |      |      |      |             |      |      |
 *     +------+------+------+------+------+------+---- ··· ----+------+------+
 *        ▲                    ▲
 *        └──── a room has two ┘ and adds 1 to both while it has members
 *
 * A room with members has both its slots above zero: no message misses it. A room without may have
 * that too, if other rooms have the same slots: then a record is sent in vain.
 */

const SLOTS = 2 ** 18;

/** The memory of a table. */
export type InterestMemory = SharedArrayBuffer;

/** A room of a server as a number: its two slots. */
export type InterestKey = number;

/** The key of the members of a server's room who speak one of its codecs; the room '' has all. */
export function interestKey(server: number, codec: number, room: string): InterestKey {
  let first = Math.imul(server, 0x9e3779b1) ^ codec;
  let second = ~first;
  for (let i = 0; i < room.length; i++) {
    const unit = room.charCodeAt(i);
    first = Math.imul(first ^ unit, 0x01000193);
    second = Math.imul(second ^ unit, 0x5bd1e995);
    second ^= second >>> 13;
  }
  return slotOf(first) * SLOTS + slotOf(second);
}

function slotOf(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (mixed ^ (mixed >>> 14)) & (SLOTS - 1);
}

/** One shard's rooms. Every thread may write: a sender counts a join before the shard has it. */
export class InterestTable {
  readonly #slots: Uint32Array<SharedArrayBuffer>;

  /** @param memory from {@link InterestTable.allocate} */
  constructor(memory: InterestMemory) {
    this.#slots = new Uint32Array(memory);
  }

  /** Makes the memory of an empty table: 1 MiB. */
  static allocate(): InterestMemory {
    return new SharedArrayBuffer(SLOTS * Uint32Array.BYTES_PER_ELEMENT);
  }

  /** Wants messages of the room, until as many {@link InterestTable.remove}s. */
  add(key: InterestKey): void {
    Atomics.add(this.#slots, Math.floor(key / SLOTS), 1);
    Atomics.add(this.#slots, key % SLOTS, 1);
  }

  /** Takes one {@link InterestTable.add} back. */
  remove(key: InterestKey): void {
    Atomics.sub(this.#slots, Math.floor(key / SLOTS), 1);
    Atomics.sub(this.#slots, key % SLOTS, 1);
  }

  /** Whether messages of the room may be wanted; false is certain. */
  has(key: InterestKey): boolean {
    if (Atomics.load(this.#slots, Math.floor(key / SLOTS)) === 0) return false;
    return Atomics.load(this.#slots, key % SLOTS) !== 0;
  }
}

/** The tables of the shards that a thread sends to. */
export class InterestMap {
  readonly #tables = new Map<number, InterestTable>();

  /** Adds the table of a shard, perhaps in the place of one that died. */
  set(shard: number, memory: InterestMemory): void {
    this.#tables.set(shard, new InterestTable(memory));
  }

  delete(shard: number): void {
    this.#tables.delete(shard);
  }

  of(shard: number): InterestTable | undefined {
    return this.#tables.get(shard);
  }

  /** The shards where somebody may want messages of the room. */
  shardsFor(key: InterestKey): number[] {
    const shards: number[] = [];
    for (const [shard, table] of this.#tables) if (table.has(key)) shards.push(shard);
    return shards;
  }
}
