import { setTimeout } from '../time/timers.ts';

/** Milliseconds between two looks. */
const TICK = 100;

/**
 * Things that are due at some time of the clock, by ticks. One timer serves all of them, and only
 * while there are any. So a time may be as far as it likes, and the clock may be set.
 */
export class DueTimes<Item> {
  readonly #onDue: (item: Item) => void;
  readonly #ticks = new Map<number, Set<Item>>();
  /** The tick of each item. */
  readonly #items = new Map<Item, number>();
  /** The first tick that has not been looked at. */
  #next = 0;
  #isWaiting = false;

  /** @param onDue gets each item that is due, which is taken out before */
  constructor(onDue: (item: Item) => void) {
    this.#onDue = onDue;
  }

  has(item: Item): boolean {
    return this.#items.has(item);
  }

  /** Makes something due at a time, and no longer at another. @param at ms since the epoch */
  set(item: Item, at: number): void {
    this.delete(item);
    const tick = Math.ceil(at / TICK);
    const items = this.#ticks.get(tick) ?? new Set();
    this.#ticks.set(tick, items.add(item));
    this.#items.set(item, tick);
    if (this.#items.size === 1 || tick < this.#next) this.#next = tick;
    this.#wait();
  }

  delete(item: Item): void {
    const tick = this.#items.get(item);
    if (tick === undefined) return;
    this.#items.delete(item);
    const items = this.#ticks.get(tick);
    items?.delete(item);
    if (items?.size === 0) this.#ticks.delete(tick);
  }

  #wait(): void {
    if (this.#isWaiting || this.#items.size === 0) return;
    this.#isWaiting = true;
    setTimeout(() => {
      this.#isWaiting = false;
      this.#look(Math.floor(Date.now() / TICK));
      this.#wait();
    }, TICK).unref();
  }

  /** Gives out all that is due up to a tick. */
  #look(last: number): void {
    const due: Item[] = [];
    const first = this.#next;
    if (last < first) return;
    this.#next = last + 1;
    if (last - first < this.#ticks.size) {
      for (let tick = first; tick <= last; tick++) collect(due, this.#ticks.get(tick));
    } else {
      // The clock has leapt: fewer ticks have items than have passed.
      for (const [tick, items] of this.#ticks) if (tick <= last) collect(due, items);
    }
    for (const item of due) {
      if (!this.#items.has(item)) continue; // another has taken it out
      this.delete(item);
      this.#onDue(item);
    }
  }
}

/** Adds items one by one: no function takes as many arguments as may be due at once. */
function collect<Item>(all: Item[], items: Iterable<Item> = []): void {
  for (const item of items) all.push(item);
}
