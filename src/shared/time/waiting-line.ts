/**
 * Those who wait for a turn of a loop. Each turn serves some of them, in their order, for a share of
 * its time. One that waits again comes to the end: nobody is served twice ahead of another.
 */
export class WaitingLine<Item> {
  readonly #shareMs: number;
  readonly #schedule: () => void;
  readonly #serve: (item: Item) => void;
  readonly #now: () => number;
  readonly #items = new Set<Item>();

  /**
   * @param shareMs milliseconds of a turn
   * @param schedule asks for a turn, when the first one waits
   * @param serve may have the item wait again
   * @param now returns ms, monotonic
   */
  constructor(
    shareMs: number,
    schedule: () => void,
    serve: (item: Item) => void,
    now = () => performance.now(),
  ) {
    this.#shareMs = shareMs;
    this.#schedule = schedule;
    this.#serve = serve;
    this.#now = now;
  }

  /** Has an item wait; a no-op where it does already. */
  add(item: Item): void {
    const isFirst = this.isEmpty;
    this.#items.add(item);
    if (isFirst) this.#schedule();
  }

  delete(item: Item): void {
    this.#items.delete(item);
  }

  get isEmpty(): boolean {
    return this.#items.size === 0;
  }

  /** Serves one at least, and more while the share lasts. @returns whether some wait still */
  serveSome(): boolean {
    if (this.isEmpty) return false;
    const endsAt = this.#now() + this.#shareMs;
    // One that waits again comes to the end: the loop goes around as long as there is time.
    for (const item of this.#items) {
      this.#items.delete(item);
      this.#serve(item);
      if (this.#now() >= endsAt) break;
    }
    return !this.isEmpty;
  }
}
