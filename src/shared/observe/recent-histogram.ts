import type { RecentTimes } from '../api/stats.ts';

const NS_PER_MS = 1e6;

/** Nothing has been measured. */
export const NO_TIMES: RecentTimes = { samples: 0, p50: 0, p99: 0, max: 0 };

/** What is used of a histogram of Node.js: its values are nanoseconds. */
export interface TimeHistogram {
  readonly count: number;
  readonly max: number;
  percentile(percentile: number): number;
  reset(): void;
}

/**
 * A histogram forgets nothing, and one that is emptied knows nothing for a while. So there are two
 * that get the same values and are emptied in turn: the older one is looked at.
 */
export class RecentHistogram<Histogram extends TimeHistogram> {
  #older: Histogram;
  #younger: Histogram;

  constructor(create: () => Histogram) {
    this.#older = create();
    this.#younger = create();
  }

  /** Both histograms: what one gets, the other has to get too. */
  get both(): readonly [Histogram, Histogram] {
    return [this.#older, this.#younger];
  }

  /** Forgets what is older than the last call. */
  rotate(): void {
    this.#older.reset();
    [this.#older, this.#younger] = [this.#younger, this.#older];
  }

  /** @param offset what every value has too much of, in milliseconds */
  times(offset = 0): RecentTimes {
    const { count, max } = this.#older;
    if (count === 0) return NO_TIMES;
    const ms = (value: number) => Math.max(0, value / NS_PER_MS - offset);
    const [p50, p99] = [50, 99].map((share) => ms(this.#older.percentile(share)));
    return { samples: count, p50: p50 as number, p99: p99 as number, max: ms(max) };
  }
}
