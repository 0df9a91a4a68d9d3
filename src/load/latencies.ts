import { createHistogram } from 'node:perf_hooks';

const HIGHEST_MICROSECONDS = 600 * 1e6;

/** Percentiles of a latency, in ms. */
export interface LatencySummary {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** Latencies by the million, to three significant figures. */
export class Latencies {
  readonly #histogram = createHistogram({ lowest: 1, highest: HIGHEST_MICROSECONDS, figures: 3 });

  get count(): number {
    return this.#histogram.count;
  }

  /** @param time in whole µs; what is out of range counts as the nearest that is not */
  record(time: number): void {
    this.#histogram.record(Math.min(Math.max(1, time), HIGHEST_MICROSECONDS));
  }

  reset(): void {
    this.#histogram.reset();
  }

  /** The percentiles; undefined when nothing was recorded. */
  summary(): LatencySummary | undefined {
    if (this.#histogram.count === 0) return undefined;
    const ms = (percentile: number) => this.#histogram.percentile(percentile) / 1000;
    const max = this.#histogram.max / 1000;
    return { p50: ms(50), p90: ms(90), p99: ms(99), p999: ms(99.9), max };
  }
}
