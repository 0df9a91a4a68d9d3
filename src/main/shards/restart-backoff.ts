// Milliseconds.
const LIVED_LONG_ENOUGH = 10_000;
const FIRST_DELAY = 100;
const LONGEST_DELAY = 10_000;

/** How a shard that died is started again. */
export interface Restart {
  /** How often in a row it has died young, this time included; 1 also where it had lived long. */
  readonly attempt: number;
  /** Milliseconds until it is started. */
  readonly delayMs: number;
}

/** When to start shards again: at once; but one that keeps dying young waits longer each time. */
export class RestartBackoff {
  readonly #attempts = new Map<number, number>();

  /** @param livedMs how long it had lived, in milliseconds */
  died(shard: number, livedMs: number): Restart {
    const earlier = livedMs >= LIVED_LONG_ENOUGH ? 0 : (this.#attempts.get(shard) ?? 0);
    const attempt = earlier + 1;
    this.#attempts.set(shard, attempt);
    const delayMs = attempt === 1 ? 0 : Math.min(FIRST_DELAY * 2 ** (attempt - 2), LONGEST_DELAY);
    return { attempt, delayMs };
  }
}
