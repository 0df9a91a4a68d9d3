// Milliseconds.
const LIVED_LONG_ENOUGH = 10_000;
const FIRST_DELAY = 100;
const LONGEST_DELAY = 10_000;

/** How a shard that died is started again. */
export interface Restart {
  /** Deaths at a young age in a row, this one included; 1 also where the shard had lived long. */
  readonly attempt: number;
  /** Milliseconds until it is started. */
  readonly delayMs: number;
}

/** Delays of restarts: none, but longer each time for a shard that keeps dying young. */
export class RestartBackoff {
  readonly #attempts = new Map<number, number>();

  /** Notes the death of a shard. @param livedMs its lifetime in milliseconds */
  died(shard: number, livedMs: number): Restart {
    const earlier = livedMs >= LIVED_LONG_ENOUGH ? 0 : (this.#attempts.get(shard) ?? 0);
    const attempt = earlier + 1;
    this.#attempts.set(shard, attempt);
    const delayMs = attempt === 1 ? 0 : Math.min(FIRST_DELAY * 2 ** (attempt - 2), LONGEST_DELAY);
    return { attempt, delayMs };
  }
}
