/** Milliseconds of a turn for connections that leave many rooms. */
const SHARE = 4;

/**
 * Ends of connections that are in many rooms. To leave a thousand rooms takes about a millisecond,
 * and many clients may go at once. So each turn gives such ends a share of its time, in their order.
 */
export class Partings {
  readonly #schedule: () => void;
  readonly #onEach: () => void;
  readonly #now: () => number;
  #waiting: (() => void)[] = [];

  /**
   * @param schedule asks for a turn
   * @param onEach called ahead of each end
   * @param now returns ms, monotonic
   */
  constructor(schedule: () => void, onEach: () => void, now = () => performance.now()) {
    this.#schedule = schedule;
    this.#onEach = onEach;
    this.#now = now;
  }

  /** Has an end come in one of the next turns. */
  add(end: () => void): void {
    this.#waiting.push(end);
    if (this.#waiting.length === 1) this.#schedule();
  }

  /** Lets ends come, for the share of a turn. @returns whether some wait still */
  end(): boolean {
    if (this.#waiting.length === 0) return false;
    const endsAt = this.#now() + SHARE;
    let ended = 0;
    for (const end of this.#waiting) {
      this.#onEach();
      end();
      ended += 1;
      if (this.#now() >= endsAt) break;
    }
    this.#waiting = this.#waiting.slice(ended);
    return this.#waiting.length > 0;
  }
}
