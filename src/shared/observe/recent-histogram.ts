import type { Histogram } from 'node:perf_hooks';
import type { RecentTimes } from '../api/stats.ts';

const NS_PER_MS = 1e6;

/** Times where nothing has been measured. */
export const NO_TIMES: RecentTimes = { samples: 0, p50: 0, p99: 0, max: 0 };

/**
 * Recent times, in histograms of nanoseconds. A histogram forgets nothing, and one that is emptied
 * knows nothing for a while. So two get the same values and are emptied in turn: the older one
 * tells.
 */
export class RecentHistogram<Kind extends Histogram> {
  #older: Kind;
  #younger: Kind;

  constructor(create: () => Kind) {
    this.#older = create();
    this.#younger = create();
  }

  /** Both histograms: every value is for both. */
  get both(): readonly [Kind, Kind] {
    return [this.#older, this.#younger];
  }

  /** Forgets all that is older than the last call. */
  rotate(): void {
    this.#older.reset();
    [this.#older, this.#younger] = [this.#younger, this.#older];
  }

  /** The times in milliseconds. @param offset milliseconds that every value has too much */
  times(offset = 0): RecentTimes {
    const { count, max } = this.#older;
    if (count === 0) return NO_TIMES;
    const ms = (value: number) => Math.max(0, value / NS_PER_MS - offset);
    const [p50, p99] = [50, 99].map((share) => ms(this.#older.percentile(share)));
    return { samples: count, p50: p50 as number, p99: p99 as number, max: ms(max) };
  }
}
