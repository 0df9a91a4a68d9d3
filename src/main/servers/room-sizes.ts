/** The sizes of rooms as closures know them: a join counts before its record has got to a shard. */
export class RoomSizes {
  readonly #sizes = new Map<string, number>();

  of(room: string): number {
    return this.#sizes.get(room) ?? 0;
  }

  add(room: string): void {
    this.#sizes.set(room, this.of(room) + 1);
  }

  remove(room: string): void {
    const size = this.of(room) - 1;
    if (size > 0) this.#sizes.set(room, size);
    else this.#sizes.delete(room);
  }
}
